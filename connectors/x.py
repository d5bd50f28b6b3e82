"""X: mentions and private messages read by asking again and again, replies and messages sent, each at its price.

Facts marked "checked" were read in X's own documentation as of that month; "[K]" marks general knowledge.
"""

import hashlib
import html
import json
import logging
import math
import re
import ssl
import threading
import unicodedata
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

import requests
import tweepy
from urllib3.exceptions import NewConnectionError

from connectors.base import (
    Ask,
    Busy,
    Connector,
    Interaction,
    Kind,
    Limit,
    Message,
    Misconfigured,
    Page,
    PlatformError,
    Receipt,
    Refused,
    Rules,
    Scope,
    Uncertain,
    Unreachable,
    Way,
)

logging.getLogger("tweepy").setLevel(logging.INFO)  # at DEBUG it writes down tokens, texts and names

API_URL = "https://api.x.com"
PATIENCE = (5.0, 20.0)  # seconds to connect, and to answer; tweepy alone would wait for ever
OAUTH1 = ("X_API_KEY", "X_API_SECRET", "X_ACCESS_TOKEN", "X_ACCESS_SECRET")
AMOUNTS = {"X_MONTHLY_BUDGET": "20", "X_POLL_SECONDS": "60"}  # US dollars; seconds between two polls

# What a resource or a request costs, in US dollars. X, Pricing page, checked 2026-08.
PRICE_READ = {
    "mentions": Decimal("0.001"),  # an "owned read": the account that asks owns the app
    "messages": Decimal("0.010"),
    "users": Decimal("0.010"),  # the authors that come along: X does not say that these are free
}
PRICE_MESSAGE = Decimal("0.015")
PRICE_SUMMONED_REPLY = Decimal("0.010")
PRICE_POST_WITH_LINK = Decimal("0.200")  # whether a summoned reply with a link costs less is not said
PRICE_HIDE = Decimal("0.005")

RATE_WINDOW = timedelta(minutes=15)  # X, Rate Limits page, checked 2026-08
RATE_HEADERS = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")  # the last two: [K]
FIRST_LOOK = timedelta(days=1)  # a new installation answers no older mention
POST_FIELDS = (
    "author_id,conversation_id,created_at,edit_history_tweet_ids,entities,in_reply_to_user_id,lang,note_tweet,"
    "referenced_tweets"
)
MESSAGE_FIELDS = "created_at,dm_conversation_id,event_type,sender_id,text"
USER_FIELDS = "name,username"

FOUNDED = datetime(2006, 3, 21, tzinfo=UTC)  # no fan did anything on X before it was there
DEEPEST = 100  # levels of JSON; X's own have fewer than ten
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL refuses NUL, and UTF-8 lone surrogates

# What the last word of a problem's `type` means. X, Errors page, checked 2026-08; "credits" was seen by others in 2026.
PROBLEMS = {
    "usage-capped": ("out_of_credit", Scope.ACCOUNT),
    "credits": ("out_of_credit", Scope.ACCOUNT),
    "client-forbidden": ("forbidden", Scope.ACCOUNT),
    "oauth1-permissions": ("forbidden", Scope.ACCOUNT),
    "unsupported-authentication": ("unauthorized", Scope.ACCOUNT),
    "not-authorized-for-resource": ("forbidden", Scope.MESSAGE),
    "resource-not-found": ("not_found", Scope.MESSAGE),
    "invalid-request": ("invalid", Scope.MESSAGE),
}
# "Not summoned", "the same text again" and "takes no messages from you" are one and the same 403, told apart by English
# prose alone. X's list of refusals has no code for them; checked 2026-08.
STATUSES = {
    400: ("invalid", Scope.MESSAGE),
    401: ("unauthorized", Scope.ACCOUNT),
    402: ("out_of_credit", Scope.ACCOUNT),
    403: ("forbidden", Scope.MESSAGE),
    404: ("not_found", Scope.MESSAGE),
}

