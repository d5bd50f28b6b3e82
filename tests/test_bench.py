"""Every benchmark still measures: a tiny share of each, so that no new column breaks one unnoticed."""

from pathlib import Path
from types import ModuleType

import pytest

from bench.__main__ import MEASUREMENTS, WHERE_ASKED, WITHOUT_DATABASE
from tests import postgres as postgresql

# Where its own statements are strictest, or else where it is quickest.
ON_SQLITE = ("acknowledging", "deciding", "latency")
ON_POSTGRESQL = tuple(name for name in MEASUREMENTS | WHERE_ASKED if name not in ON_SQLITE)
SHARE = {"campaign": 0.002, "conditions": 0.002, "feed": 0.002, "ranking": 0.002}


@pytest.mark.parametrize("name", ON_SQLITE)
def test_it_measures_on_sqlite(name: str, tmp_path: Path) -> None:
    measured = list((MEASUREMENTS | WHERE_ASKED)[name].measure(lambda one: f"sqlite:///{tmp_path}/{one}.db", 0.02))

    assert measured
    assert all(measured)


@pytest.mark.parametrize("name", ON_POSTGRESQL)
def test_it_measures_on_postgresql(name: str, postgres: postgresql.Server) -> None:
    made: list[str] = []

    def new(one: str) -> str:
        made.append(f"bench_{one}")
        return postgres.create_database(made[-1])

    try:
        measured = list((MEASUREMENTS | WHERE_ASKED)[name].measure(new, SHARE.get(name, 0.02)))

        assert measured
        assert all(measured)
    finally:
        for one in made:
            postgres.drop(one)


@pytest.mark.parametrize("measurement", WITHOUT_DATABASE.values(), ids=WITHOUT_DATABASE)
def test_it_measures_without_a_database(measurement: ModuleType) -> None:
    measured = list(measurement.measure(0.02))

    assert measured
    assert all(measured)
