"""Keep in what order leads are shown by their score. The clock fills it, so that this is done at once."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lead_rank",
        sa.Column("fan_id", sa.Uuid(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_lead_rank_fan_id_fan")),
        sa.PrimaryKeyConstraint("fan_id", name=op.f("pk_lead_rank")),
    )
    op.create_index("ix_lead_rank_points_revision", "lead_rank", ["points", "revision"])
    op.create_index(op.f("ix_lead_rank_revision"), "lead_rank", ["revision"])
