"""Which e-mail addresses are taken, and which slips are noticed."""

import csv
import json
from pathlib import Path

import pytest

from webhooks import addresses

VECTORS = Path(__file__).parents[3] / "shared" / "data" / "vectors"
REFUSALS = {
    "isemail",
    "python-email-validator:test_email_invalid_syntax",
    "python-email-validator:test_email_invalid_syntax_strict",
    "python-email-validator:test_email_invalid_reserved_domain",
}


def domain(address: str | None) -> str:
    return address.rpartition("@")[2] if address else ""


def test_the_slips_that_others_notice_are_noticed() -> None:
    if not VECTORS.exists():
        pytest.skip("the list of slips is not here")
    with (VECTORS / "email_typos.csv").open(encoding="utf-8") as lines:
        expected = {row["address"]: row["suggested_domain"] for row in csv.DictReader(lines)}

    found = {address: domain(addresses.meant(address)) for address in expected}

    assert {address: (expected[address], said) for address, said in found.items() if said != expected[address]} == {
        "test@emaildomain.co": ("emaildomain.com", ""),  # ".co" is a real ending, and we don't know this company
        "test@mail.randomsmallcompany.cmo": ("", "mail.randomsmallcompany.com"),  # nobody has ".cmo"
    }


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Marie.Dupont@gmial.com", "Marie.Dupont@gmail.com"),
        ("marie@gmail.fr", "marie@gmail.com"),
        ("marie@hotmial.fr", "marie@hotmail.fr"),
        ("marie@orangr.fr", "marie@orange.fr"),
        ("marie@wanadou.fr", "marie@wanadoo.fr"),
        ("marie@laposte.nte", "marie@laposte.net"),
        ("marie@gmail.com.", None),
        ("marie@free.fr", None),
        ("marie@mail.com", None),
        ("marie@ymail.com", None),
        ("marie@gmx.net", None),
        ("marie@sfr.com", None),
        ("marie@orange.com", None),
        ("marie@maison-zephyr.co", None),
        ("marie@gouv.fr", None),
        ("marie@edf.fr", None),
        ("marie", None),
    ],
)
def test_a_slip_is_asked_about_and_a_real_neighbour_is_not(typed: str, meant: str | None) -> None:
    assert addresses.meant(typed) == meant


def test_what_no_mail_server_takes_is_not_taken() -> None:
    """But what merely sticks to an address is taken off, so those lines of the list are left out."""
    if not VECTORS.exists():
        pytest.skip("the list of addresses is not here")
    lines = (VECTORS / "email_addresses.jsonl").read_text(encoding="utf-8").splitlines()
    refused = [one for one in map(json.loads, lines) if not one["accept"] and one["source_test"] in REFUSALS]
    tidy = [one["address"] for one in refused if one["address"] == one["address"].strip("\r\n\t <>.")]

    assert len(tidy) > 80
    assert [address for address in tidy if addresses.read(address) is not None] == []


@pytest.mark.parametrize(
    "typed", ["  alice@example.com\n", "alice@example.com.", "<alice@example.com>", "alice@EXAMPLE.com"]
)
def test_what_sticks_to_an_address_is_taken_off(typed: str) -> None:
    assert addresses.read(typed) == "alice@example.com"


@pytest.mark.parametrize("typed", ["a" * 1_000_000, "a@" * 100_000, "@" * 100_000, "a@" + "b." * 50_000 + "fr"])
def test_what_is_far_too_long_is_not_even_looked_at(typed: str) -> None:
    assert (addresses.read(typed), addresses.meant(typed)) == (None, None)
