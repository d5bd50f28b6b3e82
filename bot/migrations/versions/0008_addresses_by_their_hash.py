"""Find by an address's hash whose a purchase is."""

import hashlib

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

AT_ONCE = 1000
TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    for table in ("claim", "lead"):
        op.add_column(table, sa.Column("email_hash", TEXT(length=64), nullable=False, server_default=""))
        _fill(table)
        with op.batch_alter_table(table) as changed:
            changed.alter_column("email_hash", existing_type=TEXT(length=64), server_default=None)
        op.create_index(op.f(f"ix_{table}_email_hash"), table, ["email_hash"])
    op.create_index(op.f("ix_purchase_at"), "purchase", ["at"])


def _fill(name: str) -> None:
    """Of each address that we know, once. Shops hash it in small letters, without spaces around."""
    connection = op.get_bind()
    table = sa.table(name, sa.column("email"), sa.column("email_hash"))
    known = sa.select(table.c.email).where(table.c.email != "", table.c.email_hash == "").distinct().limit(AT_ONCE)
    while emails := connection.scalars(known).all():
        for email in emails:
            hashed = hashlib.sha256(email.strip().lower().encode()).hexdigest()
            connection.execute(table.update().where(table.c.email == email).values(email_hash=hashed))
