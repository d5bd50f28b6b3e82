"""Reach: the channels on which we know a person, and what he may allow or has allowed on each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from bot import audiences, confirming
from bot.assembly import Bot
from leads import details
from offers import claims
from offers.claims import Claim
from offers.questions import Question
from optin import confirmations, fans
from optin.people import Person
from optin.standing import EVERYWHERE, Act, Line, Purpose, Standing, standing
from optin.wordings import Wording, wording

EMAIL = "email"
PHONE = Question.PHONE.value  # the brand itself calls: we never write there
OWN = (EMAIL, PHONE)
PROMOTING = (Purpose.OFFERS.value, Purpose.NEWSLETTER.value)
ASKED = (*PROMOTING, Purpose.AUDIENCES.value)


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to him. `claim` is where he told an address that has not been proved to be his."""

    name: str
    fan_id: UUID
    profile_id: UUID
    address: str = ""  # of an e-mail
    claim: Claim | None = None
    advertised: bool = False  # a custom audience at a platform takes such addresses


@dataclass(frozen=True, slots=True)
class Choice:
    """What he may say yes or no to: one purpose on one channel. Without `words` there is nothing to say yes to."""

    channel: str
    purpose: str
    words: Wording | None
    standing: Standing
    by: Channel | None = None  # None: it is about all of them

    @property
    def value(self) -> str:
        """What a box or a button sends: what it is about, and the hash of the very words beside it."""
        return f"{self.channel}:{self.purpose}:{self.words.hash if self.words else ''}"

    @property
    def allowed(self) -> bool:
        # Who never spoke of answers may have them: he asked.
        silence = self.standing.act is None and self.purpose == Purpose.SERVICE
        return self.standing.granted or silence


def channels(session: Session, person: Person) -> list[Channel]:
    """His platforms, where he was heard last first, then his address and his number."""
    found: dict[str, Channel] = {}
    for one in fans.profiles_of(session, person.fan_ids):
        address = one.handle if one.platform == EMAIL else ""
        found.setdefault(one.platform, Channel(one.platform, one.fan_id, one.id, address))
    if EMAIL not in found:
        claim = claims.newest_with_email(session, person.fan_ids)
        if claim is not None:
            found[EMAIL] = Channel(EMAIL, claim.fan_id, claim.profile_id, claim.email, claim)
    if EMAIL in found and audiences.is_any_connected(session):
        found[EMAIL] = replace(found[EMAIL], advertised=True)
    number = details.of_person(session, person).get(PHONE)
    if number and found:
        by = next(iter(found.values()))
        found[PHONE] = Channel(PHONE, by.fan_id, by.profile_id, number)
    return sorted(found.values(), key=lambda one: OWN.index(one.name) if one.name in OWN else -1)


def choices(bot: Bot, person: Person, known: Sequence[Channel], language: str) -> list[Choice]:
    """All that he may say yes or no to, as it stands."""
    everywhere = [_answers(bot, person, known, language), *_score(bot, person, known, language)]
    return [*_promotions(bot, person, known, language), *everywhere]


def had_he_not_said(choices: Sequence[Choice], person: Person, known: Sequence[Channel], evidence: str) -> list[Choice]:
    """The same choices, as they would stand without what he said there."""
    others = [line for line in person.lines if line.evidence != evidence]
    return [
        Choice(one.channel, one.purpose, one.words, _standing(others, person, known, one.channel, one.purpose), one.by)
        for one in choices
    ]


def _promotions(bot: Bot, person: Person, known: Sequence[Channel], language: str) -> Iterator[Choice]:
    for channel in known:
        texts = _texts(bot, channel, language)
        for purpose in ASKED:
            word = _standing(person.lines, person, known, channel.name, purpose)
            if purpose in texts or word.granted:
                yield Choice(channel.name, purpose, texts.get(purpose), word, channel)


def _answers(bot: Bot, person: Person, known: Sequence[Channel], language: str) -> Choice:
    word = _standing(person.lines, person, known, EVERYWHERE, Purpose.SERVICE)
    return Choice(EVERYWHERE, Purpose.SERVICE.value, wording("service", language, bot.settings.brand), word)


def _score(bot: Bot, person: Person, known: Sequence[Channel], language: str) -> Iterator[Choice]:
    """Whether the brand's CRM is told what his deeds come to: of no interest before it may know him at all."""
    word = _standing(person.lines, person, known, EVERYWHERE, Purpose.CRM_PROFILE)
    if word.act or any(one.name == EMAIL for one in known):
        words = wording("crm_profile", language, bot.settings.brand)
        yield Choice(EVERYWHERE, Purpose.CRM_PROFILE.value, words, word)


def _texts(bot: Bot, channel: Channel, language: str) -> dict[str, Wording]:
    """What may be asked on this channel: nothing where we could not write at all."""
    brand = bot.settings.brand
    if channel.name == PHONE:
        return {Purpose.OFFERS.value: wording("offers_phone", language, brand)}
    if channel.name != EMAIL:
        connector = bot.connectors.get(channel.name)
        may_write = connector is not None and connector.rules.opens_window
        return {Purpose.OFFERS.value: wording("offers_messages", language, brand)} if may_write else {}
    texts = {Purpose.OFFERS.value: wording("offers_email", language, brand)}
    if not has_to_confirm(bot, channel):  # what an address has to confirm is about offers
        texts[Purpose.NEWSLETTER.value] = wording("newsletter_email", language, brand)
        if channel.advertised:
            texts[Purpose.AUDIENCES.value] = wording("audiences_email", language, brand)
    return texts


def has_to_confirm(bot: Bot, channel: Channel) -> bool:
    """Whether a yes counts only once the address has said it itself."""
    return channel.claim is not None and confirming.is_possible(bot)


def awaits(session: Session, channel: Channel, now: datetime) -> str:
    """The address that was asked whether it says yes, while it has not answered."""
    asked = confirmations.of_claim(session, channel.claim.id) if channel.claim else None
    return asked.email if asked and confirmations.is_open(asked, now) else ""


def _standing(lines: Sequence[Line], person: Person, known: Iterable[Channel], channel: str, purpose: str) -> Standing:
    """His word as a person sees it: whatever we may do on any of his profiles is allowed; of answers, a no anywhere."""
    everywhere = channel == EVERYWHERE and purpose == Purpose.SERVICE  # wherever he is answered
    where = [one.name for one in known] if everywhere else [channel]
    words = [standing(lines, person.edges, one, name, purpose) for one in person.fan_ids for name in where]
    first = Act.WITHDRAWN if channel == EVERYWHERE else Act.GRANTED
    return max(words, key=lambda word: (word.act is first, word.act is not None), default=Standing())
