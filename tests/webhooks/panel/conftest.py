"""What the tests of the panel share."""

from collections.abc import Iterator

import pytest

from tests.webhooks.panel import office as managers_office
from tests.webhooks.panel.office import Office


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    with managers_office.office(database_url) as office:
        yield office
