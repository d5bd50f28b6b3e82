"""The stage, on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest

from tests.stage import Stage


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    stage = Stage(database_url)
    yield stage
    stage.close()


@pytest.fixture
def stage_on_postgresql(postgresql_url: str) -> Iterator[Stage]:
    stage = Stage(postgresql_url)
    yield stage
    stage.close()
