"""A fan before his claim: what the word in his link opens, what he may agree to, and what he sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from flask import request
from sqlmodel import Session

from bot import claiming, joining, pages, places, preview, reach, refs
from bot.assembly import Bot
from bot.choosing import Word
from bot.database import Transaction
from bot.preview import Entrance
from bot.reach import Choice
from leads import details
from offers import catalog, claims, editing, questions
from offers.catalog import Offer, State
from offers.claims import Claim
from offers.questions import Question
from offers.texts import filled, first_name
from optin import confirmations, fans, people
from optin.people import Person
from optin.standing import Purpose, Standing
from optin.tokens import Page
from optin.wordings import Wording
from webhooks import addresses, i18n
from webhooks.choice_form import SPANS
from webhooks.door import the_bot


class Shut(StrEnum):
    """Why there is no form."""

    PAUSED = "paused"
    NOT_YET = "not_yet"
    ENDED = "ended"
    SOLD_OUT = "sold_out"


class Fault(StrEnum):
    """Why a form is shown again."""

    EMPTY = "empty"
    UNCLEAR = "unclear"
    SLIP = "slip"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Form:
    """What he sent. `ticked` holds the hash of each text that he ticked, as it was shown to him."""

    email: str = ""
    sure_of: str = ""  # the address that we doubted before
    ticked: frozenset[str] = frozenset()
    hours: str = ""  # when he wants to hear from us; "" for no matter when

    @classmethod
    def sent(cls) -> "Form":
        email = request.form.get("instead") or request.form.get("email", "")
        ticked = frozenset(request.form.getlist("allow"))
        return cls(email, request.form.get("sure_of", ""), ticked, request.form.get("hours", ""))

    def fault(self, texts: dict[str, Wording]) -> Fault | None:
        if not self.email.strip():
            return Fault.EMPTY
        if addresses.read(self.email) is None:
            return Fault.UNCLEAR
        if self.email != self.sure_of and addresses.meant(self.email):
            return Fault.SLIP
        return Fault.CHANGED if self.saw_other_words(texts) else None

    def saw_other_words(self, texts: dict[str, Wording]) -> bool:
        """Whether a text that he ticked is no longer our text: he has to read the new one first."""
        return not self.ticked <= {words.hash for words in texts.values()}


@dataclass(frozen=True, slots=True)
class Visit:
    """`texts` are all that he may agree to, by channel, in his language; `person` is who is behind the word; `code` is
    his, by whichever of his profiles he took it."""

    bot: Bot
    session: Session
    token: str
    claim: Claim
    code: str | None
    offer: Offer
    texts: dict[str, Wording]
    person: Person
    told: dict[str, str]  # what he told of himself beside his address, or would rather not
    now: datetime

    @property
    def question(self) -> Question | None:
        """What he is asked next, once he has his code."""
        return questions.next_of(self.offer.questions, self.told) if self.code else None

    @property
    def answered(self) -> dict[str, str]:
        """What he told of himself."""
        return {one.value: self.told[one.value] for one in Question if self.told.get(one.value)}

    @property
    def place(self) -> tuple[int, int]:
        """Which question of how many that is."""
        asked = [one for one in Question if one.value in self.offer.questions]
        return (asked.index(self.question) + 1, len(asked)) if self.question else (0, len(asked))

    @property
    def gain(self) -> str:
        """What he gains by answering, in the marketer's words."""
        gains = self.offer.questions.get(self.question or "", {})
        return gains.get(i18n.language()) or next(iter(gains.values()), "")

    @property
    def shut(self) -> Shut | None:
        """Why nobody can take this offer now."""
        offer, now = self.offer, self.now
        if offer.ends_at is not None and offer.ends_at <= now:
            return Shut.ENDED
        if catalog.is_sold_out(offer):
            return Shut.SOLD_OUT
        if offer.state != State.OPEN:
            return Shut.PAUSED
        return None if catalog.is_open(offer, now) else Shut.NOT_YET

    @property
    def words(self) -> dict[str, str]:
        """What managers wrote about the offer, with the fan's name, the brand and the value filled in."""
        known = {"name": first_name(self.claim.name), "brand": self.bot.settings.brand, "value": self.offer.value}
        return filled(catalog.texts(self.offer, i18n.language()), known)

    @property
    def askable(self) -> dict[str, Wording]:
        """What he has not allowed yet."""
        said = {"email"} if self.awaits else set()
        return {
            channel: words for channel, words in self.texts.items() if channel not in said and not self.allows(channel)
        }

    def agreed(self, form: Form) -> dict[str, Wording]:
        return {channel: words for channel, words in self.askable.items() if words.hash in form.ticked}

    def allows(self, channel: str) -> bool:
        return self._standing(channel).granted

    @property
    def awaits(self) -> str:
        """The address that we asked to confirm, while it has not."""
        asked = confirmations.of_claim(self.session, self.claim.id)
        return asked.email if asked and confirmations.is_open(asked, self.now) and not self.allows("email") else ""

    def has_stopped(self, channel: str) -> bool:
        return self._standing(channel).withdrawn

    def said_at(self, channel: str) -> datetime:
        """When he last spoke of this channel."""
        return self._standing(channel).lines[0].given_at

    @property
    def hours_to_choose(self) -> tuple[str, ...]:
        """The hours of the day that he is asked about, once: no more when he has named some."""
        return () if self.person.preferences.hours else tuple(span for span in SPANS if span != "any")

    @property
    def choices(self) -> str:
        """The page on which he chooses how he wants to be written to."""
        return pages.path(self.bot, Page.CHOICES, self.claim.fan_id)

    @property
    def elsewhere(self) -> list[tuple[str, str]]:
        """Where else he may open this claim, so that we know him there, too: each with the link."""
        known = fans.platforms_of(self.session, self.person.fan_ids)
        return list(joining.ways(self.bot, self.claim, known))

    @property
    def advertising(self) -> Choice | None:
        """Whether his address may be in a custom audience: asked for itself, where one is filled."""
        if not self.bot.audiences:
            return None
        known = reach.channels(self.session, self.person)
        choices = reach.choices(self.bot, self.person, known, i18n.language())
        return next((one for one in choices if one.purpose == Purpose.AUDIENCES), None)

    @property
    def for_friends(self) -> list[Entrance]:
        """His own link on each platform, for friends; none where they would find nothing to take."""
        payload = refs.of_friend(self.bot.settings.secret, self.claim.id)
        return [] if self.shut else preview.entrances(self.bot, editing.sheet_of(self.offer), payload)

    @property
    def why(self) -> str | None:
        """The page that tells why the message came that brought him here, if one did."""
        brought = places.brought(self.session, self.person.fan_ids, self.claim.id)
        return pages.path(self.bot, Page.WHY, brought) if brought else None

    def says(self, how: str) -> Word:
        """What he sent just now. The claim is the proof."""
        claim = self.claim
        return Word(claim.fan_id, claim.profile_id, how, str(claim.id), self.now, "/claim")

    def _standing(self, channel: str) -> Standing:
        return self.person.standing(self.claim.fan_id, channel)


@contextmanager
def to_claim(token: str, door: Transaction) -> Iterator[Visit | None]:
    """Who is behind this word. Who writes holds the person until he is done: tabs and chats take turns."""
    bot = the_bot()
    with door() as session:
        found = _found(session, token)
        if found is None:
            yield None
            return
        claim, offer = found
        i18n.prefer(claim.language)
        person = people.one(session, claim.fan_id)
        told = details.of_person(session, person)
        texts = claiming.channels(bot, claim, i18n.language(), told)
        code = claim.code or claims.code_of(session, person.fan_ids, offer.id)
        yield Visit(bot, session, token, claim, code, offer, texts, person, told, bot.now())


def _found(session: Session, token: str) -> tuple[Claim, Offer] | None:
    if request.method != "POST":
        return claims.behind(session, token)
    turn = claiming.in_turn(session, token)
    return (turn.claim, turn.offer) if turn else None


def came_from_here() -> bool:
    """Whether the button was on a page of ours. Older browsers tell only the origin, very old ones nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None:
        return site in ("same-origin", "none")
    return origin is None or urlsplit(origin).netloc in (request.host, urlsplit(the_bot().settings.address).netloc)