NEVER_LEFT = (requests.ConnectTimeout, NewConnectionError, ssl.SSLCertVerificationError)

Json = dict[str, Any]


def connect(environ: Mapping[str, str]) -> "X | None":
    """X with the settings of `environ`, or None. Where both kinds of keys are there, those that never expire win."""
    given = {name: environ.get(name, "").strip() for name in (*OAUTH1, "X_BEARER_TOKEN", "X_USER_ID")}
    if not any(given.values()):
        return None
    faults = [f"{name} is missing: X takes all four of {', '.join(OAUTH1)}." for name in _missing_keys(given)]
    if not any(given[name] for name in (*OAUTH1, "X_BEARER_TOKEN")):
        faults.append(f"X_BEARER_TOKEN is missing, and so are {', '.join(OAUTH1)}: X takes the one or the four.")
    if not _is_id(given["X_USER_ID"]):
        wrong = "not a number" if given["X_USER_ID"] else "missing"
        faults.append(f"X_USER_ID is {wrong}: X needs the account's own id.")
    url = environ.get("X_API_URL", "").strip() or API_URL
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        faults.append("X_API_URL must be an address that begins with https://.")
    budget, poll_seconds = (_amount(environ, name, default, faults) for name, default in AMOUNTS.items())
    if poll_seconds <= 0:
        faults.append("X_POLL_SECONDS must be more than 0.")
    if faults:
        raise Misconfigured(faults)
    return X(_keys(given), given["X_USER_ID"], url, budget, timedelta(seconds=float(poll_seconds)))


def _missing_keys(given: Mapping[str, str]) -> list[str]:
    missing = [name for name in OAUTH1 if not given[name]]
    return missing if len(missing) < len(OAUTH1) else []


def _amount(environ: Mapping[str, str], name: str, default: str, faults: list[str]) -> Decimal:
    try:
        amount = Decimal(environ.get(name, "").strip() or default)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 <= amount <= 1_000_000:
        faults.append(f"{name} must be a number, such as {default}.")
        return Decimal(default)
    return amount


def _keys(given: Mapping[str, str]) -> dict[str, str]:
    if given["X_API_KEY"]:
        names = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
        return dict(zip(names, (given[name] for name in OAUTH1), strict=True))
    return {"bearer_token": given["X_BEARER_TOKEN"]}


