"""Keep what a fan tells of himself, step by step, and what an offer asks for."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0017"
down_revision = "0012"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    op.add_column("offer", sa.Column("questions", sa.JSON(), nullable=False, server_default="{}"))
    op.create_table(
        "detail",
        sa.Column("fan_id", sa.Uuid(), nullable=False),
        sa.Column("name", TEXT(length=20), nullable=False),
        sa.Column("value", TEXT(length=80), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("told_at", MOMENT(), nullable=False),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_detail_fan_id_fan")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_detail_claim_id_claim")),
        sa.PrimaryKeyConstraint("fan_id", "name", name=op.f("pk_detail")),
    )
    op.create_index(op.f("ix_detail_claim_id"), "detail", ["claim_id"])
    op.drop_column("lead", "phone")
