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
from leads.purchases import Told
from leads.redemptions import Redemption
from offers.claims import Claim
from optin.fans import Profile
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
    assert rows(page, "platform") == {
        "Pigeon": ["€60.00", "€30.00", *hers[1:], "2", "50%", "100%"],
        "No code before it": ["€5.00", "–", *nobody[1:]],
    }
    assert rows(page, "offer") == {
        "=Promo": [*hers, "1", "100%", "100%"], "No code before it": nobody,
        "Other": ["€0.00", "0", "–", "0", "–", "–", "1", "0%", "–"],
    }  # fmt: skip
    assert rows(page, "post") == {"post-1 Pigeon": [*hers, "1", "100%", "100%"], "No code before it": nobody}


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
    assert {len(line) for line in lines} == {len(head)} == {13}
    assert lines[0] == ["Plateforme", "pigeon", "pigeon", "60,00", "3", "20,00", "1", "1", "3,00", "2", "1", "1", "2"]
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
