"""Who is signed in: a manager, for as long as a working day, on this browser."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

from flask import session as cookie
from flask_login import LoginManager, current_user, login_user, logout_user

from bot import managers
from bot.managers import Manager
from webhooks.door import the_bot

LONGEST = timedelta(hours=12)

SESSION = {
    "SESSION_COOKIE_NAME": "panel",
    "SESSION_COOKIE_PATH": "/panel",  # the fans' pages set no cookie of ours
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "PERMANENT_SESSION_LIFETIME": LONGEST,
    "WTF_CSRF_TIME_LIMIT": None,  # as long as the session: a draft may be thought about for more than an hour
}

sign_ins = LoginManager()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A manager, as Flask-Login asks about him."""

    manager: Manager
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """His id, and a stamp that changes with his password: a new one ends his other sessions."""
        return f"{self.manager.id}:{self.manager.stamp}"


@sign_ins.user_loader  # type: ignore[untyped-decorator]
def remembered(name: str) -> SignedIn | None:
    """The manager whom the cookie names, unless he may no longer sign in or the day is over."""
    manager_id, _, stamp = name.partition(":")
    if _began() + LONGEST <= the_bot().now():
        return None
    with the_bot().reading() as session:
        manager = managers.by_id(session, UUID(manager_id))
    return SignedIn(manager) if manager and manager.stamp == stamp else None


def somebody() -> Manager | None:
    user = current_user
    return cast(SignedIn, user).manager if user and user.is_authenticated else None


def me() -> Manager:
    """The manager behind this request. There is one: the panel admits nobody else."""
    manager = somebody()
    assert manager is not None
    return manager


def let_in(manager: Manager) -> None:
    """Begin a session. What an earlier one held on this browser is dropped first."""
    cookie.clear()
    cookie.permanent = True
    cookie["began"] = the_bot().now().timestamp()
    login_user(SignedIn(manager))


def let_out() -> None:
    logout_user()
    cookie.clear()


def _began() -> datetime:
    return datetime.fromtimestamp(cookie.get("began", 0), UTC)
