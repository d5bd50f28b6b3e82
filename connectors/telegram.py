"""Telegram: a bot that hears its private chats and its groups, and answers those who wrote to it.

A bot cannot begin a chat: a fan presses Start first. So a comment is answered in the group, with a link to the chat.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import math
import os
import re
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit

import httpx
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    LinkPreviewOptions,
    ReplyKeyboardMarkup,
    ReplyParameters,
)
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.helpers import create_deep_linked_url
from telegram.request import HTTPXRequest

from connectors.base import (
    Ask,
    Busy,
    Connector,
    Each,
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

Json = Mapping[str, Any]
T = TypeVar("T")

# python-telegram-bot 22.8 warns at each RetryAfter unless one says that a timedelta is expected.
os.environ.setdefault("PTB_TIMEDELTA", "true")
# They write the address of each request, which holds the token, and answers that they could not read.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("telegram").setLevel(logging.CRITICAL)

TOKEN = re.compile(r"\d{1,19}:[A-Za-z0-9_-]+")
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")  # Bot API, setWebhook, checked 2026-06
HEADER = "x-telegram-bot-api-secret-token"
START = re.compile(r"/start(?:@\w+)?(?: ([A-Za-z0-9_-]{1,64}))?")  # Bot features, Deep linking, checked 2026-06
COMMAND_FOR_US = re.compile(r"^(/\w+)@\w+")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
CONNECT = 5.0  # seconds
LONGEST = 120.0  # seconds for all that one call may take: httpx counts its timeouts anew at every byte
DEEPEST = 100  # nesting of a body; Bot API objects stay below 20
MAX_CALLBACK = 64  # bytes; Bot API, InlineKeyboardButton, checked 2026-06
ANONYMOUS_ADMIN = "1087968824"  # Bot API, Message.from, checked 2026-06

# message_reaction has to be asked for by name, and the bot must be an administrator (Bot API, Update, checked 2026-06).
HEARD = ["message", "edited_message", "callback_query", "my_chat_member", "channel_post", "message_reaction"]

# What makes a message something said; all others report a change of the chat (Bot API 10.1, Message, checked 2026-06).
SAID = frozenset({
    "text", "animation", "audio", "checklist", "contact", "dice", "document", "game", "live_photo", "location",
    "paid_media", "photo", "poll", "sticker", "story", "venue", "video", "video_note", "voice",
})  # fmt: skip

RULES = Rules(
    answers={
        Kind.COMMENT: (Way.PUBLIC, Way.LIKE),
        Kind.COMMENT_EDITED: (Way.PUBLIC, Way.LIKE),
        Kind.MESSAGE: (Way.DIRECT, Way.LIKE),
        Kind.MESSAGE_EDITED: (Way.DIRECT, Way.LIKE),
        Kind.PRESS: (Way.DIRECT,),
        Kind.REFERRAL: (Way.DIRECT,),
        Kind.CONTACT: (Way.DIRECT,),
    },
    exact_parent=True,  # Bot API, Message.reply_to_message, checked 2026-06
    # Once the fan has written or pressed Start there is no end to it but a block: Bots FAQ, checked 2026-06.
    opens_window=frozenset({Kind.MESSAGE, Kind.PRESS, Kind.REFERRAL, Kind.CONTACT}),
    max_text={Way.PUBLIC: 4096, Way.DIRECT: 4096},  # Bot API, sendMessage, checked 2026-06
    max_buttons=100,  # python-telegram-bot 22.8, InlineKeyboardMarkupLimit, checked 2026-06
    # Bots FAQ, "My bot is hitting limits", checked 2026-06. The recipient of "group:comment" is the group.
    limits=(
        Limit("bot", 30, timedelta(seconds=1), frozenset({Way.DIRECT, Way.PUBLIC})),
        Limit("chat", 1, timedelta(seconds=1), frozenset({Way.DIRECT}), Each.RECIPIENT),
        Limit("group", 20, timedelta(minutes=1), frozenset({Way.PUBLIC}), Each.RECIPIENT),
    ),
)


def connect(environ: Mapping[str, str]) -> "Telegram | None":
    """The bot of TELEGRAM_BOT_TOKEN: by webhook where PUBLIC_URL is https, by asking Telegram where it is not."""
    token, secret, username = (
        environ.get(f"TELEGRAM_{name}", "").strip() for name in ("BOT_TOKEN", "SECRET_TOKEN", "BOT_USERNAME")
    )
    api_url = environ.get("TELEGRAM_API_URL", "").strip() or "https://api.telegram.org"
    by_webhook = environ.get("PUBLIC_URL", "").strip().startswith("https://")
    if not token and not secret:
        return None
    if faults := _faults(token, secret, api_url, by_webhook):
        raise Misconfigured(faults)
    return Telegram(token, secret, api_url=api_url, username=username.removeprefix("@"), by_webhook=by_webhook)


def _faults(token: str, secret: str, api_url: str, by_webhook: bool) -> list[str]:
    faults = []
    if not token:
        faults.append("TELEGRAM_BOT_TOKEN is missing: BotFather gives it, and TELEGRAM_SECRET_TOKEN alone is no use.")
    elif not TOKEN.fullmatch(token):
        faults.append("TELEGRAM_BOT_TOKEN is not a token: it looks like 123456:ABC-def, as BotFather gave it.")
    if secret and not SECRET.fullmatch(secret):
        faults.append("TELEGRAM_SECRET_TOKEN may hold 1 to 256 of A-Z, a-z, 0-9, _ and -, and nothing else.")
    if by_webhook and not secret:
        faults.append("TELEGRAM_SECRET_TOKEN is missing: with an https PUBLIC_URL it proves that Telegram is calling.")
    if urlsplit(api_url).scheme not in ("http", "https") or not urlsplit(api_url).netloc:
        faults.append("TELEGRAM_API_URL is not an address that begins with https:// or http://.")
    return faults


class Telegram(Connector):
    """One bot. With `by_webhook` Telegram calls us; without, the stream "updates" has to be polled."""

    name: ClassVar[str] = "telegram"
    rules: ClassVar[Rules] = RULES
    poll_every = timedelta(seconds=1)  # each poll waits at Telegram's side until something happens

    def __init__(
        self,
        token: str,
        secret: str = "",
        *,
        api_url: str = "https://api.telegram.org",
        username: str = "",
        by_webhook: bool = False,
        long_poll: int = 20,
        patience: float = 10.0,
    ) -> None:
        self.accounts = (token.partition(":")[0],)
        self.streams = () if by_webhook else ("updates",)
        self._secret = secret
        self._username = username
        self._long_poll = long_poll
        self._patience = patience
        self._line = _Line(token, api_url.rstrip("/"), patience)

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        given = next((value for name, value in headers.items() if name.lower() == HEADER), "")
        same = hmac.compare_digest(given.encode(errors="replace"), self._secret.encode())
        return same and bool(self._secret)

    def read(self, body: bytes, received_at: datetime) -> list[Interaction]:
        digest = hashlib.sha256(body).hexdigest()
        update = _parsed(body)
        if update is None:
            raw = {"body": UNSTORABLE.sub("\ufffd", body.decode(errors="replace"))}
            return [Interaction(self.name, self.accounts[0], digest, Kind.UNKNOWN, received_at, raw=raw)]
        return [_heard(update, self.accounts[0], digest, received_at)]

    def poll(self, stream: str, position: str, now: datetime) -> Iterator[Page]:
        """One page. Asking from a position on tells Telegram to forget all before it, so it follows what was kept.

        Once nothing is left to forget there is no position either: after a quiet week Telegram begins to count at a
        random number (Bot API, Update.update_id, checked 2026-06), and lower numbers would be forgotten unseen.
        """
        updates = self._pulled(int(position) if position else None)
        heard = [_heard(update, self.accounts[0], str(update["update_id"]), now) for update in updates]
        last = max((update["update_id"] for update in updates), default=None)
        yield Page(tuple(heard), "" if last is None else str(last + 1))

    def _pulled(self, offset: int | None) -> list[Json]:
        asked = {"offset": offset, "timeout": self._long_poll, "allowed_updates": HEARD}
        try:
            pulled = self._ask(lambda bot: bot.raw_updates(asked, self._long_poll + self._patience))
        except Uncertain as error:  # nothing was confirmed, so nothing is lost
            raise Unreachable(error.reason) from None
        if not isinstance(pulled, list):
            raise Unreachable("bad_answer")
        updates = [_cleaned(update) for update in pulled if isinstance(update, dict)]
        return [update for update in updates if _whole(update.get("update_id")) is not None]

    def send(self, message: Message) -> Receipt:
        if message.account not in self.accounts:
            raise Refused("unknown_account")
        match message.way:
            case Way.DIRECT:
                return self._write(message, _user(message.to))
            case Way.PUBLIC:
                return self._reply(message, *_place(message.to))
            case Way.LIKE:
                return self._like(*_place(message.to))
            case _:
                raise Refused("unsupported")

    def _write(self, message: Message, chat: int) -> Receipt:
        text, markup = _worded(message, private=True)

        async def write(bot: _Bot) -> Receipt:
            if message.answers.startswith("callback:"):
                await _take_off_spinner(bot, message.answers.removeprefix("callback:"))
            return await _say(bot, chat, text, markup)

        return self._ask(write, to_person=True)

    def _reply(self, message: Message, chat: int, comment: int) -> Receipt:
        text, markup = _worded(message, private=False)

        async def reply(bot: _Bot) -> Receipt:
            try:
                return await _say(bot, chat, text, markup, comment)
            except ChatMigrated as moved:
                # Messages have new numbers in the new group: a reply to the old number might go to somebody else.
                return await _say(bot, moved.new_chat_id, text, markup)

        return self._ask(reply)

    def _like(self, chat: int, comment: int) -> Receipt:
        self._ask(lambda bot: bot.set_message_reaction(chat, comment, "👍"))
        return Receipt("")

    def entry_link(self, account: str, payload: str) -> str:
        if account not in self.accounts or not self._username:
            return ""
        with suppress(ValueError):  # a payload that Telegram would not carry
            return create_deep_linked_url(self._username, payload)
        return ""

    def learn(self) -> None:
        if not self._username:
            self._username = self._ask(lambda bot: bot.get_me()).username or ""

    def start(self, public_url: str) -> None:
        if self.streams:  # a webhook of earlier days would refuse us the updates
            self._ask(lambda bot: bot.delete_webhook(drop_pending_updates=False))
        else:
            url = public_url.rstrip("/") + "/webhooks/telegram"
            self._ask(lambda bot: bot.set_webhook(url, allowed_updates=HEARD, secret_token=self._secret))

    def close(self) -> None:
        self._line.close()

    def _ask(self, question: "Callable[[_Bot], Coroutine[Any, Any, T]]", to_person: bool = False) -> T:
        try:
            return self._line.ask(question)
        except TelegramError as error:
            trouble = _trouble(error, to_person)
        except (AttributeError, KeyError, TypeError, ValueError):  # a good status over an answer that is none
            trouble = Uncertain("bad_answer")
        except (CancelledError, TimeoutError):
            trouble = Uncertain("no_answer")
        raise trouble  # outside of `except`, so that no traceback shows what the SDK had in hand


# Reading


def _parsed(body: bytes) -> Json | None:
    """The update, free of what no database stores; None if it is no update."""
    try:
        update = _cleaned(json.loads(body))
    except (ValueError, RecursionError):
        return None
    return update if isinstance(update, dict) else None


def _cleaned(value: Any, depth: int = 0) -> Any:
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    match value:
        case str():
            return UNSTORABLE.sub("\ufffd", value)
        case dict():
            return {UNSTORABLE.sub("\ufffd", key): _cleaned(inner, depth + 1) for key, inner in value.items()}
        case list():
            return [_cleaned(inner, depth + 1) for inner in value]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value


def _heard(update: Json, account: str, digest: str, received_at: datetime) -> Interaction:
    """Read from the JSON itself: `Update.de_json` refuses an update that lacks a field newer than its sender."""
    heard = Interaction("telegram", account, digest, Kind.UNKNOWN, received_at, raw=update)
    for name, read in READERS.items():
        if part := _part(update, name):
            heard = read(heard, part)
            break
    update_id = _whole(update.get("update_id"))
    return heard if update_id is None else replace(heard, id=str(update_id))


def _message(heard: Interaction, message: Json) -> Interaction:
    if _whole(message.get("message_id")) is None or not SAID & message.keys():
        return heard
    edited = _whole(message.get("edit_date"))
    place = _place_of(message)
    said = replace(
        _by(heard, message),
        id=f"{place}:{edited}" if edited else place,
        at=_moment(edited or message.get("date"), heard.at),
        text=_words(message, "text") or _words(message, "caption"),
        subject=place,
    )
    return _privately(said, message) if _is_private(_part(message, "chat")) else _publicly(said, message)


def _privately(said: Interaction, message: Json) -> Interaction:
    said = replace(
        said, kind=Kind.MESSAGE, thread=_id(_part(message, "chat")), text=COMMAND_FOR_US.sub(r"\1", said.text)
    )
    contact = _part(message, "contact")
    if "edit_date" in message:
        return replace(said, kind=Kind.MESSAGE_EDITED)
    if start := START.fullmatch(said.text):  # pressing Start says nothing, whichever link brought the fan
        return replace(said, kind=Kind.REFERRAL, text="", payload=start[1] or "")
    if contact and said.author and _whole_id(contact, "user_id") == said.author:  # not somebody else's card
        return replace(said, kind=Kind.CONTACT, phone=_international(_words(contact, "phone_number")))
    return said


def _publicly(said: Interaction, message: Json) -> Interaction:
    """A comment, unless the brand speaks: its post forwarded from the channel, its channel, or an administrator."""
    group = _id(_part(message, "chat"))
    above = _part(message, "reply_to_message")
    under_post = above.get("is_automatic_forward") is True
    root = _whole_id(message, "message_thread_id") or (_whole_id(above, "message_id") if under_post else "")
    if message.get("is_automatic_forward") is True:
        return replace(said, kind=Kind.ECHO, thread=said.subject)
    said = replace(
        said,
        kind=Kind.COMMENT_EDITED if "edit_date" in message else Kind.COMMENT,
        thread=f"{group}:{root}" if root else group,
        parent="" if not above or under_post or "forum_topic_created" in above else _place_of(above),
    )
    ours = {group, ANONYMOUS_ADMIN, said.account} | ({_id(_part(above, "sender_chat"))} if under_post else set())
    return replace(said, kind=Kind.ECHO) if said.author in ours - {""} else said


def _by(heard: Interaction, thing: Json) -> Interaction:
    """Who did it. Who writes as a channel or a group is nobody whom we could write to: no fan."""
    chat, person = _part(thing, "sender_chat"), _part(thing, "from") or _part(thing, "user")
    if chat:
        return replace(heard, author=_id(chat), author_name=_words(chat, "title"), by_bot=True)
    return replace(
        heard,
        author=_id(person),
        author_name=" ".join(filter(None, (_words(person, "first_name"), _words(person, "last_name")))),
        by_bot=person.get("is_bot") is True,
        language=_words(person, "language_code").partition("-")[0].lower(),
    )


def _press(heard: Interaction, press: Json) -> Interaction:
    """Telegram does not say when: it is the time of receiving."""
    message, payload, callback = _part(press, "message"), _words(press, "data"), _words(press, "id")
    return replace(
        _by(heard, press),
        kind=Kind.PRESS,
        id=f"callback:{callback}" if callback else heard.id,
        text=_label(message, payload),
        subject=f"callback:{callback}",
        thread=_id(_part(message, "chat")),
        payload=payload,
    )


def _label(message: Json, payload: str) -> str:
    """What stands on the pressed button."""
    rows = _part(message, "reply_markup").get("inline_keyboard")
    buttons = [button for row in rows if isinstance(row, list) for button in row] if isinstance(rows, list) else []
    return next((_words(b, "text") for b in buttons if isinstance(b, dict) and b.get("callback_data") == payload), "")


def _membership(heard: Interaction, change: Json) -> Interaction:
    """In a private chat it is sent for a block and its end only (Bot API, Update.my_chat_member, checked 2026-06)."""
    kinds = {"kicked": Kind.BLOCKED, "member": Kind.UNBLOCKED}
    kind = kinds.get(_words(_part(change, "new_chat_member"), "status"), Kind.UNKNOWN)
    chat = _part(change, "chat")
    if not _is_private(chat):
        return heard
    return replace(_by(heard, change), kind=kind, at=_moment(change.get("date"), heard.at), thread=_id(chat))


def _reaction(heard: Interaction, reaction: Json) -> Interaction:
    left = reaction.get("new_reaction")
    emojis = [_words(each, "emoji") for each in left if isinstance(each, dict)] if isinstance(left, list) else []
    return replace(
        _by(heard, reaction),
        kind=Kind.REACTION if left else Kind.REACTION_REMOVED,
        at=_moment(reaction.get("date"), heard.at),
        subject=_place_of(reaction),
        thread=_id(_part(reaction, "chat")),
        payload=" ".join(filter(None, emojis)),
    )


def _own_post(heard: Interaction, post: Json) -> Interaction:
    """In the brand's channel: a bot hears only channels of which it is an administrator."""
    read = _message(heard, post)
    return replace(read, kind=Kind.ECHO, author=_id(_part(post, "chat")), thread=read.subject) if read.subject else read


