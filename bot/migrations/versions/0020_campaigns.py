"""Let an offer show only to fans who came by one of these campaigns."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("offer", sa.Column("campaigns", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("offer") as changed:
        changed.alter_column("campaigns", server_default=None)
