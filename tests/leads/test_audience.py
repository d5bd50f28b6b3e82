"""Conditions have one meaning: whom SQL counts are the people of whom they hold, on both databases."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any as Anything
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from sqlmodel import Session, select

from bot import database
from leads import audience, fan_facts
from leads.pipeline import Lead
from offers.conditions import EVERYBODY, FIELDS, All, Any, Condition, FanFacts, Not, Operator, Tree, Yes, evaluate
from offers.stages import Stage
from optin import consents, links
from optin.consents import Consent
from optin.fans import Fan
from optin.links import Proof
from tests.leads import crowd
from tests.leads.crowd import NOW
from tests.offers.trees import ROWS, TREES

DAY_0 = datetime(2026, 11, 1, tzinfo=UTC)
FANS = [UUID(int=1), UUID(int=2)]
SAID_YES = Condition("consent", Operator.GRANTED, Yes("email", "offers"))


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
            if not audience.rests_on_consent(tree):
                assert sorted(session.scalars(audience.matching(tree, NOW))) == by_python

        same()


@pytest.mark.timeout(300)
def test_each_row_and_its_contrary_share_out_all_people_but_who_must_not_be_profiled(database_url: str) -> None:
    with session_of(database_url) as session:
        crowd.gathered(session, 3)
        facts = facts_of_all(session)
        asked = {False: sorted(facts), True: sorted(one for one in facts if not facts[one].objects_to_profiling)}

        @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
        @given(ROWS)
        def shared_out(row: Condition) -> None:
            theirs, others = (list(audience.members(session, tree, NOW)) for tree in (row, Not(row)))
            assert sorted(theirs + others) == asked[FIELDS[row.field].profile]

        shared_out()


def test_the_invented_crowd_has_people_of_each_sort(database_url: str) -> None:
    """Otherwise the promise above would be kept by nobody."""
    with session_of(database_url) as session:
        crowd.gathered(session, 1)
        facts = facts_of_all(session).values()
        linked = session.exec(select(Fan).where(Fan.id != Fan.person_id)).all()

    assert len(linked) > 8
    for name in (
        "posts",
        "held",
        "claimed",
        "first_met",
        "comments",
        "messages",
        "is_lead",
        "is_customer",
        "objects_to_profiling",
        "likes",
        "propensity",
        "ambassador",
        "granted",
        "purchases",
        "spent",
    ):
        assert 5 < sum(1 for each in facts if getattr(each, name)) < len(facts), name
    assert len({each.likes for each in facts}) > 2
    assert len({each.propensity for each in facts}) > 4
    at = Counter(stage for each in facts for stage in each.stage)
    assert {stage for stage in Stage if at[stage] > 1} == set(Stage)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", range(5, 9))
def test_each_person_is_at_one_stage_and_at_the_same_by_sql(database_url: str, number: int) -> None:
    """With the word of each on every channel and purpose, so that each way to a stage is gone."""
    with session_of(database_url) as session:
        crowd.gathered(session, number, 80)
        facts = facts_of_all(session)

        for stage in Stage:
            row = Condition("stage", Operator.ANY_OF, (stage.value,))
            by_sql, by_python = both_ways(session, row, facts)
            assert by_sql == by_python == sorted(one for one in facts if facts[one].stage == {stage.value})


def words(*said: tuple[int, str, int], channel: str = "email") -> list[dict[str, Anything]]:
    """Of the first or second fan, on this day."""
    blank = dict.fromkeys(("wording", "wording_hash", "how", "evidence"), "")
    about = {"channel": channel, "purpose": "offers", "recorded_at": NOW}
    return [
        {**blank, **about, "fan_id": FANS[who], "act": act, "given_at": DAY_0 + timedelta(days=day)}
        for who, act, day in said
    ]


@pytest.mark.parametrize(
    ("lines", "linked_on", "expected"),
    [
        ([], None, []),
        (words((0, "granted", 1)), None, [FANS[0]]),
        (words((0, "asked", 1)), None, []),
        (words((0, "withdrawn", 2), (0, "granted", 1)), None, []),  # a yes that was said before and arrives after
        (words((0, "granted", 1), (0, "withdrawn", 1)), None, []),
        (words((0, "withdrawn", 1), (0, "granted", 1)), None, []),
        (words((0, "granted", 1), channel="*"), None, [FANS[0]]),
        (words((0, "granted", 1), channel="telegram"), None, []),
        (words((0, "granted", 1), (1, "granted", 1)), None, FANS),
        (words((0, "granted", 1), (1, "granted", 1)), 2, [FANS[0]]),  # one person counts once
        (words((1, "granted", 1)), 2, [FANS[0]]),  # by the yes of one of his fans
        (words((0, "granted", 1), (1, "withdrawn", 1)), 2, []),  # at a link the stricter word holds for both
        (words((0, "granted", 1), (1, "withdrawn", 1), (0, "granted", 3)), 2, [FANS[0]]),
        (words((0, "granted", 1), (1, "granted", 3), (0, "withdrawn", 4)), 2, []),
    ],
)
def test_consent_is_counted_as_it_stands(
    database_url: str, lines: list[dict[str, Anything]], linked_on: int | None, expected: list[UUID]
) -> None:
    with session_of(database_url) as session:
        for fan_id in FANS:
            session.add(Fan(id=fan_id, person_id=fan_id, language="fr", created_at=NOW))
        session.flush()
        consents.journal(session, lines)
        if linked_on is not None:
            links.link(session, FANS[0], FANS[1], Proof.EMAIL, "", DAY_0 + timedelta(days=linked_on))
        facts = facts_of_all(session)

        assert both_ways(session, SAID_YES, facts) == (expected, expected)
        assert audience.count(session, Not(SAID_YES), NOW) == len(facts) - len(expected)


def test_who_was_never_heard_is_neither_heard_lately_nor_long_ago(database_url: str) -> None:
    lately, long_ago, never = (
        Condition("last_heard", operator, value)
        for operator, value in ((Operator.WITHIN, 10), (Operator.LONGER_AGO, 10), (Operator.NEVER, None))
    )
    neither = Not(Any((lately, long_ago)))
    with session_of(database_url) as session:
        session.add(Fan(id=FANS[0], person_id=FANS[0], language="fr", created_at=NOW))
        session.flush()

        counts = [audience.count(session, tree, NOW) for tree in (lately, long_ago, never, neither)]

    assert counts == [0, 0, 1, 1]


def test_everybody_is_everybody_and_one_of_nothing_is_nobody(database_url: str) -> None:
    trees = (EVERYBODY, Any(), Not(Any()), All((Any(), EVERYBODY)))
    with session_of(database_url) as session:
        people = len(facts_of_all(crowd.gathered(session, 4, 20).session))

        counts = [audience.count(session, tree, NOW) for tree in trees]

    assert counts == [people, 0, people, 0]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words((0, "granted", 1)), Stage.QUALIFIED),
        (words((0, "granted", 1), (0, "withdrawn", 1)), Stage.IDENTIFIED),  # of one instant: the no holds
        (words((0, "withdrawn", 1), (0, "granted", 1)), Stage.IDENTIFIED),
        (words((0, "withdrawn", 1), (0, "granted", 2)), Stage.QUALIFIED),
        (words((0, "granted", 1), (0, "withdrawn", 2)), Stage.IDENTIFIED),
        (words((0, "granted", 1)) + words((0, "withdrawn", 2), channel="*"), Stage.IDENTIFIED),
        (words((0, "granted", 1), channel="*") + words((0, "withdrawn", 2)), Stage.IDENTIFIED),
        (words((0, "granted", 1), channel="*"), Stage.QUALIFIED),
        (words((0, "granted", 1)) + words((0, "withdrawn", 2), channel="telegram"), Stage.QUALIFIED),
        (words((0, "asked", 1)), Stage.IDENTIFIED),
        (words((0, "granted", 1), channel="telegram"), Stage.IDENTIFIED),
    ],
)
def test_a_lead_qualifies_while_a_yes_holds_at_his_address(
    database_url: str, said: list[dict[str, Anything]], expected: Stage
) -> None:
    with session_of(database_url) as session:
        session.add(Fan(id=FANS[0], person_id=FANS[0], language="fr", created_at=NOW))
        session.flush()
        consents.journal(session, said)
        proof = session.exec(select(Consent.id).limit(1)).one()
        facts: dict[str, Anything] = {"language": "fr", "platform": "x", "account": "a", "revision": 1}
        dates: dict[str, Anything] = dict.fromkeys(("first_touch_at", "created_at", "updated_at"), NOW)
        session.add(Lead(id=FANS[0], fan_id=FANS[0], consent_id=proof, email="a@b.example", **facts, **dates))
        session.flush()

        row = Condition("stage", Operator.ANY_OF, (expected.value,))
        assert both_ways(session, row, facts_of_all(session)) == ([FANS[0]], [FANS[0]])