READERS: Mapping[str, Callable[[Interaction, Json], Interaction]] = {
    "message": _message,
    "edited_message": _message,
    "callback_query": _press,
    "my_chat_member": _membership,
    "message_reaction": _reaction,
    "channel_post": _own_post,
    "edited_channel_post": _own_post,
}


def _part(thing: Json, name: str) -> Json:
    part = thing.get(name)
    return part if isinstance(part, dict) else {}


def _words(thing: Json, name: str) -> str:
    words = thing.get(name)
    return words if isinstance(words, str) else ""


def _whole(value: object) -> int | None:
    """An id of Telegram's: 64 bits at most (Bot API, checked 2026-06)."""
    return value if type(value) is int and abs(value) < 2**63 else None


def _whole_id(thing: Json, name: str) -> str:
    number = _whole(thing.get(name))
    return "" if number is None else str(number)


def _id(thing: Json) -> str:
    return _whole_id(thing, "id")


def _place_of(message: Json) -> str:
    return f"{_id(_part(message, 'chat'))}:{_whole_id(message, 'message_id')}"


def _is_private(chat: Json) -> bool:
    """Where an old sender leaves the type out, the id tells: those of groups and channels are negative."""
    return chat["type"] == "private" if "type" in chat else (_whole(chat.get("id")) or 0) > 0


