"""Facebook Pages: what fans write under posts and in Messenger, and the answers that Meta allows.

Facts marked "checked" were read in Meta's own pages as of that month; "[K]" marks general knowledge, not checked again.
"""

import base64
import hashlib
import hmac
import json
import math
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlsplit

import requests
from facebook_business.api import FacebookAdsApi, FacebookResponse, FacebookSession
from facebook_business.exceptions import FacebookRequestError
from requests.exceptions import ProxyError
from urllib3.exceptions import NewConnectionError

from connectors.base import (
    Ask,
    Busy,
    Button,
    Called,
    Connector,
    Interaction,
    Kind,
    Limit,
    Message,
    Misconfigured,
    PlatformError,
    Receipt,
    Refused,
    Rules,
    Scope,
    Uncertain,
    Unreachable,
    Way,
)

Json = dict[str, Any]
Request = tuple[tuple[str, str], Json, str]  # the path after the version, the parameters, what the answer must hold

GRAPH_URL = "https://graph.facebook.com"
VERSION = "v26.0"  # the version that the SDK is made for, and the latest of Meta's change log, checked 2026-11
TIMEOUT = (5.0, 20.0)  # seconds to connect, and to answer; the SDK's default is to wait for ever

REQUIRED = ("FACEBOOK_APP_SECRET", "FACEBOOK_VERIFY_TOKEN", "FACEBOOK_PAGES")
SUBSCRIBED = (
    "feed,mention,ratings,messages,message_deliveries,message_echoes,message_edits,message_reactions,message_reads,"
    "messaging_postbacks,messaging_optins,messaging_optouts,messaging_referrals,messaging_policy_enforcement,standby"
)

QUICK_REPLY_TITLE = 20  # letters; Meta, Quick Replies page, checked 2026-05
TEMPORARY = timedelta(minutes=1)
THROTTLED = timedelta(minutes=15)  # the budgets roll over an hour; calling on while throttled lengthens the block
TAKEN = timedelta(minutes=10)
NEARLY_USED_UP = 80  # percent of a budget; at 100 all calls fail. Meta, Rate Limits page, checked 2026-06
PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = 24 * 60.0  # minutes
USAGE = ("X-App-Usage", "X-Page-Usage", "X-Business-Use-Case-Usage")
PERCENT = ("call_count", "total_cputime", "total_time")
REGAIN = "estimated_time_to_regain_access"  # minutes

SIGNATURE = "x-hub-signature-256"
SUCCESS = "success"
ANY, TRANSIENT = 0, -1  # in the place of an error code or subcode

FOUNDED = datetime(2004, 2, 4, tzinfo=UTC)  # no fan did anything on Facebook before it was there
DEEPEST = 100  # levels of JSON; Meta's own have fewer than ten
LONGEST_ID = 200  # letters; a longer one is kept by its hash, as an index row is limited
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL refuses NUL, and UTF-8 lone surrogates
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PAGE = re.compile(r"(?:^|,)\s*(\w+)\s*:\s*([^\s,]+)\s*(?=,|$)")
PHONE = re.compile(r"\+?\d[\d .()/-]{5,23}")


def connect(environ: Mapping[str, str]) -> "Facebook | None":
    given = {name: environ.get(name, "").strip() for name in (*REQUIRED, "FACEBOOK_API_URL")}
    if not any(given.values()):
        return None
    faults = [f"{name} is missing, and Facebook is set up only in part." for name in REQUIRED if not given[name]]
    url = (given["FACEBOOK_API_URL"] or GRAPH_URL).rstrip("/")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        faults.append("FACEBOOK_API_URL must be an address that begins with https://.")
    pages = PAGE.findall(given["FACEBOOK_PAGES"])
    if given["FACEBOOK_PAGES"] and len(pages) != given["FACEBOOK_PAGES"].count(",") + 1:
        faults.append("FACEBOOK_PAGES must read id:token,id:token with each Page's id and its token.")
    if len(dict(pages)) < len(pages):
        faults.append("FACEBOOK_PAGES names a Page twice.")
    if faults:
        raise Misconfigured(faults)
    return Facebook(given["FACEBOOK_APP_SECRET"], given["FACEBOOK_VERIFY_TOKEN"], dict(pages), url)


