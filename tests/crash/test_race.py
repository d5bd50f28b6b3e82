"""However many processes want to bring a fan something at once, no more than he has room for goes out."""

from pathlib import Path

import pytest

from tests.crash import race

FANS = 25  # `python -m tests.crash.race` runs with a thousand


@pytest.mark.timeout(300)  # on a machine that is busy with other tests
def test_sixteen_processes_spend_the_last_unit_of_each_fan_once(database_url: str, tmp_path: Path) -> None:
    finish = race.run(database_url, tmp_path, FANS)

    assert finish.sent == {f"fan-{number}": 1 for number in range(FANS)}
    assert finish.states == {"sent": FANS, "deferred": FANS * (race.PROCESSES - 1)}
