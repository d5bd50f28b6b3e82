"""Pretend Telegram, inside: who there is, what was said where, and what Telegram tells a bot about it."""

import hashlib
import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.wire import Wire

Json = dict[str, Any]

BRAND = "Maison Zéphyr"
POST = "Nos thés d’automne sont arrivés ! Dites PROMO ou #BIENVENUE en commentaire, et notre bot vous répond."
TRANSLATION = "Our autumn teas are here! Say PROMO or #BIENVENUE in a comment, and our bot answers you."
CHANNEL_ID, GROUP_ID = -1001000000001, -1002000000001
CHANNEL = {"id": CHANNEL_ID, "type": "channel", "title": BRAND, "username": "maison_zephyr"}
FORWARDER = {"id": 777000, "is_bot": False, "first_name": "Telegram"}  # forwards a channel's posts to its group
POST_ID, FORWARD_ID = 2, 3
NOT_UNASKED = {"chat_member", "message_reaction", "message_reaction_count"}  # told only to who asks for them by name
SHOWN_CHATS, SHOWN_ENTRIES = 40, 200
KEPT = 2000  # messages that outlive a restart; a replay brings many more


@dataclass(slots=True)
class Fan:
    name: str
    id: int
    language: str = "fr"
    started: bool = False
    blocked: bool = False

    def user(self) -> Json:
        first, _, last = self.name.partition(" ")
        names = {"first_name": first} | ({"last_name": last} if last else {})
        return {"id": self.id, "is_bot": False, **names, "language_code": self.language}

    def chat(self) -> Json:
        names = {name: words for name, words in self.user().items() if name.endswith("_name")}
        return {"id": self.id, "type": "private", **names}


@dataclass(slots=True)
class Said:
    """One message as Telegram keeps it, with what it does not tell everybody."""

    message: Json
    keyboard: list[list[Json]] = field(default_factory=list)  # instead of letters, at the foot of the fan's chat
    liked: bool = False
    removed: bool = False  # by who said it: Telegram tells no bot

    @property
    def place(self) -> str:
        return f"{self.message['chat']['id']}:{self.message['message_id']}"

    def number(self) -> int:
        number: int = self.message["message_id"]
        return number

    def dump(self) -> Json:
        return {"message": self.message, "keyboard": self.keyboard, "liked": self.liked, "removed": self.removed}

    @property
    def buttons(self) -> list[Json]:
        rows = self.message.get("reply_markup", {}).get("inline_keyboard", []) + self.keyboard
        return [button for row in rows for button in row]


