"""Pretend Telegram, outside: what a fan can do there, and what the bot is told of it."""

from collections.abc import Callable, Mapping

from sandbox.telegram_chats import FORWARD_ID, Chats, Fan, Json, Said, quoted


class Deeds:
    def __init__(self, chats: Chats) -> None:
        self._chats = chats

    def do(self, deed: str, fan: str, language: str = "", **words: str) -> Json:
        deeds: Mapping[str, Callable[..., Json]] = {
            "start": self._start,
            "write": self._write,
            "press": self._press,
            "share_contact": self._share_contact,
            "share_phone": self._share_contact,
            "block": self._block,
            "unblock": self._unblock,
            "comment": self._comment,
            "edit": self._edit,
            "remove": self._remove,
            "react": self._react,
        }
        with self._chats.changed:
            return deeds[deed](self._chats.fan(fan, language), **words)

    def _start(self, fan: Fan, payload: str = "") -> Json:
        if fan.blocked:
            self._unblock(fan)
        return self._write(fan, f"/start {payload}".strip())

    def _write(self, fan: Fan, text: str) -> Json:
        return self._say(fan, self._chats.message(fan.chat(), fan.user(), text))

    def _share_contact(self, fan: Fan, phone: str = "33612345678") -> Json:
        card = {"phone_number": phone, "first_name": fan.user()["first_name"], "user_id": fan.id}
        return self._say(fan, self._chats.message(fan.chat(), fan.user(), contact=card))

    def _say(self, fan: Fan, message: Json) -> Json:
        if fan.blocked:
            raise ValueError("a fan who blocked the bot cannot write to it")
        fan.started = True
        said = self._chats.keep(Said(message))
        self._chats.tell("message", message)
        return {"id": said.place}

    def _press(self, fan: Fan, payload: str, label: str = "", id: str = "") -> Json:
        """The newest button that brings this payload; one of the fan's keyboard brings its label."""
        for said in reversed(self._chats.all_in(fan.id)):
            for button in said.buttons if id in ("", said.place) else []:
                if payload == button.get("callback_data", button["text"]):
                    return self._pressed(fan, said, button)
        raise KeyError(payload)

    def _pressed(self, fan: Fan, said: Said, button: Json) -> Json:
        if "url" in button:
            return {"url": button["url"]}
        if "callback_data" not in button:
            return self._share_contact(fan) if button.get("request_contact") else self._write(fan, button["text"])
        callback = self._chats.wire.new_id()
        origin = {"id": callback, "from": fan.user(), "message": quoted(said), "chat_instance": str(fan.id)}
        self._chats.tell("callback_query", origin | {"data": button["callback_data"]})
        return {"id": callback}

    def _block(self, fan: Fan) -> Json:
        return self._change(fan, "member", "kicked")

    def _unblock(self, fan: Fan) -> Json:
        return self._change(fan, "kicked", "member")

    def _change(self, fan: Fan, before: str, after: str) -> Json:
        fan.blocked = after == "kicked"
        change = {
            "chat": fan.chat(),
            "from": fan.user(),
            "date": int(self._chats.wire.now()),
            "old_chat_member": self._member(before),
            "new_chat_member": self._member(after),
        }
        self._chats.tell("my_chat_member", change)
        return {"id": str(fan.id)}

    def _member(self, status: str) -> Json:
        return {"user": self._chats.bot, "status": status} | ({"until_date": 0} if status == "kicked" else {})

    def _comment(self, fan: Fan, text: str, parent: str = "") -> Json:
        """Under the post, or under the comment `parent`."""
        group = self._chats.group()
        above = self._chats.find(group["id"], int(parent.rpartition(":")[2]) if parent else FORWARD_ID)
        if above is None:
            raise KeyError(parent)
        thread = {"message_thread_id": FORWARD_ID, "reply_to_message": quoted(above)}
        said = self._chats.keep(Said(self._chats.message(group, fan.user(), text, **thread)))
        self._chats.tell("message", said.message)
        return {"id": said.place}

    def _edit(self, fan: Fan, text: str, id: str) -> Json:
        said = self._own(fan, id)
        said.message = said.message | {"text": text, "edit_date": int(self._chats.wire.now())}
        self._chats.tell("edited_message", said.message)
        return {"id": said.place}

    def _remove(self, fan: Fan, id: str) -> Json:
        self._own(fan, id).removed = True
        return {"id": id}

    def _react(self, fan: Fan, id: str, emoji: str = "👍") -> Json:
        said = self._found(id)
        reaction = {
            "chat": said.message["chat"],
            "message_id": said.message["message_id"],
            "user": fan.user(),
            "date": int(self._chats.wire.now()),
            "old_reaction": [],
            "new_reaction": [{"type": "emoji", "emoji": emoji}] if emoji else [],
        }
        self._chats.tell("message_reaction", reaction)
        return {"id": said.place}

    def _own(self, fan: Fan, place: str) -> Said:
        said = self._found(place)
        if said.message["from"]["id"] != fan.id:
            raise ValueError("that was said by somebody else")
        return said

    def _found(self, place: str) -> Said:
        chat, _, message = place.partition(":")
        said = self._chats.find(int(chat), int(message))
        if said is None:
            raise KeyError(place)
        return said