class X(Connector):
    name: ClassVar[str] = "x"
    rules: ClassVar[Rules] = Rules(
        answers={Kind.MENTION: (Way.PUBLIC,), Kind.MESSAGE: (Way.DIRECT,)},
        opens_window=frozenset({Kind.MESSAGE}),  # a message to the account counts as asking [K]
        exact_parent=True,  # referenced_tweets names the very post that it replies to [K]
        summoned_only=True,  # self-serve plans since 2026-02-23. X, Create Post page, checked 2026-08
        max_text={
            Way.PUBLIC: 280,  # as `weighted_length` counts. X, Counting Characters page, checked 2026-08
            Way.DIRECT: 10_000,  # X, Manage Direct Messages page, checked 2026-08
        },
        limits=(
            # X, Rate Limits page, checked 2026-08
            Limit("messages", 15, timedelta(minutes=15), frozenset({Way.DIRECT})),
            Limit("messages of a day", 1440, timedelta(hours=24), frozenset({Way.DIRECT})),
            Limit("posts", 100, timedelta(minutes=15), frozenset({Way.PUBLIC})),
            Limit("posts of a day", 10_000, timedelta(hours=24), frozenset({Way.PUBLIC})),
            Limit("hidden replies", 50, timedelta(minutes=15), frozenset({Way.HIDE})),
        ),
    )
    streams = ("mentions", "messages")

    def __init__(
        self,
        keys: Mapping[str, str],
        user_id: str,
        url: str = API_URL,
        budget: Decimal = Decimal(20),
        poll_every: timedelta = timedelta(seconds=60),
        patience: tuple[float, float] = PATIENCE,
    ) -> None:
        self.accounts = (user_id,)
        self.poll_every = poll_every
        self._account = user_id
        self._budget = budget
        self._lines = Lines(keys, url.rstrip("/"), patience)
        self._by_oauth1 = {"user_auth": "consumer_key" in keys}
        self._readings: dict[str, Reading] = {}
        self._rests: dict[str, datetime] = {}
        self._bill = Bill()

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        return False  # nothing of X comes by webhook here

    def read(self, body: bytes, received_at: datetime) -> list[Interaction]:
        """What a page of mentions or messages tells; anything else is one unknown thing."""
        try:
            told = storable(json.loads(body.decode()))
        except (ValueError, RecursionError):
            kept = UNSTORABLE.sub("\ufffd", body.decode(errors="replace"))
            return [self._unknown({"body": kept}, received_at, hashlib.sha256(body).hexdigest())]
        found = self._interactions(told, received_at) if isinstance(told, dict) else []
        return found or [self._unknown(told if isinstance(told, dict) else {"value": told}, received_at)]

    def poll(self, stream: str, position: str, now: datetime) -> Iterator[Page]:
        """The pages since `position`, the oldest first: whoever wrote STOP after asking must be heard in that order.

        What was read before a failure is kept in memory, so that the next call goes on from there: X charges for each
        thing read, and private messages can be read 15 times in 15 minutes only.
        """
        reading = self._readings.get(stream)
        if reading is None or reading.position != position:
            reading = self._readings[stream] = Reading(stream, position, now)
        try:
            while not reading.done:
                self._read_on(reading, now)
        except PlatformError as error:
            if reading.cost:
                yield Page((), cost=reading.pay())
            if not isinstance(error, Refused):
                raise
            del self._readings[stream]
            if reading.token and error.scope is Scope.MESSAGE:
                raise Unreachable("place_lost") from None  # X forgot where we were: from the beginning, then
            raise Refused(error.reason, Scope.ACCOUNT) from None  # what may not be read, somebody must look at
        del self._readings[stream]
        for page in reversed(reading.pages[1:]):
            yield Page(page, cost=reading.pay())
        yield Page(reading.pages[0], str(reading.newest or ""), reading.pay())

    def send(self, message: Message) -> Receipt:
        if message.way not in WRITERS:
            raise Refused("unsupported")
        if message.account != self._account:
            raise Refused("not_our_account", Scope.ACCOUNT)
        if not _is_id(message.to):
            raise Refused("invalid")
        return WRITERS[message.way](self, message)

    def cost(self, message: Message) -> Decimal:
        if message.way is Way.DIRECT:
            return PRICE_MESSAGE
        if message.way is Way.PUBLIC:
            return PRICE_POST_WITH_LINK if LINK.search(message.text) else PRICE_SUMMONED_REPLY
        return PRICE_HIDE

    def monthly_budget(self, account: str) -> Decimal | None:
        return self._budget

    def entry_link(self, account: str, payload: str) -> str:
        # None, though https://x.com/messages/compose?recipient_id= would open a message (X, Message Button page,
        # checked 2026-08): it brings no payload back, and a link makes a post twenty times as dear (prices, 2026-08).
        return ""

    def close(self) -> None:
        self._lines.close()

    # What X tells

    def _interactions(self, told: Json, received_at: datetime) -> list[Interaction]:
        """In the order of X, the newest first. A post edited since it was listed stands there once."""
        things = told.get("data")
        if not isinstance(things, list):
            return []
        names = {_word(user, "id"): _word(user, "name") for user in _objects(told, "includes", "users")}
        heard = [self._interaction(thing, names, received_at) for thing in things]
        return list({interaction.id: interaction for interaction in reversed(heard)}.values())[::-1]

    def _interaction(self, thing: Any, names: Mapping[str, str], received_at: datetime) -> Interaction:
        if not isinstance(thing, dict):
            return self._unknown({"value": thing}, received_at)
        if not _id(thing, "id"):
            return self._unknown(thing, received_at)
        if _word(thing, "event_type") == "MessageCreate" and _id(thing, "sender_id"):
            return self._message(thing, names, received_at)
        if "event_type" not in thing and "text" in thing:
            return self._post(thing, names, received_at)
        return self._unknown(thing, received_at, _word(thing, "id"))

    def _message(self, event: Json, names: Mapping[str, str], received_at: datetime) -> Interaction:
        conversation = _word(event, "dm_conversation_id")
        ours = _word(event, "sender_id") == self._account
        others = [person for person in conversation.split("-") if person != self._account]
        partner = others[0] if ours and len(others) == 1 and "-" in conversation else ""
        author = partner if ours else _word(event, "sender_id")
        return Interaction(
            platform=self.name,
            account=self._account,
            id=_word(event, "id"),
            kind=Kind.ECHO if ours else Kind.MESSAGE,
            at=_moment(event, received_at),
            author=author,
            author_name=names.get(author, ""),
            text=_word(event, "text"),
            thread=conversation,
            raw=event,
        )

    def _post(self, post: Json, names: Mapping[str, str], received_at: datetime) -> Interaction:
        history = post.get("edit_history_tweet_ids")
        first = _text(history[0]) if isinstance(history, list) and history else ""
        related = {_word(each, "type"): _word(each, "id") for each in _objects(post, "referenced_tweets")}
        author = _word(post, "author_id")
        language = _word(post, "lang")
        return Interaction(
            platform=self.name,
            account=self._account,
            id=first if _is_id(first) else _word(post, "id"),
            kind=self._kind(post, related),
            at=_moment(post, received_at),
            author=author,
            author_name=names.get(author, ""),
            # X writes & and < of a post as &amp; and &lt; [K], and a long one in full in `note_tweet` only.
            text=html.unescape(_word(post, "note_tweet", "text") or _word(post, "text")),
            subject=_word(post, "id"),
            thread=_word(post, "conversation_id"),
            parent=related.get("replied_to", ""),
            language=language if language in ("fr", "en") else "",
            raw=post,
        )

    def _kind(self, post: Json, related: Mapping[str, str]) -> Kind:
        if _word(post, "author_id") == self._account:
            return Kind.ECHO
        if "retweeted" in related:
            return Kind.REACTION
        named = [*_objects(post, "entities", "mentions"), *_objects(post, "note_tweet", "entities", "mentions")]
        meant = [_word(post, "in_reply_to_user_id"), *(_word(each, "id") or "?" for each in named)]
        # Where X names nobody it was not asked to: the listing of our mentions is its word that we are meant.
        return Kind.MENTION if self._account in meant or not any(meant) else Kind.UNKNOWN

    def _unknown(self, raw: Json, received_at: datetime, id: str = "") -> Interaction:
        known_by = id or hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()
        return Interaction(self.name, self._account, known_by, Kind.UNKNOWN, received_at, raw=raw)

    # What we ask of X

    def _read_on(self, reading: "Reading", now: datetime) -> None:
        rest = self._rests.get(reading.stream)
        if rest and now < rest:
            raise Busy("rate_limited", rest - now)
        answer = self._ask(LISTINGS[reading.stream](self, reading), Unreachable, now)
        if answer.headers.get("x-rate-limit-remaining") == "0":
            self._rests[reading.stream] = now + answer.rest(now)
        if not isinstance(answer.body.get("data"), list) and not isinstance(answer.body.get("meta"), dict):
            raise answer.refusal() or Unreachable("no_page")
        reading.cost += self._bill.price(reading.stream, answer.body, now)
        reading.take(answer.body, self._interactions(answer.body, now))

    def _mentions(self, reading: "Reading") -> "Question":
        # Mentions older than the 800 most recent come back as empty pages. X, User Mentions page, checked 2026-08
        return lambda line: line.get_users_mentions(
            self._account,
            since_id=reading.since or None,
            start_time=None if reading.since else reading.begun - FIRST_LOOK,
            pagination_token=reading.token,
            max_results=100,
            expansions=["author_id"],
            tweet_fields=POST_FIELDS,
            user_fields=USER_FIELDS,
            **self._by_oauth1,
        )

    def _messages(self, reading: "Reading") -> "Question":
        # There is no "since": each call reads, and each new day pays, the newest again, so the first page is short.
        return lambda line: line.get_direct_message_events(
            event_types="MessageCreate",
            pagination_token=reading.token,
            max_results=100 if reading.token else 10,
            expansions=["sender_id"],
            dm_event_fields=MESSAGE_FIELDS,
            user_fields=USER_FIELDS,
            **self._by_oauth1,
        )

    def _reply(self, message: Message) -> Receipt:
        if weighted_length(message.text) > self.rules.max_text[Way.PUBLIC]:
            raise Refused("too_long")
        return self._write(
            lambda line: line.create_tweet(text=message.text, in_reply_to_tweet_id=message.to, **self._by_oauth1), "id"
        )

    def _write_to(self, message: Message) -> Receipt:
        links = [f"{button.label}\n{button.payload}" for button in message.buttons if button.ask is Ask.LINK]
        text = "\n\n".join(filter(None, [message.text, *links]))
        if len(text) > self.rules.max_text[Way.DIRECT]:
            raise Refused("too_long")
        return self._write(
            lambda line: line.create_direct_message(participant_id=message.to, text=text, **self._by_oauth1),
            "dm_event_id",
        )

    def _hide(self, message: Message) -> Receipt:
        return self._write(lambda line: line.hide_reply(message.to, **self._by_oauth1), "hidden")

    def _write(self, question: "Question", proof: str) -> Receipt:
        """Success is what X proves: a 201 alone, or one with errors only, is none."""
        answer = self._ask(question, Uncertain)
        done = answer.body.get("data")
        if not isinstance(done, dict) or not done.get(proof):
            raise answer.refusal() or Uncertain("no_receipt")
        return Receipt(_text(done[proof]))

    def _ask(self, question: "Question", doubt: type[PlatformError], now: datetime | None = None) -> "Answer":
        answer = self._lines.ask(question, doubt)
        if answer.status in (200, 201):
            return answer
        raise answer.failure(doubt, now)


