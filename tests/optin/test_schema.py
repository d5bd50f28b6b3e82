"""Many values in one parameter: found as they are, on both databases."""

from uuid import UUID

import pytest
import sqlalchemy as sa

from bot import database
from optin.schema import among

ODD = ["", " ", '"', "\\", '\\"', "a,b", "{a}", "NULL", "null", "'", "é😀", "\n", "a b", '{"a"}', "%s", "$1"]
KINDS = {
    "words": (sa.String(), ODD),
    "numbers": (sa.BigInteger(), [-1, 0, 2**62]),
    "ids": (sa.Uuid(), [UUID(int=1), UUID(int=2**127)]),
}


@pytest.mark.parametrize(("kind", "values"), KINDS.values(), ids=KINDS)
def test_each_value_is_found_as_it_is_and_no_other(
    database_url: str, kind: sa.types.TypeEngine[object], values: list[object]
) -> None:
    table = sa.Table("many", sa.MetaData(), sa.Column("value", kind))
    engine = database.connect(database_url)
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(sa.insert(table), [{"value": one} for one in values])
        named = sa.select(table.c.value).where(among(table.c.value, "values"))
        for some in ([], values, values[:1], values[1:]):
            given = connection.execute(named, {"values": some}).scalars().all()
            written = connection.execute(sa.select(table.c.value).where(among(table.c.value, some))).scalars().all()
            assert sorted(map(str, given)) == sorted(map(str, written)) == sorted(map(str, some))
    engine.dispose()
