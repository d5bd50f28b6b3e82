"""What every test may ask for: a fresh database of either kind, and a browser."""

import importlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import postgres as postgresql
from tests.browser import browser, new_page, page
from tests.fresh import Shelf

__all__ = ["browser", "database_url", "new_page", "page", "postgres"]

# pytest would leave its temporary folders in /tmp; ours stay in the checkout.
TEMPORARY = Path(__file__).parent.parent / ".tools" / "tmp"
TEMPORARY.mkdir(parents=True, exist_ok=True)
os.environ["PYTEST_DEBUG_TEMPROOT"] = str(TEMPORARY)


def migrate(url: str) -> None:
    try:
        database = importlib.import_module("bot.database")
    except ImportError:
        return
    database.migrate(url)


def pytest_configure(config: pytest.Config) -> None:
    # The workers of pytest-xdist inherit the variable, and with it the one server.
    if "FAN_TEST_RUN" not in os.environ:
        run = ExitStack()
        os.environ["FAN_TEST_RUN"] = str(run.enter_context(postgresql.run()))
        config.add_cleanup(run.close)


@pytest.fixture(scope="session")
def postgres() -> postgresql.Server:
    return postgresql.shared(Path(os.environ["FAN_TEST_RUN"]))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated, empty database for one test."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'fanfare.db')}"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "fanfare.db"
    path.touch()
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def postgresql_url(shelf: Shelf) -> Iterator[str]:
    with shelf.lend() as url:
        yield url


@pytest.fixture(scope="session")
def shelf(postgres: postgresql.Server, postgresql_template: str) -> Iterator[Shelf]:
    shelf = Shelf(postgres, postgresql_template)
    yield shelf
    shelf.close()


@pytest.fixture(scope="session")
def postgresql_template(postgres: postgresql.Server) -> str:
    name = f"template_{uuid.uuid4().hex}"
    migrate(postgres.create_database(name))
    return name
