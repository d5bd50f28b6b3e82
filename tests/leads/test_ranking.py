"""Leads stand in the order of their scores, whatever is kept of that order, on both databases."""

import random
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from bot import forgetting
from bot.managers import Manager
from bot.ranking import Ranking
from leads import deeds, pipeline, purchases, ranking, release, scoring
from leads.pipeline import Lead
from leads.purchases import Told
from leads.ranking import AT_SIGHT, UNSCORED, Place, Rank
from optin import consents, people
from optin.erasures import How
from tests.cast import NOW, Stage
from tests.leads import crowd
from tests.leads.crowd import Crowd
from tests.leads.test_audience import session_of
from tests.leads.test_truth import Writer

MOST = 7  # leads of a page


def truth(session: Session) -> dict[UUID, Place]:
    """Where each lead belongs, worked out for everybody."""
    rows = session.exec(select(Lead)).all()
    everybody = people.load(session, [one.fan_id for one in rows])
    did, found = deeds.of(session, everybody), {}
    for lead in rows:
        person = everybody[lead.fan_id]
        spoken_of = {line.channel for line in person.lines}
        scored = all(release.may_be_scored(partial(person.standing, one), spoken_of) for one in person.fan_ids)
        points = scoring.of(did[person.id].counts).points if scored else UNSCORED
        found[lead.fan_id] = Place(points, lead.revision)
    return found


def ordered(places: Mapping[UUID, Place]) -> list[tuple[UUID, Place]]:
    return sorted(places.items(), key=lambda one: one[1], reverse=True)


def page_after_page(session: Session) -> list[tuple[UUID, Place]]:
    seen: list[tuple[UUID, Place]] = []
    for _ in range(100):  # a page that leads nowhere would lead there for ever
        page = list(ranking.best(session, seen[-1][1] if seen else None, MOST).places.items())
        seen += page
        if len(page) < MOST:
            break
    return seen


def kept(session: Session) -> dict[UUID, Place]:
    return {row.fan_id: Place(row.points, row.revision) for row in session.exec(select(Rank))}


def gathered(session: Session, number: int, count: int) -> Crowd:
    crowded = crowd.gathered(session, number, count)
    session.execute(sa.text("UPDATE revision SET last = 100000"))
    return crowded


def live(crowded: Crowd, fan_id: UUID, order: int) -> None:
    """Something happens to this fan, as every door writes it down."""
    session = crowded.session
    if crowded.chance.random() < 0.5:
        crowded.speak(fan_id)
        pipeline.touch_all(session, people.one(session, fan_id).fan_ids, crowd.NOW)
    else:
        lead = session.exec(select(Lead).where(Lead.fan_id == fan_id)).one()
        told = Told("till", f"{order}", 990, "EUR", crowd.NOW, lead_id=lead.id)
        purchases.keep(session, crowded.new_id(), told, "key:till", crowd.NOW)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_page_after_page_the_order_is_the_one_worked_out_for_everybody(database_url: str, number: int) -> None:
    """Some have a place, some changed since they got it, and some never had one."""
    with session_of(database_url) as session:
        crowded = gathered(session, number, 240)
        ranking.keep(session, ranking.places(session, ranking.unplaced(session, 30)))
        for order, fan_id in enumerate(crowded.chance.sample(sorted(kept(session)), 12)):
            live(crowded, fan_id, order)

        shown = page_after_page(session)

        belongs = truth(session)
        assert shown == ordered(belongs)
        assert len([one for one, place in kept(session).items() if belongs[one] == place]) in range(12, 30)
        assert len(belongs) > 35
        assert len(Counter(place.points for place in belongs.values())) > 5
        assert any(place.points == UNSCORED for place in belongs.values())


def test_of_more_than_a_page_can_place_it_says_so_until_the_clock_was_there(stage: Stage) -> None:
    with stage.bot.transaction() as session:
        gathered(session, 1, 6 * AT_SIGHT)
    with stage.bot.reading() as session:
        before = ranking.best(session, None, MOST)

    Ranking(stage.bot)()

    with stage.bot.reading() as session:
        after = ranking.best(session, None, MOST)
        belongs = truth(session)
        assert kept(session) == belongs
    assert len(belongs) > AT_SIGHT
    assert (before.whole, len(before.places)) == (False, MOST)
    assert (after.whole, list(after.places.items())) == (True, ordered(belongs)[:MOST])


