"""Custom audiences at Meta: what is hashed is hashed as Meta says, and each answer is taken for what it says."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Blueprint

from connectors import Audience, Batch, Busy, By, Misconfigured, PlatformError, Refused, Taken, Uncertain, Unreachable
from connectors import audiences as load
from optin.addresses import hash_of, phone_hash_of
from sandbox import facebook as pretended
from sandbox.facebook import Facebook
from sandbox.wire import Fault, Wire
from tests.connectors.conftest import Serve

AUDIENCE, TOKEN = "6110000000001", "EAAGaudience-token"
SETTINGS = {
    "FACEBOOK_APP_SECRET": "app-secret-9c1f",
    "FACEBOOK_PAGES": "104200000000001:EAAGpage-token-1",
    "FACEBOOK_AUDIENCES": f"{AUDIENCE}:{TOKEN}",
}
ONE = Batch(71, 1, True, 1)
JOHN = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
NUMBER = "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"

# The first of each are Meta's own examples, the others follow from its rules: an address without spaces around it and
# in small letters, a number without symbols, letters and zeros before it, with the country's code. Meta, Customer
# Information Parameters page and Customer File Custom Audiences page of 2026-04, checked 2026-11.
MAILS = [
    ("John_Smith@gmail.com", JOHN),
    ("john_smith@gmail.com", JOHN),
    ("  JOHN_SMITH@GMAIL.COM\t\n", JOHN),
]
NUMBERS = [
    ("16505551212", NUMBER),
    ("1 (650) 555-1212", NUMBER),
    ("+1 650 555 1212", NUMBER),
    ("001-650-555-1212", NUMBER),
]


@pytest.mark.parametrize(("address", "hashed"), MAILS)
def test_an_address_is_hashed_as_meta_says(address: str, hashed: str) -> None:
    assert hash_of(address) == hashed


@pytest.mark.parametrize(("number", "hashed"), NUMBERS)
def test_a_phone_number_is_hashed_as_meta_says(number: str, hashed: str) -> None:
    assert phone_hash_of(number) == hashed


def test_dots_and_plus_signs_are_part_of_an_address() -> None:
    """Meta takes none of them out, whatever a mail provider makes of them."""
    assert len({hash_of(one) for one in ("a.b@gmail.com", "ab@gmail.com", "ab+x@gmail.com")}) == 3


@pytest.fixture
def meta(wire: Wire) -> Facebook:
    return pretended.build(wire, SETTINGS)


@pytest.fixture
def audience(meta: Facebook, serve: Serve) -> Audience:
    return load(SETTINGS | {"FACEBOOK_API_URL": f"{serve(meta)}/facebook"})[AUDIENCE]


def test_hashes_go_in_and_out_and_twice_is_as_once(audience: Audience, meta: Facebook) -> None:
    members = meta.audiences[AUDIENCE].members

    first = [audience.add(By.EMAIL, [JOHN], ONE), audience.add(By.PHONE, [NUMBER], ONE)]
    again = audience.add(By.EMAIL, [JOHN], ONE)
    there = dict(members)
    gone = [audience.remove(By.EMAIL, [JOHN], ONE) for _ in range(2)]

    assert [*first, again, *gone] == [Taken()] * 5
    assert there == {JOHN: "EMAIL_SHA256", NUMBER: "PHONE_SHA256"}
    assert members == {NUMBER: "PHONE_SHA256"}


def test_the_calls_of_one_exchange_share_a_session(audience: Audience, meta: Facebook) -> None:
    audience.add(By.EMAIL, [JOHN], Batch(71, 1, False, 2))
    audience.add(By.EMAIL, [hash_of("b@example.com")], Batch(71, 2, True, 2))

    assert meta.audiences[AUDIENCE].sessions == [
        {"session_id": 71, "batch_seq": 1, "last_batch_flag": False, "estimated_num_total": 2},
        {"session_id": 71, "batch_seq": 2, "last_batch_flag": True, "estimated_num_total": 2},
    ]


def test_what_is_no_hash_is_refused_there_and_told(audience: Audience, meta: Facebook) -> None:
    taken = audience.add(By.EMAIL, [JOHN, "lea@example.com", JOHN.upper()[:63]], ONE)

    assert taken.invalid == 2
    assert meta.audiences[AUDIENCE].members == {JOHN: "EMAIL_SHA256"}


def test_ten_thousand_are_removed_in_one_call_and_none_of_them_stands_in_an_address(
    audience: Audience, meta: Facebook, wire: Wire
) -> None:
    """An address of that length would be cut, and each proxy on the way would keep it."""
    hashes = [hash_of(f"{number}@example.com") for number in range(audience.most)]

    audience.add(By.EMAIL, hashes, ONE)
    there = len(meta.audiences[AUDIENCE].members)
    audience.remove(By.EMAIL, hashes, ONE)

    assert (there, len(meta.audiences[AUDIENCE].members)) == (10_000, 0)
    assert [(call.what, call.more["rows"], call.more["in_address"]) for call in wire.calls] == [
        ("audience_add", 10_000, False),
        ("audience_remove", 10_000, False),
    ]


FAULTS = [
    ("190", Refused("token_dead")),
    ("200", Refused("no_permission")),
    ("100/1713230", Refused("flagged")),
    ("100", Refused("invalid")),
    ("rate", Busy("rate_limited", timedelta(minutes=15))),
    ("2", Busy("temporary", timedelta(minutes=1))),
    ("500", Uncertain("garbled_answer")),
    ("html", Uncertain("garbled_answer")),
    ("empty", Uncertain("garbled_answer")),
    ("lost", Uncertain("no_answer")),
]


@pytest.mark.parametrize(("kind", "expected"), FAULTS)
@pytest.mark.parametrize("what", ["audience_add", "audience_remove"])
def test_each_fault_is_taken_for_what_it_is(
    audience: Audience, wire: Wire, what: str, kind: str, expected: PlatformError
) -> None:
    wire.faults.plan(Fault("facebook", kind, what))
    tell: Callable[..., Taken] = audience.add if what == "audience_add" else audience.remove

    with pytest.raises(PlatformError) as caught:
        tell(By.EMAIL, [JOHN], ONE)

    assert (type(caught.value), caught.value.reason) == (type(expected), expected.reason)
    assert getattr(caught.value, "retry_after", None) == getattr(expected, "retry_after", None)
    told = f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    assert [secret in told for secret in (JOHN, TOKEN)] == [False, False]


def test_a_budget_that_runs_low_asks_for_a_pause(audience: Audience, wire: Wire) -> None:
    wire.faults.plan(Fault("facebook", "usage", "audience_add"))

    assert audience.add(By.EMAIL, [JOHN], ONE).pause == timedelta(minutes=5)


def test_nobody_listening_is_no_answer_to_wait_for(closed_url: str) -> None:
    audience = load(SETTINGS | {"FACEBOOK_API_URL": closed_url})[AUDIENCE]

    with pytest.raises(Unreachable):
        audience.add(By.EMAIL, [JOHN], ONE)


def test_an_answer_that_counts_other_rows_is_not_believed(serve: Serve) -> None:
    class Odd:
        blueprint = Blueprint("odd", __name__)

    Odd.blueprint.add_url_rule(
        "/<path:path>", "odd", lambda path: {"num_received": 7, "num_invalid_entries": 0}, methods=["POST"]
    )
    audience = load(SETTINGS | {"FACEBOOK_API_URL": serve(Odd())})[AUDIENCE]

    with pytest.raises(Uncertain):
        audience.add(By.EMAIL, [JOHN], ONE)


@pytest.mark.parametrize(
    ("settings", "faults"),
    [
        ({}, None),
        (SETTINGS | {"FACEBOOK_AUDIENCES": "611"}, ["FACEBOOK_AUDIENCES must read id:token,id:token"]),
        (SETTINGS | {"FACEBOOK_AUDIENCES": "611:a,611:b"}, ["FACEBOOK_AUDIENCES names an audience twice."]),
        ({"FACEBOOK_AUDIENCES": "611:a"}, ["FACEBOOK_APP_SECRET is missing"]),
    ],
)
def test_settings_are_whole_or_told_about(settings: dict[str, str], faults: list[str] | None) -> None:
    if faults is None:
        assert load(settings) == {}
        return
    with pytest.raises(Misconfigured) as caught:
        load(settings)

    assert [told.startswith(fault) for told, fault in zip(caught.value.faults, faults, strict=True)] == [True]
