"""Release: what of a lead goes to the brand's CRM. This is the one place where that is decided.

A lead goes out while he says yes, on some channel at least, to offers, to the newsletter or to being handed to the CRM
(`crm:contact`): his lead rests on that. Without any such yes he is withdrawn, and nothing of him goes but his number.

- The address goes where one of these holds for e-mail, the phone number where one holds for a channel by phone:
  who allows messages on Telegram has not handed over the address to which his code was sent.
- The name goes with whatever yes there is, since whoever may write to him may address him; and so does what he told of
  himself on his code's page, where each question says what for.
- A no to `crm:contact` itself holds back all of it, whatever else he allows.
- The stage goes with him, since it sums up what the record says anyhow, and what the brand's own shop told us; a no to
  `crm:profile` holds it back. The score is a judgement of him: it goes with a yes to `crm:profile` alone, and nobody
  gives him one after a no to `profiling`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from optin.standing import EVERYWHERE, LET_US_WRITE, Purpose, Standing

Word = Callable[[str, str], Standing]  # of one fan, by channel and purpose
Words = Callable[[UUID, str, str], Standing]  # of each fan of a person

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
    stage: bool
    score: bool


def of(word: Word, channels: Iterable[str]) -> Release:
    """What he lets go, whose words are about these channels."""
    spoken_of = set(channels)
    if EVERYWHERE in spoken_of:
        spoken_of |= {*MAIL, *PHONE}
    hands_over = {channel: _hands_over(word, channel) for channel in spoken_of}
    active = any(_says_yes(word, channel) for channel in spoken_of)
    shows_himself = word(EVERYWHERE, Purpose.CRM_PROFILE)  # no matter of channels
    return Release(
        active=active,
        email=any(hands_over.get(channel) for channel in MAIL),
        phone=any(hands_over.get(channel) for channel in PHONE),
        name=any(hands_over.values()),
        stage=active and not any(_keeps_from_the_crm(word, channel, Purpose.CRM_PROFILE) for channel in spoken_of),
        score=active and shows_himself.granted and may_be_scored(word, spoken_of),
    )


def may_be_scored(word: Word, channels: Iterable[str]) -> bool:
    """Unless he said no to that. A no to everything, everywhere, is one as well; a later yes to the CRM's knowing it
    takes it back."""
    spoken_of = {*channels, EVERYWHERE}
    about = [word(channel, Purpose.PROFILING) for channel in spoken_of]
    noes = [
        said.lines[0].given_at
        for said in about
        if said.withdrawn and (said.lines[0].purpose == Purpose.PROFILING or said.lines[0].channel == EVERYWHERE)
    ]
    shown = word(EVERYWHERE, Purpose.CRM_PROFILE)
    return not noes or (shown.granted and shown.lines[0].given_at > max(noes))


def qualifies(words: Words, fan_id: UUID, email: str, phone: str) -> bool:
    """Whether this lead stands by a yes to being written to at an address of his. Where mails can be sent, a yes to
    e-mails is in the journal only after a click in one (bot/confirming.py): so that is asked for here, too."""
    channels = [*(MAIL if email else ()), *(PHONE if phone else ())]
    return any(words(fan_id, channel, purpose).granted for channel in channels for purpose in LET_US_WRITE)


def _hands_over(word: Word, channel: str) -> bool:
    return _says_yes(word, channel) and not _keeps_from_the_crm(word, channel, Purpose.CRM_CONTACT)


def _says_yes(word: Word, channel: str) -> bool:
    return any(word(channel, purpose).granted for purpose in RESTS_ON)


def _keeps_from_the_crm(word: Word, channel: str, purpose: Purpose) -> bool:
    """A no to everything falls with the next yes to something; a no to this very purpose stays."""
    said = word(channel, purpose)
    return said.withdrawn and said.lines[0].purpose == purpose
