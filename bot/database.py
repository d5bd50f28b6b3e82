"""The database: how it is opened, the one place where a transaction begins and ends, and its migrations."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlmodel import Session

HERE = Path(__file__).parent
BUSY_SECONDS = 30  # how long a writer of SQLite waits for another
POOL = 10

Transaction = Callable[[], AbstractContextManager[Session]]


def connect(url: str) -> sa.Engine:
    """An engine for SQLite or PostgreSQL. Makes the folder of a SQLite file."""
    # hide_parameters everywhere: what fans wrote must not stand in an exception's text.
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        return _sqlite(address)
    if address.drivername in ("postgresql", "postgres"):
        address = address.set(drivername="postgresql+psycopg")
    return sa.create_engine(address, pool_size=POOL, max_overflow=POOL, pool_pre_ping=True, hide_parameters=True)


def is_sqlite(engine: sa.Engine) -> bool:
    return engine.dialect.name == "sqlite"


def transactions(engine: sa.Engine) -> Transaction:
    """`with transaction() as session:` commits what was done, or nothing of it."""

    @contextmanager
    def transaction() -> Iterator[Session]:
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    return transaction


def readings(engine: sa.Engine) -> Transaction:
    """`with reading() as session:` sees the database as it stands, and never waits for a writer."""
    reader = engine.execution_options(fanfare_reads=True)

    @contextmanager
    def reading() -> Iterator[Session]:
        with Session(reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    return reading


def migrate(url: str) -> None:
    """Bring the tables up to date. Running it again changes nothing."""
    command.upgrade(alembic_config(url), "head")


def alembic_config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE / "migrations"))
    config.attributes["url"] = url
    return config


def _sqlite(address: sa.URL) -> sa.Engine:
    if address.database and address.database != ":memory:":
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        address,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        pool_size=POOL,
        hide_parameters=True,
    )
    sa.event.listen(engine, "connect", _set_up)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: see _begin
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={BUSY_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    """A writer asks for the lock at once: asking later, after reading, fails where another wrote in between."""
    reads = connection.get_execution_options().get("fanfare_reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
