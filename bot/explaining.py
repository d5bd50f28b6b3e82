"""Explaining: why a message went, waits or stays unsaid, told from the receipts of its decisions.

The panel and the command `explain` show what is put together here, and nothing else.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, or_, select

from bot import inbox
from bot.assembly import Bot
from bot.inbox import Inbox
from bot.outbox import Outgoing
from offers.catalog import Offer
from optin import consents, fans, house_rules, obstacles, permits, pressure, receipts, wordings
from optin.consents import Consent
from optin.fans import Profile
from optin.obstacles import Obstacle
from optin.permits import Answer, Facts
from optin.preferences import Preferences
from optin.pressure import Caps, Used
from optin.receipts import Receipt
from optin.standing import Line


@dataclass(frozen=True, slots=True)
class Word:
    """One line of the consent journal on which a decision stands, with the words that were shown."""

    line: Consent
    words: str
    profile: Profile | None


@dataclass(frozen=True, slots=True)
class Window:
    """Since when the fan's own act lets us write to him directly, and what he did."""

    opened_at: datetime
    kind: str  # "" where we no longer know
    text: str


@dataclass(frozen=True, slots=True)
class Pressure:
    """What he had under the caps, and the hours: told only of what we said of our own accord."""

    purpose: str
    weight: int
    used: Sequence[Used]
    caps: Caps
    wishes: Sequence[Preferences]  # of each of the fans who are this person, where they wish for different things


