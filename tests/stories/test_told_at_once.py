"""The brand's own systems are told at once, signed, until it has arrived; and never more than the feed would show."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import SQLModel, select
from standardwebhooks import Webhook

from bot import assembly, claiming, delivering, forgetting, hooking, posting, worker
from bot.managers import Manager
from leads import feed, hooks, pipeline, purchases
from leads.hooks import Delivery, Endpoint, Event
from leads.pipeline import Lead
from leads.purchases import Told
from offers.claims import Claim
from optin import consents
from optin.erasures import How
from tests import cast
from tests.cast import NOW, Stage
from tests.receiver import Receiver, receiver

EVERYTHING = [event.value for event in Event]


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    with cast.stage(database_url, WEBHOOKS_LOCAL="true") as stage:
        yield stage


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


def claire(stage: Stage) -> Manager:
    found = Manager(
        id=stage.bot.new_id(), email="c@brand.example", name="Claire", password_hash="", language="fr", created_at=NOW
    )
    with stage.bot.transaction() as session:
        session.add(found)
    return found


def asks(stage: Stage, shop: Receiver, *events: str) -> hooking.Made:
    with stage.bot.transaction() as session:
        return hooking.add(session, stage.bot, shop.url, events or EVERYTHING, claire(stage), stage.clock())


def deliver(stage: Stage, **later: float) -> int:
    stage.clock.now += timedelta(**later)
    with ThreadPoolExecutor(4) as threads:
        return sum(iter(lambda: delivering.deliver_some(stage.bot, threads), 0))


def rows(stage: Stage, table: type[SQLModel]) -> list[Any]:
    with stage.bot.reading() as session:
        return list(session.exec(select(table).order_by(table.id)))  # type: ignore[attr-defined]


def said_no(stage: Stage, lead: Lead) -> None:
    with stage.bot.transaction() as session:
        consents.record(session, consents.withdrawn(lead.fan_id, "*", "chat", "m", stage.clock(), stage.clock()))
        pipeline.touch(session, lead.fan_id, stage.clock())


def test_what_happens_is_told_signed_and_as_the_feed_says_it(stage: Stage, shop: Receiver) -> None:
    stage.clock.now = assembly.wall_clock()  # the library refuses what was signed long ago
    made = asks(stage, shop)
    lead = stage.lead(stage.offer(), "alice")
    with stage.bot.reading() as session:
        (shown,) = feed.page(session, 50).leads

    deliver(stage)

    checked = [Webhook(made.secret).verify(body, headers) for headers, body in shop.got]
    by_type = {told["type"]: told["data"] for told in checked}
    assert sorted(by_type) == ["lead.qualified", "offer.claimed"]
    assert by_type["lead.qualified"] == shown.model_dump(mode="json")
    assert by_type["offer.claimed"]["lead"]["id"] == str(lead.id)
    assert by_type["offer.claimed"]["offer"] == "ete"
    assert len(set(shop.ids)) == 2
    assert {one.state for one in rows(stage, Delivery)} == {"delivered"}


def agrees(stage: Stage, claim_id: UUID, channel: str) -> None:
    """He ticks one box."""
    stage.clock.now += timedelta(minutes=1)
    with stage.bot.transaction() as session:
        claim = session.get_one(Claim, claim_id)
        ticked = {channel: claiming.channels(stage.bot, claim, "fr")[channel]}
        assert claiming.allow(session, stage.bot, claim, ticked, "claim_page", str(claim.id), stage.clock())


def buys(stage: Stage, claim_id: UUID, order: str) -> None:
    with stage.bot.transaction() as session:
        code = str(session.get_one(Claim, claim_id).code)
        order_told = Told("shop", order, 1990, "EUR", stage.clock(), code=code)
        purchases.keep(session, stage.bot.new_id(), order_told, "key:till", stage.clock())


def test_a_lead_is_told_as_qualified_when_he_comes_so_far_and_each_other_step_as_an_update(
    stage: Stage, shop: Receiver
) -> None:
    asks(stage, shop, "lead.qualified", "lead.updated", "consent.changed")
    heard: list[list[tuple[str, str | None]]] = []
    word = stage.claim(stage.offer(), stage.fan("alice"))
    with stage.bot.transaction() as session:
        turn = claiming.in_turn(session, word)
        assert turn is not None
        claim = turn.claim
        claiming.take(session, stage.bot, turn, "alice@example.com", stage.clock())

    def step() -> None:
        deliver(stage)
        heard.append(sorted((told["type"], told["data"].get("stage")) for told in shop.told))
        shop.got.clear()

    agrees(stage, claim.id, "facebook")
    step()
    agrees(stage, claim.id, "email")
    step()
    buys(stage, claim.id, "1")
    step()
    said_no(stage, rows(stage, Lead)[0])
    step()
    agrees(stage, claim.id, "email")
    step()

    assert heard == [
        [("lead.updated", "identified")],
        [("consent.changed", "qualified"), ("lead.qualified", "qualified"), ("lead.updated", "qualified")],
        [("lead.updated", "customer")],
        [("consent.changed", None), ("lead.updated", None)],
        [("consent.changed", "customer"), ("lead.qualified", "customer"), ("lead.updated", "customer")],
    ]


def test_each_system_is_told_what_it_asked_for(stage: Stage, shop: Receiver) -> None:
    asks(stage, shop, "consent.changed", "lead.erased")
    lead = stage.lead(stage.offer(), "alice")
    said_no(stage, lead)
    deliver(stage)
    forgetting.forget(stage.bot, [lead.fan_id], How.FAN)
    deliver(stage)

    assert [(told["type"], told["data"]["status"], told["data"]["id"]) for told in shop.told] == [
        ("consent.changed", "withdrawn", str(lead.id)),
        ("lead.erased", "erased", str(lead.id)),
    ]


def test_the_worker_delivers_by_itself(stage: Stage, shop: Receiver) -> None:
    asks(stage, shop, "lead.qualified")
    stage.lead(stage.offer(), "alice")
    stopping, arrived = threading.Event(), threading.Event()
    shop.rings = arrived

    working = threading.Thread(target=worker.run, args=(stage.bot, "worker-1", stopping))
    working.start()
    try:
        assert arrived.wait(30)
    finally:
        stopping.set()
        working.join()

    assert [told["type"] for told in shop.told] == ["lead.qualified"]


def test_what_did_not_happen_after_all_is_not_told(stage: Stage, shop: Receiver) -> None:
    asks(stage, shop)
    lead = stage.lead(stage.offer(), "alice")
    before = len(rows(stage, Delivery))

    with suppress(ZeroDivisionError), stage.bot.transaction() as session:
        pipeline.touch(session, lead.fan_id, NOW)
        assert len(session.exec(select(Delivery)).all()) == before + 2
        raise ZeroDivisionError

    assert len(rows(stage, Delivery)) == before


def test_nothing_is_told_that_was_taken_back_in_the_meantime(stage: Stage, shop: Receiver) -> None:
    asks(stage, shop, "lead.qualified", "offer.claimed")
    lead = stage.lead(stage.offer(), "alice")
    said_no(stage, lead)

    deliver(stage)

    assert sorted(told["type"] for told in shop.told) == ["lead.qualified", "offer.claimed"]
    assert "alice" not in str(shop.got).lower()


def test_a_code_is_told_to_nobody_but_with_its_lead(stage: Stage, shop: Receiver) -> None:
    asks(stage, shop, "offer.claimed")
    offer = stage.offer()
    word = stage.claim(offer, stage.fan())
    stage.visitor().post(f"/claim/{word}", data={"email": "alice@example.com"})

    deliver(stage)

    assert [told["data"]["lead"] for told in shop.told] == [None]
    assert "ZEPH-" not in str(shop.got)
    assert "alice" not in str(shop.got).lower()


def test_who_is_erased_leaves_nothing_to_be_told_but_that(stage: Stage, shop: Receiver) -> None:
    asks(stage, shop)
    lead = stage.lead(stage.offer(), "alice")
    deliver(stage)
    said_no(stage, lead)
    forgetting.forget(stage.bot, [lead.fan_id], How.FAN)

    left = rows(stage, Delivery)

    assert [(one.event, one.fan_id, one.claim_id, one.lead_id) for one in left] == [
        ("lead.erased", None, None, lead.id)
    ]
    deliver(stage)
    assert shop.told[-1]["data"] == {"id": str(lead.id), "status": "erased", "updated_at": "2026-06-01T10:00:00Z"}


def test_what_does_not_arrive_is_tried_again_under_its_name_until_it_does(stage: Stage, shop: Receiver) -> None:
    asks(stage, shop, "lead.qualified")
    stage.lead(stage.offer(), "alice")
    shop.answers = [500, 302, 503]

    at_once = deliver(stage), deliver(stage)
    tried = [deliver(stage, minutes=5) for _ in range(5)]

    (one,) = rows(stage, Delivery)
    (endpoint,) = rows(stage, Endpoint)
    assert (at_once, tried) == ((1, 0), [1, 1, 1, 0, 0])
    assert len(set(shop.ids)) == 1
    assert (one.state, one.attempts, one.status, one.trouble) == ("delivered", 4, 204, "")
    assert (endpoint.failing_since, endpoint.shut_at) == (None, None)


def test_two_posters_post_it_once_and_a_dead_one_is_stood_in_for(stage: Stage, shop: Receiver) -> None:
    asks(stage, shop, "lead.qualified")
    stage.lead(stage.offer(), "alice")
    with stage.bot.transaction() as session:
        taken = hooks.take(session, 8, NOW)  # and dies

    meanwhile = deliver(stage)
    after = deliver(stage, seconds=hooks.LEASE.total_seconds())
    with stage.bot.transaction() as session:
        wakes_up = hooks.finish(session, taken[0][0], hooks.State.FAILED)

    assert (len(taken), meanwhile, after, wakes_up) == (1, 0, 1, False)
    assert [one.state for one in rows(stage, Delivery)] == ["delivered"]


def test_who_says_that_he_is_gone_is_told_nothing_any_more(stage: Stage, shop: Receiver) -> None:
    asks(stage, shop, "lead.qualified", "lead.updated")
    lead = stage.lead(stage.offer(), "alice")
    shop.answers = [410]

    deliver(stage)
    said_no(stage, lead)

    (endpoint,) = rows(stage, Endpoint)
    assert (endpoint.shut_why, deliver(stage, days=1), len(shop.got)) == ("gone", 0, 1)
    assert [(one.event, one.state, one.status) for one in rows(stage, Delivery)] == [("lead.qualified", "failed", 410)]


def test_who_lets_nothing_arrive_for_days_is_shut_and_can_be_opened_again(stage: Stage, shop: Receiver) -> None:
    made = asks(stage, shop, "lead.qualified")
    offer = stage.offer()
    stage.lead(offer, "alice")
    shop.answers = [500] * 100

    tried = [deliver(stage, hours=12) for _ in range(10)]
    (shut,) = rows(stage, Endpoint)
    with stage.bot.transaction() as session:
        hooking.reopen(session, made.endpoint, claire_again(stage), stage.clock())
    shop.answers = []
    again = deliver(stage, hours=12)

    assert (sum(tried[:7]), tried[7:], shut.shut_why) == (7, [0, 0, 0], "failing")
    assert (again, [one.state for one in rows(stage, Delivery)]) == (1, ["delivered"])


def claire_again(stage: Stage) -> Manager:
    return rows(stage, Manager)[0]


def test_one_who_fails_keeps_nobody_else_waiting(stage: Stage, shop: Receiver) -> None:
    offer = stage.offer()
    with receiver() as other:
        asks(stage, shop, "lead.qualified")
        with stage.bot.transaction() as session:
            hooking.add(session, stage.bot, other.url, ["lead.qualified"], claire_again(stage), NOW)
        shop.answers = [500] * 100
        for number in range(2 * delivering.AT_ONCE):
            stage.lead(offer, f"fan-{number}")

        deliver(stage)

        assert (len(other.got), len(shop.got) <= delivering.AT_ONCE) == (2 * delivering.AT_ONCE, True)


def test_for_a_day_both_secrets_sign(stage: Stage, shop: Receiver) -> None:
    stage.clock.now = assembly.wall_clock() - timedelta(hours=24)
    made = asks(stage, shop, "lead.qualified")
    offer = stage.offer()
    with stage.bot.transaction() as session:
        endpoint = session.get_one(Endpoint, made.endpoint.id)
        renewed = hooking.rotate(session, stage.bot, endpoint, claire_again(stage), stage.clock())
    stage.lead(offer, "alice")
    deliver(stage, hours=23, minutes=59)
    stage.lead(offer, "bob")
    deliver(stage, minutes=1)

    first, second = shop.got
    assert [bool(Webhook(key).verify(first[1], first[0])) for key in (made.secret, renewed.secret)] == [True, True]
    assert [len(headers["webhook-signature"].split()) for headers, _ in shop.got] == [2, 1]
    assert Webhook(renewed.secret).verify(second[1], second[0])["type"] == "lead.qualified"
    assert made.secret not in str(rows(stage, Endpoint)) + renewed.secret


def test_a_redirect_is_not_followed(stage: Stage, shop: Receiver) -> None:
    with receiver() as inner:
        shop.answers, shop.moved_to = [307], inner.url
        answer = posting.post(shop.url, {}, "{}", local=True)

    assert (answer.status, answer.trouble, inner.got) == (307, posting.Trouble.ANSWERED_NO, [])


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433"])
def test_what_leads_to_this_machine_is_not_posted_to(shop: Receiver, name: str) -> None:
    answer = posting.post(shop.url.replace("127.0.0.1", name), {}, "{}", local=False)

    assert (answer.status, answer.trouble, shop.got) == (None, posting.Trouble.INTERNAL, [])


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1::1", True), ("10.0.0.1", False), ("172.16.5.4", False),
        ("192.168.1.1", False), ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False),
        ("127.1.2.3", False), ("::", False), ("::1", False), ("fe80::1%eth0", False), ("fd00::1", False),
        ("::ffff:10.0.0.1", False), ("::ffff:93.184.216.34", True), ("2002:0a00:0001::", False),
        ("64:ff9b::a00:1", False), ("64:ff9b::5db8:d822", True), ("224.0.0.1", False), ("255.255.255.255", False),
        ("ff02::1", False), ("198.18.0.1", False),
    ],
)  # fmt: skip
def test_only_addresses_of_the_open_internet_are_posted_to(address: str, may: bool) -> None:
    assert posting.may_be_told(address, local=False) is may


def test_pauses_grow_and_differ_by_chance() -> None:
    means = [delivering.pause(attempt, 2**63) / timedelta(seconds=1) for attempt in (1, 2, 3, 8, 9, 14)]
    spread = [delivering.pause(3, draw) / timedelta(seconds=1) for draw in (0, 2**64 - 1)]

    assert means == [5, 15, 45, 10935, 32805, 43200]
    assert spread == pytest.approx([22.5, 67.5])
    whole = sum((delivering.pause(attempt, 2**63) for attempt in range(1, delivering.TRIES)), timedelta())
    assert timedelta(days=2) < whole < timedelta(days=4)
