"""What whoever stands at a shop's counter may count on."""

import re
from datetime import timedelta

import pytest

from bot.changes import Change
from leads.redemptions import Redemption
from offers import claims
from offers.claims import Claim
from optin.fans import Profile
from tests.webhooks.panel.office import Office

WORD = re.compile(r'<p class="word">([^<]+)<')
UNDO = re.compile(r'action="(/panel/counter/[^"]+/undo)"')
CODE = "ZEPH-7KQ2M9XWA-W"  # its check letter fits


def gives(office: Office, code: str = CODE, **offer: object) -> str:
    """A fan has taken this code."""
    office.hears("promo")
    (profile,) = office.all(Profile)
    claim_id = office.bot.new_id()
    claim = Claim(
        id=claim_id, fan_id=profile.fan_id, profile_id=profile.id, offer_id=office.offer(**offer).id, language="fr",
        token_hash=claims.hash_of(str(claim_id)), platform="pigeon", account="loft", opened_at=office.now,
        code=code, claimed_at=office.now, step="done",
    )  # fmt: skip
    with office.bot.transaction() as session:
        session.add(claim)
    return code


def words(answer) -> list[str]:
    return WORD.findall(answer.text)


def test_a_code_is_looked_at_and_taken_and_who_did_it_is_kept(office: Office) -> None:
    gives(office)
    desk = office.desk()
    desk.get("/panel/counter")

    looked = desk.post("/panel/counter", {"code": f" {CODE.lower()} "})
    taken = desk.follow("/panel/counter/redeem", {"code": CODE})

    assert (looked.status_code, words(looked), words(taken)) == (200, ["Valid: -20 %"], ["Redeemed"])
    assert "Taken on 2 Nov 2026 10:00." in looked.text
    assert [(row.by, row.undone_at) for row in office.all(Redemption)] == [(f"manager:{office.claire.id}", None)]
    assert [(row.manager_id, row.what) for row in office.all(Change)] == [(office.claire.id, "redeemed")]
    assert "redeemed a code at the counter: Promo" in desk.get("/panel/journal").text


def test_a_second_click_is_the_first_and_a_second_customer_is_too_late(office: Office) -> None:
    gives(office)
    claire, noor = office.desk(), office.desk(office.noor)

    claire.post("/panel/counter/redeem", {"code": CODE})
    clicked = claire.follow("/panel/counter/redeem", {"code": CODE})
    others = noor.post("/panel/counter/redeem", {"code": CODE})
    office.later(seconds=6)
    later = claire.post("/panel/counter/redeem", {"code": CODE})
    looked = claire.post("/panel/counter", {"code": CODE})

    assert [words(page) for page in (clicked, others, later, looked)] == [["Redeemed"], *[["Used before"]] * 3]
    assert "by Claire" in others.text
    assert len(office.all(Redemption)) == len(office.all(Change)) == 1


def test_it_can_be_undone_for_five_seconds_by_whoever_did_it(office: Office) -> None:
    gives(office)
    claire, noor = office.desk(), office.desk(office.noor)

    path = UNDO.findall(claire.follow("/panel/counter/redeem", {"code": CODE}).text)[0]
    not_hers = noor.post(path)
    office.later(seconds=4)
    undone, again = claire.post(path), claire.post(path)
    claire.follow("/panel/counter/redeem", {"code": CODE})
    path = UNDO.findall(claire.follow("/panel/counter/redeem", {"code": CODE}).text)[0]
    office.later(seconds=6)
    too_late = claire.post(path)

    assert [page.status_code for page in (not_hers, undone, again, too_late)] == [409, 200, 409, 409]
    assert words(undone) == ["Undone: the code is good again."]
    assert [row.what for row in office.all(Change)] == ["redeemed", "unredeemed", "redeemed"]


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("ZEPH-7KQ2M9XWA-C", "A letter is wrong"),
        ("ZEPH-7KQ2M9XWZ-W", "A letter is wrong"),
        *((text, "Not a code of ours") for text in ("SHOP-1", "<b>", "x" * 5000)),
    ],
)
def test_what_is_no_code_is_told_at_once(office: Office, typed: str, word: str) -> None:
    gives(office)

    answer = office.desk().post("/panel/counter", {"code": typed})

    assert (answer.status_code, words(answer)) == (422, [word])
    assert "<b>" not in answer.text


def test_a_code_is_taken_until_its_grace_is_over(office: Office) -> None:
    gives(office, ends_at=office.now + timedelta(hours=1), grace_days=1)
    desk = office.desk()

    office.later(hours=2)
    in_time = desk.post("/panel/counter", {"code": CODE})
    office.later(days=1)
    late = office.desk().post("/panel/counter", {"code": CODE})

    assert (words(in_time), words(late)) == (["Valid: -20 %"], ["Expired"])
    assert "Good until 3 Nov 2026 11:00." in in_time.text


def test_a_shops_own_code_is_found_as_it_is_written(office: Office) -> None:
    gives(office, "shop-Ab12")

    assert words(office.desk().post("/panel/counter", {"code": "shop-Ab12"})) == ["Valid: -20 %"]