# The two ways to ask, and the three to write, by the contract's names

LISTINGS: Mapping[str, Callable[[X, "Reading"], "Question"]] = {"mentions": X._mentions, "messages": X._messages}
WRITERS: Mapping[Way, Callable[[X, Message], Receipt]] = {
    Way.PUBLIC: X._reply,
    Way.DIRECT: X._write_to,
    Way.HIDE: X._hide,
}


class Reading:
    """A poll under way: what was read so far, and where the next page begins."""

    def __init__(self, stream: str, position: str, begun: datetime) -> None:
        self.stream = stream
        self.position = position
        self.since = self.newest = int(position) if _is_id(position) else 0
        self.begun = begun
        self.token: str | None = None
        self.done = False
        self.pages: list[tuple[Interaction, ...]] = []  # the newest page first, the oldest interaction of each first
        self.cost = Decimal(0)

    def take(self, told: Json, interactions: list[Interaction]) -> None:
        ids = [_id(thing, "id") for thing in _objects(told, "data")] + [_id(told, "meta", "newest_id")]
        self.newest = max([self.newest, *(int(id) for id in ids if id)])
        fresh = [interaction for interaction in interactions if self._is_new(interaction)]
        self.pages.append(tuple(reversed(fresh)))
        next_token = _word(told, "meta", "next_token")
        reached = not interactions if self.stream == "mentions" else len(fresh) < len(interactions)
        self.done = reached or next_token in ("", self.token)
        self.token = next_token

    def _is_new(self, interaction: Interaction) -> bool:
        if self.stream == "mentions":
            return True  # X was asked for those since our position only
        if self.since:
            return not _is_id(interaction.id) or int(interaction.id) > self.since
        return interaction.at >= self.begun - FIRST_LOOK

    def pay(self) -> Decimal:
        """What was read since this was last asked."""
        cost, self.cost = self.cost, Decimal(0)
        return cost


