"""Keep what the hooks told of a lead, and find leads by the time of their change in the order of their revisions."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Each lead that is there was told of as qualified when he was made.
    op.add_column("lead", sa.Column("told_qualified", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.drop_index("ix_lead_updated_at", "lead")
    for table in ("lead", "erased_lead"):
        op.create_index(f"ix_{table}_updated_at_revision", table, ["updated_at", "revision"])
