"""Pretend Telegram: the Bot API as python-telegram-bot speaks it, with Telegram's rules, and a fan's deeds."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, request

from sandbox.mishaps import befall
from sandbox.telegram_chats import Chats, Json, Said, quoted
from sandbox.telegram_deeds import Deeds
from sandbox.wire import Call, Wire

TOKEN, USERNAME = "1000000001:sandbox", "maison_zephyr_bot"
LOCAL = {"localhost", "127.0.0.1", "::1"}
MAX_TEXT, MAX_CALLBACK = 4096, 64
GROUP_OF_REPLAY = {"type": "supergroup", "title": "Replay"}
NESTED = {"allowed_updates", "link_preview_options", "reaction", "reply_markup", "reply_parameters"}


class Refusal(Exception):
    """What Telegram does not do, in its own words."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters

    def answer(self) -> Response:
        kind = {400: "Bad Request: ", 403: "Forbidden: ", 409: "Conflict: "}.get(self.code, "")
        said: Json = {"ok": False, "error_code": self.code, "description": kind + self.description}
        return _answer(said | ({"parameters": self.parameters} if self.parameters else {}), self.code)


def replayed(chat: int) -> bool:
    """One of the invented chats of a replay by webhook: the bot was told of them, and we never were."""
    return chat >= 10**14 or -(10**12) < chat < -(10**11)


def moved(group: int) -> Refusal:
    return Refusal(400, "group chat was upgraded to a supergroup chat", migrate_to_chat_id=group)