class Facebook(Connector):
    name: ClassVar[str] = "facebook"
    rules: ClassVar[Rules] = Rules(
        answers={
            **dict.fromkeys((Kind.COMMENT, Kind.COMMENT_EDITED, Kind.POST), (Way.PRIVATE, Way.PUBLIC)),
            **dict.fromkeys((Kind.MENTION, Kind.RATING), (Way.PUBLIC,)),  # ratings: [K]
            **dict.fromkeys((Kind.MESSAGE, Kind.PRESS, Kind.REFERRAL, Kind.CONTACT, Kind.OPTIN), (Way.DIRECT,)),
        },
        # Not a comment: Meta's Send page says that it opens the window, its Private Replies page that we send one
        # message and wait. Not a reaction: one to a message does, one under a post does not. Both checked 2026-05.
        opens_window=frozenset({Kind.MESSAGE, Kind.PRESS, Kind.REFERRAL, Kind.CONTACT, Kind.OPTIN}),
        window=timedelta(hours=24),  # Meta, Send API page, checked 2026-05
        human_window=timedelta(days=7),  # Meta, tag HUMAN_AGENT, never for an automatic message, checked 2026-05
        private_reply_within=timedelta(days=7),  # Meta, Private Replies page, checked 2026-05
        max_text={
            Way.PRIVATE: 1999,  # "less than 2000 characters": Meta, Send API page, checked 2026-05
            Way.DIRECT: 1999,
            Way.PUBLIC: 8000,  # [K]
        },
        max_buttons=13,  # Meta, Quick Replies page, checked 2026-05
        limits=(
            # Meta, Rate Limits page, checked 2026-06
            Limit("private_replies", 750, timedelta(hours=1), frozenset({Way.PRIVATE})),
            Limit("messages", 300, timedelta(seconds=1), frozenset({Way.PRIVATE, Way.DIRECT})),
        ),
    )

    def __init__(
        self,
        app_secret: str,
        verify_token: str,
        pages: Mapping[str, str],
        url: str = GRAPH_URL,
        timeout: tuple[float, float] = TIMEOUT,
    ) -> None:
        self.accounts = tuple(pages)
        self._app_secret = app_secret.encode()
        self._verify_token = verify_token.encode()
        self._sessions = {
            page: FacebookSession("", app_secret, token, timeout=timeout) for page, token in pages.items()
        }
        for session in self._sessions.values():
            session.GRAPH = url
            settle(session.requests, url)
        # Never FacebookAdsApi.init(): it sets one token for the whole process, and reports crashes to Facebook.
        self._apis = {page: FacebookAdsApi(session, VERSION) for page, session in self._sessions.items()}

    def handshake(self, query: Mapping[str, str]) -> str | None:
        token = query.get("hub.verify_token", "").encode(errors="replace")
        known = hmac.compare_digest(token, self._verify_token)
        return query.get("hub.challenge") if known and query.get("hub.mode") == "subscribe" else None

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        given = next((value for name, value in headers.items() if name.lower() == SIGNATURE), "")
        right = "sha256=" + hmac.new(self._app_secret, body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(given.encode(errors="replace"), right.encode())

    def called(self, body: bytes, received_at: datetime) -> Called | None:
        told = signed_request(self._app_secret, body)
        person = word(told, "user_id")
        return Called(person, moment(word(told, "issued_at"), received_at) or received_at) if person else None

    def read(self, body: bytes, received_at: datetime) -> list[Interaction]:
        try:
            told = storable(json.loads(body.decode()))
        except (ValueError, RecursionError):
            return [unreadable(body, received_at)]
        heard: dict[tuple[str, str], Interaction] = {}
        for part, fragment in fragments(told, received_at):
            interaction = READERS.get(part, read_unknown)(fragment)
            heard.setdefault((interaction.account, interaction.id), interaction)
        return list(heard.values())

    def send(self, message: Message) -> Receipt:
        edge, params, expected = request_for(message)
        answer, pause = self._call(message.account, edge, params, expected)
        return Receipt("" if expected == SUCCESS else word(answer, expected), word(answer, "recipient_id"), pause)

    def entry_link(self, account: str, payload: str) -> str:
        return f"https://m.me/{account}?ref={quote(payload, safe='')}"

    def start(self, public_url: str) -> None:
        # Without this the app hears nothing of a Page, though the handshake went well. The app's own address is set in
        # Meta's dashboard, not by a Page's token.
        failures: list[PlatformError] = []
        for page in self.accounts:
            try:
                self._call(page, (page, "subscribed_apps"), {"subscribed_fields": SUBSCRIBED}, SUCCESS)
            except PlatformError as failure:  # the other Pages may have good tokens
                failures.append(failure)
        if failures:
            raise failures[0]

    def close(self) -> None:
        for session in self._sessions.values():
            session.requests.close()

    def _call(self, page: str, edge: tuple[str, str], params: Json, expected: str) -> tuple[Json, timedelta | None]:
        if page not in self._apis:
            raise Refused("not_our_page", Scope.ACCOUNT)
        failure: PlatformError
        try:
            response = self._apis[page].call("POST", edge, params)
        except FacebookRequestError as error:
            failure = meant(error)
        except requests.RequestException as error:
            failure = lost(error)
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError):  # the SDK trips over odd answers
            failure = Uncertain("garbled_answer")
        else:
            return answered(response, expected), pause_asked(response.headers())
        raise failure  # out here: the SDK's error holds what we say and to whom, that of requests the token


