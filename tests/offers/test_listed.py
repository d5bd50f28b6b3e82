"""What a shop may count on when it brings its own list of codes."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlmodel import select

from bot.__main__ import cli
from offers import listed
from offers.catalog import Offer
from offers.listed import Amiss, OfferCode, Unread
from tests.cast import SECRET, Stage


def test_a_list_is_read_however_a_shop_writes_it() -> None:
    lists = [
        "A1\nB2\n",
        "\ufeffCode;Note\nA1;x\nB2;y\n",
        "n,code\r\n1,A1\r\n2,B2\r\n",
        "code\n\nA1\n  B2 \n",
        "A1\tx\nB2\ty",
        "id;Voucher\n1;A1\n2;B2\n",
    ]

    assert [tuple(listed.read(text).codes) for text in lists] == [("A1", "B2")] * len(lists)


def test_each_faulty_line_is_named() -> None:
    listing = listed.read("code,n\nA1,1\n,2\nA 1,3\nA1,4\n" + "x" * 41 + ",5\n")

    assert (list(listing.codes), listing.faults) == (
        ["A1"],
        ((3, Amiss.EMPTY), (4, Amiss.ODD_LETTERS), (5, Amiss.TWICE), (6, Amiss.TOO_LONG)),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", Unread.NO_CODE),
        ("\ufeff\n \n", Unread.NO_CODE),
        ("n,code\n", Unread.NO_CODE),
        ("id;number\n1;A1\n", Unread.NO_HEADING),
        ("SUMMER\nWINTER\n", None),
        ("SUMMER;\nWINTER;\n", None),
    ],
)
def test_what_holds_no_codes_or_hides_them_is_not_read(text: str, told: Unread | None) -> None:
    assert listed.unread(text) is told


def brings(stage: Stage, folder: Path, codes: str, *options: str) -> Result:
    file = folder / "codes.csv"
    file.write_text(codes, encoding="utf-8")
    url = stage.bot.settings.database_url.get_secret_value()
    environ = {"DATABASE_URL": url, "SECRET_KEY": SECRET, "PIGEON_LOFT": ""}
    return CliRunner().invoke(cli, ["import-codes", "ete", str(file), *options], env=environ)


def kept(stage: Stage) -> tuple[list[str], int | None]:
    with stage.bot.reading() as session:
        codes = session.exec(select(OfferCode.code).order_by(OfferCode.id)).all()  # type: ignore[arg-type]
        return list(codes), session.exec(select(Offer.stock)).one()


def test_a_list_becomes_the_stock_and_a_second_import_adds_nothing(stage: Stage, tmp_path: Path) -> None:
    stage.offer()

    first = brings(stage, tmp_path, "A1\nB2\n")
    again = brings(stage, tmp_path, "B2\nA1\n")

    assert (first.exit_code, first.output) == (0, "2 good, 0 faulty; 2 free in the offer's stock.\n")
    assert (again.exit_code, "line 1: is a code already" in again.output) == (1, True)
    assert kept(stage) == (["A1", "B2"], 2)


def test_a_list_without_a_known_heading_changes_nothing(stage: Stage, tmp_path: Path) -> None:
    stage.offer()

    told = brings(stage, tmp_path, "id;number\n1;A1\n", "--without-faulty")

    assert (told.exit_code, 'head the column of codes "code"' in told.output) == (1, True)
    assert kept(stage)[0] == []


@pytest.mark.parametrize(("options", "left"), [((), []), (("--dry-run",), []), (("--without-faulty",), ["A1", "B2"])])
def test_a_faulty_list_changes_nothing_before_somebody_says_so(
    stage: Stage, tmp_path: Path, options: tuple[str, ...], left: list[str]
) -> None:
    stage.offer()

    told = brings(stage, tmp_path, "A1\nA1\nB2\n", *options)

    assert "line 2: stands in the list before" in told.output
    assert kept(stage)[0] == left


def test_fans_get_the_codes_of_the_list_and_then_hear_that_they_are_gone(stage: Stage, tmp_path: Path) -> None:
    offer, visitor = stage.offer(), stage.visitor()
    brings(stage, tmp_path, "A1\nB2\n")
    pages = []

    for number in range(3):
        word = stage.claim(offer, stage.fan(f"fan{number}"))
        pages.append(visitor.post(f"/claim/{word}", data={"email": "a@example.com"}, follow_redirects=True).text)

    assert ["A1" in pages[0], "B2" in pages[1], "Tous les codes sont partis" in pages[2]] == [True] * 3
    with stage.bot.reading() as session:
        assert listed.free(session, offer.id) == 0