def too_many(seconds: int) -> Refusal:
    return Refusal(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


NAMED = {  # faults that may be asked for by name
    "blocked": (403, "bot was blocked by the user"),
    "deactivated": (403, "user is deactivated"),
    "cannot_start": (403, "bot can't initiate conversation with a user"),
    "kicked": (403, "bot was kicked from the supergroup chat"),
    "chat_not_found": (400, "chat not found"),
    "comment_gone": (400, "message to be replied not found"),
    "no_right": (400, "not enough rights to send text messages to the chat"),
    "unauthorized": (401, "Unauthorized"),
    "conflict": (409, "terminated by other getUpdates request; make sure that only one bot instance is running"),
}


@dataclass(slots=True)
class Bucket:
    """So many at once, and so many more a second."""

    burst: float
    rate: float
    left: float = 0.0
    at: float = 0.0

    def wait(self, now: float) -> float:
        """Take one: zero, or how many seconds to wait until there is one."""
        self.left, self.at = min(self.burst, self.left + (now - self.at) * self.rate), now
        if self.left < 1:
            return (1 - self.left) / self.rate
        self.left -= 1
        return 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How many at once and how many a second, as Telegram's FAQ says; "short bursts" in one chat are a guess."""

    bot: tuple[float, float] = (30, 30)
    chat: tuple[float, float] = (5, 1)
    group: tuple[float, float] = (20, 20 / 60)


class PretendTelegram:
    """One bot, its private chats, and the discussion group of the brand's channel."""

    name = "telegram"

    def __init__(self, wire: Wire, token: str = TOKEN, username: str = USERNAME, limits: Limits | None = None) -> None:
        bot = {"id": int(token.partition(":")[0]), "is_bot": True, "first_name": "Maison Zéphyr", "username": username}
        self.chats = Chats(wire, bot)
        self._deeds = Deeds(self.chats)
        self._wire, self._token, self._limits = wire, token, limits or Limits()
        self._buckets: dict[int, Bucket] = {}
        self.blueprint = Blueprint("telegram", __name__)
        self.blueprint.add_url_rule("/telegram/bot<token>/<method>", view_func=self._called, methods=["GET", "POST"])

    # The Bot API

    def _called(self, token: str, method: str) -> Response:
        asked = _asked()
        do = self._methods().get(method.lower())
        try:
            if token != self._token:
                raise Refusal(*NAMED["unauthorized"])
            if do is None:
                raise Refusal(404, "Not Found")
            return self._befallen(method, asked, lambda: do(asked))
        except Refusal as refusal:
            self._note(method, asked, done=False)
            return refusal.answer()

    def _methods(self) -> Mapping[str, Callable[[Json], Any]]:
        return {
            "getme": self._get_me,
            "getupdates": self._get_updates,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": self._get_webhook_info,
            "sendmessage": self._send_message,
            "answercallbackquery": lambda asked: True,
            "setmessagereaction": self._react,
            "deletemessage": self._delete,
        }

    def _befallen(self, method: str, asked: Json, do: Callable[[], Any]) -> Response:
        fault = self._wire.faults.take(self.name, _what(method, asked))
        if fault == "migrated":
            raise moved(self.chats.upgrade_group())
        if fault == "rate":
            raise too_many(7)
        if fault in NAMED:
            raise Refusal(*NAMED[fault])
        if (mishap := befall(fault, do)) is not None:
            self._note(method, asked, done=fault == "lost")
            return mishap
        result = do()
        self._note(method, asked, done=True)
        return _answer({"ok": True, "result": result}, 200)

    def _note(self, method: str, asked: Json, done: bool) -> None:
        above = asked.get("reply_parameters", {}).get("message_id") or asked.get("message_id")
        to = f"{asked['chat_id']}:{above}" if above else str(asked.get("chat_id", ""))
        call = Call(self.name, _what(method, asked), to, str(asked.get("text", "")), self._wire.now(), done)
        self._wire.note(replace(call, more={"method": method} | asked))

    def _get_me(self, asked: Json) -> Json:
        groups = {"can_join_groups": True, "can_read_all_group_messages": True, "supports_inline_queries": False}
        return self.chats.bot | groups

    def _get_updates(self, asked: Json) -> list[Json]:
        self.chats.allowed = asked.get("allowed_updates", self.chats.allowed)
        pulled = self.chats.pull(
            int(asked.get("offset", 0)), int(asked.get("limit", 100)), float(asked.get("timeout", 0))
        )
        if isinstance(pulled, str):
            raise Refusal(409, pulled)
        return pulled

    def _set_webhook(self, asked: Json) -> bool:
        if asked.get("url") and urlsplit(asked["url"]).scheme != "https":
            raise Refusal(400, "bad webhook: An HTTPS URL must be provided for webhook")
        with self.chats.changed:
            self.chats.allowed = asked.get("allowed_updates", self.chats.allowed)
            webhook = {"url": asked["url"], "secret_token": asked.get("secret_token", "")} if asked.get("url") else {}
            self.chats.webhook = webhook
            if asked.get("drop_pending_updates") == "true":
                self.chats.pending.clear()
            self.chats.deliver()
            self.chats.changed.notify_all()
        return True

    def _delete_webhook(self, asked: Json) -> bool:
        return self._set_webhook({key: value for key, value in asked.items() if key == "drop_pending_updates"})

    def _get_webhook_info(self, asked: Json) -> Json:
        waiting = len(self.chats.pending)
        return {
            "url": self.chats.webhook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": waiting,
        }

    def _send_message(self, asked: Json) -> Json:
        with self.chats.changed:
            chat = self._open_chat(asked)
            above = None if replayed(chat["id"]) else self._above(chat, asked.get("reply_parameters"))
            markup = asked.get("reply_markup") or {}
            self._check(asked, markup, private=chat["type"] == "private")
            self._take_a_turn(chat)
            return self._said(chat, asked["text"], markup, above)

    def _said(self, chat: Json, text: str, markup: Json, above: Said | None) -> Json:
        more: Json = {"reply_to_message": quoted(above)} if above else {}
        if above and chat["type"] != "private":
            more["message_thread_id"] = above.message.get("message_thread_id", above.message["message_id"])
        if "inline_keyboard" in markup:
            more["reply_markup"] = markup
        message = self.chats.message(chat, self.chats.bot, text, **more)
        if not replayed(chat["id"]):
            self.chats.keep(Said(message, markup.get("keyboard", [])))
        return message

    def _open_chat(self, asked: Json) -> Json:
        """The chat, if the bot may write there."""
        chat = int(asked["chat_id"]) if str(asked.get("chat_id", "")).lstrip("-").isdecimal() else 0
        if replayed(chat):
            return (
                {"id": chat, "type": "private", "first_name": "Replay"} if chat > 0 else GROUP_OF_REPLAY | {"id": chat}
            )
        if chat == self.chats.groups[-1]:
            return self.chats.group()
        if chat in self.chats.groups:
            raise moved(self.chats.groups[-1])
        fan = self.chats.fan_of(chat)
        if fan is None:
            raise Refusal(*NAMED["chat_not_found"])
        if fan.blocked:
            raise Refusal(*NAMED["blocked"])
        if not fan.started:
            raise Refusal(*NAMED["cannot_start"])
        return fan.chat()

    def _above(self, chat: Json, reply: Json | None) -> Said | None:
        if not reply:
            return None
        above = self.chats.find(chat["id"], int(reply["message_id"]))
        if above is None and not reply.get("allow_sending_without_reply"):
            raise Refusal(*NAMED["comment_gone"])
        return above

    def _check(self, asked: Json, markup: Json, private: bool) -> None:
        if not asked.get("text", "").strip():
            raise Refusal(400, "message text is empty")
        if len(asked["text"]) > MAX_TEXT:
            raise Refusal(400, "message is too long")
        for button in (button for row in markup.get("inline_keyboard", []) for button in row):
            if "url" in button and (not urlsplit(button["url"]).hostname or urlsplit(button["url"]).hostname in LOCAL):
                raise Refusal(400, f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
            if "callback_data" in button and not 0 < len(button["callback_data"].encode()) <= MAX_CALLBACK:
                raise Refusal(400, "BUTTON_DATA_INVALID")
        if not private and any(key.get("request_contact") for row in markup.get("keyboard", []) for key in row):
            raise Refusal(400, "phone number can be requested in private chats only")

    def _take_a_turn(self, chat: Json) -> None:
        now = self._wire.now()
        limit = self._limits.chat if chat["type"] == "private" else self._limits.group
        wait = self._bucket(0, self._limits.bot).wait(now) or self._bucket(chat["id"], limit).wait(now)
        if wait:
            raise too_many(math.ceil(wait))

    def _bucket(self, chat: int, limit: tuple[float, float]) -> Bucket:
        return self._buckets.setdefault(chat, Bucket(*limit))

    def _react(self, asked: Json) -> bool:
        with self.chats.changed:
            chat = self._open_chat(asked)
            said = self.chats.find(chat["id"], int(asked["message_id"]))
            if said is None:
                raise Refusal(400, "message to react not found")
            said.liked = bool(asked.get("reaction"))
        return True

    def _delete(self, asked: Json) -> bool:
        with self.chats.changed:
            chat = self._open_chat(asked)
            said = self.chats.find(chat["id"], int(asked["message_id"]))
            if said is None:
                raise Refusal(400, "message to delete not found")
            said.removed = True
        return True

    # What a fan does, and sees

    def view(self) -> Json:
        with self.chats.changed:
            bot = self.chats.bot
            return {"account": str(bot["id"]), "handle": bot["username"], "threads": list(self.chats.threads())}

    def act(self, deed: str, fan: str, **words: str) -> Json:
        return self._deeds.do(deed, fan, **words)

    # What outlives a restart

    def dump(self) -> Json:
        return self.chats.dump()

    def load(self, state: Json) -> None:
        self.chats.load(state)


def build(wire: Wire, environ: Mapping[str, str]) -> PretendTelegram:
    token = environ.get("TELEGRAM_BOT_TOKEN", "").strip() or TOKEN
    username = environ.get("TELEGRAM_BOT_USERNAME", "").strip().removeprefix("@") or USERNAME
    return PretendTelegram(wire, token, username)


def _asked() -> Json:
    """The parameters, which the SDK sends as a form, with those that are objects or lists in JSON."""
    given = request.get_json(silent=True) or request.values.to_dict()
    return {
        name: json.loads(value) if name in NESTED and isinstance(value, str) else value for name, value in given.items()
    }


def _what(method: str, asked: Json) -> str:
    """The call in neutral words, for the log and for faults."""
    if method == "sendMessage":
        return "public_reply" if str(asked.get("chat_id", "")).startswith("-") else "message"
    return {"setMessageReaction": "like", "answerCallbackQuery": "answer_press"}.get(method, method)


def _answer(said: Json, code: int) -> Response:
    response = jsonify(said)
    response.status_code = code
    return response