def _moment(seconds: object, otherwise: datetime) -> datetime:
    if type(seconds) is not int or seconds <= 0:  # 0: a message that can no longer be seen
        return otherwise
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return otherwise


def _international(phone: str) -> str:
    """Telegram gives the country's code first, with or without a plus."""
    digits = re.sub(r"\D", "", phone)
    return f"+{digits}" if digits else ""


# Saying


def _user(to: str) -> int:
    """A person's own chat. Never a group, whose ids are negative: what is private must not be read by others."""
    if not re.fullmatch(r"[1-9]\d{0,18}", to):
        raise Refused("bad_recipient")
    return int(to)


def _place(to: str) -> tuple[int, int]:
    if not re.fullmatch(r"-?\d{1,19}:\d{1,19}", to):
        raise Refused("bad_recipient")
    chat, _, comment = to.partition(":")
    return int(chat), int(comment)


Markup = InlineKeyboardMarkup | ReplyKeyboardMarkup | None


def _worded(message: Message, private: bool) -> tuple[str, Markup]:
    """The text and its keyboard. In a group only links stay: anybody could press the others."""
    text = UNSTORABLE.sub("\ufffd", message.text)
    inline, keys = [], []
    asks_phone = private and any(button.ask is Ask.PHONE for button in message.buttons)
    for button in message.buttons:
        if button.ask is Ask.LINK and (asks_phone or not button.payload.startswith("https://")):
            text += f"\n\n{button.label}: {button.payload}"  # Telegram refuses buttons to http://127.0.0.1 and the like
        elif button.ask is Ask.LINK:
            inline.append([InlineKeyboardButton(button.label, url=button.payload)])
        elif private and button.ask is Ask.PHONE:
            keys.append([KeyboardButton(button.label, request_contact=True)])
        elif private and button.ask is Ask.ANSWER and asks_phone:  # one message has one keyboard: it answers in words
            keys.append([KeyboardButton(button.label)])
        elif private and button.ask is Ask.ANSWER:
            inline.append([InlineKeyboardButton(button.label, callback_data=_callback(button.payload or button.label))])
    if keys:
        return text, ReplyKeyboardMarkup(keys, resize_keyboard=True, one_time_keyboard=True)
    return text, InlineKeyboardMarkup(inline) if inline else None