def test_a_deed_moves_a_lead_at_the_next_look_and_a_no_puts_him_last(stage: Stage) -> None:
    offer = stage.offer()
    lea, max_, noor = (stage.lead(offer, who) for who in ("lea", "max", "noor"))
    Ranking(stage.bot)()
    with stage.bot.reading() as session:
        before = ranking.best(session, None, MOST).places

    with stage.bot.transaction() as session:
        purchases.keep(session, UUID(int=1), Told("shop", "1", 990, "EUR", NOW, lead_id=lea.id), "key:till", NOW)
        no = consents.withdrawn(noor.fan_id, "*", "page", "p", NOW, NOW, purpose="profiling")
        consents.record(session, no)
        pipeline.touch(session, noor.fan_id, NOW)

    with stage.bot.reading() as session:
        shown = ranking.best(session, None, MOST)
    Ranking(stage.bot)()
    assert list(before) == [noor.fan_id, max_.fan_id, lea.fan_id]
    assert list(shown.places) == [lea.fan_id, max_.fan_id, noor.fan_id]
    with stage.bot.reading() as session:
        assert kept(session)[noor.fan_id].points == UNSCORED  # the points that he had are gone


def test_a_place_that_is_wrong_for_whatever_reason_is_put_right(stage: Stage) -> None:
    offer = stage.offer()
    for who in ("lea", "max", "noor"):
        stage.lead(offer, who)
    ranker = Ranking(stage.bot)
    ranker()
    with stage.bot.transaction() as session:
        session.execute(sa.update(Rank).values(points=99))

    for _ in range(2):  # having seen them all, it begins anew
        ranker()

    with stage.bot.reading() as session:
        assert kept(session) == truth(session)


def test_a_place_found_before_a_change_or_an_erasure_is_not_kept(stage: Stage) -> None:
    offer = stage.offer()
    lea, max_, noor = (stage.lead(offer, who) for who in ("lea", "max", "noor"))
    with stage.bot.reading() as session:
        found = ranking.places(session, ranking.unplaced(session, MOST))
    with stage.bot.transaction() as session:
        pipeline.touch(session, max_.fan_id, NOW)
    forgetting.forget(stage.bot, [lea.fan_id], How.FAN)

    with stage.bot.transaction() as session:
        ranking.keep(session, found)

    with stage.bot.reading() as session:
        assert set(found) == {lea.fan_id, max_.fan_id, noor.fan_id}
        assert kept(session) == {noor.fan_id: truth(session)[noor.fan_id]}
        assert set(ranking.unplaced(session, MOST)) == {max_.fan_id}


def test_nobody_changes_a_lead_between_the_look_at_his_revision_and_the_end_of_keeping_his_place(stage: Stage) -> None:
    """Else a place would be kept for what he was, above the mark past which the next look begins."""
    lea = stage.lead(stage.offer(), "lea")

    with ThreadPoolExecutor(1) as pool:
        with stage.bot.transaction() as keeping:
            ranking.keep(keeping, {})
            changed = pool.submit(_change, stage, lea.fan_id)
            with pytest.raises(TimeoutError):
                changed.result(timeout=0.5)
        changed.result()


def _change(stage: Stage, fan_id: UUID) -> None:
    with stage.bot.transaction() as session:
        pipeline.touch(session, fan_id, NOW)


@pytest.mark.parametrize("number", range(2))
def test_while_leads_change_the_clock_ends_with_the_truth(stage: Stage, number: int) -> None:
    """Two write and erase what they like, linking and unlinking, while places are given."""
    chance, written, ranker = random.Random(number), Event(), Ranking(stage.bot)
    manager = Manager(
        id=stage.bot.new_id(), email="c@brand.example", name="C", password_hash="", language="fr", created_at=NOW
    )
    with stage.bot.transaction() as session:
        session.add(manager)
    offers = (stage.offer(), stage.offer("hiver"))
    writers = [Writer(stage, f"w{n}", *offers, manager, random.Random(chance.random())) for n in range(2)]

    with ThreadPoolExecutor(3) as pool:
        ranked = pool.submit(_until, written, ranker)
        try:
            for done in [pool.submit(writer.write) for writer in writers]:
                done.result()
        finally:
            written.set()
        assert ranked.result() > 3
    ranker()

    with stage.bot.reading() as session:
        assert kept(session) == truth(session)
        assert len(Counter(place.points for place in kept(session).values())) > 3


def _until(written: Event, ranker: Ranking) -> int:
    times = 0
    while not written.is_set():
        ranker()
        times += 1
    return times
