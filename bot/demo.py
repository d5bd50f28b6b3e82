"""Two offers of an invented tea house, for a newcomer to begin from."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from offers.catalog import Offer, State

OFFERS: tuple[dict[str, Any], ...] = (
    {
        "slug": "bienvenue",
        "name": "Bienvenue -20 %",
        "value": "-20 %",
        "keywords": ["promo", "bienvenue", "offre", "welcome"],
        "needs_approval": True,
        "code_prefix": "ZEPHYR",
        "stock": 500,
        "texts": {
            "fr": {
                "title": "20 % sur votre première commande",
                "pitch": "Vos 20 % de bienvenue chez {{ brand }} sont prêts.",
                "terms": "Valable une fois, sur toute la boutique, hors coffrets.",
            },
            "en": {
                "title": "20% off your first order",
                "pitch": "Your 20% welcome at {{ brand }} is ready.",
                "terms": "Valid once, on the whole shop except gift boxes.",
            },
        },
    },
    {
        "slug": "livraison",
        "name": "Livraison offerte",
        "value": "Livraison offerte",
        "keywords": ["livraison", "delivery"],
        "needs_approval": False,
        "code_prefix": "PORT",
        "stock": None,
        "texts": {
            "fr": {
                "title": "La livraison offerte",
                "pitch": "Chez {{ brand }}, votre prochaine livraison est pour nous.",
                "terms": "Valable une fois, en France, en Belgique et en Suisse.",
            },
            "en": {
                "title": "Free delivery",
                "pitch": "At {{ brand }}, your next delivery is on us.",
                "terms": "Valid once, in France, Belgium and Switzerland.",
            },
        },
    },
)


def fill(session: Session, new_id: Callable[[], UUID], now: datetime) -> None:
    """Put the offers into an empty catalogue; leave any other as it is."""
    if session.exec(select(Offer.id).limit(1)).first() is None:
        for words in OFFERS:
            columns: dict[str, Any] = {"platforms": [], "accounts": [], "posts": [], "state": State.OPEN.value, **words}
            session.add(Offer(id=new_id(), created_at=now, updated_at=now, **columns))
