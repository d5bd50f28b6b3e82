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


def webhook(number: int, text: str, secret: str, page: str, created: int) -> tuple[bytes, str]:
    """One comment as Facebook sends it, and its signature."""
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
    entry = {"id": page, "time": created, "changes": [{"field": "feed", "value": value}]}
    body = json.dumps({"object": "page", "entry": [entry]}).encode()
    return body, "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _column(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file) if row["text"].strip()]
