"""Days, counted in the database as `datetime.date` counts them: by the calendar of UTC, in whole numbers."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class day(FunctionElement[int]):
    """The number of a moment's day. Only the difference of two of them means anything."""

    type = sa.Integer()
    inherit_cache = True


@compiles(day, "postgresql")
def _by_its_calendar(element: Any, compiler: Any, **how: Any) -> str:
    return f"(CAST({_of(element, compiler, how)} AT TIME ZONE 'UTC' AS date) - DATE '2000-01-01')"


@compiles(day, "sqlite")
def _by_the_sun(element: Any, compiler: Any, **how: Any) -> str:
    return f"CAST(julianday(substr({_of(element, compiler, how)}, 1, 10)) AS INTEGER)"


def _of(element: Any, compiler: Any, how: Any) -> str:
    return str(compiler.process(next(iter(element.clauses)), **how))
