"""A fan on a page of his own choices: who is behind a sealed word, what he may allow, and what is told him."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from flask import Response, make_response, render_template
from sqlmodel import Session

from bot import choosing, pages, reach, summing_up
from bot.assembly import Bot
from bot.choosing import Word
from bot.database import Transaction
from bot.reach import Channel, Choice
from leads import release
from optin import house_rules, people, tokens
from optin.people import Person
from optin.preferences import Preferences
from optin.standing import Purpose
from optin.tokens import Page
from webhooks import i18n
from webhooks.door import the_bot


@dataclass(frozen=True, slots=True)
class Guest:
    """`zone` is the brand's; `choices` are all that he may say yes or no to, on the channels where we know him."""

    bot: Bot
    session: Session
    fan_id: UUID
    person: Person
    channels: list[Channel]
    choices: list[Choice]
    zone: str
    now: datetime

    def says(self, place: str, how: str = "page", profile_id: UUID | None = None) -> Word:
        """What he sent just now, by an id of its own."""
        return Word(self.fan_id, profile_id, how, str(self.bot.new_id()), self.now, place)

    @property
    def rights(self) -> str:
        """Where he sees all that we know of him, and has it erased."""
        return pages.path(self.bot, Page.RIGHTS, self.fan_id)

    @property
    def holds(self) -> str:
        """What holds now, in a sentence."""
        return summing_up.summary(self.person.preferences, i18n.language(), self.zone, self.now)

    @property
    def has_wishes(self) -> bool:
        return bool(summing_up.parts(self.person.preferences, i18n.language(), self.zone, self.now))

    @property
    def often(self) -> str:
        """How often he wants to hear from us: "at most once a week"; empty where he left it to us."""
        return self._in_words(Preferences(every=self.person.preferences.every))

    @property
    def not_there(self) -> str:
        """Where he does not want to hear from us: "not on Facebook"."""
        return self._in_words(Preferences(without=self.person.preferences.without))

    @property
    def paused_until(self) -> str:
        held = self.person.preferences
        if held.paused_until is None or held.paused_until <= self.now:
            return ""
        return summing_up.day(held.paused_until, i18n.language(), held, self.zone)

    @property
    def gets_offers(self) -> bool:
        return any(one.allowed for one in self.choices if one.purpose in reach.PROMOTING)

    @property
    def askable(self) -> list[Choice]:
        """What he has not allowed, with the words for it."""
        awaited = self.awaits
        return [
            one for one in self.choices if not one.allowed and one.words and not (awaited and one.channel == "email")
        ]

    @property
    def ways(self) -> list[Channel]:
        """The channels on which we write: by phone, the brand itself does."""
        return [one for one in self.channels if one.name != reach.PHONE]

    @property
    def awaits(self) -> str:
        """The address that we asked to confirm, while it has not."""
        return next((found for one in self.channels if (found := reach.awaits(self.session, one, self.now))), "")

    @property
    def may_stop_offers(self) -> bool:
        return not all(one.standing.withdrawn for one in self.choices if one.purpose == Purpose.OFFERS)

    @property
    def may_stop_everything(self) -> bool:
        return not all(self.is_left_alone(one) for one in self.channels)

    @property
    def score_told(self) -> Choice | None:
        """His yes to the brand's CRM being told what his deeds come to."""
        return next((one for one in self.choices if one.purpose == Purpose.CRM_PROFILE and one.allowed), None)

    @property
    def may_be_scored(self) -> bool:
        spoken_of = {line.channel for line in self.person.lines}
        words = (partial(self.person.standing, fan_id) for fan_id in self.person.fan_ids)
        return all(release.may_be_scored(word, spoken_of) for word in words)

    def here(self, channel: Channel) -> list[Choice]:
        return [one for one in self.choices if one.channel == channel.name]

    def is_left_alone(self, channel: Channel) -> bool:
        """Whether he wants nothing at all here."""
        return any(self.person.standing(one, channel.name, Purpose.SERVICE).withdrawn for one in self.person.fan_ids)

    def _in_words(self, some: Preferences) -> str:
        return ", ".join(summing_up.parts(some, i18n.language(), self.zone, self.now))

    def can_undo(self, change: str) -> bool:
        return is_a_change(change) and choosing.can_be_undone(self.session, self.bot, self.person, change)

    def stopped_by(self, change: str) -> list[Choice]:
        if not is_a_change(change):
            return []
        return choosing.stopped_by(self.session, self.bot, self.person, change, i18n.language())


def is_a_change(word: str) -> bool:
    """Whether this names something that was said on a page of ours."""
    try:
        return bool(UUID(word))
    except ValueError:
        return False


@contextmanager
def behind(word: str, page: Page, door: Transaction) -> Iterator[tuple[Session, UUID] | None]:
    """The transaction, and the id that this word opens."""
    with door() as session:
        known = tokens.opened(the_bot().settings.secret, page, word)
        yield (session, known) if known else None


def meet(session: Session, fan_id: UUID) -> Guest | None:
    """Whoever is behind this fan. None where he has been forgotten."""
    bot = the_bot()
    person = people.load(session, [fan_id]).get(fan_id)
    if person is None:
        return None
    i18n.prefer(person.languages[fan_id])
    known = reach.channels(session, person)
    choices = reach.choices(bot, person, known, i18n.language())
    _, caps = house_rules.current(session)
    return Guest(bot, session, fan_id, person, known, choices, caps.zone, bot.now())


def told(page: str, status: int = 200, **facts: object) -> Response:
    return make_response(render_template(f"{page}.html", brand=the_bot().settings.brand, **facts), status)


def unknown() -> Response:
    return told("claim/unknown", 404)