@dataclass(frozen=True, slots=True)
class Weighed:
    """One line of a ranking, in the words of its receipt. What the fan may not have was given no numbers."""

    offer: str
    channel: str
    why: str
    believed: float | None = None  # how often it is taken
    source: str = ""  # where that comes from
    shown: int = 0
    gain: float = 0.0
    guessed: bool = False  # nobody told what a claim is worth
    price: float = 0.0
    value: float = 0.0


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was said, the offer in it, and those among which it was chosen: by name, or with their numbers."""

    said: str
    offer: str
    among: Sequence[str]
    ranking: Sequence[Weighed] = ()
    segment: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """One decision about a message, with all that it was decided from."""

    receipt: Receipt
    channel: str
    words: Sequence[Word]
    window: Window | None
    pressure: Pressure | None
    chosen: Chosen
    today: Answer  # the same question, asked by the rules of today
    same_rules: bool
    same_answer: bool
    obstacles: Sequence[Obstacle]


@dataclass(frozen=True, slots=True)
class Explained:
    message: Outgoing
    profile: Profile
    reasons: Sequence[Reason]
    rules_today: int  # the version of the house rules that holds now


def explain(session: Session, bot: Bot, message_id: UUID) -> Explained | None:
    """All that was decided about this message, in its order."""
    message = session.get(Outgoing, message_id)
    if message is None:
        return None
    rows = receipts.of_message(session, message_id)
    known = _Known(session, bot, message, [(row, receipts.facts_of(row)) for row in rows])
    version, _ = house_rules.current(session)
    return Explained(
        message=message,
        profile=session.get_one(Profile, message.profile_id),
        reasons=[_reason(row, facts, known) for row, facts in known.asked],
        rules_today=version,
    )


def _reason(row: Receipt, facts: Facts, known: "_Known") -> Reason:
    today = receipts.replayed(row)
    return Reason(
        receipt=row,
        channel=facts.channel,
        words=[known.words[key] for line in _cited(facts) if (key := _key(line)) in known.words],
        window=known.window(facts),
        pressure=_pressure(facts, row.at),
        chosen=known.chosen(row.chosen),
        today=today,
        same_rules=row.law == permits.VERSION,
        same_answer=(today.why, getattr(today, "until", None)) == (row.why, row.until),
        obstacles=obstacles.between(facts, row.at),
    )


def _cited(facts: Facts) -> list[Line]:
    """The lines of the journal that a decision saw, each once."""
    asked = [facts.service, facts.offers] + ([facts.solicits.consent] if facts.solicits else [])
    return list({_key(line): line for standing in asked for line in standing.lines}.values())


def _key(line: Line | Consent) -> tuple[object, ...]:
    """By what a line is known again: one that was decided from in the batch that wrote it had no id yet."""
    return line.fan_id, line.channel, line.purpose, line.act, line.given_at, line.evidence


def _pressure(facts: Facts, at: datetime) -> Pressure | None:
    wanted = facts.solicits
    if wanted is None:
        return None
    used = pressure.used(wanted.counted, wanted.caps, wanted.purpose, at)
    return Pressure(wanted.purpose, wanted.weight, used, wanted.caps, wanted.wishes)


class _Known:
    """What the receipts of one message name by id, read in a query each."""

    def __init__(self, session: Session, bot: Bot, message: Outgoing, asked: Sequence[tuple[Receipt, Facts]]) -> None:
        self.asked = asked
        self.words = _words(session, bot.settings.brand, {line.fan_id for _, facts in asked for line in _cited(facts)})
        openers = {facts.window_opened_by for _, facts in asked if facts.window_opened_by}
        self._openers = inbox.by_keys(session, message.platform, message.account, openers)
        self._offers = names(session, [row.chosen for row, _ in asked])

    def window(self, facts: Facts) -> Window | None:
        if facts.window_opened_at is None:
            return None
        opener: Inbox | None = self._openers.get(facts.window_opened_by)
        text = opener.interaction.get("text", "") if opener else ""
        return Window(facts.window_opened_at, opener.kind if opener else "", text)

    def chosen(self, kept: Mapping[str, Any]) -> Chosen:
        name = self._offers.get
        offer = str(kept.get("offer", ""))
        among, weighed = [name(one, one) for one in kept.get("among", ())], kept.get("arbitration", {})
        ranking = ranked(weighed, self._offers)
        return Chosen(kept.get("said", ""), name(offer, offer), among, ranking, weighed.get("segment", ""))


def ranked(kept: Mapping[str, Any], names: Mapping[str, str]) -> list[Weighed]:
    """The ranking that a receipt keeps, with the names of the offers."""
    weighed = [
        Weighed(
            names.get(one["offer"], one["offer"]), one["channel"], one["why"], one["believed"], one["from"],
            one["shown"], one["gain"], one["guessed"], one["price"], one["value"],
        )
        for one in kept.get("ranking", ())
    ]  # fmt: skip
    return weighed + [Weighed(names.get(one["offer"], one["offer"]), "", one["why"]) for one in kept.get("unfit", ())]


def _words(session: Session, brand: str, fan_ids: Collection[UUID]) -> dict[tuple[object, ...], Word]:
    lines = consents.of(session, fan_ids)
    profiles = {one.id: one for one in fans.by_ids(session, {line.profile_id for line in lines if line.profile_id})}
    return {
        _key(line): Word(
            line,
            wordings.shown(line.wording, line.wording_hash, brand),
            profiles.get(line.profile_id) if line.profile_id else None,
        )
        for line in lines
    }


def names(session: Session, chosen: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What managers call the offers, by whatever a receipt calls them: an id or a short name."""
    wanted = {str(one) for kept in chosen for one in (kept.get("offer"), *kept.get("among", ())) if one}
    weighed = [kept["arbitration"] for kept in chosen if "arbitration" in kept]
    wanted |= {line["offer"] for one in weighed for line in (*one["ranking"], *one["unfit"])}
    ids = {known for one in wanted if (known := _as_id(one))}
    named = select(Offer.id, Offer.slug, Offer.name).where(or_(col(Offer.id).in_(ids), col(Offer.slug).in_(wanted)))
    rows = session.exec(named).all() if wanted else []
    return {key: name for offer_id, slug, name in rows for key in (str(offer_id), slug)}


def _as_id(word: str) -> UUID | None:
    try:
        return UUID(word)
    except ValueError:
        return None
