"""The address that somebody typed: found in a sentence, and never somebody else's."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optin.answers import email_in, phone_in
from tests.corpus import shared

TYPED = {
    "Mon mail : lea.dupont@exemple.fr.": "lea.dupont@exemple.fr",
    "lea@exemple.fr, merci": "lea@exemple.fr",
    "<lea@exemple.fr>": "lea@exemple.fr",
    "'lea@exemple.fr'": "lea@exemple.fr",
    "**lea@exemple.fr**": "lea@exemple.fr",
    "mailto:lea@exemple.fr": "lea@exemple.fr",
    "lea+promo@exemple.co.uk!": "lea+promo@exemple.co.uk",
    "Lea@EXEMPLE.fr": "Lea@exemple.fr",
    "lea@exemple.fr ou LEA@exemple.fr ?": "LEA@exemple.fr",
    "@labelle lea@exemple.fr": "lea@exemple.fr",
    "lea arobase exemple point fr": "lea@exemple.fr",
    "lea (at) exemple.fr": "lea@exemple.fr",
    "lea[at]exemple[dot]fr": "lea@exemple.fr",
    "lea @ exemple.fr": "lea@exemple.fr",
    "lea＠exemple.fr": "lea@exemple.fr",
    "lea@exemple.fr et max@exemple.fr": None,
    "lea@exemple": None,
    "lea@exemple..fr": None,
    "lea..dupont@exemple.fr": None,
    "émilie@exemple.fr": None,
    "x/lea@exemple.fr": None,
    "lea@exemple.fr@labelle": None,
    "https://exemple.fr/@lea.fr": None,
    "merci @la.marque": None,
    "on se voit @ exemple.fr demain": None,
    "": None,
}
local = st.from_regex(r"[a-z0-9]+([._+-][a-z0-9]+)?", fullmatch=True).filter(lambda name: len(name) < 60)
domain = st.from_regex(r"[a-z0-9]{1,20}(-[a-z0-9]{1,9})?\.(fr|com|org|net|co\.uk)", fullmatch=True)


@pytest.mark.parametrize(("text", "email"), TYPED.items())
def test_an_email_address_is_found_in_a_sentence(text: str, email: str | None) -> None:
    assert email_in(text) == email


@given(
    local, domain.filter(lambda name: "xn--" not in name), st.sampled_from(["{}", "mon mail {} merci", "({})", "{}."])
)
def test_an_ordinary_address_is_always_found(name: str, host: str, sentence: str) -> None:
    address = f"{name}@{host}"

    assert email_in(sentence.format(address)) == address


def test_what_is_found_is_what_was_typed() -> None:
    lines = shared.path("vectors/email_addresses.jsonl").read_text(encoding="utf-8").splitlines()
    typed = [unicodedata.normalize("NFKC", json.loads(line)["address"]) for line in lines]

    other = [text for text in typed if "xn--" not in text and (email_in(text) or "") not in text]

    assert len(typed) == 439
    assert other == []


def test_every_valid_phone_number_is_found_and_no_other() -> None:
    rows = shared.rows("vectors/phone_numbers.csv")

    wrong = [
        row
        for row in rows
        if phone_in(f"Mon numéro : {row['national']}, merci", row["region"])
        != (row["e164"] if row["valid"] == "True" else None)
    ]

    assert len(rows) == 884
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("06 12 34 56 78", "+33612345678"),
        ("appelez le 06.12.34.56.78 svp", "+33612345678"),
        ("0612345678 ou +33 6 12 34 56 78", "+33612345678"),
        ("+44 7911 123456", "+447911123456"),
        ("06 12 34 56 78 et aussi le 07 81 23 45 67", None),
        ("commande 123456789", None),
        ("le 12/05/2026 à 10h", None),
    ],
)
def test_a_phone_number_is_read_as_it_is_dialled_in_france(text: str, phone: str | None) -> None:
    assert phone_in(text) == phone


@given(st.text())
def test_no_text_breaks_the_search_for_addresses(text: str) -> None:
    assert (email_in(text) or "@").count("@") == 1
    assert (phone_in(text) or "+").startswith("+")
