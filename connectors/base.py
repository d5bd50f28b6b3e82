"""The contract of a platform: what a fan did, what we say, and what the platform allows.

A connector is one file beside this one. It speaks its platform's words and hands on ours: it knows no fan, no offer and
no database, and whatever it cannot name it hands on as `Kind.UNKNOWN` with the raw JSON, never as an exception.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar


class Kind(StrEnum):
    """What a fan did, in neutral words."""

    COMMENT = "comment"  # under the brand's post, or in a group of the brand's: others read it
    COMMENT_EDITED = "comment_edited"
    COMMENT_REMOVED = "comment_removed"  # by the fan or a moderator: a wish to be forgotten, too
    COMMENT_HIDDEN = "comment_hidden"
    COMMENT_UNHIDDEN = "comment_unhidden"
    POST = "post"  # a visitor's own post on the brand's page
    MENTION = "mention"  # of the brand, on somebody else's ground
    MESSAGE = "message"  # private
    MESSAGE_EDITED = "message_edited"
    MESSAGE_REMOVED = "message_removed"
    PRESS = "press"  # a button or a quick reply; `payload` says which
    REFERRAL = "referral"  # came by a link of ours; `payload` says which
    CONTACT = "contact"  # gave an e-mail or a phone number by the platform's own means
    OPTIN = "optin"
    STOP = "stop"  # the platform's own stop event; `payload` is "complaint" for a report of spam, or "list_unsubscribe"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"  # never an opt-in
    UNFOLLOWED = "unfollowed"  # left the page or the account, and said nothing
    REACTION = "reaction"
    REACTION_REMOVED = "reaction_removed"
    RATING = "rating"
    READ = "read"
    DELIVERED = "delivered"
    # A message that could not be delivered. `author` is the address that failed, `parent` our key where it came back,
    # `text` a code such as "5.1.1", and `payload` the fault: "hard" (nobody is there), "soft" (not now), "ours".
    BOUNCED = "bounced"
    ECHO = "echo"  # a message of the brand's own, coming back; `payload` holds our key where we sent it
    STANDBY = "standby"  # said while another app holds the thread: heard, not answered
    RESTRICTED = "restricted"  # the platform forbids the account to send; `payload` is "block", "unblock" or "warning"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Interaction:
    """One thing a fan did. `id` is unique for a platform and account, and the same at each redelivery."""

    platform: str
    account: str  # the brand's page, bot or handle, by the platform's id
    id: str
    kind: Kind
    at: datetime  # when the fan did it, aware UTC; the time of sending where the platform tells no other
    author: str = ""  # the platform's id of the fan; empty where it does not say who
    author_name: str = ""
    by_bot: bool = False  # another machine: not a fan
    text: str = ""
    subject: str = ""  # what a reply answers: the id to give as `Message.to` for a public or private reply
    thread: str = ""  # the post, chat or conversation in which it happened
    parent: str = ""  # the comment that it replies to
    payload: str = ""
    language: str = ""  # "fr", "en" where the platform says so, else empty
    email: str = ""
    phone: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)


class Way(StrEnum):
    """How something is said."""

    PUBLIC = "public"  # a reply that everyone reads, to `Interaction.subject`
    PRIVATE = "private"  # the one private reply to a comment or post, to `Interaction.subject`
    DIRECT = "direct"  # a message in a conversation, to `Interaction.author`
    HIDE = "hide"
    LIKE = "like"


class Ask(StrEnum):
    """What a button does."""

    ANSWER = "answer"  # answers `label`, and brings `payload` back
    LINK = "link"  # opens `payload`
    EMAIL = "email"  # offers the fan's own e-mail address
    PHONE = "phone"  # offers the fan's own phone number


@dataclass(frozen=True, slots=True)
class Button:
    label: str
    ask: Ask = Ask.ANSWER
    payload: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What we say. `key` is ours and unique; a platform that can carry it brings it back in the echo."""

    key: str
    account: str
    way: Way
    to: str
    text: str = ""
    buttons: tuple[Button, ...] = ()
    by_human: bool = False  # typed or approved word by word by a person
    in_window: bool = True  # False: only a person may still write, where the platform has such a rule
    answers: str = ""  # the `subject` of the press that it answers: until then its button may show a spinner
    title: str = ""  # of a mail: its subject
    html: str = ""  # of a mail: the same as `text`, for those who read it with pictures and colours
    unsubscribe: str = ""  # of a mail that promotes: the https address to which a mailbox provider posts "one click"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform's word that it took a message."""

    id: str  # the platform's id of what was sent; empty for a hide or a like
    recipient: str = ""  # the id by which the fan may be written to from now on, where the platform tells it
    pause: timedelta | None = None  # say nothing more from this account for so long: the platform's budget runs low


class Scope(StrEnum):
    """Whom a refusal is about."""

    MESSAGE = "message"
    PERSON = "person"  # nothing more to this fan here
    ACCOUNT = "account"  # nothing more from this account until somebody looks


class PlatformError(Exception):
    """A message was not taken, or nobody knows. `reason` is a short code; it holds no personal data and no secret."""

    def __init__(self, reason: str, scope: Scope = Scope.MESSAGE) -> None:
        super().__init__(reason)
        self.reason = reason
        self.scope = scope


class Refused(PlatformError):
    """The platform said no, and will say no again."""


class Busy(PlatformError):
    """The platform asks us to wait. Nothing was delivered."""

    def __init__(self, reason: str, retry_after: timedelta, scope: Scope = Scope.ACCOUNT) -> None:
        super().__init__(reason, scope)
        self.retry_after = retry_after


