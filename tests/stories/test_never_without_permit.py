"""Nothing leaves without a permit that can be shown, in whatever order fans, managers, platforms and clocks act.

A failing story is printed step by step. `python -m tests.permits_model` plays longer.
"""

from pathlib import Path

import pytest

from tests.permits_model import play


@pytest.mark.timeout(300)
def test_on_sqlite(sqlite_template: Path, tmp_path: Path) -> None:
    seen = play.many(play.copies(sqlite_template, tmp_path), play.STORIES)
    assert seen["solicitation sent"] >= 3 * play.STORIES, "stories in which nothing leaves prove nothing"


@pytest.mark.timeout(300)
def test_on_postgresql(postgresql_url: str) -> None:
    seen = play.many(play.emptied(postgresql_url), play.STORIES)
    assert seen["solicitation sent"] >= 3 * play.STORIES, "stories in which nothing leaves prove nothing"
