"""The cast of the tests: a bot whose clock stands still, an offer, and fans who hold it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient

from bot import assembly, claiming
from bot.assembly import Bot
from bot.settings import Settings
from connectors import Connector, Interaction, Kind, Message, Receipt, Rules, Way
from leads.pipeline import Lead
from offers import claims
from offers.catalog import Offer
from offers.claims import Claim
from optin import consents
from optin.fans import Fan, Profile
from tests import shop
from webhooks.app import create_app

NOW = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)
SECRET = "7d1f0c4e9a5b4c2d8e6f3a1b0c9d8e7f"
TEXTS = {
    "fr": {"title": "20 % sur l’été", "pitch": "Une remise pour nos fans.", "terms": "Une fois par personne."},
    "en": {"title": "20% off summer", "pitch": "A discount for our fans.", "terms": "Once a person."},
}


class Quiet(Connector):
    """A platform on which fans can be written to, and which takes everything."""

    name = "facebook"
    rules = Rules(answers={Kind.MESSAGE: (Way.DIRECT,)}, opens_window=frozenset({Kind.MESSAGE}))
    accounts = ("page-1",)

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        return True

    def read(self, body: bytes, received_at: datetime) -> list[Interaction]:
        return []

    def send(self, message: Message) -> Receipt:
        return Receipt(message.key)


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Stage:
    """A bot, its clock, and who has come so far."""

    bot: Bot
    clock: Clock = field(default_factory=Clock)

    def visitor(self) -> FlaskClient:
        """A new browser, without cookies."""
        return create_app(self.bot).test_client()

    def offer(self, slug: str = "ete", **different: Any) -> Offer:
        facts: dict[str, Any] = {
            "id": self.bot.new_id(),
            "slug": slug,
            "name": "Été",
            "state": "open",
            "value": "-20 %",
            "keywords": ["promo"],
            "platforms": [],
            "accounts": [],
            "posts": [],
            "texts": TEXTS,
            "code_prefix": "ZEPH",
            "created_at": NOW,
            "updated_at": NOW,
        }
        return shop.put(self.bot, facts | different)

    def fan(self, handle: str = "alice", language: str = "fr") -> UUID:
        """Somebody who wrote to us on Facebook; his profile has the same id."""
        known_as = self.bot.new_id()
        with self.bot.transaction() as session:
            fan = Fan(id=known_as, person_id=known_as, language=language, created_at=NOW)
            profile = Profile(
                id=known_as,
                fan_id=known_as,
                platform="facebook",
                account="page-1",
                handle=handle,
                name=handle.title(),
                first_heard_at=NOW,
                last_heard_at=NOW,
            )
            session.add(fan)
            session.flush()
            session.add(profile)
        return known_as

    def claim(self, offer: Offer, fan: UUID, language: str = "fr") -> str:
        """Open a claim for this fan, and say the word in his link."""
        claim_id = self.bot.new_id()
        word = claims.token(SECRET, claim_id)
        claim = Claim(
            id=claim_id,
            fan_id=fan,
            profile_id=fan,
            offer_id=offer.id,
            token_hash=claims.hash_of(word),
            language=language,
            platform="facebook",
            account="page-1",
            post="post-1",
            evidence="comment-1",
            opened_at=NOW,
            name="Alice",
        )
        with self.bot.transaction() as session:
            session.add(claim)
        return word

    def lead(self, offer: Offer, handle: str) -> Lead:
        """A fan who took the offer and said yes to its e-mails."""
        word = self.claim(offer, self.fan(handle))
        with self.bot.transaction() as session:
            turn = claiming.in_turn(session, word)
            assert turn is not None
            claim, now = turn.claim, self.clock()
            claiming.take(session, self.bot, turn, f"{handle}@example.com", now)
            ticked = {"email": claiming.channels(self.bot, claim, "fr")["email"]}
            lead = claiming.allow(session, self.bot, claim, ticked, "claim_page", str(claim.id), now)
            assert lead is not None
        return lead

    def journal(self, fan: UUID) -> list[tuple[str, str, str]]:
        with self.bot.reading() as session:
            return [(line.channel, line.act, line.wording) for line in consents.of(session, [fan])]


@contextmanager
def stage(database_url: str, **settings: str) -> Iterator[Stage]:
    clock = Clock()
    read = Settings.read({"SECRET_KEY": SECRET, "DATABASE_URL": database_url, "HOLDOUT_PERCENT": "0"} | settings)
    bot = assembly.put_together(read, {"facebook": Quiet()}, clock)
    try:
        yield Stage(bot, clock)
    finally:
        bot.engine.dispose()
