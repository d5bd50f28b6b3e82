"""What a shop may count on when it tells a code or a purchase to the API."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlmodel import SQLModel, select
from werkzeug.test import TestResponse

from leads import keys, purchases
from leads.purchases import Purchase
from leads.redemptions import Redemption
from offers.claims import Claim
from optin import addresses
from tests.cast import NOW, Stage

ORDER: dict[str, Any] = {
    "source": "shop",
    "order_id": "1001",
    "amount": 1990,
    "currency": "EUR",
    "at": "2026-06-01T12:00:00+02:00",
}


def till(stage: Stage, number: int = 0) -> FlaskClient:
    """A client that brings a key of its own."""
    with stage.bot.transaction() as session:
        key = keys.make(session, f"till {number}", bytes(range(number, number + 40)), NOW)
    client = stage.visitor()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return client


def code_of(stage: Stage, **offer: Any) -> str:
    stage.lead(stage.offer(**offer), "alice")
    with stage.bot.reading() as session:
        return str(session.exec(select(Claim.code)).one())


def redeem(client: FlaskClient, code: str, key: str | None = None) -> TestResponse:
    return client.post("/api/v1/redemptions", json={"code": code}, headers={"Idempotency-Key": key} if key else {})


def said(answer: TestResponse) -> dict[str, Any]:
    return dict(answer.json or {})


def count(stage: Stage, table: type[SQLModel]) -> int:
    with stage.bot.reading() as session:
        return len(session.exec(select(table)).all())


@pytest.mark.parametrize(("kind", "status"), [(None, 415), ("text/plain", 415), ("application/json", 400)])
@pytest.mark.parametrize(("path", "body"), [("redemptions", "code=ABC"), ("purchases", "xx"), ("purchases", "")])
def test_what_is_no_json_is_told_to_be_sent_as_json(
    stage: Stage, path: str, body: str, kind: str | None, status: int
) -> None:
    answer = till(stage).post(f"/api/v1/{path}", data=body, content_type=kind)

    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert said(answer)["detail"] == "The body has to be JSON, sent with `Content-Type: application/json`."


@pytest.mark.parametrize("key", [None, "sale-1"])
def test_the_second_call_says_the_same_as_the_first(stage: Stage, key: str | None) -> None:
    code, shop = code_of(stage), till(stage)

    first = redeem(shop, code, key)
    stage.clock.now += timedelta(hours=1)
    second = redeem(shop, f" {code.lower()} ", key)

    assert (first.status_code, second.status_code) == (201, 201)
    assert (said(first)["code"], said(first)["value"], said(first)["again"]) == (code, "-20 %", False)
    assert said(second) == said(first) | {"again": True}
    assert count(stage, Redemption) == 1


def test_a_code_is_taken_however_it_is_typed(stage: Stage) -> None:
    code, shop = code_of(stage), till(stage)

    taken = redeem(shop, f" {code.replace('-', ' ').lower()}", "sale-1")
    again = redeem(shop, code.replace("-", ""), "sale-1")

    assert [(answer.status_code, said(answer)["code"]) for answer in (taken, again)] == [(201, code)] * 2


def test_a_shop_s_own_code_is_taken_in_small_letters_too(stage: Stage) -> None:
    lead, shop = stage.lead(stage.offer(), "alice"), till(stage)
    with stage.bot.transaction() as session:
        session.exec(select(Claim).where(Claim.fan_id == lead.fan_id)).one().code = "SUMMER-24"

    assert [redeem(shop, typed, "sale-1").status_code for typed in ("summer-24", "SUMMER-24")] == [201, 201]


def test_a_code_counts_once_whoever_asks(stage: Stage) -> None:
    code, shop, other = code_of(stage), till(stage), till(stage, 50)

    answers = [redeem(shop, code, "a"), redeem(shop, code, "b"), redeem(other, code, "a"), redeem(other, code)]

    assert [answer.status_code for answer in answers] == [201, 409, 409, 409]
    assert said(answers[1])["detail"] == "This code was used before."


def test_many_tills_at_once_take_a_code_once(stage: Stage) -> None:
    code, tills = code_of(stage), [till(stage, number) for number in range(0, 240, 40)]
    together = Barrier(len(tills))

    def press(shop: FlaskClient) -> int:
        together.wait()
        return redeem(shop, code).status_code

    with ThreadPoolExecutor(len(tills)) as pool:
        answers = sorted(pool.map(press, tills))

    assert answers == [201, *[409] * (len(tills) - 1)]


def test_a_key_that_comes_with_another_code_is_refused(stage: Stage) -> None:
    code, shop = code_of(stage), till(stage)
    stage.lead(stage.offer("hiver"), "bob")
    with stage.bot.reading() as session:
        other = next(one for one in session.exec(select(Claim.code)) if one != code)

    redeem(shop, code, "sale-1")

    assert redeem(shop, str(other), "sale-1").status_code == 409
    assert count(stage, Redemption) == 1


def test_a_code_expires_after_the_grace(stage: Stage) -> None:
    code, shop = code_of(stage, ends_at=NOW + timedelta(days=1), grace_days=7), till(stage)

    stage.clock.now = NOW + timedelta(days=8)
    late = redeem(shop, code)
    stage.clock.now -= timedelta(seconds=1)
    in_time = redeem(shop, code)

    assert (late.status_code, said(late)["detail"], in_time.status_code) == (410, "The code has expired.", 201)


@pytest.mark.parametrize("code", ["ZEPH-222222222-2", "é", "%", "'"])
def test_an_unknown_code_gets_a_clear_answer(stage: Stage, code: str) -> None:
    answer = redeem(till(stage), code)

    assert (answer.status_code, answer.mimetype, said(answer)["detail"]) == (
        404, "application/problem+json", "We gave no such code.",
    )  # fmt: skip


def test_an_order_counts_once_and_must_not_change(stage: Stage) -> None:
    code, shop = code_of(stage), till(stage)
    order = ORDER | {"code": code}

    told = [shop.post("/api/v1/purchases", json=one) for one in (order, order, ORDER | {"code": code, "amount": 1991})]

    assert [answer.status_code for answer in told] == [201, 201, 409]
    assert [said(answer).get("again") for answer in told[:2]] == [False, True]
    assert said(told[0])["id"] == said(told[1])["id"]
    assert count(stage, Purchase) == 1


def test_the_same_number_in_another_source_is_another_order(stage: Stage) -> None:
    code, shop = code_of(stage), till(stage)

    for source in ("shop", "till"):
        shop.post("/api/v1/purchases", json=ORDER | {"code": code, "source": source})

    assert count(stage, Purchase) == 2


def test_a_purchase_is_his_by_code_by_lead_or_by_address(stage: Stage) -> None:
    lead, shop = stage.lead(stage.offer(), "alice"), till(stage)
    with stage.bot.reading() as session:
        code = session.exec(select(Claim.code)).one()
    by_address = {"email_sha256": addresses.hash_of(" Alice@Example.com")}
    says: list[dict[str, Any]] = [{"code": code}, {"lead_id": str(lead.id)}, by_address]

    for number, who in enumerate(says):
        assert shop.post("/api/v1/purchases", json=ORDER | who | {"order_id": str(number)}).status_code == 201

    with stage.bot.reading() as session:
        found = purchases.of(session, [lead.fan_id], [lead.email])
        assert sorted(one.order_id for one in found) == ["0", "1", "2"]
        assert purchases.of(session, [UUID(int=7)], ["bob@example.com"]) == []


@pytest.mark.parametrize(
    "wrong",
    [{}, {"code": "x", "amount": 19.9}, {"code": "x", "amount": -1}, {"code": "x", "currency": "eur"},
     {"code": "x", "at": "2026-06-01T12:00:00"}, {"code": "x", "more": 1}, {"email_sha256": "alice@example.com"}],
)  # fmt: skip
def test_a_wrong_purchase_is_refused_and_not_repeated(stage: Stage, wrong: dict[str, Any]) -> None:
    answer = till(stage).post("/api/v1/purchases", json=ORDER | wrong)

    assert (answer.status_code, "alice@" in answer.text) == (422, False)
    assert count(stage, Purchase) == 0


def test_nobody_bought_tomorrow(stage: Stage) -> None:
    order = ORDER | {"email_sha256": addresses.hash_of("alice@example.com")}
    later, clocks_differ = (f"2026-06-01T12:0{minutes}:00+02:00" for minutes in (6, 4))

    shop = till(stage)
    told = [shop.post("/api/v1/purchases", json=order | {"at": at}) for at in (later, clocks_differ)]

    assert [answer.status_code for answer in told] == [409, 201]
    assert "in the future" in said(told[0])["detail"]


@pytest.mark.parametrize("who", [{"code": "ZEPH-222222222-2"}, {"lead_id": str(UUID(int=7))}])
def test_a_purchase_of_nobody_we_know_is_refused(stage: Stage, who: dict[str, str]) -> None:
    assert till(stage).post("/api/v1/purchases", json=ORDER | who).status_code == 404
