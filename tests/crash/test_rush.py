"""More people than codes, all at once: each code goes to one person, and whoever gets none is told kindly."""

from pathlib import Path

import pytest

from tests.crash import rush
from tests.crash.rush import Plan

PLANS = {"our codes": Plan(1, 400, 40, kills=6), "a shop's codes": Plan(2, 400, 40, kills=6, listed=True)}


@pytest.mark.timeout(400)  # on a machine that is busy with other tests
@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_a_rush_takes_every_code_once(database_url: str, tmp_path: Path, plan: Plan) -> None:
    figures = rush.play(database_url, tmp_path, plan)

    assert figures.faults == ()
    assert (figures.claimed, figures.kills) == (plan.codes, plan.kills)
    assert min(figures.losers, figures.twice, figures.linked, figures.written) > 0
