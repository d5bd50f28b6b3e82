"""Release: what of a lead goes to the brand's CRM. This is the one place where that is decided.

A lead goes out while he says yes, on some channel at least, to offers, to the newsletter or to being handed to the CRM
(`crm:contact`): his lead rests on that. Without any such yes he is withdrawn, and nothing of him goes but his number.

- The address goes where one of these holds for e-mail, the phone number where one holds for a channel by phone:
  who allows messages on Telegram has not handed over the address to which his code was sent.
- The name goes with whatever yes there is, since whoever may write to him may address him; and so does what he told of
  himself on his code's page, where each question says what for.
- A no to `crm:contact` itself holds back all of it, whatever else he allows.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from optin.standing import EVERYWHERE, Purpose, Standing

Word = Callable[[str, str], Standing]  # of one fan, by channel and purpose

RESTS_ON = (Purpose.OFFERS, Purpose.NEWSLETTER, Purpose.CRM_CONTACT)
MAIL = ("email",)
PHONE = ("phone", "sms", "whatsapp")


@dataclass(frozen=True, slots=True)
class Release:
    """Which of his data may go; none at all where he is not active."""

    active: bool
    email: bool
    phone: bool
    name: bool


def of(word: Word, channels: Iterable[str]) -> Release:
    """What he lets go, whose words are about these channels."""
    spoken_of = set(channels)
    if EVERYWHERE in spoken_of:
        spoken_of |= {*MAIL, *PHONE}
    hands_over = {channel: _hands_over(word, channel) for channel in spoken_of}
    return Release(
        active=any(_says_yes(word, channel) for channel in spoken_of),
        email=any(hands_over.get(channel) for channel in MAIL),
        phone=any(hands_over.get(channel) for channel in PHONE),
        name=any(hands_over.values()),
    )


def _hands_over(word: Word, channel: str) -> bool:
    return _says_yes(word, channel) and not _keeps_from_the_crm(word, channel)


def _says_yes(word: Word, channel: str) -> bool:
    return any(word(channel, purpose).granted for purpose in RESTS_ON)


def _keeps_from_the_crm(word: Word, channel: str) -> bool:
    """A no to everything falls with the next yes to something; a no to this very purpose stays."""
    said = word(channel, Purpose.CRM_CONTACT)
    return said.withdrawn and said.lines[0].purpose == Purpose.CRM_CONTACT
