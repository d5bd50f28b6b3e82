"""The managers' office: Claire and Noor, who sign in to the panel, and what waits there for them."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlmodel import SQLModel, select
from werkzeug.test import TestResponse

from bot import assembly, inbox, lanes
from bot.assembly import Bot
from bot.inbox import Inbox
from bot.managers import Manager
from bot.outbox import Outgoing
from bot.settings import Settings
from connectors import Connector, Interaction, Kind, Way
from offers.catalog import Offer
from optin.fans import Fan, Profile
from optin.history import Touchpoint
from tests import shop
from tests.pigeon import Pigeon
from webhooks.app import create_app
from webhooks.panel.who import SignedIn

MORNING = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SECRET = "not-so-hidden-in-the-tests-0123456789abcdef"
PASSWORD = "a tea pot full of keys"
TEXTS = {
    "fr": {"title": "20 % pour vous", "pitch": "Vos 20 % sont prêts.", "terms": "Une fois."},
    "en": {"title": "20% for you", "pitch": "Your 20% is ready.", "terms": "Once."},
}
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@cache
def kept(password: str) -> str:
    """A password as it is kept. Hashing is slow on purpose, so the tests do it once."""
    return PasswordHasher().hash(password)


class Desk:
    """A manager's browser: it sends a form as a browser does, with the token of the page on which it stood."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self._token = ""

    def get(self, path: str, **more: Any) -> TestResponse:
        answer = self.client.get(path, **more)
        self._remember(answer)
        return answer

    def post(self, path: str, form: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        answer = self.client.post(path, data={"csrf_token": self._token} | (form or {}), **more)
        self._remember(answer)
        return answer

    def follow(self, path: str, form: dict[str, Any] | None = None) -> TestResponse:
        """Press a button, and land where it leads."""
        return self.post(path, form, follow_redirects=True)

    def sign_in(self, email: str, password: str = PASSWORD, path: str = "/panel/sign-in?lang=en") -> TestResponse:
        self.get(path)
        return self.post(path, {"email": email, "password": password})

    def _remember(self, answer: TestResponse) -> None:
        found = TOKEN.search(answer.text)
        self._token = found[1] if found else self._token


class Office:
    """`now` is set by hand. Claire reads French, Noor English; tests read the panel in English."""

    def __init__(self, database_url: str, *others: Connector) -> None:
        self.now = MORNING
        self.pigeon = Pigeon("loft", "ring")
        settings = Settings(
            database_url=SecretStr(database_url), secret_key=SecretStr(SECRET), brand="Zéphyr", holdout_percent=0
        )
        self.bot: Bot = assembly.put_together(
            settings, {"pigeon": self.pigeon} | {one.name: one for one in others}, now=lambda: self.now
        )
        self.app = create_app(self.bot)
        self.claire = self._hire("claire@example.com", "Claire", "fr")
        self.noor = self._hire("noor@example.com", "Noor", "en")

    def _hire(self, email: str, name: str, language: str) -> Manager:
        manager = Manager(
            id=self.bot.new_id(), email=email, name=name, password_hash=kept(PASSWORD), language=language,
            created_at=self.now,
        )  # fmt: skip
        with self.bot.transaction() as session:
            session.add(manager)
        return manager

    def browser(self) -> Desk:
        return Desk(self.app.test_client())

    def desk(self, manager: Manager | None = None, language: str = "en") -> Desk:
        """A browser in which this manager, else Claire, has signed in already: the password is slow to check."""
        desk = self.browser()
        with desk.client.session_transaction("/panel/") as cookie:
            cookie.update(_user_id=SignedIn(manager or self.claire).get_id(), began=self.now.timestamp())
        assert desk.get(f"/panel/?lang={language}").status_code == 200
        return desk

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    def hears(self, text: str, handle: str = "lea", name: str = "Léa", kind: Kind = Kind.COMMENT, **more: Any) -> Inbox:
        """A fan does something, and it is heard."""
        number = self.count(Inbox) + 1
        one = Interaction(
            "pigeon", "loft", f"i{number}", kind, self.now, handle,
            author_name=name, text=text, subject=f"s{number}", thread="post-1", **more,
        )  # fmt: skip
        with self.bot.transaction() as session:
            inbox.keep(session.connection(), [one], lanes.of, self.now)
            row = session.exec(select(Inbox).where(Inbox.key == one.id)).one()
            inbox.mark_heard(session, [(row.id, "drafted", "complaint")], self.now)
            profile = self._recognize(session, one)
            session.add(_touchpoint(profile, one, row.id))
        return row

    def _recognize(self, session: Any, one: Interaction) -> Profile:
        known = session.exec(select(Profile).where(Profile.handle == one.author)).first()
        fan_id = known.fan_id if known else self.bot.new_id()
        if known is None:
            session.add(Fan(id=fan_id, person_id=fan_id, language="fr", created_at=self.now))
            session.flush()
        profile = known or Profile(
            id=self.bot.new_id(), fan_id=fan_id, platform="pigeon", account="loft", handle=one.author,
            name=one.author_name, first_heard_at=self.now, last_heard_at=self.now,
        )  # fmt: skip
        if one.kind is Kind.MESSAGE:
            profile.window_opened_at = self.now
        session.add(profile)
        session.flush()
        return profile

    def draft(self, text: str, asked: str = "Où est mon thé ?", way: Way = Way.PRIVATE, **different: Any) -> UUID:
        """The bot proposes `text` to a fan who wrote `asked`."""
        who = {name: different.pop(name) for name in ("handle", "name", "kind") if name in different}
        row = self.hears(asked, **who)
        with self.bot.transaction() as session:
            profile = session.exec(select(Profile).where(Profile.handle == row.author)).one()
            columns: dict[str, Any] = {
                "id": self.bot.new_id(), "once": f"{row.id}:auto", "platform": "pigeon", "account": "loft",
                "way": way.value, "recipient": f"s{row.id}", "handle": row.author, "lane": row.lane,
                "answers": f"s{row.id}", "fan_id": profile.fan_id, "profile_id": profile.id, "inbox_id": row.id,
                "purpose": "answer", "language": "fr", "text": text, "buttons": [], "state": "draft",
                "reason": "complaint", "why": "public_reply" if way is Way.PUBLIC else "window_open",
                "due_at": self.now, "created_at": self.now,
                "valid_until": self.now + timedelta(days=7),
            }  # fmt: skip
            message = Outgoing(**(columns | different))
            session.add(message)
        return message.id

    def offer(self, **different: Any) -> Offer:
        columns: dict[str, Any] = {
            "id": self.bot.new_id(), "slug": "promo", "name": "Promo", "state": "open", "value": "-20 %",
            "keywords": ["promo"], "platforms": [], "accounts": [], "posts": [], "texts": TEXTS,
            "created_at": self.now, "updated_at": self.now,
        }  # fmt: skip
        return shop.put(self.bot, columns | different)

    def message(self, message_id: UUID) -> Outgoing:
        with self.bot.reading() as session:
            return session.get_one(Outgoing, message_id)

    def all(self, table: type[SQLModel]) -> Sequence[Any]:
        with self.bot.reading() as session:
            return session.exec(select(table)).all()

    def count(self, table: type[SQLModel]) -> int:
        return len(self.all(table))

    def count_of(self, table: type[Any], message_id: UUID) -> int:
        return sum(row.message_id == message_id for row in self.all(table))


def _touchpoint(profile: Profile, one: Interaction, row: int) -> Touchpoint:
    return Touchpoint(
        fan_id=profile.fan_id, profile_id=profile.id, at=one.at, said_by="fan", kind=one.kind.value,
        text=one.text, thread=one.thread, subject=one.subject, inbox_id=row,
    )  # fmt: skip


@contextmanager
def office(database_url: str) -> Iterator[Office]:
    one = Office(database_url)
    try:
        yield one
    finally:
        one.bot.engine.dispose()
