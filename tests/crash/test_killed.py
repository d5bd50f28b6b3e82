"""kill -9 at random moments under load: nothing acknowledged is lost, nothing is said twice, and others take over."""

from pathlib import Path

import pytest

from tests.crash import rounds
from tests.crash.rounds import Plan
from tests.crash.starting import by_fork

PLANS = {"silent platform": Plan(1, kills=8, echoes=False), "platform with echoes": Plan(2, kills=8, echoes=True)}


@pytest.mark.timeout(400)  # on a machine that is busy with other tests
@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_kill_9_loses_nothing_and_says_nothing_twice(database_url: str, tmp_path: Path, plan: Plan) -> None:
    figures = rounds.play(by_fork, tmp_path, database_url, plan)

    assert figures.faults == []
    assert figures.kills.total() == plan.kills
    assert min(figures.interactions, figures.held, figures.states["sent"]) > 0
