"""What the CRM may count on when it reads the leads."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from threading import Event, get_ident
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import select

from bot import forgetting, noting
from bot.managers import Manager
from leads import details, feed, pipeline, purchases, redemptions
from leads.feed import BadCursor, Page
from leads.records import LeadRecord, Record
from leads.redemptions import Redeemed, Redemption
from offers.claims import Claim
from offers.questions import Question
from optin import consents, links, people
from optin.addresses import hash_of
from optin.erasures import How
from optin.links import Proof
from tests import cast
from tests.cast import NOW, Stage


@pytest.fixture
def claire(stage: Stage) -> Manager:
    claire = Manager(
        id=stage.bot.new_id(), email="c@brand.example", name="Claire", password_hash="", language="fr", created_at=NOW
    )
    with stage.bot.transaction() as session:
        session.add(claire)
    return claire


def page(stage: Stage, limit: int = 50, cursor: str = "", **more: Any) -> Page:
    with stage.bot.reading() as session:
        return feed.page(session, limit, cursor, **more)


def emails(leads: tuple[Record, ...]) -> list[str | None]:
    return [lead.email for lead in leads if isinstance(lead, LeadRecord)]


def only(stage: Stage) -> LeadRecord:
    (record,) = page(stage).leads
    assert isinstance(record, LeadRecord)
    return record


def touch(stage: Stage, fan: UUID) -> None:
    with stage.bot.transaction() as session:
        pipeline.touch(session, fan, stage.clock())


def test_pages_follow_each_other_without_a_gap(stage: Stage) -> None:
    offer = stage.offer()
    for handle in "abcde":
        stage.lead(offer, handle)

    first = page(stage, 2)
    second = page(stage, 2, first.next_cursor)
    third = page(stage, 2, second.next_cursor)

    assert [emails(each.leads) for each in (first, second, third)] == [
        ["a@example.com", "b@example.com"],
        ["c@example.com", "d@example.com"],
        ["e@example.com"],
    ]
    assert [each.has_more for each in (first, second, third)] == [True, True, False]


def test_a_full_last_page_says_that_it_is_the_last(stage: Stage) -> None:
    offer = stage.offer()
    for handle in "ab":
        stage.lead(offer, handle)

    assert page(stage, 2).has_more is False


def test_the_last_cursor_finds_what_comes_later(stage: Stage) -> None:
    offer = stage.offer()
    empty = page(stage)
    stage.lead(offer, "a")
    seen = page(stage, cursor=empty.next_cursor)
    nothing = page(stage, cursor=seen.next_cursor)
    stage.lead(offer, "b")
    later = page(stage, cursor=nothing.next_cursor)

    assert [emails(each.leads) for each in (empty, seen, nothing, later)] == [
        [],
        ["a@example.com"],
        [],
        ["b@example.com"],
    ]


def test_who_changes_comes_once_more_at_the_end(stage: Stage) -> None:
    offer = stage.offer()
    first = stage.lead(offer, "a")
    stage.lead(offer, "b")
    start = page(stage, 1)

    touch(stage, first.fan_id)

    assert emails(page(stage, cursor=start.next_cursor).leads) == ["b@example.com", "a@example.com"]


def test_updated_since_leaves_out_the_older(stage: Stage) -> None:
    offer = stage.offer()
    stage.lead(offer, "a")
    stage.clock.now = NOW + timedelta(hours=1)
    stage.lead(offer, "b")

    assert emails(page(stage, updated_since=NOW + timedelta(hours=1)).leads) == ["b@example.com"]


def test_updated_since_loses_nobody_whose_time_is_out_of_turn(stage: Stage) -> None:
    """A process whose clock is ahead writes a later time under an earlier revision."""
    offer, hour = stage.offer(), timedelta(hours=1)
    for handle, at in (("a", NOW), ("b", NOW + 2 * hour), ("c", NOW + hour), ("d", NOW + 2 * hour)):
        stage.clock.now = at
        stage.lead(offer, handle)

    walked = [emails(page(stage, updated_since=NOW + 2 * hour).leads)]
    walked.append(emails(page(stage, 1, updated_since=NOW + 2 * hour).leads))
    walked.append(emails(page(stage, updated_since=NOW + hour).leads))

    assert walked == [
        ["b@example.com", "d@example.com"],
        ["b@example.com"],
        ["b@example.com", "c@example.com", "d@example.com"],
    ]


def test_updated_since_tells_of_the_erased_and_ends_where_nothing_is_new(stage: Stage) -> None:
    offer = stage.offer()
    leads = [stage.lead(offer, handle) for handle in "abc"]
    stage.clock.now = NOW + timedelta(hours=1)
    forgetting.forget(stage.bot, [leads[0].fan_id], How.FAN)
    since = NOW + timedelta(hours=1)

    gone = page(stage, updated_since=since)
    nothing = page(stage, updated_since=NOW + timedelta(hours=2))
    touch(stage, leads[1].fan_id)
    later = page(stage, cursor=gone.next_cursor, updated_since=since)
    tomorrow = page(stage, cursor=nothing.next_cursor)

    assert [(one.id, one.status) for one in gone.leads] == [(leads[0].id, "erased")]
    assert (nothing.leads, nothing.has_more) == ((), False)
    assert [one.id for one in later.leads] == [one.id for one in tomorrow.leads] == [leads[1].id]


@pytest.mark.parametrize("since", [None, NOW, NOW + timedelta(hours=1)])
def test_no_page_reads_a_whole_table(sqlite_url: str, since: datetime | None) -> None:
    """A table without an index for the question costs a second at a million leads."""
    asked: list[tuple[str, Any]] = []
    with cast.stage(sqlite_url) as stage:
        offer = stage.offer()
        stage.lead(offer, "a")
        stage.clock.now = NOW + timedelta(hours=1)
        stage.lead(offer, "b")
        sa.event.listen(stage.bot.engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
        assert page(stage, updated_since=since).leads
        questions = [one for one in asked if one[0].startswith("SELECT")]
        with stage.bot.engine.connect() as connection:
            plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", given) for words, given in questions]
            steps = [str(step.detail) for plan in plans for step in plan]

    assert len(questions) >= 12
    assert [step for step in steps if step.startswith("SCAN") and "json_each" not in step and "anon" not in step] == []


@pytest.mark.parametrize(
    "cursor", ["x", "AAAAAAAAAAB", "_____-_____", "gAAAAAAAAAA", "AAAAAAAAAAA=", "AAAAAAAAAAA\n", "é"]
)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        feed.position(cursor)


def test_a_cursor_is_read_as_it_was_written() -> None:
    revisions = [0, 1, 63, 64, 2**31, 2**63 - 1]

    assert [feed.position(feed.cursor_at(revision)) for revision in revisions] == revisions


def test_a_lead_says_where_it_comes_from_and_what_it_allows(stage: Stage) -> None:
    lead = stage.lead(stage.offer(), "alice")

    (record,) = page(stage).leads

    shown = record.model_dump(mode="json")
    code = shown.pop("code")
    assert (shown.pop("stage"), shown.pop("score"), shown.pop("score_parts")) == ("qualified", None, [])
    (consent,) = shown.pop("consent")
    assert shown == {
        "id": str(lead.id),
        "email": "alice@example.com",
        "phone": None,
        "name": "Alice",
        "first_name": None,
        "last_name": None,
        "birthday": None,
        "postcode": None,
        "language": "fr",
        "status": "active",
        "created_at": "2026-06-01T10:00:00Z",
        "updated_at": "2026-06-01T10:00:00Z",
        "source": {
            "platform": "facebook",
            "account": "page-1",
            "post": "post-1",
            "offer": "ete",
            "offer_name": "Été",
            "first_touch_at": "2026-06-01T10:00:00Z",
            "first_touch": None,
            "last_touch": None,
        },
    }
    assert code["claimed_at"] == "2026-06-01T10:00:00Z"
    assert code["code"].startswith("ZEPH-")
    assert len(consent.pop("wording_hash")) == 64
    assert consent == {
        "channel": "email",
        "purpose": "offers",
        "granted": True,
        "wording": "offers_email.1.fr",
        "given_at": "2026-06-01T10:00:00Z",
        "how": "claim_page",
    }


def says(stage: Stage, fan: UUID, *acts: tuple[str, str, str]) -> None:
    """Words of his, an hour after the last ones, each on a channel and for a purpose."""
    now = stage.clock.now = stage.clock() + timedelta(hours=1)
    with stage.bot.transaction() as session:
        for act, channel, purpose in acts:
            line = consents.withdrawn(fan, channel, "chat", f"m-{now}", now, now, purpose=purpose)
            consents.record(session, line | {"act": act})
        pipeline.touch(session, fan, now)


YES, NO = "granted", "withdrawn"


@pytest.mark.parametrize(
    ("said", "stage_told", "score"),
    [
        ((), "qualified", None),
        (((YES, "*", "crm:profile"),), "qualified", 10),
        (((YES, "*", "crm:profile"), (NO, "*", "crm:profile")), None, None),
        (((NO, "*", "crm:profile"),), None, None),
        (((YES, "*", "crm:profile"), (NO, "*", "profiling")), "qualified", None),
        (((NO, "*", "profiling"), (YES, "*", "crm:profile")), "qualified", 10),
        (((YES, "*", "crm:profile"), (NO, "*", "*"), (YES, "email", "offers")), "qualified", None),
        (((YES, "*", "crm:profile"), (NO, "email", "*"), (YES, "telegram", "offers")), "identified", 10),
        (((YES, "*", "profiling"),), "qualified", None),
    ],
)
def test_the_score_goes_with_a_yes_to_that_alone_and_the_stage_unless_he_says_no(
    stage: Stage, said: tuple[tuple[str, str, str], ...], stage_told: str | None, score: int | None
) -> None:
    lead = stage.lead(stage.offer(), "alice")
    for word in said:
        says(stage, lead.fan_id, word)

    record = only(stage)

    assert (record.stage, record.score) == (stage_told, score)
    assert sum(part.points for part in record.score_parts) == (score or 0)


def test_what_a_fan_does_brings_his_lead_once_more(stage: Stage) -> None:
    lead = stage.lead(stage.offer(), "alice")
    says(stage, lead.fan_id, (YES, "*", "crm:profile"))
    seen, told = page(stage), []

    def pull() -> None:
        nonlocal seen
        seen = page(stage, cursor=seen.next_cursor)
        told.append([(one.stage, one.score) for one in seen.leads if isinstance(one, LeadRecord)])

    with stage.bot.transaction() as session:
        code = str(session.exec(select(Claim.code)).one())
        taken = redemptions.redeem(session, stage.bot.new_id(), code, "key:till", NOW)
    pull()
    with stage.bot.transaction() as session:
        assert isinstance(taken, Redeemed)
        redemptions.undo(session, session.get_one(Redemption, taken.redemption.id), NOW)
    pull()
    order = purchases.Told("shop", "1", 1990, "EUR", NOW, email_hash=hash_of("alice@example.com"))
    for _ in range(2):
        with stage.bot.transaction() as session:
            purchases.keep(session, stage.bot.new_id(), order, "key:till", NOW)
        pull()

    assert told == [[("qualified", 20)], [("qualified", 10)], [("customer", 20)], []]


@pytest.mark.parametrize(
    ("said", "status", "email", "phone", "name"),
    [
        ((), "active", "alice@example.com", None, "Alice"),
        (((NO, "*", "*"),), "withdrawn", None, None, None),
        (((NO, "email", "offers"),), "withdrawn", None, None, None),
        (((NO, "email", "newsletter"),), "active", "alice@example.com", None, "Alice"),
        (((NO, "email", "offers"), (YES, "telegram", "offers")), "active", None, None, "Alice"),
        (((YES, "whatsapp", "offers"),), "active", "alice@example.com", "+33612345678", "Alice"),
        (((NO, "*", "*"), (YES, "email", "newsletter")), "active", "alice@example.com", None, "Alice"),
        (((NO, "email", "offers"), (YES, "*", "crm:contact")), "active", "alice@example.com", "+33612345678", "Alice"),
        (((NO, "*", "crm:contact"),), "active", None, None, None),
        (((NO, "email", "profiling"),), "active", "alice@example.com", None, "Alice"),
        (((NO, "*", "service"),), "active", "alice@example.com", None, "Alice"),
    ],
)
def test_each_field_goes_out_where_a_consent_covers_it(
    stage: Stage, said: tuple[tuple[str, str, str], ...], status: str, email: str | None, phone: str | None,
    name: str | None,
) -> None:  # fmt: skip
    lead = stage.lead(stage.offer(), "alice")
    with stage.bot.transaction() as session:
        details.tell(session, lead.fan_id, Question.PHONE, "+33612345678", NOW, None)
    for word in said:
        says(stage, lead.fan_id, word)

    (record,) = page(stage).leads

    told = record.model_dump()
    assert (record.status, told.get("email"), told.get("phone"), told.get("name")) == (status, email, phone, name)


def test_who_takes_everything_back_comes_once_more_with_nothing_but_that(stage: Stage) -> None:
    lead = stage.lead(stage.offer(), "alice")
    seen = page(stage)

    says(stage, lead.fan_id, (NO, "*", "*"))
    after = page(stage, cursor=seen.next_cursor)
    says(stage, lead.fan_id, (YES, "email", "offers"))
    again = page(stage, cursor=after.next_cursor)

    assert [one.model_dump() for one in after.leads] == [
        {"id": lead.id, "status": "withdrawn", "updated_at": NOW + timedelta(hours=1)}
    ]
    assert [(one.id, one.status) for one in again.leads] == [(lead.id, "active")]
    assert emails(again.leads) == ["alice@example.com"]


def link(stage: Stage, one: UUID, other: UUID) -> None:
    now = stage.clock.now = stage.clock() + timedelta(minutes=1)
    with stage.bot.transaction() as session:
        assert links.link(session, one, other, Proof.MANAGER, "", now)
        pipeline.touch_all(session, people.one(session, one).fan_ids, now)


def test_of_one_persons_leads_the_oldest_goes_on_and_the_others_say_so(stage: Stage) -> None:
    offer = stage.offer()
    first, second = stage.lead(offer, "alice"), stage.lead(offer, "bob")
    seen = page(stage)

    link(stage, second.fan_id, first.fan_id)
    linked = page(stage, cursor=seen.next_cursor)
    says(stage, first.fan_id, (NO, "email", "offers"))
    with stage.bot.transaction() as session:
        pipeline.touch(session, second.fan_id, stage.clock())
    stopped = page(stage, cursor=linked.next_cursor)

    assert {one.id: (one.status, getattr(one, "merged_into", None)) for one in linked.leads} == {
        first.id: ("active", None), second.id: ("merged", first.id),
    }  # fmt: skip
    assert emails(linked.leads) == ["alice@example.com"]
    assert [one.status for one in stopped.leads] == ["withdrawn", "withdrawn"]  # he said it as one person


def test_a_person_goes_on_with_the_addresses_of_all_his_profiles(stage: Stage) -> None:
    offer = stage.offer()
    first, second = stage.lead(offer, "alice"), stage.lead(offer, "bob")
    says(stage, first.fan_id, (YES, "telegram", "offers"), (NO, "email", "*"))
    link(stage, second.fan_id, first.fan_id)
    says(stage, second.fan_id, (YES, "email", "newsletter"))

    told = {one.id: one for one in page(stage).leads}

    assert isinstance(told[first.id], LeadRecord)
    assert emails((told[first.id],)) == ["alice@example.com"]
    assert told[second.id].status == "merged"


def test_an_unlinked_lead_comes_back_by_itself(stage: Stage, claire: Manager) -> None:
    offer = stage.offer()
    first, second = stage.lead(offer, "alice"), stage.lead(offer, "bob")
    with stage.bot.transaction() as session:
        noting.link(session, first.fan_id, second.fan_id, "same phone", claire, NOW + timedelta(minutes=1))
        (line,) = links.of(session, [first.fan_id])
    linked = page(stage)
    with stage.bot.transaction() as session:
        noting.unlink(session, first.fan_id, line.id, "no", claire, NOW + timedelta(minutes=2))

    back = page(stage, cursor=linked.next_cursor)

    assert sorted(one.status for one in linked.leads) == ["active", "merged"]
    assert [one.status for one in back.leads] == ["active", "active"]


def test_who_was_merged_into_one_that_is_erased_goes_on_by_himself(stage: Stage) -> None:
    offer = stage.offer()
    first, second = stage.lead(offer, "alice"), stage.lead(offer, "bob")
    link(stage, first.fan_id, second.fan_id)
    seen = page(stage)

    forgetting.forget(stage.bot, [first.fan_id], How.FAN)

    after = page(stage, cursor=seen.next_cursor)
    assert [(one.id, one.status) for one in after.leads] == [(first.id, "erased"), (second.id, "active")]
    assert emails(after.leads) == ["bob@example.com"]


def test_what_is_written_between_two_queries_of_a_page_comes_with_the_next(stage: Stage) -> None:
    """A lead changes and another is erased while a page is read: the erasure must not carry the reader past the change.

    On SQLite a page sees one state of the database; on PostgreSQL each query sees what is there by then.
    """
    offer = stage.offer()
    leads = [stage.lead(offer, handle) for handle in "abc"]
    interrupted: list[int] = []

    def interrupt(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if "FROM erased_lead" in statement and not interrupted and get_ident() == reader:
            interrupted.append(1)
            with ThreadPoolExecutor(1) as pool:
                pool.submit(touch, stage, leads[0].fan_id).result()
                pool.submit(forgetting.forget, stage.bot, [leads[1].fan_id], How.FAN).result()

    reader = get_ident()
    sa.event.listen(stage.bot.engine, "before_cursor_execute", interrupt)
    first = page(stage)
    second = page(stage, cursor=first.next_cursor)

    assert interrupted == [1]
    assert [(one.id, one.status) for one in second.leads] == [(leads[0].id, "active"), (leads[1].id, "erased")]


def test_a_yes_after_a_stop_counts_on_its_channel_alone(stage: Stage) -> None:
    lead = stage.lead(stage.offer(), "alice")
    with stage.bot.transaction() as session:
        consents.record(session, consents.withdrawn(lead.fan_id, "*", "chat", "message-1", NOW, NOW))
    stage.clock.now = NOW + timedelta(hours=1)
    word = stage.claim(stage.offer("hiver"), lead.fan_id)
    visitor = stage.visitor()
    ticked = [box.split('"')[0] for box in visitor.get(f"/claim/{word}").text.split('name="allow" value="')[1:]]
    visitor.post(f"/claim/{word}", data={"email": "alice@example.com", "allow": ticked[0]})

    record = only(stage)

    assert [(line.channel, line.granted) for line in record.consent] == [("email", True), ("*", False)]


def test_a_page_costs_the_same_few_questions_however_long_it_is(stage: Stage) -> None:
    offer = stage.offer()
    asked: list[str] = []
    counted = []

    def count(connection: object, cursor: object, statement: str, *rest: object) -> None:
        asked.append(statement)

    sa.event.listen(stage.bot.engine, "before_cursor_execute", count)
    for handles in ("a", "bcdef"):
        for handle in handles:
            stage.lead(offer, handle)
        asked.clear()
        page(stage)
        counted.append(len([statement for statement in asked if statement.startswith("SELECT")]))

    assert counted == [13, 13]


def test_a_reader_misses_nobody_and_sees_nothing_twice_while_leads_are_written(stage: Stage) -> None:
    """Pages of one lead: the cursor after each is that lead's revision, and everywhere a reader might stop is tried."""
    offer = stage.offer()
    writers, each = 4, 10
    written = Event()

    def write(writer: int) -> None:
        fans = []
        for number in range(each):
            fans.append(stage.lead(offer, f"{writer}-{number}").fan_id)
            touch(stage, fans[number // 2])

    def read() -> list[tuple[int, UUID]]:
        seen: list[tuple[int, UUID]] = []
        cursor, all_there = "", False
        while True:
            found = page(stage, 1, cursor)
            cursor = found.next_cursor
            seen += [(feed.position(cursor), record.id) for record in found.leads]
            if not found.leads and all_there:
                return seen
            all_there = written.is_set()

    with ThreadPoolExecutor(writers + 1) as pool:
        reader = pool.submit(read)
        try:
            list(pool.map(write, range(writers)))
        finally:
            written.set()
        seen = reader.result()

    revisions = [revision for revision, _ in seen]
    assert revisions == sorted(set(revisions))
    assert {lead: revision for revision, lead in seen} == revisions_in(stage)
    assert len(revisions_in(stage)) == writers * each


def revisions_in(stage: Stage) -> dict[UUID, int]:
    with stage.bot.reading() as session:
        return {lead.id: lead.revision for lead in pipeline.newest(session)}


def test_no_lead_appears_behind_a_reader(stage: Stage) -> None:
    """A slow writer has its revision and is not done. Whoever writes after him waits, so a reader passes neither."""
    offer = stage.offer()
    slow, quick = stage.lead(offer, "slow"), stage.lead(offer, "quick")
    start = page(stage)

    with ThreadPoolExecutor(1) as pool:
        with stage.bot.transaction() as session:
            pipeline.touch(session, slow.fan_id, NOW)
            other = pool.submit(touch, stage, quick.fan_id)
            wait([other], timeout=0.5)  # if he could overtake, he would do it now
            between = page(stage, cursor=start.next_cursor)
        other.result()
    after = page(stage, cursor=between.next_cursor)

    assert emails(between.leads) == []
    assert emails(after.leads) == ["slow@example.com", "quick@example.com"]


def test_what_changes_behind_a_given_end_is_left_for_the_next_time(stage: Stage) -> None:
    offer = stage.offer()
    first = stage.lead(offer, "a")
    stage.lead(offer, "b")
    with stage.bot.reading() as session:
        end = feed.end(session)

    touch(stage, first.fan_id)
    stage.lead(offer, "c")

    assert emails(page(stage, until=end).leads) == ["b@example.com"]
    assert emails(page(stage, cursor=end).leads) == ["a@example.com", "c@example.com"]


def test_who_was_erased_comes_once_more_with_nothing_but_that(stage: Stage) -> None:
    offer = stage.offer()
    leads = {handle: stage.lead(offer, handle) for handle in "abc"}
    first = page(stage, 2)

    stage.clock.now += timedelta(hours=1)
    forgetting.forget(stage.bot, [leads["b"].fan_id], How.FAN)
    touch(stage, leads["a"].fan_id)
    rest = [page(stage, 1, cursor) for cursor in (first.next_cursor,)]
    while rest[-1].has_more:
        rest.append(page(stage, 1, rest[-1].next_cursor))
    since = page(stage, updated_since=stage.clock())

    told = [record.model_dump(exclude_none=True) for each in rest for record in each.leads]
    assert [one["id"] for one in told] == [leads["c"].id, leads["b"].id, leads["a"].id]
    assert told[1] == {"id": leads["b"].id, "status": "erased", "updated_at": stage.clock()}
    assert [record.id for record in since.leads] == [leads["b"].id, leads["a"].id]
    assert [record.status for record in page(stage).leads] == ["active", "erased", "active"]