def _callback(payload: str) -> str:
    if len(payload.encode(errors="replace")) > MAX_CALLBACK:
        raise Refused("payload_too_long")
    return payload


async def _say(bot: Bot, chat: int, text: str, markup: Markup, comment: int | None = None) -> Receipt:
    sent = await bot.send_message(
        chat,
        text,
        reply_markup=markup,
        reply_parameters=None if comment is None else ReplyParameters(comment, allow_sending_without_reply=False),
        # Telegram would open the fan's own link to draw a preview of it.
        link_preview_options=LinkPreviewOptions(is_disabled=True),
    )
    return Receipt(f"{sent.chat.id}:{sent.message_id}")


async def _take_off_spinner(bot: Bot, callback: str) -> None:
    with suppress(TelegramError, KeyError, TypeError, ValueError):  # too late to answer it: the message matters more
        await bot.answer_callback_query(callback, read_timeout=3)


# What Telegram says when it does not take a message: words of its description, checked 2026-06.
REFUSALS = (
    ("blocked by the user", "blocked", Scope.PERSON),
    ("user is deactivated", "deactivated", Scope.PERSON),
    ("can't initiate conversation", "cannot_start", Scope.PERSON),
    ("send messages to bots", "is_a_bot", Scope.PERSON),
    ("chat not found", "chat_not_found", Scope.PERSON),
    ("user not found", "chat_not_found", Scope.PERSON),
    ("peer_id_invalid", "chat_not_found", Scope.PERSON),
    ("to be replied not found", "comment_gone", Scope.MESSAGE),
    ("to reply not found", "comment_gone", Scope.MESSAGE),
    ("replied message not found", "comment_gone", Scope.MESSAGE),
    ("to react not found", "comment_gone", Scope.MESSAGE),
    ("message is too long", "too_long", Scope.MESSAGE),
    ("text is empty", "empty", Scope.MESSAGE),
    ("kicked from", "not_in_group", Scope.MESSAGE),
    ("not a member of", "not_in_group", Scope.MESSAGE),
    ("not enough rights", "no_right", Scope.MESSAGE),
    ("no rights to send", "no_right", Scope.MESSAGE),
    ("chat_write_forbidden", "no_right", Scope.MESSAGE),
)
# What httpx, under python-telegram-bot, raises before anything has left us.
NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


