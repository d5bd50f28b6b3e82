"""How Alembic reaches the database: one connection, one transaction, the same script for SQLite and PostgreSQL."""

from alembic import context

from bot import database
from bot.tables import metadata


def run() -> None:
    engine = database.connect(context.config.attributes["url"])
    with engine.connect() as connection:
        if database.is_sqlite(engine):
            # SQLite changes a table by making it anew: while the old one goes, rows that refer to it stand. Said to the
            # driver, since it has no effect inside a transaction.
            connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
        context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