def settle(session: requests.Session, url: str) -> None:
    """Proxies and certificates as the environment says now: requests would look them up again at each call."""
    found = session.merge_environment_settings(url, {}, None, None, None)
    session.proxies.update(found["proxies"])
    session.verify = found["verify"]
    session.trust_env = False


# What Facebook tells


def signed_request(app_secret: bytes, body: bytes) -> Json:
    """What a callback says, if Meta signed it; else nothing.

    The signature is of the payload as it was sent, still in base64url: Meta, Data Deletion page, checked 2026-11.
    """
    try:
        form = parse_qs(body.decode("ascii"), strict_parsing=True, max_num_fields=10)
        signature, payload = form["signed_request"][0].split(".")
        given, told = unpadded(signature), json.loads(unpadded(payload))
    except (ValueError, KeyError, RecursionError):
        return {}
    right = hmac.new(app_secret, payload.encode(), hashlib.sha256).digest()
    is_theirs = isinstance(told, dict) and str(told.get("algorithm", "")).upper() == "HMAC-SHA256"
    return storable(told) if hmac.compare_digest(given, right) and is_theirs else {}


def unpadded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


@dataclass(frozen=True, slots=True)
class Fragment:
    """One change or event by itself, and what its entry says."""

    account: str
    told: Json
    sent_at: datetime
    received_at: datetime

    def means(self, kind: Kind, *, id: str = "", at: str = "", **more: str) -> Interaction:
        return Interaction(
            platform=Facebook.name,
            account=self.account,
            id=(id if len(id) <= LONGEST_ID else digest(id)) or digest(self.told),
            kind=kind,
            at=moment(at, self.received_at) or self.sent_at,
            raw=self.told,
            **more,  # type: ignore[arg-type]  # all of them are text
        )


def fragments(told: Any, received_at: datetime) -> Iterator[tuple[str, Fragment]]:
    """Each change and event, with the name of the list that it came in ("" where there is none)."""
    is_ours = isinstance(told, dict) and told.get("object", "page") == "page"
    entries = listed(told.get("entry")) if is_ours else []
    for entry in entries or [told]:
        parts = entry.items() if entries and isinstance(entry, dict) else ()
        sent_at = moment(word(entry, "time"), received_at) or received_at
        found = [(name, piece) for name, part in parts if name not in ("id", "time", "uid") for piece in listed(part)]
        for name, piece in found or [("", entry)]:
            content = piece if isinstance(piece, dict) else {"value": piece}
            yield name, Fragment(word(entry, "id") or page_of(content), content, sent_at, received_at)


def page_of(event: Json) -> str:
    """Whose Page it is, where the entry does not say."""
    return word(event, "sender" if reach(event, "message", "is_echo") else "recipient", "id")


