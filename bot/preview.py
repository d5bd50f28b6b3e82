"""A preview: an offer as fans will read it, in each language and on each platform, before anyone does."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot import wording
from bot.assembly import Bot
from connectors import Connector, Kind, Way
from offers import texts
from offers.editing import Sheet

SAMPLE_NAMES = {"fr": "Léa", "en": "Max"}
ENTRANCE = "offer-"  # as bot/offering.py knows it again; importing that would bring all of the journey
WORD = "0" * 40  # as long as that of a real link
PERSONAL = (Way.PRIVATE, Way.DIRECT)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a fan reads: in private, in public, in public once the private answer has come, and on his page."""

    language: str
    private: str
    public: str
    pointer: str
    page: dict[str, str]


@dataclass(frozen=True, slots=True)
class TooLong:
    """A message that this platform would cut, and by how many letters."""

    platform: str
    way: str
    language: str
    over: int


@dataclass(frozen=True, slots=True)
class Entrance:
    """A link for everyone to see that opens a conversation about this offer."""

    platform: str
    account: str
    link: str


def read(bot: Bot, sheet: Sheet, language: str, name: str | None = None, word: str = "…") -> Reading:
    """The offer in this language, for a fan of this name. Its texts must have no faults."""
    brand = bot.settings.brand
    words = {"name": SAMPLE_NAMES[language] if name is None else name, "brand": brand, "value": sheet.value}
    page = texts.filled(sheet.texts.get(language, {}), words)
    link = f"{bot.settings.address}/claim/{word}"
    keyword = sheet.keywords[0] if sheet.keywords else sheet.name
    pitch = page.get("pitch", "")
    return Reading(
        language=language,
        private=wording.say("offer_private", language, name=words["name"], pitch=pitch, link=link, brand=brand),
        public=wording.say("offer_public", language, keyword=keyword, link="", brand=brand),
        pointer=wording.say("look_in_messages", language, brand=brand),
        page=page,
    )


def too_long(bot: Bot, sheet: Sheet, language: str) -> list[TooLong]:
    """Where the private message would be cut, and its link with it, for a fan with a long name."""
    length = len(read(bot, sheet, language, "M" * texts.LONGEST_NAME, WORD).private)
    return [
        TooLong(connector.name, way.value, language, length - most)
        for connector in _shown_on(bot, sheet)
        for way in _ways(connector)
        if (most := connector.rules.max_text.get(way, length)) < length
    ]


def entrances(bot: Bot, sheet: Sheet, payload: str) -> list[Entrance]:
    """The links that bring this payload, where the offer shows and the platform has such links."""
    found = [
        Entrance(connector.name, account, connector.entry_link(account, payload))
        for connector in _shown_on(bot, sheet)
        for account in connector.accounts
        if not sheet.accounts or account in sheet.accounts
    ]
    return [entrance for entrance in found if entrance.link]


def _shown_on(bot: Bot, sheet: Sheet) -> Iterator[Connector]:
    return (one for name, one in bot.connectors.items() if not sheet.platforms or name in sheet.platforms)


def _ways(connector: Connector) -> list[Way]:
    """The private ways in which an offer goes out here: the best answer to each thing that a fan does."""
    best = {ways[0] for kind, ways in connector.rules.answers.items() if ways and kind is not Kind.RATING}
    return sorted(best & set(PERSONAL))
