"""The webhooks of the pretend Facebook: bodies as Meta writes them, and signed as Meta signs them."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

from sandbox.wire import Wire

PATH = "/webhooks/facebook"
APP_ID = 1789123456789012


class Hooks:
    """Tells the bot what happened on one Page."""

    def __init__(self, wire: Wire, app_secret: str, page: str, name: str) -> None:
        self._wire = wire
        self._secret = app_secret
        self._page = page
        self._name = name

    def commented(self, verb: str, comment: Any, author: tuple[str, str] | None) -> None:
        """`author` is an id and a name; None is the Page itself."""
        id, name = author or (self._page, self._name)
        value = {
            "from": {"id": id, "name": name},
            "post_id": comment.post,
            "comment_id": comment.id,
            "created_time": int(comment.at if verb == "add" else self._wire.now()),
            "item": "comment",
            "parent_id": comment.parent or comment.post,
            "verb": verb,
        }
        self._change(value if verb == "remove" else value | {"message": comment.text})

    def posted(self, post: Any, author: tuple[str, str]) -> None:
        value = {"from": {"id": author[0], "name": author[1]}, "message": post.text, "post_id": post.id}
        self._change(value | {"created_time": int(post.at), "item": "post", "verb": "add", "published": 1})

    def reacted(self, post: str, comment: str, author: tuple[str, str] | None) -> None:
        id, name = author or (self._page, self._name)
        value = {"reaction_type": "like", "from": {"id": id, "name": name}, "post_id": post, "parent_id": post}
        value |= {"comment_id": comment} if comment else {}
        self._change(value | {"created_time": int(self._wire.now()), "item": "reaction", "verb": "add"})

    def wrote(self, psid: str, event: dict[str, Any]) -> None:
        """Something that a fan did in Messenger."""
        self._event({"sender": {"id": psid}, "recipient": {"id": self._page}, **event})

    def echoed(self, psid: str, mid: str, text: str, metadata: str) -> None:
        message = {"mid": mid, "is_echo": True, "app_id": APP_ID, "text": text, "metadata": metadata}
        self._event({"sender": {"id": self._page}, "recipient": {"id": psid}, "message": message})

    def asked(self, what: str, user_id: str) -> dict[str, Any]:
        """A callback in somebody's name, "data-deletion" or "deauthorize", and what the bot answers."""
        payload = _unpadded(
            written({"user_id": user_id, "algorithm": "HMAC-SHA256", "issued_at": int(self._wire.now())})
        )
        signature = _unpadded(hmac.new(self._secret.encode(), payload.encode(), hashlib.sha256).digest())
        body = urlencode({"signed_request": f"{signature}.{payload}"}).encode()
        return self._wire.ask(f"{PATH}/{what}", body, {"Content-Type": "application/x-www-form-urlencoded"})

    def _change(self, value: dict[str, Any]) -> None:
        self._send({"id": self._page, "time": int(self._wire.now()), "changes": [{"value": value, "field": "feed"}]})

    def _event(self, event: dict[str, Any]) -> None:
        now = int(self._wire.now() * 1000)
        self._send({"id": self._page, "time": now, "messaging": [{"timestamp": now, **event}]})

    def _send(self, entry: dict[str, Any]) -> None:
        body = written({"object": "page", "entry": [entry]})
        self._wire.deliver(PATH, body, signed(self._secret, body))


def _unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def written(envelope: dict[str, Any]) -> bytes:
    """As Meta writes JSON: ASCII only, slashes escaped. Who writes it anew before checking gets another signature."""
    return json.dumps(envelope, separators=(",", ":")).replace("/", "\\/").encode()


def signed(app_secret: str, body: bytes) -> dict[str, str]:
    digest = hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}
