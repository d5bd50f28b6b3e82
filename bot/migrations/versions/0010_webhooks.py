"""Whom to tell at once of what happens to leads, and what was told."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None

COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sqlmodel.sql.sqltypes.AutoString
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime
OPEN = sa.text("state IN ('waiting', 'sending')")


def upgrade() -> None:
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", TEXT(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("secret", TEXT(), nullable=False),
        sa.Column("secret_before", TEXT(), nullable=False),
        sa.Column("before_until", MOMENT(), nullable=True),
        sa.Column("created_at", MOMENT(), nullable=False),
        sa.Column("failing_since", MOMENT(), nullable=True),
        sa.Column("rests_until", MOMENT(), nullable=True),
        sa.Column("shut_at", MOMENT(), nullable=True),
        sa.Column("shut_why", TEXT(length=10), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint")),
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("id", COUNTED, nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("event", TEXT(length=20), nullable=False),
        sa.Column("fan_id", sa.Uuid(), nullable=True),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("at", MOMENT(), nullable=False),
        sa.Column("state", TEXT(length=10), nullable=False),
        sa.Column("due_at", MOMENT(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("trouble", TEXT(length=40), nullable=False),
        sa.Column("done_at", MOMENT(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'delivered', 'failed')", name=op.f("ck_webhook_delivery_state")
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoint.id"], name=op.f("fk_webhook_delivery_endpoint_id_webhook_endpoint")
        ),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_webhook_delivery_fan_id_fan")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_webhook_delivery_claim_id_claim")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
    )
    for column in ("endpoint_id", "fan_id", "claim_id"):
        op.create_index(op.f(f"ix_webhook_delivery_{column}"), "webhook_delivery", [column])
    op.create_index("ix_webhook_delivery_due", "webhook_delivery", ["due_at"], sqlite_where=OPEN, postgresql_where=OPEN)
