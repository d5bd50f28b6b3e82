"""A crowd of invented fans who comment and write: what the measurements feed to the service."""

import csv
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path

from connectors import Interaction, Kind

SHARED = Path(__file__).parents[2] / "shared" / "data"
SAMPLES = (SHARED / "en" / "ibm_twitter_care_conversations.csv", SHARED / "fr" / "services_publics_plus.csv")
INVENTED = ("PROMO svp", "Toujours pas reçu ma commande !", "Merci, j'adore vos thés", "Where is my parcel?", "Bonjour")
WISHES = ("PROMO", "je veux la promo svp", "Promo please!", "#promo")
ONE_IN = 2  # every second thing said asks for the offer: the dearest thing to decide


def texts() -> Iterator[str]:
    """Real messages where they are at hand, invented ones elsewhere, and wishes in between, without end."""
    said = [text for path in SAMPLES if path.exists() for text in _column(path)] or list(INVENTED)
    for number, (text, wish) in enumerate(zip(cycle(said), cycle(WISHES), strict=False)):
        yield wish if number % ONE_IN == 0 else text


def comments(count: int, now: datetime, platform: str = "facebook", account: str = "1") -> list[Interaction]:
    """So many comments, each by a fan of its own."""
    return [
        Interaction(
            platform=platform,
            account=account,
            id=f"c{number}:add",
            kind=Kind.COMMENT,
            at=now,
            author=f"fan-{number}",
            author_name=f"Fan {number}",
            text=text,
            subject=f"c{number}",
            thread=f"{account}_1",
            raw={"comment_id": f"c{number}", "message": text},
        )
        for number, text in enumerate(islice(texts(), count))
    ]


def comment(number: int, text: str, page: str, created: int) -> dict[str, object]:
    """A comment as Facebook tells it."""
    value = {
        "item": "comment",
        "verb": "add",
        "comment_id": f"{page}_c{number}",
        "post_id": f"{page}_1",
        "parent_id": f"{page}_1",
        "from": {"id": f"fan-{number}", "name": f"Fan {number}"},
        "message": text,
        "created_time": created,
    }
    return {"id": page, "time": created, "changes": [{"field": "feed", "value": value}]}


def message(number: int, text: str, page: str, created: int) -> dict[str, object]:
    """A private message as Facebook tells it, of a fan whom the sandbox lets us answer."""
    said = {"mid": f"m_replay{number}", "text": text}
    told = {
        "sender": {"id": f"replay{number}"},
        "recipient": {"id": page},
        "timestamp": created * 1000,
        "message": said,
    }
    return {"id": page, "time": created * 1000, "messaging": [told]}


def signed(entry: dict[str, object], secret: str) -> tuple[bytes, str]:
    """The webhook with this entry, and its signature."""
    body = json.dumps({"object": "page", "entry": [entry]}).encode()
    return body, "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _column(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file) if row["text"].strip()]
