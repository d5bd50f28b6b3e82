"""What the tests of the offers share."""

from collections.abc import Iterator

import pytest

from tests import cast
from tests.cast import Stage


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    with cast.stage(database_url) as stage:
        yield stage
