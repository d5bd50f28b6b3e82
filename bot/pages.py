"""The addresses of a fan's own pages. Each holds a word that opens this page of this fan, and no other."""

from uuid import UUID

from bot.assembly import Bot
from optin import tokens
from optin.tokens import Page

PATHS = {Page.CHOICES: "choices", Page.WHY: "why", Page.UNSUBSCRIBE: "u", Page.RIGHTS: "rights"}


def path(bot: Bot, page: Page, known: UUID) -> str:
    """From one page of ours to another. `known` is the fan, or the message of WHY, or the profile of UNSUBSCRIBE."""
    return f"/{PATHS[page]}/{tokens.seal(bot.settings.secret, page, known)}"


def link(bot: Bot, page: Page, known: UUID) -> str:
    """The whole address, to be said in a private message."""
    return bot.settings.address + path(bot, page, known)


def unsubscribe_link(bot: Bot, profile_id: UUID) -> str:
    """Where a mailbox provider posts "one click" (RFC 8058), and where a person finds a button."""
    return link(bot, Page.UNSUBSCRIBE, profile_id)
