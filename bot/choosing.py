"""Choosing: what a fan says about how he wants to be written to, on a page or in a chat, written into the journals.

A no is written for every fan who is one person with him, and nothing that waits against it goes out any more.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from bot import confirming, endings, reach
from bot.assembly import Bot
from bot.reach import ASKED, PROMOTING, Choice
from leads import pipeline
from offers import claims
from optin import consents, fans, links, preferences
from optin.choices import WRITERS
from optin.people import Person
from optin.preferences import About, Preferences, anew, steps
from optin.standing import EVERYTHING, EVERYWHERE, Act, Purpose
from optin.wishes import Wish


@dataclass(frozen=True, slots=True)
class Word:
    """How we know what he wants: which of his fans said it, where, when, and the id of what proves it."""

    fan_id: UUID
    profile_id: UUID | None
    how: str  # "page", "claim_page", "chat", "mail"
    evidence: str
    given_at: datetime
    place: str = ""
    channel: str = EVERYWHERE  # where he spoke: in a chat, that he may be answered again holds there alone

    @property
    def as_consent(self) -> str:
        """How the journal of consents calls it."""
        return "preferences" if self.how == "page" else self.how


def wish(session: Session, bot: Bot, person: Person, word: Word, wishes: Iterable[Wish], now: datetime) -> None:
    """Write down his wishes, as they come from a form or out of what he wrote (optin/wishes.py)."""
    lines = []
    for one in wishes:
        if one.what == "offers":
            stop(session, bot, person, word, EVERYWHERE, now, promotions(person))
        elif one.what == "service":
            _answer_again(session, person, word, now)
        else:
            lines.append(_preference(word, one.what, _value(one, person.preferences), now))
    if lines:
        preferences.record(session, lines)
        person.preferences = preferences.merged(preferences.entries(session, person.fan_ids).values())


def promotions(person: Person) -> tuple[str, ...]:
    """All that promotes, for who wants no more of it: advertisements at a platform, too, if he ever allowed them."""
    return ASKED if person.ever_allowed(Purpose.AUDIENCES) else PROMOTING


def stop(
    session: Session,
    bot: Bot,
    person: Person,
    word: Word,
    channel: str,
    now: datetime,
    purposes: Collection[str] = (EVERYTHING,),
) -> str:
    """He wants no more of this on this channel, or anywhere. Says what proves it: if that was his last word already,
    a second click changes nothing."""
    if proof := _his_last_word(person, channel, purposes):
        return proof
    for purpose in purposes:
        said = consents.withdrawn(
            word.fan_id, channel, word.as_consent, word.evidence, word.given_at, now, word.profile_id,
            purpose=purpose, place=word.place,
        )  # fmt: skip
        _journal(session, person, consents.by_whole_person(said, person.fan_ids))
    if Purpose.SERVICE in purposes or EVERYTHING in purposes:
        endings.withdraw(session, person.fan_ids, channel, "fan_said_stop")
    else:
        endings.withdraw_solicitations(session, person.fan_ids, channel, purposes, "fan_wants_no_offers")
    pipeline.touch_all(session, person.fan_ids, now)
    return word.evidence


def allow(session: Session, bot: Bot, person: Person, word: Word, choices: Sequence[Choice], now: datetime) -> None:
    """He says yes to each of these, in the words that stood beside it."""
    for choice in choices:
        assert choice.words is not None
        if choice.by is not None and choice.by.claim is not None and reach.has_to_confirm(bot, choice.by):
            confirming.ask(session, bot, choice.by.claim, choice.words, word.as_consent, word.evidence, now)
        else:
            _grant(session, bot, person, word, choice, now)
    if choices:
        pipeline.touch_all(session, person.fan_ids, now)


def undo(
    session: Session, bot: Bot, person: Person, word: Word, change: str, now: datetime, agreed: Sequence[Choice] = ()
) -> None:
    """Take back what he said there, as far as nothing that he said later stands against it.

    What he had stopped comes back by a yes alone: `agreed` is what he was shown beside the button.
    """
    known = reach.channels(session, person)
    now_allowed = [one for one in reach.choices(bot, person, known, "en") if one.allowed]
    before = reach.had_he_not_said(now_allowed, person, known, change)
    for new in (one for one in before if not one.allowed):
        stop(session, bot, person, word, new.channel, now, [new.purpose])
    allow(session, bot, person, word, agreed, now)
    wish(session, bot, person, word, unsaid(session, person, change), now)


def unsaid(session: Session, person: Person, change: str) -> list[Wish]:
    """The wishes that bring back how it was before he said that."""
    before = preferences.had_he_not_said(session, person.fan_ids, change)
    return [Wish(about.value, value) for about, value in steps(person.preferences, before)]


def wishes_for(person: Person, wanted: Preferences) -> list[Wish]:
    """What he has to say so that this holds; all of it where his profiles wished different things before a link."""
    agree = len(person.voices) <= 1
    return [Wish(about.value, value) for about, value in (steps(person.preferences, wanted) if agree else anew(wanted))]


def stopped_by(session: Session, bot: Bot, person: Person, change: str, language: str) -> list[Choice]:
    """What he allowed before he said that, and no longer does."""
    known = reach.channels(session, person)
    refused = [one for one in reach.choices(bot, person, known, language) if not one.allowed and one.words]
    before = {one.value: one.allowed for one in reach.had_he_not_said(refused, person, known, change)}
    return [one for one in refused if before[one.value]]


def can_be_undone(session: Session, bot: Bot, person: Person, change: str) -> bool:
    """Whether anything that he said there still holds."""
    known = reach.channels(session, person)
    choices = reach.choices(bot, person, known, "en")
    before = reach.had_he_not_said(choices, person, known, change)
    differs = any(now.allowed != then.allowed for now, then in zip(choices, before, strict=True))
    return differs or bool(unsaid(session, person, change))


def _his_last_word(person: Person, channel: str, purposes: Collection[str]) -> str | None:
    """What proves this very no, where he has said nothing else since."""
    latest = max((line.given_at for line in person.lines), default=None)
    last = [line for line in person.lines if line.given_at == latest]
    wanted = {(fan_id, channel, purpose, Act.WITHDRAWN) for fan_id in person.fan_ids for purpose in purposes}
    said = {(line.fan_id, line.channel, line.purpose, line.act) for line in last}
    return last[-1].evidence if said == wanted else None


def _value(told: Wish, held: Preferences) -> str:
    """As the journal keeps it: "less" comes down to an interval."""
    if (told.what, told.value) == (About.EVERY.value, "less"):
        return str(WRITERS[About.EVERY](preferences.fewer(held.every)))
    return told.value


def _preference(word: Word, what: str, value: str, now: datetime) -> dict[str, Any]:
    return preferences.said(word.fan_id, what, value, word.how, word.evidence, word.given_at, now, word.profile_id)


def _grant(session: Session, bot: Bot, person: Person, word: Word, choice: Choice, now: datetime) -> None:
    by = choice.by
    assert choice.words is not None
    line = consents.granted(
        by.fan_id if by else word.fan_id, choice.channel, choice.words, word.as_consent, word.evidence, now,
        by.profile_id if by else word.profile_id, purpose=choice.purpose, place=word.place, given_at=word.given_at,
    )  # fmt: skip
    proof = consents.record(session, line)
    person.lines.append(consents.as_line(line))
    claim = claims.newest_with_email(session, person.fan_ids)
    if claim is not None and choice.purpose in PROMOTING:
        links.hold(session, person.fan_ids)
        first_touch_at = fans.first_heard_at(session, person.fan_ids) or claim.opened_at
        pipeline.promote(session, bot.new_id(), claim, proof, first_touch_at, now)


def _answer_again(session: Session, person: Person, word: Word, now: datetime) -> None:
    """A no that he takes back in his own words needs none of ours."""
    if not person.standing(word.fan_id, word.channel, Purpose.SERVICE).withdrawn:
        return
    no = consents.withdrawn(
        word.fan_id, word.channel, word.as_consent, word.evidence, word.given_at, now, word.profile_id, place=word.place
    )
    _journal(session, person, [consents.taken_back(no)])
    pipeline.touch_all(session, person.fan_ids, now)


def _journal(session: Session, person: Person, lines: list[dict[str, Any]]) -> None:
    consents.journal(session, lines)
    person.lines += map(consents.as_line, lines)
