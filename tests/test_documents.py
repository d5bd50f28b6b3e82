"""What the documents say of the program is true of it."""

import re
from pathlib import Path

import pytest

from bot.periods import PERIODS, Kept
from bot.tables import metadata
from optin.erasures import REDELIVERED

DOCS = Path(__file__).parent.parent / "docs"
PAGES = ("data-protection.md", "fr/protection-des-donnees.md")


@pytest.mark.parametrize("page", PAGES)
def test_a_data_protection_officer_is_told_of_every_table(page: str) -> None:
    told = set(re.findall(r"`([a-z_]+)`", (DOCS / page).read_text(encoding="utf-8")))

    assert {table.name for table in metadata.sorted_tables} - told == set()


@pytest.mark.parametrize("page", PAGES)
def test_a_data_protection_officer_is_told_the_very_times(page: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| (\d+) (?:days?|jours?)", (DOCS / page).read_text(encoding="utf-8"), re.M)

    in_days = {kept.value: PERIODS[kept].days for kept in Kept} | {"redeliveries": REDELIVERED.days}
    assert {reason: int(days) for reason, days in rows} == in_days