class Bill:
    """What was paid for today: X charges what is read again once in a UTC day. X, Pricing page, checked 2026-08."""

    def __init__(self) -> None:
        self._day = date.min
        self._paid: set[tuple[str, str]] = set()

    def price(self, stream: str, told: Json, now: datetime) -> Decimal:
        today = now.astimezone(UTC).date()
        if today != self._day:
            self._day, self._paid = today, set()
        read = {(stream, _word(thing, "id")) for thing in _objects(told, "data")}
        read |= {("users", _word(user, "id")) for user in _objects(told, "includes", "users")}
        charged = read - self._paid
        self._paid |= charged
        return sum((PRICE_READ[kind] for kind, _ in charged), Decimal(0))


# The line to X


class Transport(requests.adapters.HTTPAdapter):
    """Takes requests to `url`, and waits no longer than `patience`: tweepy 4.17.0 has a setting for neither."""

    def __init__(self, url: str, patience: tuple[float, float]) -> None:
        super().__init__()
        self._url = url
        self._patience = patience

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        request.url = self._url + request.path_url
        options["timeout"] = options.get("timeout") or self._patience
        # Chosen anew: those given are for the address that tweepy wrote.
        options["proxies"] = requests.utils.get_environ_proxies(request.url)
        return super().send(request, *args, **options)