def _trouble(error: TelegramError, to_person: bool) -> PlatformError:
    """BadRequest is a NetworkError for python-telegram-bot: a refusal is looked for first."""
    match error:
        case RetryAfter():
            pause = error.retry_after
            return Busy("rate_limited", pause if isinstance(pause, timedelta) else timedelta(seconds=pause))
        case ChatMigrated():
            return Refused("chat_migrated")
        case Forbidden() | BadRequest():
            return _refusal(error, to_person)
        case InvalidToken():
            return Refused("invalid_token", Scope.ACCOUNT)
        case Conflict():  # another process polls with the same token, or a webhook is set
            return Busy("conflict", timedelta(seconds=10))
    if isinstance(error.__cause__, NEVER_LEFT):
        return Unreachable("no_connection")
    if error.message.startswith("Too Many Requests"):
        return Busy("rate_limited", timedelta(seconds=30))
    return Uncertain("no_answer")


def _refusal(error: TelegramError, to_person: bool) -> Refused:
    """A comment that cannot be answered says nothing about its author."""
    said = error.message.lower()
    unnamed = ("forbidden", Scope.PERSON) if isinstance(error, Forbidden) else ("bad_request", Scope.MESSAGE)
    reason, scope = next(((reason, scope) for words, reason, scope in REFUSALS if words in said), unnamed)
    return Refused(reason, scope if to_person else Scope.MESSAGE)


