"""A manager's own words: how they are signed, and what fits where it is said."""

import re
from enum import StrEnum

from bot.assembly import Bot
from bot.managers import Manager
from connectors import Rules, Way
from offers import coupons

CLAIM = "/claim/"  # in the address of a fan's own page
LONGEST_TEXT = 10_000  # characters, where the platform names no limit


class Unfit(StrEnum):
    """Why a text can't go out as it is."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    TOO_PERSONAL = "too_personal"  # a fan's own link or code, where everyone reads it
    WINDOW_CLOSED = "window_closed"
    FAN_SAID_STOP = "fan_said_stop"
    OFFER_CLOSED = "offer_closed"  # its link would give no code


def tidy(text: str) -> str:
    """A text as it was typed into a form, with plain ends of lines."""
    return text.replace("\r\n", "\n").strip()


def signature(manager: Manager) -> str:
    """How a message says who of the brand said it."""
    return f"manager:{manager.id}"


def rules_of(bot: Bot, platform: str) -> Rules:
    """What the platform allows; nothing where it is no longer set up."""
    connector = bot.connectors.get(platform)
    return connector.rules if connector else Rules(answers={})


def longest(rules: Rules, way: Way) -> int:
    return rules.max_text.get(way, LONGEST_TEXT)


def unfit(rules: Rules, way: Way, words: str) -> Unfit | None:
    """What speaks against saying this in this way."""
    if not words:
        return Unfit.EMPTY
    if len(words) > longest(rules, way):
        return Unfit.TOO_LONG
    return Unfit.TOO_PERSONAL if way is Way.PUBLIC and _is_personal(words) else None


def _is_personal(words: str) -> bool:
    codes = re.findall(r"[\w-]+-\w\b", words)
    return CLAIM in words or any(coupons.is_wellformed(code) for code in codes)