Question = Callable[[tweepy.Client], requests.Response]


class Lines:
    """A tweepy client for each thread, because its session has no locks."""

    def __init__(self, keys: Mapping[str, str], url: str, patience: tuple[float, float]) -> None:
        self._keys = keys
        self._url = url
        self._patience = patience
        self._own = threading.local()
        self._sessions: weakref.WeakSet[requests.Session] = weakref.WeakSet()

    def ask(self, question: Question, doubt: type[PlatformError]) -> "Answer":
        """What X says, whatever it is. Raises Unreachable, or `doubt` where nobody knows what became of it."""
        failure: PlatformError
        try:
            return Answer.of(question(self._line()))
        except tweepy.HTTPException as error:
            return Answer.of(error.response)
        except requests.RequestException as error:
            failure = Unreachable("unreachable") if _never_left(error) else doubt("no_answer")
        except (AttributeError, TypeError, ValueError):  # tweepy trips over errors that are not as it knows them
            failure = doubt("garbled_answer")
        raise failure  # out here, as the other errors hold ids and texts

    def _line(self) -> tweepy.Client:
        if not hasattr(self._own, "line"):
            line = tweepy.Client(**self._keys, return_type=requests.Response, wait_on_rate_limit=False)
            line.session.mount("https://api.twitter.com/", Transport(self._url, self._patience))
            line.session.max_redirects = 0  # a message that is sent on to elsewhere would be sent as something else
            self._sessions.add(line.session)
            self._own.line = line
        return self._own.line

    def close(self) -> None:
        for session in list(self._sessions):
            session.close()


def _never_left(error: requests.RequestException) -> bool:
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    causes = (error, reason, *getattr(reason, "args", ()))
    return any(isinstance(cause, NEVER_LEFT) for cause in causes)


