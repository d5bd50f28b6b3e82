"""Value in the panel: tables of one period, the same as CSV, and what a fan brought on his page."""

import csv
import re
from datetime import timedelta
from html import unescape
from io import StringIO
from typing import Any
from uuid import UUID

import pytest

from leads import purchases
from leads.purchases import Purchase, Told
from leads.redemptions import Redemption
from offers import exposures
from offers.catalog import Offer
from offers.claims import Claim
from optin.fans import Fan, Profile
from tests.webhooks.panel.office import Office

ROW = re.compile(r'<th scope="row">(.*?)</th>(.*?)</tr>', re.DOTALL)


def told(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def rows(page: str, table: str) -> dict[str, list[str]]:
    part = page.split(f'id="{table}-title"')[1].split("</section>")[0]
    return {told(name): [told(cell) for cell in re.findall(r"<td.*?</td>", cells)] for name, cells in ROW.findall(part)}


@pytest.fixture
def bought(office: Office) -> UUID:
    """Léa took two offers, used one, and bought three times; Max bought before he took any."""
    office.hears("Bonjour")
    office.hears("Salut", handle="max", name="Max")
    lea = next(one for one in office.all(Profile) if one.handle == "lea")
    used, other = office.offer(name="=Promo"), office.offer(slug="other", name="Other")
    with office.bot.transaction() as session:
        for number, offer in enumerate((used, other)):
            claim: dict[str, Any] = {
                "id": UUID(int=number + 1), "fan_id": lea.fan_id, "profile_id": lea.id, "offer_id": offer.id,
                "token_hash": str(number), "language": "fr", "platform": "pigeon", "account": "loft",
                "post": "post-1" if offer is used else "", "opened_at": office.now,
            }  # fmt: skip
            taken: dict[str, Any] = {"code": "CODE-1", "claimed_at": office.now} if offer is used else {}
            session.add(Claim(**claim, **taken))
        session.flush()
        session.add(Redemption(id=UUID(int=1), claim_id=UUID(int=1), by="key:till", at=office.now))
    for day, amount in ((0, 1000), (4, 2000), (6, 3000)):
        sell(office, amount, code="CODE-1", later=day)
    sell(office, 500, email_hash="0" * 64)
    office.later(days=10)
    return lea.fan_id


def sell(office: Office, amount: int, later: int = 0, **whose: str) -> None:
    at = office.now + timedelta(days=later)
    one = Told("shop", f"{amount}", amount, "EUR", at, **whose)  # type: ignore[arg-type]
    with office.bot.transaction() as session:
        purchases.keep(session, office.bot.new_id(), one, "key:till", at)


def test_each_platform_offer_and_post_has_its_figures(office: Office, bought: UUID) -> None:
    page = office.desk().get("/panel/value").text

    nobody = ["€5.00", "1", "€5.00", "1", "0%", "–", "0", "–", "–"]
    hers = ["€60.00", "3", "€20.00", "1", "100%", "every 3 days"]
    all_of_one = ["100% (21%–100%)", "100% (21%–100%)"]
    assert rows(page, "platform") == {
        "Pigeon": ["€60.00", "€30.00", *hers[1:], "2", "50% (9%–91%)", "100% (21%–100%)"],
        "No code before it": ["€5.00", "–", *nobody[1:]],
    }
    assert rows(page, "offer") == {
        "=Promo": [*hers, "1", *all_of_one], "No code before it": nobody,
        "Other": ["€0.00", "0", "–", "0", "–", "–", "1", "0% (0%–79%)", "–"],
    }  # fmt: skip
    assert rows(page, "post") == {"post-1 Pigeon": [*hers, "1", *all_of_one], "No code before it": nobody}


def test_a_period_counts_what_falls_into_it(office: Office, bought: UUID) -> None:
    office.later(days=25)

    month, year = (rows(office.desk().get(f"/panel/value?period={one}").text, "platform") for one in ("30", "365"))

    assert month["Pigeon"][:3] == ["€30.00", "€15.00", "1"]
    assert year["Pigeon"][:3] == ["€60.00", "€30.00", "3"]


def test_a_table_program_reads_the_same_and_calculates_nothing_of_it(office: Office, bought: UUID) -> None:
    answer = office.desk().get("/panel/value.csv?lang=fr")

    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="value-90.csv"'
    head, *lines = csv.reader(StringIO(answer.data.decode("utf-8-sig")), delimiter=";")
    assert {len(line) for line in lines} == {len(head)} == {26}
    worth = ["60,00", "3", "20,00", "1", "1", "3,00", "2", "1", "1", "2"]
    assert lines[0] == ["Plateforme", "pigeon", "pigeon", *worth, *[""] * 13]
    assert [line[2] for line in lines if line[0] == "Offre"] == ["'=Promo", "Other", "Sans code avant"]


def test_what_a_fan_brought_stands_on_his_page(office: Office, bought: UUID) -> None:
    page = office.desk().get(f"/panel/fans/{bought}").text

    part = told(page.split('id="brought"')[1].split("</section>")[0])
    assert "Revenue €60.00 Purchases 3 Average basket €20.00 Regularity every 3 days €30.00" in part
    assert "Of 2 offers, he took 1 and used 1." in part


def test_without_anything_to_count_the_page_says_what_to_do(office: Office) -> None:
    page = office.desk().get("/panel/value").text

    assert "There is nothing to count in this period yet." in page
    assert "POST /api/v1/purchases" in page
    assert 'href="/panel/offers"' in page


def lot(office: Office, offer: Offer, people: int, buyers: int, held_out: bool) -> None:
    """So many were leads by a code of ours, so many of them bought for 10 or 30 euros afterwards."""
    old = office.offer(slug=f"old-{held_out}-{people}")
    first = office.count(Fan) + 1
    ids = [UUID(int=first + number) for number in range(people)]
    known: dict[str, Any] = {"language": "fr", "platform": "pigeon", "account": "loft"}
    bought: dict[str, Any] = {"source": "shop", "currency": "EUR", "told_at": office.now, "told_by": "key:till"}
    with office.bot.transaction() as session:
        session.add_all(Fan(id=one, person_id=one, language="fr", created_at=office.now) for one in ids)
        session.flush()
        session.add_all(
            Profile(
                id=one, fan_id=one, platform="pigeon", account="loft", handle=str(one), name="",
                first_heard_at=office.now, last_heard_at=office.now,
            )
            for one in ids
        )  # fmt: skip
        session.flush()
        session.add_all(
            Claim(
                id=one, fan_id=one, profile_id=one, offer_id=old.id, token_hash=str(one), opened_at=office.now,
                claimed_at=office.now, code=str(one)[-12:], **known,
            )
            for one in ids
        )  # fmt: skip
        session.flush()
        for one in ids:
            exposures.note(session, one, [one], offer.id, held_out, office.now)
        session.add_all(
            Purchase(
                id=one, order_id=str(one), amount=1000 if number % 2 else 3000, claim_id=one, fan_id=one,
                at=office.now + timedelta(days=1), **bought,
            )
            for number, one in enumerate(ids[:buyers])
        )  # fmt: skip
    office.later(days=2)


def changes(page: str) -> list[str]:
    return [told(one) for one in re.findall(r'<article class="change">(.*?)</article>', page, re.DOTALL)]


def test_who_was_brought_offers_stands_beside_who_was_held_out(office: Office) -> None:
    offer = office.offer()
    lot(office, offer, 600, 120, held_out=False)
    lot(office, offer, 200, 30, held_out=True)

    everything, one = changes(office.desk().get("/panel/value").text)

    told_of_both = (
        "Brought to 600 Held out 200 Bought: brought · held out 20% · 15% "
        "Difference +5 points (-1.4 … +10.5) "
        "Revenue per person: brought · held out €4.00 · €3.00 Difference +€1.00 (-€0.35 … +€2.35) "
        "The difference may be chance: nothing is shown yet."
    )
    assert (everything, one) == (f"All offers {told_of_both}", f"{offer.name} {told_of_both}")


def sheet(office: Office, language: str) -> tuple[list[str], list[list[str]]]:
    text = office.desk().get(f"/panel/value.csv?lang={language}").data.decode("utf-8-sig")
    head, *lines = csv.reader(StringIO(text), delimiter=";")
    assert {len(line) for line in lines} == {len(head)}
    return head[13:], [line for line in lines if any(line[13:])]


def test_the_sheet_tells_the_difference_with_how_sure_it_is(office: Office) -> None:
    offer = office.offer(name="=Tea")
    lot(office, offer, 600, 120, held_out=False)
    lot(office, offer, 200, 30, held_out=True)

    (french, lines), (english, others) = sheet(office, "fr"), sheet(office, "en")

    rate, money = ["20,00", "15,00", "5,00", "-1,36", "10,46"], ["4,00", "3,00", "1,00", "-0,35", "2,35"]
    assert [line[13:] for line in lines] == [["600", "200", "", *rate, *money]] * 2
    assert [line[13:] for line in others] == [
        ["600", "200", "", *(one.replace(",", ".") for one in (*rate, *money))]
    ] * 2
    assert [line[0:3] for line in lines] == [
        ["Ce que changent les offres proposées", "", "Toutes les offres"],
        ["Ce que changent les offres proposées", "", "'=Tea"],
    ]
    assert (french[3], english[3]) == ("Ont acheté, offres proposées (%)", "Bought, brought (%)")
    assert english[-1] == "Difference of revenue per person, at most (EUR)"


def test_of_too_few_the_sheet_tells_how_many_it_takes_and_no_difference(office: Office) -> None:
    offer = office.offer()
    lot(office, offer, 120, 6, held_out=False)
    lot(office, offer, 12, 1, held_out=True)

    _, lines = sheet(office, "en")

    assert [line[13:] for line in lines] == [["120", "12", "1200", *[""] * 10]] * 2


def test_what_chance_alone_would_hardly_show_is_said(office: Office) -> None:
    offer = office.offer()
    lot(office, offer, 500, 100, held_out=False)
    lot(office, offer, 200, 10, held_out=True)

    page = changes(office.desk().get("/panel/value").text)[0]

    assert "More people buy when they are brought offers. Chance alone would hardly show this." in page
    assert "Too few people bought to compare amounts: it takes 30 in each group." in page


def test_of_too_few_people_no_number_is_shown(office: Office) -> None:
    offer = office.offer()
    lot(office, offer, 120, 6, held_out=False)
    lot(office, offer, 12, 1, held_out=True)
    office.hears("Bonjour")
    fan_id = next(one.fan_id for one in office.all(Profile) if one.handle == "lea")
    with office.bot.transaction() as session:
        exposures.note(session, fan_id, [fan_id], offer.id, True, office.now)

    page = office.desk().get("/panel/value").text

    assert changes(page)[0] == (
        "All offers Brought to 120 Held out 12 12 people were held out: too few to say anything. It takes about 1,200."
    )
    assert "1 more person is not compared: we had nothing by which to know a purchase." in told(page)
    assert "Nobody is held out at the moment: the setting HOLDOUT_PERCENT is 0." in told(page)


def test_a_long_table_goes_on_in_the_sheet(office: Office, bought: UUID) -> None:
    offers = [office.offer(slug=f"s{number}") for number in range(60)]
    with office.bot.transaction() as session:
        claim = session.get_one(Claim, UUID(int=2)).model_dump()
        for number, offer in enumerate(offers):
            ids = {"id": UUID(int=9000 + number), "offer_id": offer.id, "token_hash": f"h{number}"}
            session.add(Claim(**claim | ids | {"post": f"more-{number}"}))

    page, sheet = (office.desk().get(f"/panel/value{kind}") for kind in ("", ".csv"))

    assert len(rows(page.text, "post")) == 50
    assert "12 more lines are in the CSV." in told(page.text)
    assert sum(";more-" in line for line in sheet.text.splitlines()) == 60
    assert "Content-Length" not in sheet.headers
