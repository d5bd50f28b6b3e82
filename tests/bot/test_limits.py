"""What platforms limit and charge, counted once for all workers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bot import database, pace, spending
from bot.database import Transaction
from connectors import Each, Limit, Way

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
HOURLY = Limit("replies", 20, timedelta(hours=1), frozenset({Way.PRIVATE}))
EACH = Limit("chat", 1, timedelta(seconds=1), frozenset({Way.DIRECT}), Each.RECIPIENT)


@pytest.fixture
def transaction(database_url: str) -> Iterator[Transaction]:
    engine = database.connect(database_url)
    yield database.transactions(engine)
    engine.dispose()


def may(transaction: Transaction, limit: Limit, now: datetime, to: str = "lea", way: Way = Way.PRIVATE) -> bool:
    with transaction() as session:
        paces = pace.hold(session, pace.keys("pigeon", "loft", to, way, (limit,)))
        waits = paces.wait("pigeon", "loft", to, way, (limit,), now)
        pace.write(session, paces)
    return not waits


def test_no_hour_ever_holds_more_than_the_limit(transaction: Transaction) -> None:
    went = [
        NOON + timedelta(minutes=m)
        for m in range(240)
        for _ in range(3)
        if may(transaction, HOURLY, NOON + timedelta(minutes=m))
    ]

    busiest = max(sum(start <= one < start + timedelta(hours=1) for one in went) for start in went)
    assert busiest == HOURLY.count


def test_racing_workers_share_one_limit(transaction: Transaction) -> None:
    with ThreadPoolExecutor(8) as workers:
        went = list(workers.map(lambda _: may(transaction, HOURLY, NOON), range(40)))

    assert sum(went) == HOURLY.count // 2  # half at once; the rest over the hour


def test_a_limit_for_each_chat_leaves_the_others_alone(transaction: Transaction) -> None:
    went = [may(transaction, EACH, NOON, to, Way.DIRECT) for to in ("lea", "lea", "max")]

    assert went == [True, False, True]


def test_a_limit_holds_for_its_own_ways_alone(transaction: Transaction) -> None:
    assert [may(transaction, HOURLY, NOON, way=Way.PUBLIC) for _ in range(50)] == [True] * 50


def test_a_months_money_is_never_passed_and_begins_anew(transaction: Transaction) -> None:
    def reserve(now: datetime) -> bool:
        with transaction() as session:
            return spending.reserve(session, "x", "1", Decimal("0.20"), Decimal("1.00"), now)

    november = [reserve(NOON) for _ in range(7)]
    december = reserve(NOON + timedelta(days=30))

    assert november == [True] * 5 + [False] * 2
    assert december is True


def test_what_was_not_taken_is_not_paid(transaction: Transaction) -> None:
    with transaction() as session:
        spending.reserve(session, "x", "1", Decimal("0.20"), Decimal("1.00"), NOON)
        spending.give_back(session, "x", "1", Decimal("0.20"), NOON)
        spending.spend(session, "x", "1", Decimal("0.001"), NOON)

    with transaction() as session:
        assert spending.spent(session, "x", "1", NOON) == Decimal("0.001")
