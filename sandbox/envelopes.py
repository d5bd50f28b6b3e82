"""What fans say, in the words of the platforms' webhooks."""

import json
from collections.abc import Sequence
from typing import Any

from sandbox.sayings import Manner, Saying


def facebook_body(sayings: Sequence[Saying], page: str, prefix: str, now: float) -> bytes:
    comments = [_comment(saying, page, prefix) for saying in sayings if saying.manner is Manner.COMMENT]
    messages = [_message(saying, page, prefix, now) for saying in sayings if saying.manner is Manner.MESSAGE]
    entries: list[dict[str, Any]] = []
    if comments:
        entries.append({"id": page, "time": int(now), "changes": comments})
    if messages:
        entries.append({"id": page, "time": int(now * 1000), "messaging": messages})
    return json.dumps({"object": "page", "entry": entries}).encode()


def _comment(saying: Saying, page: str, prefix: str) -> dict[str, Any]:
    """Without `created_time`: it tells two deeds apart, and a replay tomorrow is still the same comment."""
    post = f"{page}_{prefix}"
    value = {
        "item": "comment",
        "verb": "add",
        "comment_id": f"{prefix}_{saying.number}",
        "post_id": post,
        "parent_id": post,
        "from": {"id": f"{prefix}fan{saying.fan}", "name": saying.fan_name},
        "message": saying.text,
    }
    return {"field": "feed", "value": value}


def _message(saying: Saying, page: str, prefix: str, now: float) -> dict[str, Any]:
    return {
        "sender": {"id": f"{prefix}psid{saying.fan}"},
        "recipient": {"id": page},
        "timestamp": int(now * 1000),
        "message": {"mid": f"{prefix}_{saying.number}", "text": saying.text},
    }


def telegram_number(prefix: str) -> str:
    """Nine digits, the same for the same prefix: Telegram has no other ids than numbers."""
    return str(100_000_000 + int(prefix.removeprefix("replay"), 16) % 900_000_000)


def telegram_body(saying: Saying, number: str, now: float) -> bytes:
    fan = {"id": int(number) * 1_000_000 + saying.fan, "is_bot": False, "first_name": saying.fan_name}
    message: dict[str, Any] = {"message_id": saying.number, "date": int(now), "from": fan, "text": saying.text}
    if saying.manner is Manner.MESSAGE:
        message["chat"] = {"id": fan["id"], "type": "private", "first_name": saying.fan_name}
    else:
        group = {"id": -int(f"100{number}"), "type": "supergroup", "title": "Replay"}
        post = {"message_id": 1, "date": int(now), "chat": group, "is_automatic_forward": True, "text": "Replay"}
        message |= {"chat": group, "message_thread_id": 1, "reply_to_message": post}
    return json.dumps({"update_id": int(f"{number}{saying.number:06}"), "message": message}).encode()
