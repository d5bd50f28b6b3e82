"""The stage of the stories: a bot on a real database, an invented platform, and a clock that is set by hand."""

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr
from sqlmodel import SQLModel, select

from bot import assembly, competing, hearing, inbox, lanes, sending
from bot.assembly import Bot
from bot.inbox import Inbox
from bot.outbox import Outgoing
from bot.settings import Settings
from connectors import Connector, Interaction, Kind
from offers.catalog import Offer
from tests import shop
from tests.letterbox import Letterbox
from tests.pigeon import Pigeon

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
SECRET = "not-so-hidden-in-the-tests-0123456789abcdef"
TEXTS = {
    "fr": {"title": "20 % pour vous", "pitch": "Vos 20 % sont prêts.", "terms": "Une fois."},
    "en": {"title": "20% for you", "pitch": "Your 20% is ready.", "terms": "Once."},
}


class Stage:
    """Léa and Max do things here; the bot hears and speaks when told to."""

    def __init__(self, database_url: str, *others: Connector, mails: bool = False) -> None:
        self.now = NOON
        self.pigeon = Pigeon("loft", "ring")
        self.letterbox = Letterbox("hello@zephyr.example")
        settings = Settings(
            database_url=SecretStr(database_url), secret_key=SecretStr(SECRET), brand="Zéphyr", holdout_percent=0
        )
        found = self._platforms(mails) | {one.name: one for one in others}
        self.bot: Bot = assembly.put_together(settings, found, now=lambda: self.now)
        self._numbers = itertools.count(1)

    def _platforms(self, mails: bool) -> dict[str, Connector]:
        return {"pigeon": self.pigeon, **({"email": self.letterbox} if mails else {})}

    def close(self) -> None:
        self.bot.engine.dispose()

    def offer(self, **columns: Any) -> Offer:
        """An open offer for the word "promo", which needs nobody's approval."""
        plain: dict[str, Any] = {
            "id": self.bot.new_id(), "slug": "promo", "name": "Promo", "state": "open", "value": "-20 %",
            "keywords": ["promo"], "platforms": [], "accounts": [], "posts": [], "needs_approval": False,
            "texts": TEXTS, "created_at": self.now, "updated_at": self.now,
        }  # fmt: skip
        return shop.put(self.bot, plain | columns)

    def does(self, kind: Kind, text: str = "", who: str = "lea", **more: Any) -> Interaction:
        """Something is done, and its webhook kept."""
        number = next(self._numbers)
        words = {"author_name": who.title(), "subject": f"s{number}", "thread": "post-1"} | more
        one = Interaction(
            words.pop("platform", "pigeon"),
            words.pop("account", "loft"),
            more.pop("id", f"i{number}"),
            kind,
            self.now,
            who,
            text=text,
            **{k: v for k, v in words.items() if k != "id"},
        )
        self.deliver(one)
        return one

    def mail(self, kind: Kind, address: str = "lea@example.com", text: str = "", **more: Any) -> Interaction:
        """Something comes by mail."""
        number = next(self._numbers)
        one = Interaction("email", "hello@zephyr.example", f"e{number}", kind, self.now, address, text=text, **more)
        self.deliver(one)
        return one

    def comments(self, text: str, who: str = "lea", **more: Any) -> Interaction:
        return self.does(Kind.COMMENT, text, who, **more)

    def writes(self, text: str, who: str = "lea", **more: Any) -> Interaction:
        return self.does(Kind.MESSAGE, text, who, **more)

    def deliver(self, *interactions: Interaction) -> None:
        with self.bot.transaction() as session:
            inbox.keep(session.connection(), interactions, lanes.of, self.now)

    def hear(self, worker: str = "worker-1") -> int:
        return sum(iter(lambda: hearing.hear_some(self.bot, worker), 0))

    def send(self) -> int:
        with ThreadPoolExecutor(4) as threads:
            return sum(iter(lambda: sending.send_some(self.bot, threads), 0))

    def work(self) -> None:
        """Until nothing is left to do now."""
        while self.hear() + competing.compete(self.bot) + self.send():
            pass

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    def all(self, table: type[SQLModel]) -> Sequence[Any]:
        with self.bot.reading() as session:
            return session.exec(select(table)).all()

    def outcomes(self) -> list[tuple[str, str]]:
        with self.bot.reading() as session:
            rows = session.exec(select(Inbox).order_by(Inbox.id)).all()  # type: ignore[arg-type]
        return [(row.outcome, row.reason) for row in rows]

    def states(self) -> list[tuple[str, str]]:
        with self.bot.reading() as session:
            rows = session.exec(select(Outgoing).order_by(Outgoing.id)).all()  # type: ignore[arg-type]
        return [(row.state, row.reason) for row in rows]

    def said(self) -> list[str]:
        return [message.text for message in self.pigeon.sent]
