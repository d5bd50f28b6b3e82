"""The doors of the web process, where many press at once."""

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from webhooks.door import TURNS, in_a_crowd


def undone_by(error: Exception, times: int) -> list[str]:
    """A door whose transaction the database undoes so many times."""
    pressed: list[str] = []

    @in_a_crowd
    def door() -> str:
        pressed.append("pressed")
        if len(pressed) <= times:
            raise OperationalError("", {}, error)
        return "given"

    pressed.append(door())
    return pressed


def test_whom_the_database_undid_in_a_deadlock_begins_again() -> None:
    assert undone_by(psycopg.errors.DeadlockDetected(), TURNS - 1) == ["pressed"] * TURNS + ["given"]


def test_but_not_for_ever_and_after_no_other_error() -> None:
    for error, times in ((psycopg.errors.DeadlockDetected(), TURNS), (psycopg.errors.AdminShutdown(), 1)):
        with pytest.raises(OperationalError):
            undone_by(error, times)
