"""What every door of the web process shares: the bot behind it, and the guard against forged forms."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

import psycopg
from flask import current_app
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.exc import OperationalError

from bot.assembly import Bot

# Guards every form of the app; `webhooks/app.py` names the few blueprints that have another guard.
csrf = CSRFProtect()


def the_bot() -> Bot:
    return cast(Bot, current_app.extensions["fanfare"])


TURNS = 3
P = ParamSpec("P")
R = TypeVar("R")


def in_a_crowd(view: Callable[P, R]) -> Callable[P, R]:
    """For a door where many press at once: where two wait for each other, PostgreSQL undoes one, who begins again."""

    @wraps(view)
    def again(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(TURNS - 1):
            try:
                return view(*args, **kwargs)
            except OperationalError as error:
                if not isinstance(error.orig, psycopg.errors.DeadlockDetected):
                    raise
        return view(*args, **kwargs)

    return again
