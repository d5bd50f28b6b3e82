"""Reasons: why a message came, for whom it was written to, out of its permit receipt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from bot.assembly import Bot
from bot.outbox import Outgoing
from offers.catalog import Offer
from optin import house_rules, people, receipts
from optin.consents import Consent
from optin.people import Person
from optin.permits import Facts
from optin.pressure import ALL, Caps
from optin.receipts import Receipt
from optin.standing import Purpose
from optin.wordings import Wording, named


@dataclass(frozen=True, slots=True)
class Reason:
    """`consent` is the yes on which we wrote, `words` what he agreed to; `asked_at` is when he did what we answer."""

    message: Outgoing
    person: Person
    consent: Consent | None = None
    words: Wording | None = None
    asked_at: datetime | None = None
    most: tuple[int, str] | None = None  # so many messages a span, by the house rules
    others: Sequence[Offer] = ()  # what would have answered his wish, too

    @property
    def purpose(self) -> str:
        """What a stop here is about: without an offer in it, it is our answers."""
        return self.message.solicits or (Purpose.OFFERS if self.message.purpose == "offer" else Purpose.SERVICE).value


def of(session: Session, bot: Bot, message_id: UUID) -> Reason | None:
    """As it stood when this message was last decided; how much he gets at most, as it stands now."""
    message = session.get(Outgoing, message_id)
    if message is None:
        return None
    person = people.one(session, message.fan_id)
    decided = receipts.of_message(session, message_id)
    facts = receipts.facts_of(decided[-1]) if decided else None
    consent = _consent(session, facts)
    return Reason(
        message,
        person,
        consent,
        words=_words(bot, consent),
        asked_at=facts.asked_at if facts else None,
        most=_most(house_rules.current(session)[1], message.solicits),
        others=() if message.solicits else _others(session, message, decided),
    )


def _consent(session: Session, facts: Facts | None) -> Consent | None:
    if facts is None or facts.solicits is None or not facts.solicits.consent.lines:
        return None
    return session.get(Consent, facts.solicits.consent.lines[0].id)


def _others(session: Session, message: Outgoing, decided: Sequence[Receipt]) -> list[Offer]:
    """What he could have had instead."""
    rankings = [row.chosen["arbitration"]["ranking"] for row in decided if "arbitration" in row.chosen]
    weighed = {UUID(line["offer"]) for ranking in rankings for line in ranking} - {message.offer_id}
    return list(session.exec(select(Offer).where(col(Offer.id).in_(weighed)).order_by(Offer.name))) if weighed else []


def _words(bot: Bot, consent: Consent | None) -> Wording | None:
    """The text that he agreed to. None where it can't be shown as he saw it: the brand was called otherwise then."""
    words = named(consent.wording, bot.settings.brand) if consent and consent.wording else None
    return words if words and consent and words.hash == consent.wording_hash else None


def _most(caps: Caps, purpose: str) -> tuple[int, str] | None:
    """The cap that says most to a person: by the week where there is one."""
    for span in ("week", "day", "month"):
        counts = [caps.caps[about][span] for about in (ALL, purpose) if span in caps.caps.get(about, {})]
        if counts:
            return min(counts), span
    return None
