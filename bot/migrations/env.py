"""How Alembic reaches the database: one connection, one transaction, the same script for SQLite and PostgreSQL."""

from alembic import context

from bot import database
from bot.tables import metadata


def run() -> None:
    engine = database.connect(context.config.attributes["url"])
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