def read_change(change: Fragment) -> Interaction:
    field, value = word(change.told, "field"), change.told.get("value")
    item, verb, created = word(value, "item"), word(value, "verb"), word(value, "created_time")
    kind = FIELDS.get(field, {}).get(item, {}).get(verb, Kind.UNKNOWN)
    author, subject = first(value, *AUTHOR), first(value, *SUBJECT.get(item, ("post_id",)))
    text, parent = first(value, "message", "review_text"), word(value, "parent_id")
    answers_a_comment = item == "comment" and parent != word(value, "post_id")
    payload = first(value, "reaction_type", "recommendation_type", "rating")
    by_us = bool(author) and author == change.account
    if kind is Kind.UNKNOWN or not (subject or kind in REACTIONS):
        return change.means(Kind.UNKNOWN, at=created, author="" if by_us else author)
    if kind is Kind.REACTION_REMOVED and item == "like" and not subject:  # of the Page itself: it names no post
        kind = Kind.UNFOLLOWED
    key = [subject, verb, created] if field == "feed" else [field, subject, verb, created]
    if kind is Kind.COMMENT_EDITED:
        key.append(digest(text)[:16])  # whether the time is that of the edit is not documented
    elif kind in REACTIONS:
        key.extend((author, payload))
    return change.means(
        Kind.ECHO if by_us and kind not in MODERATED else kind,
        id=":".join(key) if subject else "",
        at=created,
        author="" if by_us else author,
        author_name="" if by_us else first(value, *AUTHOR_NAME),
        text=text,
        subject=subject,
        thread=first(value, "post_id", "open_graph_story_id"),
        parent=parent if answers_a_comment else "",
        payload="" if by_us else payload,
    )


def read_event(event: Fragment) -> Interaction:
    told, name = event.told, next((name for name in EVENTS if isinstance(event.told.get(name), dict)), "")
    sender, recipient = word(told, "sender", "id"), word(told, "recipient", "id")
    by_us = (bool(sender) and sender == event.account) or bool(reach(told, "message", "is_echo"))
    fan = recipient if by_us else sender
    words = EVENTS[name](told[name], told) if name else {}
    kind = Kind(words.pop("kind", Kind.UNKNOWN))
    if by_us and kind in SPOKEN:
        kind = Kind.ECHO
        words["payload"] = word(told, "message", "metadata")
    when = first(told, "timestamp") or first(told.get(name), "watermark")
    fan = "" if fan == event.account else fan
    return event.means(kind, at=when, author=fan, thread=fan, **words)


def read_standby(event: Fragment) -> Interaction:
    heard = read_event(event)
    return replace(heard, kind=Kind.STANDBY) if heard.kind in (*SPOKEN, Kind.UNKNOWN) else heard


def read_unknown(fragment: Fragment) -> Interaction:
    return fragment.means(Kind.UNKNOWN)


def unreadable(body: bytes, received_at: datetime) -> Interaction:
    text = UNSTORABLE.sub("\ufffd", body.decode(errors="replace"))
    return Interaction(
        Facebook.name, "", hashlib.sha256(body).hexdigest(), Kind.UNKNOWN, received_at, raw={"body": text}
    )


def message_words(message: Json, event: Json) -> dict[str, str]:
    mid, text, answer = word(message, "mid"), word(message, "text"), word(message, "quick_reply", "payload")
    words = {"id": mid, "subject": mid, "text": text, "parent": word(message, "reply_to", "mid")}
    if message.get("is_deleted"):
        return words | {"kind": Kind.MESSAGE_REMOVED, "id": mid and f"{mid}:deleted", "text": ""}
    # The fan's own address comes back in the payload of a quick reply that we left without one (Meta, Quick Replies
    # page, checked 2026-05).
    if EMAIL.fullmatch(answer):
        return words | {"kind": Kind.CONTACT, "email": answer}
    if PHONE.fullmatch(answer) and (answer == text or answer.startswith("+")):
        return words | {"kind": Kind.CONTACT, "phone": answer}
    if "quick_reply" in message:
        return words | {"kind": Kind.PRESS, "payload": answer}
    return words | {"kind": Kind.MESSAGE, "payload": ref_of(message) or ref_of(event)}


def postback_words(postback: Json, event: Json) -> dict[str, str]:
    words = {"id": word(postback, "mid"), "subject": word(postback, "mid"), "text": word(postback, "title")}
    if ref := ref_of(postback) or ref_of(event):  # a newcomer came by our link, and pressed Get Started
        return words | {"kind": Kind.REFERRAL, "payload": ref}
    return words | {"kind": Kind.PRESS, "payload": word(postback, "payload")}


