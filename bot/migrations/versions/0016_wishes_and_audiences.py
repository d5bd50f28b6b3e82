"""Count what answered a wish apart from what was brought unasked; keep who is to be in which custom audience."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0016"
down_revision = "0014"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime
ABOUT_AUDIENCES = sa.text("purpose = 'audiences'")
PENDING = sa.text("NOT wanted OR state <> 'in'")


def upgrade() -> None:
    op.drop_table("arm")  # counted anew within minutes (bot/learning.py)
    op.create_table(
        "arm",
        sa.Column("offer_id", sa.Uuid(), sa.ForeignKey("offer.id"), primary_key=True),
        sa.Column("channel", sa.String(40), primary_key=True),
        sa.Column("segment", sa.String(20), primary_key=True),
        sa.Column("asked", sa.Boolean(), primary_key=True),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("claimed", sa.Integer(), nullable=False),
        sa.CheckConstraint("0 <= claimed AND claimed <= shown", name="counts"),
    )
    op.create_index(
        "ix_consent_audiences", "consent", ["fan_id"], sqlite_where=ABOUT_AUDIENCES, postgresql_where=ABOUT_AUDIENCES
    )
    op.create_table(
        "audience",
        sa.Column("id", TEXT(length=40), nullable=False),
        sa.Column("connected", sa.Boolean(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=True),
        sa.Column("synced_at", MOMENT(), nullable=True),
        sa.Column("rests_until", MOMENT(), nullable=True),
        sa.Column("failing_since", MOMENT(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("trouble", TEXT(length=40), nullable=False),
        sa.Column("invalid", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_audience_offer_id_offer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audience")),
    )
    op.create_table(
        "audience_member",
        sa.Column("audience_id", TEXT(length=40), nullable=False),
        sa.Column("hash", TEXT(length=64), nullable=False),
        sa.Column("kind", TEXT(length=10), nullable=False),
        sa.Column("fan_id", sa.Uuid(), nullable=True),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("state", TEXT(length=10), nullable=False),
        sa.CheckConstraint("state IN ('out', 'maybe', 'in')", name=op.f("ck_audience_member_state")),
        sa.CheckConstraint("fan_id IS NOT NULL OR NOT wanted", name=op.f("ck_audience_member_whose")),
        sa.CheckConstraint("wanted OR state <> 'out'", name=op.f("ck_audience_member_needed")),
        sa.ForeignKeyConstraint(["audience_id"], ["audience.id"], name=op.f("fk_audience_member_audience_id_audience")),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_audience_member_fan_id_fan")),
        sa.PrimaryKeyConstraint("audience_id", "hash", name=op.f("pk_audience_member")),
    )
    op.create_index(op.f("ix_audience_member_fan_id"), "audience_member", ["fan_id"])
    op.create_index(
        "ix_audience_member_pending", "audience_member", ["audience_id"], sqlite_where=PENDING, postgresql_where=PENDING
    )
