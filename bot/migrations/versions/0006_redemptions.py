"""Codes of a shop's own list, codes that were redeemed, and what was bought."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sqlmodel.sql.sqltypes.AutoString
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime
HOLDS = sa.text("undone_at IS NULL")


def upgrade() -> None:
    with op.batch_alter_table("offer") as offer:
        offer.add_column(sa.Column("codes_listed", sa.Boolean(), nullable=False, server_default=sa.false()))
        offer.add_column(sa.Column("grace_days", sa.Integer(), nullable=False, server_default="0"))
        offer.create_check_constraint("grace", "grace_days >= 0")
    op.create_table(
        "offer_code",
        sa.Column("id", COUNTED, nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("code", TEXT(length=40), nullable=False),
        sa.Column("taken_by", sa.Uuid(), nullable=True),
        sa.Column("added_at", MOMENT(), nullable=False),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_offer_code_offer_id_offer")),
        sa.ForeignKeyConstraint(["taken_by"], ["claim.id"], name=op.f("fk_offer_code_taken_by_claim")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_code")),
        sa.UniqueConstraint("code", name=op.f("uq_offer_code_code")),
        sa.UniqueConstraint("taken_by", name=op.f("uq_offer_code_taken_by")),
    )
    op.create_table(
        "redemption",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("by", TEXT(length=60), nullable=False),
        sa.Column("key", TEXT(length=255), nullable=True),
        sa.Column("place", TEXT(length=80), nullable=False),
        sa.Column("at", MOMENT(), nullable=False),
        sa.Column("undone_at", MOMENT(), nullable=True),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_redemption_claim_id_claim")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemption")),
    )
    op.create_index("uq_redemption_by_key", "redemption", ["by", "key"], unique=True)
    op.create_index(
        "uq_redemption_claim_id", "redemption", ["claim_id"], unique=True, sqlite_where=HOLDS, postgresql_where=HOLDS
    )
    op.create_table(
        "purchase",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", TEXT(length=40), nullable=False),
        sa.Column("order_id", TEXT(length=100), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", TEXT(length=3), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("fan_id", sa.Uuid(), nullable=True),
        sa.Column("email_hash", TEXT(length=64), nullable=False),
        sa.Column("at", MOMENT(), nullable=False),
        sa.Column("told_at", MOMENT(), nullable=False),
        sa.Column("told_by", TEXT(length=60), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_purchase_amount")),
        sa.CheckConstraint(
            "claim_id IS NOT NULL OR lead_id IS NOT NULL OR email_hash <> ''", name=op.f("ck_purchase_somebody")
        ),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_purchase_claim_id_claim")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_purchase_lead_id_lead")),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_purchase_fan_id_fan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchase")),
        sa.UniqueConstraint("source", "order_id", name=op.f("uq_purchase_source_order_id")),
    )
    indexed = {"offer_code": ("offer_id",), "redemption": ("claim_id",)}
    indexed["purchase"] = ("claim_id", "lead_id", "fan_id", "email_hash")
    for table, columns in indexed.items():
        for column in columns:
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
