"""Scores have one meaning: what SQL sorts by is what Python shows, on both databases."""

from collections import Counter
from functools import partial
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from leads import deeds, release, score_queries, scoring
from leads.pipeline import Lead
from leads.score_queries import UNSCORED
from optin import people
from optin.people import Person
from tests.leads import crowd
from tests.leads.test_audience import session_of


def by_sql(session: Session) -> dict[UUID, int]:
    of_leads = score_queries.of_leads()
    return dict(map(tuple, session.execute(sa.select(of_leads))))


def by_python(session: Session, leads: dict[UUID, Person]) -> dict[UUID, int]:
    did = deeds.of(session, {one: person for person in leads.values() for one in person.fan_ids})
    return {
        lead_id: scoring.of(did[person.id].counts).points if may_be_scored(person) else UNSCORED
        for lead_id, person in leads.items()
    }


def may_be_scored(person: Person) -> bool:
    spoken_of = {line.channel for line in person.lines}
    return all(release.may_be_scored(partial(person.standing, one), spoken_of) for one in person.fan_ids)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_sql_sorts_by_the_points_that_python_shows(database_url: str, number: int) -> None:
    with session_of(database_url) as session:
        crowd.gathered(session, number)
        rows = session.exec(select(Lead)).all()
        everybody = people.load(session, [one.fan_id for one in rows])
        leads = {one.id: everybody[one.fan_id] for one in rows}

        sql, python = by_sql(session), by_python(session, leads)

        alone = {lead_id for lead_id, person in leads.items() if len(person.fan_ids) == 1}
        assert set(sql) == set(leads)
        assert {one: sql[one] for one in alone} == {one: python[one] for one in alone}
        assert len(Counter(python[one] for one in alone)) > 3


@pytest.mark.parametrize("number", [1, 2, 3])
def test_of_linked_people_who_objects_is_never_given_points(database_url: str, number: int) -> None:
    with session_of(database_url) as session:
        crowd.gathered(session, number)
        rows = session.exec(select(Lead)).all()
        everybody = people.load(session, [one.fan_id for one in rows])
        linked = {one.id: everybody[one.fan_id] for one in rows if len(everybody[one.fan_id].fan_ids) > 1}

        sql = by_sql(session)

        objectors = {lead_id for lead_id, person in linked.items() if not may_be_scored(person)}
        assert {sql[one] for one in objectors} == {UNSCORED}