# The line to Telegram


class _Bot(Bot):
    """The SDK's bot, and updates as Telegram wrote them."""

    async def raw_updates(self, asked: dict[str, Any], patience: float) -> Any:
        """Not get_updates: one update that it cannot read would keep all later ones from us for ever."""
        return await self._post("getUpdates", asked, read_timeout=patience)


class _Line:
    """The SDK in a thread of its own, begun when first asked: it is asyncio only, and a bot belongs to one loop."""

    def __init__(self, token: str, api_url: str, patience: float) -> None:
        self._token, self._api_url, self._patience = token, api_url, patience
        self._guard = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def ask(self, question: Callable[[_Bot], Coroutine[Any, Any, T]]) -> T:
        with self._guard:
            if self._closed:
                raise Unreachable("closed")
            future = asyncio.run_coroutine_threadsafe(question(self._bot), self._loop or self._begin())
        try:
            return future.result(LONGEST)
        finally:
            future.cancel()

    def _begin(self) -> asyncio.AbstractEventLoop:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="telegram", daemon=True)
        self._thread.start()
        return self._loop

    @cached_property
    def _requests(self) -> tuple[HTTPXRequest, HTTPXRequest]:
        """For updates, and for all else: a poll that waits must hold up no answer."""
        polls = HTTPXRequest(1, self._patience, self._patience, connect_timeout=CONNECT, pool_timeout=CONNECT)
        return polls, HTTPXRequest(32, self._patience, self._patience, connect_timeout=CONNECT, pool_timeout=CONNECT)

    @cached_property
    def _bot(self) -> _Bot:
        polls, others = self._requests
        base, files = f"{self._api_url}/bot", f"{self._api_url}/file/bot"
        return _Bot(self._token, base, files, request=others, get_updates_request=polls)

    def close(self) -> None:
        with self._guard:
            self._closed, loop, self._loop = True, self._loop, None
        if loop:
            asyncio.run_coroutine_threadsafe(self._hang_up(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()
            loop.close()

    async def _hang_up(self) -> None:
        """Not Bot.shutdown(): it closes only what Bot.initialize() opened, and that asks Telegram first."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.gather(*(request.shutdown() for request in self._requests))