def optin_words(optin: Json, event: Json) -> dict[str, str]:
    status = word(optin, "notification_messages_status")  # only there where the fan stops or resumes
    kind = {"STOP": Kind.STOP, "RESUME": Kind.UNBLOCKED}.get(status.partition(" ")[0].upper(), Kind.OPTIN)
    return {"kind": kind, "payload": first(optin, "payload", "ref")}


def reaction_words(reaction: Json, event: Json) -> dict[str, str]:
    kind = Kind.REACTION_REMOVED if word(reaction, "action") == "unreact" else Kind.REACTION
    return {"kind": kind, "subject": word(reaction, "mid"), "payload": first(reaction, "emoji", "reaction")}


def plainly(kind: Kind, **names: str) -> Callable[[Json, Json], dict[str, str]]:
    """The words of an event of which each of ours has one of theirs."""
    return lambda content, event: {"kind": kind, **{ours: word(content, theirs) for ours, theirs in names.items()}}


READERS: Mapping[str, Callable[[Fragment], Interaction]] = {
    "changes": read_change,
    "messaging": read_event,
    "standby": read_standby,
}
EVENTS: Mapping[str, Callable[[Json, Json], dict[str, str]]] = {  # the first that is there says what the event is
    "message": message_words,
    "message_edit": plainly(Kind.MESSAGE_EDITED, subject="mid", text="text"),
    "postback": postback_words,
    "referral": plainly(Kind.REFERRAL, payload="ref"),
    "optin": optin_words,
    "optout": plainly(Kind.STOP, payload="payload"),  # [K]
    "reaction": reaction_words,
    "delivery": plainly(Kind.DELIVERED, payload="watermark"),
    "read": plainly(Kind.READ, subject="mid", payload="watermark"),
    "policy_enforcement": plainly(Kind.RESTRICTED, payload="action", text="reason"),
    "policy-enforcement": plainly(Kind.RESTRICTED, payload="action", text="reason"),
}
COMMENT = {
    "add": Kind.COMMENT,
    "edit": Kind.COMMENT_EDITED,
    "edited": Kind.COMMENT_EDITED,
    "remove": Kind.COMMENT_REMOVED,
    "hide": Kind.COMMENT_HIDDEN,
    "unhide": Kind.COMMENT_UNHIDDEN,
}
POST, MENTION, RATING = ({**COMMENT, "add": kind} for kind in (Kind.POST, Kind.MENTION, Kind.RATING))
REACTION = {"add": Kind.REACTION, "edit": Kind.REACTION, "remove": Kind.REACTION_REMOVED}
POSTS = ("post", "status", "photo", "video", "album", "share", "event", "link")
ITEMS = {"comment": COMMENT, "rating": RATING, "reaction": REACTION, "like": REACTION, **dict.fromkeys(POSTS, POST)}
FIELDS = {"feed": ITEMS, "ratings": ITEMS, "mention": {"comment": MENTION, "post": MENTION}}
ANY_SUBJECT = ("comment_id", "post_id", "open_graph_story_id")
SUBJECT = {
    "comment": ("comment_id",),
    "rating": ("open_graph_story_id",),
    "reaction": ANY_SUBJECT,
    "like": ANY_SUBJECT,
}
AUTHOR = ("from.id", "sender_id", "reviewer_id", "user_id")  # the older and rarer forms last
AUTHOR_NAME = ("from.name", "sender_name", "reviewer_name")
REACTIONS = (Kind.REACTION, Kind.REACTION_REMOVED)
MODERATED = (Kind.COMMENT_REMOVED, Kind.COMMENT_HIDDEN, Kind.COMMENT_UNHIDDEN)  # may name the Page as who did it
SPOKEN = (Kind.MESSAGE, Kind.PRESS, Kind.REFERRAL, Kind.CONTACT)


