"""The database: how it is opened, the one place where a transaction begins and ends, and its migrations."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import InvalidatePoolError
from sqlmodel import Session

HERE = Path(__file__).parent
BUSY_SECONDS = 30  # how long a writer of SQLite waits for another
LOOKS_EVERY = 0.001  # seconds
POOL = 10
RESTED = 1.0  # seconds: a connection used more lately isn't asked whether it is alive; no restart is done sooner

Transaction = Callable[[], AbstractContextManager[Session]]


def connect(url: str) -> sa.Engine:
    """An engine for SQLite or PostgreSQL. Makes the folder of a SQLite file."""
    # hide_parameters everywhere: what fans wrote must not stand in an exception's text.
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        return _sqlite(address)
    if address.drivername in ("postgresql", "postgres"):
        address = address.set(drivername="postgresql+psycopg")
    return _postgresql(address)


def back_up(url: str, file: Path) -> None:
    """Copy an SQLite database as it stands, while others write. Raises ValueError, FileExistsError."""
    address = sa.make_url(url)
    if address.get_backend_name() != "sqlite" or not address.database:
        raise ValueError("this is no SQLite file: back up PostgreSQL with pg_dump")
    if file.exists():
        raise FileExistsError(f"{file} is there already: choose another name")
    file.touch(mode=0o600)
    with closing(sqlite3.connect(address.database)) as source, closing(sqlite3.connect(file)) as copy:
        source.backup(copy)


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
    # PostgreSQL shows each query what was committed before it, in a transaction or out of one: BEGIN buys nothing.
    reader = engine.execution_options(fanfare_begins="BEGIN") if is_sqlite(engine) else at_once(engine)

    @contextmanager
    def reading() -> Iterator[Session]:
        with Session(reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    return reading


def at_once(engine: sa.Engine) -> sa.Engine:
    """For a single statement, which is a transaction by itself: BEGIN and COMMIT would be two more waits."""
    if is_sqlite(engine):
        return engine.execution_options(fanfare_begins="")
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def migrate(url: str) -> None:
    """Bring the tables up to date. Running it again changes nothing."""
    command.upgrade(alembic_config(url), "head")


def is_behind(engine: sa.Engine) -> bool:
    """Whether its tables are older than this version, or not there at all. Newer ones are no hindrance."""
    with at_once(engine).connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory.from_config(alembic_config(""))
    older = {one.revision for one in scripts.walk_revisions()} - {scripts.get_current_head()}
    return current is None or current in older


def alembic_config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE / "migrations"))
    config.attributes["url"] = url
    return config


def _postgresql(address: sa.URL) -> sa.Engine:
    engine = sa.create_engine(address, pool_size=POOL, max_overflow=POOL, hide_parameters=True)
    sa.event.listen(engine, "connect", _compile_nothing)
    sa.event.listen(engine, "checkin", _rest)
    sa.event.listen(engine, "checkout", _ask_whether_alive)
    return engine


def _compile_nothing(connection: Any, _record: Any) -> None:
    """PostgreSQL would spend more time on compiling our longest questions than on answering them."""
    connection.execute("SET jit = off")
    connection.commit()


def _rest(_connection: Any, record: Any) -> None:
    record.info["rests_since"] = time.monotonic()


def _ask_whether_alive(connection: Any, record: Any, _proxy: Any) -> None:
    """After a rest only (SQLAlchemy's own pool_pre_ping asks each time): a restarted database is met by no error."""
    if time.monotonic() - record.info.get("rests_since", time.monotonic()) > RESTED:
        try:
            connection.execute("")  # nothing, and yet an answer
            connection.rollback()
        except psycopg.Error as error:
            raise InvalidatePoolError from error


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
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "secure_delete=ON",
        f"busy_timeout={BUSY_SECONDS * 1000}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    """A writer asks for the lock at once: asking later, after reading, fails where another wrote in between."""
    begins = connection.get_execution_options().get("fanfare_begins", "BEGIN IMMEDIATE")
    if begins == "BEGIN IMMEDIATE" and _begun_soon(connection.connection.driver_connection):
        return
    if begins:
        connection.exec_driver_sql(begins)


def _begun_soon(raw: Any) -> bool:
    """SQLite itself has a writer look ever more seldom, while others pass by him: in a crowd he would wait tenths of
    a second. What goes wrong otherwise is met again by SQLAlchemy, which says it its own way."""
    until = time.monotonic() + BUSY_SECONDS
    raw.execute("PRAGMA busy_timeout=0")
    try:
        while (fault := _fault(raw)) == sqlite3.SQLITE_BUSY and time.monotonic() < until:
            time.sleep(LOOKS_EVERY)
    finally:
        raw.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    return fault == sqlite3.SQLITE_OK


def _fault(raw: Any) -> int:
    """SQLite's code for why it can't begin to write; its finer codes stand in higher bytes."""
    try:
        raw.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode & 0xFF
    return sqlite3.SQLITE_OK