@dataclass(frozen=True, slots=True)
class Answer:
    """What X says, and what that means."""

    status: int
    headers: Mapping[str, str]
    body: Json  # empty where it is no JSON object

    @classmethod
    def of(cls, response: requests.Response) -> "Answer":
        try:
            body = storable(response.json())
        except (ValueError, RecursionError):
            body = {}
        return cls(response.status_code, response.headers, body if isinstance(body, dict) else {})

    def failure(self, doubt: type[PlatformError], now: datetime | None) -> PlatformError:
        if self.status == 408 or self.status >= 500:
            return doubt(f"http_{self.status}")
        refusal = self.refusal()
        if self.status == 429 and (refusal is None or refusal.reason != "out_of_credit"):
            return Busy("rate_limited", self.rest(now))
        return refusal or doubt(f"http_{self.status}")

    def refusal(self) -> Refused | None:
        problems = [self.body, *_objects(self.body, "errors")]
        kinds = [_word(problem, "type").rpartition("/")[2] for problem in problems]
        meant = next((PROBLEMS[kind] for kind in kinds if kind in PROBLEMS), STATUSES.get(self.status))
        if meant is not None:
            return Refused(*meant)
        if 400 <= self.status < 500 or self.body.get("errors"):
            return Refused(f"http_{self.status}")
        return None

    def rest(self, now: datetime | None) -> timedelta:
        """How long X asks to be left alone, by its own clock where it tells it, as ours may be wrong."""
        spent = [name for name in RATE_HEADERS if self.headers.get(f"{name}-remaining") == "0"] or RATE_HEADERS[:1]
        resets = [int(reset) for name in spent if _is_id(reset := self.headers.get(f"{name}-reset", ""))]
        clock = self._clock() or now
        if not resets or clock is None:
            return RATE_WINDOW
        return timedelta(seconds=min(max(max(resets) - clock.timestamp(), 1.0), 86_400.0))

    def _clock(self) -> datetime | None:
        try:
            return parsedate_to_datetime(self.headers.get("date", "")).astimezone(UTC)
        except ValueError:
            return None


# Reading JSON that may be anything


def storable(value: Any, depth: int = 0) -> Any:
    """The same in what every database can hold. Raises ValueError for what is nested beyond reason."""
    if depth > DEEPEST:
        raise ValueError("nested too deep")
    if isinstance(value, dict):
        return {UNSTORABLE.sub("\ufffd", key): storable(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [storable(inner, depth + 1) for inner in value]
    if isinstance(value, str):
        return UNSTORABLE.sub("\ufffd", value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _at(thing: Any, *path: str) -> Any:
    for name in path:
        thing = thing.get(name) if isinstance(thing, dict) else None
    return thing


def _word(thing: Any, *path: str) -> str:
    return _text(_at(thing, *path))


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _objects(thing: Any, *path: str) -> list[Json]:
    found = _at(thing, *path)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _id(thing: Any, *path: str) -> str:
    return word if _is_id(word := _word(thing, *path)) else ""


def _is_id(text: str) -> bool:
    return re.fullmatch("[0-9]{1,19}", text) is not None


def _moment(thing: Json, received_at: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(_word(thing, "created_at"))
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return received_at
    return moment if FOUNDED <= moment <= received_at + timedelta(days=1) else received_at


# How long X finds a text

# With a scheme, or a bare name: X makes links of both. Rather one too many than an unexpected bill.
LINK = re.compile(
    r"""https?://\S*[^\s.,;:!?)»"'’\]]|(?<![\w@.$-])(?:\w(?:[\w-]*\w)?\.)+[a-z]{2,}(?![\w@])(?:/\S*)?""", re.IGNORECASE
)
LINK_LENGTH = 23
PICTURE = "[\u203c-\u3299\U0001f000-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]?"
EMOJI = re.compile(
    f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{PICTURE}(?:\u200d{PICTURE})*[\U000e0020-\U000e007f]*"
)
LIGHT = re.compile("[\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")


def weighted_length(text: str) -> int:
    """As X counts: most Latin letters 1, an emoji or any other letter 2, a link 23.

    The mentions that X itself puts before a reply are not in `text`, and are free. X, Counting Characters page, checked
    2026-08.
    """
    text = LINK.sub(_as_long_as_counted, unicodedata.normalize("NFC", text))
    return sum(1 if LIGHT.match(letter) else 2 for letter in EMOJI.sub("\u2603", text))


def _as_long_as_counted(link: re.Match[str]) -> str:
    # A bare name counts as itself where X does not know its ending, so the longer is taken.
    return "x" * LINK_LENGTH if "://" in link[0] else link[0].ljust(LINK_LENGTH, "x")
