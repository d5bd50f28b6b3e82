"""Conditions have one meaning: whom SQL counts are the people of whom they hold, on both databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from sqlmodel import Session, select

from bot import database
from leads import audience, fan_facts
from offers.conditions import Condition, FanFacts, Not, Tree, Yes, evaluate, rows
from optin.fans import Fan
from optin.standing import Act
from tests.leads import crowd
from tests.leads.crowd import NOW
from tests.offers.trees import ROWS, TREES


@contextmanager
def session_of(url: str) -> Iterator[Session]:
    engine = database.connect(url)
    with database.transactions(engine)() as session:
        yield session
    engine.dispose()


def facts_of_all(session: Session) -> dict[UUID, FanFacts]:
    return fan_facts.load(session, session.exec(select(Fan.person_id).distinct()).all(), NOW)


def both_ways(session: Session, tree: Tree, facts: dict[UUID, FanFacts]) -> tuple[list[UUID], list[UUID]]:
    """By SQL, and one by one."""
    return sorted(audience.members(session, tree, NOW)), sorted(one for one in facts if evaluate(tree, facts[one]))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", [1, 2])
def test_sql_and_python_mean_the_same(database_url: str, number: int) -> None:
    with session_of(database_url) as session:
        crowd.gathered(session, number)
        facts = facts_of_all(session)

        @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
        @given(TREES)
        def same(tree: Tree) -> None:
            by_sql, by_python = both_ways(session, tree, facts)
            assert by_sql == by_python
            assert audience.count(session, tree, NOW) == len(by_python)
            assert set(by_python) <= set(session.scalars(audience.matching(tree, NOW)))
            if not any(isinstance(row.value, Yes) for row in rows(tree)):
                assert sorted(session.scalars(audience.matching(tree, NOW))) == by_python

        same()


@pytest.mark.timeout(300)
def test_each_row_and_its_contrary_share_out_all_people(database_url: str) -> None:
    with session_of(database_url) as session:
        crowd.gathered(session, 3)
        everybody = sorted(facts_of_all(session))

        @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
        @given(ROWS)
        def shared_out(row: Condition) -> None:
            theirs, others = (list(audience.members(session, tree, NOW)) for tree in (row, Not(row)))
            assert sorted(theirs + others) == everybody

        shared_out()


def test_the_invented_crowd_has_people_of_each_sort(database_url: str) -> None:
    """Otherwise the promise above would be kept by nobody."""
    with session_of(database_url) as session:
        crowd.gathered(session, 1)
        facts = facts_of_all(session).values()
        linked = session.exec(select(Fan).where(Fan.id != Fan.person_id)).all()

    assert len(linked) > 8
    for name in ("posts", "held", "claimed", "first_met", "comments", "messages", "is_lead", "granted"):
        assert 5 < sum(1 for each in facts if getattr(each, name)) < len(facts), name


# Two fans each: what they said, and at which hour they were linked.
GRANTED, WITHDRAWN, ASKED = Act.GRANTED, Act.WITHDRAWN, Act.ASKED