class Unreachable(PlatformError):
    """The platform could not be reached. Nothing was delivered, so it may be tried again."""


class Uncertain(PlatformError):
    """The request went out and no answer came back: it may have been delivered. Never tried again blindly."""


class Misconfigured(Exception):
    """Settings are half set or wrong. `faults` says each in a sentence for the person who starts the program."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class Each(StrEnum):
    """What a limit is counted for."""

    ACCOUNT = "account"
    RECIPIENT = "recipient"  # the part of `Message.to` before a colon: of "group:comment" it is the group


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` messages of these ways in `per`, for each account or each recipient."""

    name: str
    count: int
    per: timedelta
    ways: frozenset[Way]
    each: Each = Each.ACCOUNT
    burst: int = 0  # how many at once, at most `count`; 0 leaves it to us


@dataclass(frozen=True, slots=True)
class Rules:
    """What a platform allows: facts, each with its source and the date on which it was checked."""

    answers: Mapping[Kind, tuple[Way, ...]]  # the ways in which an interaction may be answered, best first
    opens_window: frozenset[Kind] = frozenset()  # what a fan must do so that we may write to him directly
    window: timedelta | None = None  # how long a direct message is allowed after that; None: until he stops us
    human_window: timedelta | None = None  # the same for a message that a person types; None: as `window`
    private_reply_within: timedelta | None = None  # of the comment's own time; None: there are no private replies
    may_begin: bool = False  # we may write first, to who consented: it needs no window (mail, SMS)
    exact_parent: bool = False  # `Interaction.parent` is the very words that it answers, not the top of their thread
    summoned_only: bool = False  # a public reply goes only to who mentioned us
    max_text: Mapping[Way, int] = field(default_factory=dict)  # characters
    max_buttons: int = 0
    limits: tuple[Limit, ...] = ()
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a poll. `position` is set on the last page only: where the next poll begins once all is kept."""

    interactions: tuple[Interaction, ...]
    position: str | None = None
    cost: Decimal = Decimal(0)  # US dollars


@dataclass(frozen=True, slots=True)
class Called:
    """A platform tells of a person that he wants to be erased, or took our app away. `handle` is its id of him."""

    handle: str
    at: datetime


class By(StrEnum):
    """By what an audience knows a person."""

    EMAIL = "email"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Batch:
    """One call of several that belong together."""

    session: int
    number: int  # from 1
    last: bool
    total: int  # rows of all of them


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the rows of a batch."""

    invalid: int = 0  # that the platform could not read
    pause: timedelta | None = None  # as `Receipt.pause`


class Audience(ABC):
    """A list of people at a platform, to whom the brand's advertisements may be shown there.

    It is told hashes alone (optin/addresses.py). To add or remove a row twice is the same as once, so whatever is
    uncertain is told again. Raises Refused, Busy, Unreachable or Uncertain, and nothing else.
    """

    id: str  # the platform's
    most: ClassVar[int]  # rows a call

    @abstractmethod
    def add(self, by: By, hashes: Sequence[str], batch: Batch) -> Taken: ...

    @abstractmethod
    def remove(self, by: By, hashes: Sequence[str], batch: Batch) -> Taken: ...

    def close(self) -> None:  # noqa: B027 - as for connectors
        """Let go of connections."""


class Connector(ABC):
    """Our adapter to one platform. One object serves all threads of a process."""

    name: ClassVar[str]
    rules: ClassVar[Rules]
    accounts: tuple[str, ...]  # the brand's own ids on this platform: what they say is never a fan's word
    streams: tuple[
        str, ...
    ] = ()  # what has to be polled, by names of the connector's own; none where webhooks bring it
    poll_every: timedelta = timedelta(seconds=60)

    def handshake(self, query: Mapping[str, str]) -> str | None:
        """The answer to a platform that checks our address, or None to refuse it."""
        return None

    @abstractmethod
    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether these raw bytes come from the platform. Compares in constant time, and fails closed."""

    @abstractmethod
    def read(self, body: bytes, received_at: datetime) -> list[Interaction]:
        """What happened, in the platform's order. What it does not know is `Kind.UNKNOWN`; it never raises."""

    def called(self, body: bytes, received_at: datetime) -> Called | None:
        """Whom the platform's callback names, by its own signature; None where it is not the platform's word."""
        return None

    def poll(self, stream: str, position: str, now: datetime) -> Iterator[Page]:
        """The pages since `position` ("" at first). Raises Busy, Unreachable or Refused."""
        yield from ()

    @abstractmethod
    def send(self, message: Message) -> Receipt:
        """Say it. Raises Refused, Busy, Unreachable or Uncertain, and nothing else."""

    def cost(self, message: Message) -> Decimal:
        """What the platform charges for this message, in US dollars."""
        return Decimal(0)

    def monthly_budget(self, account: str) -> Decimal | None:
        """How many US dollars a month this account may spend; None: the platform charges nothing."""
        return None

    def entry_link(self, account: str, payload: str) -> str:
        """A link that opens a conversation and brings `payload` back, for all to see; "" where there is none.

        Asked inside a transaction, so it never calls the platform: what it needs is learnt before, by `learn`.
        """
        return ""

    def learn(self) -> None:  # noqa: B027 - most platforms have nothing to tell
        """Ask the platform what must be known to speak. Called often, outside of transactions; cheap once known."""

    def start(self, public_url: str) -> None:  # noqa: B027 - most platforms need none
        """Tell the platform where we listen, where that is ours to tell. Called once by the clock."""

    def close(self) -> None:  # noqa: B027 - the same
        """Let go of connections and threads."""