def reach(value: Any, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def word(value: Any, *path: str) -> str:
    """The text or number at `path` as text; "" where there is neither."""
    found = reach(value, *path)
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""


def first(value: Any, *paths: str) -> str:
    return next((found for path in paths if (found := word(value, *path.split(".")))), "")


def ref_of(told: Json) -> str:
    return word(told, "referral", "ref")


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def moment(told: str, received_at: datetime) -> datetime | None:
    """A time in seconds, in milliseconds or in ISO; None if there is none or if it is absurd."""
    try:
        if told.isdecimal():
            when = datetime.fromtimestamp(int(told) / (1000 if len(told) > 11 else 1), UTC)
        else:
            when = datetime.fromisoformat(told)
        when = when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return when if FOUNDED < when < received_at + timedelta(days=1) else None


def digest(told: Any) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def storable(told: Any, depth: int = 0) -> Any:
    """The same JSON without what a database refuses. ValueError if it is nested too deeply."""
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    if isinstance(told, str):
        return UNSTORABLE.sub("\ufffd", told)
    if isinstance(told, list):
        return [storable(each, depth + 1) for each in told]
    if isinstance(told, dict):
        return {storable(name): storable(each, depth + 1) for name, each in told.items()}
    return str(told) if isinstance(told, float) and not math.isfinite(told) else told


# What we tell Facebook


def request_for(message: Message) -> Request:
    node, edge = quote(message.to, safe=""), (message.account, "messages")
    match message.way:
        case Way.PUBLIC:
            return (node, "comments"), {"message": text_of(message)}, "id"
        case Way.HIDE:
            return (node, ""), {"is_hidden": True}, SUCCESS
        case Way.LIKE:
            return (node, "likes"), {}, SUCCESS
        case Way.PRIVATE:
            return edge, {"recipient": {about(message): message.to}, "message": spoken(message)}, "message_id"
        case Way.DIRECT:
            params = {"recipient": {"id": message.to}, "message": spoken(message), **messaging_type(message)}
            return edge, params, "message_id"


def about(message: Message) -> str:
    # A visitor's post is "{page}_{post}", a comment "{post}_{comment}": Meta, Webhooks reference, checked 2026-05.
    return "post_id" if message.to.startswith(f"{message.account}_") else "comment_id"


def messaging_type(message: Message) -> Json:
    if message.in_window:
        return {"messaging_type": "RESPONSE"}
    if message.by_human:
        return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    raise Refused("outside_window")


def spoken(message: Message) -> Json:
    quick = [QUICK_REPLIES[button.ask](button) for button in message.buttons if button.ask in QUICK_REPLIES]
    said: Json = {"text": text_of(message), "metadata": message.key}
    return {**said, "quick_replies": quick} if quick else said


def text_of(message: Message) -> str:
    """The text, with its links as text: a button template would hold 640 characters only, and a comment no button."""
    links = [f"{button.label}\n{button.payload}" for button in message.buttons if button.ask is Ask.LINK]
    text = UNSTORABLE.sub("\ufffd", "\n\n".join([message.text, *links]))
    if len(text) > Facebook.rules.max_text[message.way]:
        raise Refused("too_long")
    return text


QUICK_REPLIES: Mapping[Ask, Callable[[Button], Json]] = {
    Ask.ANSWER: lambda button: {
        "content_type": "text",
        "title": button.label[:QUICK_REPLY_TITLE],
        "payload": button.payload or button.label,
    },
    Ask.EMAIL: lambda button: {"content_type": "user_email"},
    Ask.PHONE: lambda button: {"content_type": "user_phone_number"},
}


# What Facebook answers


def answered(response: FacebookResponse, expected: str) -> Json:
    """The answer. The SDK takes for success whatever holds no error, a web page and a 500 included."""
    answer = response.json()
    found = word(answer, expected) or reach(answer, expected) is True
    if not 200 <= response.status() < 300 or not found or (expected == SUCCESS and found not in (True, "true")):
        raise Uncertain("garbled_answer")
    return dict(answer)


NEVER_LEFT = (NewConnectionError, ProxyError, requests.ConnectTimeout, ssl.SSLCertVerificationError)


def lost(error: requests.RequestException) -> PlatformError:
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    causes = (error, reason, *getattr(reason, "args", ()))
    return (
        Unreachable("no_connection")
        if any(isinstance(cause, NEVER_LEFT) for cause in causes)
        else Uncertain("no_answer")
    )


def meant(error: FacebookRequestError) -> PlatformError:
    """What Meta's error says, by its code and subcode: its text changes."""
    code, subcode = error.api_error_code(), error.api_error_subcode()
    subcode = subcode if isinstance(subcode, int) else ANY
    if not isinstance(code, int):
        return Refused("declined") if error.body() == {"success": False} else Uncertain("garbled_answer")
    passing = error.api_transient_error() or error.http_status() >= 500
    keys = ((code, subcode), (ANY, subcode), (code, ANY), (TRANSIENT if passing else ANY, ANY))
    failure = next(ERRORS[key] for key in keys if key in ERRORS)(f"error_{code}")
    if isinstance(failure, Busy):
        failure.retry_after = max(failure.retry_after, pause_asked(error.http_headers()) or timedelta(0))
    return failure


def pause_asked(headers: Mapping[str, str]) -> timedelta | None:
    """How long the usage headers ask us to be silent; None while there is budget left."""
    used = [figure for name in USAGE for figure in figures(headers.get(name, ""))]
    minutes = max((figure for name, figure in used if name == REGAIN), default=0)
    if minutes > 0:
        return timedelta(minutes=min(minutes, LONGEST_PAUSE))
    return PAUSE if any(figure >= NEARLY_USED_UP for name, figure in used if name in PERCENT) else None


def figures(header: str) -> Iterator[tuple[str, float]]:
    """Each number in the header's JSON with its name, at any depth."""
    try:
        waiting = [json.loads(header)]
    except (ValueError, RecursionError):
        return
    while waiting:
        told = waiting.pop()
        pairs = told.items() if isinstance(told, dict) else (("", each) for each in listed(told))
        for name, value in pairs:
            if isinstance(value, int | float):
                yield name, value
            elif isinstance(value, dict | list):
                waiting.append(value)


def refuse(reason: str = "", scope: Scope = Scope.MESSAGE) -> Callable[[str], PlatformError]:
    return lambda unnamed: Refused(reason or unnamed, scope)


def wait(reason: str, so_long: timedelta, scope: Scope = Scope.ACCOUNT) -> Callable[[str], PlatformError]:
    return lambda unnamed: Busy(reason, so_long, scope)


# Meta, Error Codes and Send API error pages, checked 2026-06; what is marked [K] is from other projects or from memory.
ERRORS: Mapping[tuple[int, int], Callable[[str], PlatformError]] = {
    (ANY, ANY): refuse(),
    **dict.fromkeys(((TRANSIENT, ANY), (1, ANY), (2, ANY)), wait("temporary", TEMPORARY, Scope.MESSAGE)),
    **dict.fromkeys(((code, ANY) for code in (4, 17, 32, 613, *range(80000, 80015))), wait("rate_limited", THROTTLED)),
    (613, 1893016): refuse("asked_twice"),
    **dict.fromkeys(((10, 2018278), (10, 2534022), (10, 2018065)), refuse("outside_window")),
    (10, 2018108): refuse("cannot_receive", Scope.PERSON),
    (10, 1893015): refuse("stopped", Scope.PERSON),
    **dict.fromkeys(((551, ANY), (ANY, 1545041)), refuse("unavailable", Scope.PERSON)),  # or blocked us: not told
    **dict.fromkeys(((10, 1893063), (368, ANY), (2022, ANY)), refuse("restricted", Scope.ACCOUNT)),  # 368: [K]
    **dict.fromkeys(((3, ANY), (10, ANY), (200, ANY)), refuse("no_permission", Scope.ACCOUNT)),  # 3: [K]
    **dict.fromkeys(((102, ANY), (190, ANY)), refuse("token_dead", Scope.ACCOUNT)),  # 102: [K]
    **dict.fromkeys(((100, 2018001), (100, 33), (100, 2534014), (100, 2018292)), refuse("gone")),  # the last: [K]
    **dict.fromkeys(((100, 2534025), (10902, ANY), (10903, ANY), (1705, ANY)), refuse("not_allowed")),  # 1090x: [K]
    (100, 1713230): refuse("flagged", Scope.ACCOUNT),  # a custom audience: Meta, Custom Audience Users page, 2025-10
    (100, ANY): refuse("invalid"),  # a tag that was taken away, too
    (506, ANY): refuse("repeated_text"),  # [K]
    (10900, ANY): refuse("already_replied"),  # [K] by us or by a person
    (10901, ANY): refuse("too_late"),  # [K]
    # Another app, or Meta's own questions and answers, holds the thread.
    **dict.fromkeys(
        ((2018300, ANY), (2018321, ANY), (ANY, 2018300), (ANY, 2018321)), wait("thread_taken", TAKEN, Scope.MESSAGE)
    ),
}