class Chats:
    """All that is said, and the updates that wait for the bot. Several threads may ask at once."""

    def __init__(self, wire: Wire, bot: Json) -> None:
        self.wire, self.bot = wire, bot
        self.changed = threading.Condition(threading.RLock())
        self.webhook: Json = {}
        self.allowed: list[str] = []
        self.pending: deque[Json] = deque(maxlen=100_000)
        self.groups = [GROUP_ID]  # the last one is where people are; the others were upgraded to it
        self._fans: dict[int, Fan] = {}
        self._said: dict[int, dict[int, Said]] = {}
        self.polls = 0
        self._forward_post()

    # People

    def fan(self, name: str, language: str = "") -> Fan:
        with self.changed:
            id = 10**9 + int.from_bytes(hashlib.sha256(name.encode()).digest()[:5])
            fan = self._fans.setdefault(id, Fan(name, id))
            fan.language = language or fan.language
            return fan

    def fan_of(self, chat: int) -> Fan | None:
        return self._fans.get(chat)

    # What is said

    def group(self) -> Json:
        return {"id": self.groups[-1], "type": "supergroup", "title": f"{BRAND}, la discussion"}

    def upgrade_group(self) -> int:
        """What was said stays behind, under its old numbers."""
        self.groups.append(self.groups[-1] - 1)
        self._forward_post()
        return self.groups[-1]

    def _forward_post(self) -> None:
        now = int(self.wire.now())
        origin = {"type": "channel", "date": now, "chat": CHANNEL, "message_id": POST_ID}
        mark = {"sender_chat": CHANNEL, "is_automatic_forward": True, "forward_origin": origin}
        self.keep(Said(self.message(self.group(), FORWARDER, POST, **mark) | {"message_id": FORWARD_ID}))

    def message(self, chat: Json, sender: Json, text: str | None = None, **more: Any) -> Json:
        message = {"message_id": int(self.wire.new_id()), "date": int(self.wire.now()), "chat": chat, "from": sender}
        if text is not None:
            message |= {"text": text} | _entities(text)
        return message | more

    def keep(self, said: Said) -> Said:
        self._said.setdefault(said.message["chat"]["id"], {})[said.message["message_id"]] = said
        return said

    def find(self, chat: int, message: int) -> Said | None:
        said = self._said.get(chat, {}).get(message)
        return None if said is None or said.removed else said

    def all_in(self, chat: int) -> list[Said]:
        return list(self._said.get(chat, {}).values())

    # What the bot is told

    def tell(self, kind: str, what: Json) -> None:
        """One update: to the webhook if there is one, else it waits to be asked for."""
        with self.changed:
            if kind in self.allowed or (not self.allowed and kind not in NOT_UNASKED):
                update = {"update_id": int(self.wire.new_id()), kind: what}
                self.pending.append(update)
                self.deliver()
                self.changed.notify_all()

    def deliver(self) -> None:
        while self.webhook and self.pending:
            body = json.dumps(self.pending.popleft(), ensure_ascii=False).encode()
            secret = self.webhook["secret_token"]
            headers = {"Content-Type": "application/json"} | (
                {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
            )
            self.wire.deliver("/webhooks/telegram", body, headers)

    def pull(self, offset: int, limit: int, timeout: float) -> list[Json] | str:
        """The updates from `offset` on, once there are any; those before it are forgotten. Or why there are none."""
        until = time.monotonic() + timeout
        with self.changed:
            self.polls = mine = self.polls + 1
            self.changed.notify_all()
            while self.pending and self.pending[0]["update_id"] < offset:
                self.pending.popleft()
            while not self.pending and self.polls == mine and not self.webhook:
                if not self.changed.wait(until - time.monotonic()) and time.monotonic() >= until:
                    break
            if self.webhook:
                return (
                    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
                )
            if self.polls != mine:
                return "terminated by other getUpdates request; make sure that only one bot instance is running"
            return list(self.pending)[:limit]

    # What the sandbox page draws

    def threads(self) -> Iterator[Json]:
        public = [said for group in self.groups for said in self.all_in(group)]
        yield {"id": "group", "kind": "group", "title": BRAND, "entries": self._entries(public)}
        latest = sorted((fan for fan in self._fans.values() if fan.id in self._said), key=self._last_said)
        for fan in latest[-SHOWN_CHATS:]:
            entries = self._entries(self.all_in(fan.id))
            chat = {"id": str(fan.id), "kind": "chat", "title": f"@{self.bot['username']}", "fan": fan.name}
            yield chat | {"started": fan.started, "blocked": fan.blocked, "entries": entries}

    def _last_said(self, fan: Fan) -> int:
        return int(next(reversed(self._said[fan.id])))

    def _entries(self, said: list[Said]) -> list[Json]:
        post = [each for each in said[:1] if "is_automatic_forward" in each.message]
        return [self._entry(each) for each in (*post, *said[len(post) :][-SHOWN_ENTRIES:])]

    def _entry(self, said: Said) -> Json:
        message, above = said.message, said.message.get("reply_to_message")
        by_brand = message["from"]["id"] in (self.bot["id"], FORWARDER["id"])
        return {
            "id": said.place,
            "author": BRAND
            if by_brand
            else " ".join(filter(None, map(message["from"].get, ("first_name", "last_name")))),
            "text": "" if said.removed else message.get("text") or _card(message),
            "at": message["date"],
            "by_brand": by_brand,
            "parent": f"{above['chat']['id']}:{above['message_id']}" if above else "",
            "edited": "edit_date" in message,
            "removed": said.removed,
            "liked": said.liked,
            "buttons": [_button(button) for button in said.buttons],
        } | ({"translation": TRANSLATION} if "is_automatic_forward" in message else {})

    # What outlives a restart

    def dump(self) -> Json:
        with self.changed:
            said = sorted((said for chat in self._said.values() for said in chat.values()), key=Said.number)
            waiting = {"pending": list(self.pending), "webhook": self.webhook, "allowed": self.allowed}
            people = {"fans": [asdict(fan) for fan in self._fans.values()], "groups": self.groups}
            return {"said": [said.dump() for said in said[-KEPT:]]} | people | waiting

    def load(self, state: Json) -> None:
        with self.changed:
            self._fans = {fan["id"]: Fan(**fan) for fan in state["fans"]}
            self.groups, self.webhook, self.allowed = state["groups"], state["webhook"], state["allowed"]
            self.pending.extend(state["pending"])
            self._said = {}
            self._forward_post()
            for said in state["said"]:
                self.keep(Said(**said))


def quoted(said: Said) -> Json:
    """A message as it stands in the reply to it: without what it answers itself."""
    return {name: value for name, value in said.message.items() if name != "reply_to_message"}


def _entities(text: str) -> Json:
    command = text.split(" ")[0]
    if not command.startswith("/") or len(command) < 2:
        return {}
    return {"entities": [{"type": "bot_command", "offset": 0, "length": len(command.encode("utf-16-le")) // 2}]}


def _card(message: Json) -> str:
    return f"☎ {message['contact']['phone_number']}" if "contact" in message else ""


def _button(button: Json) -> Json:
    ask = "link" if "url" in button else "phone" if button.get("request_contact") else "answer"
    payload = "" if "url" in button else button.get("callback_data", button["text"])
    return {"label": button["text"], "payload": payload, "url": button.get("url", ""), "ask": ask}
