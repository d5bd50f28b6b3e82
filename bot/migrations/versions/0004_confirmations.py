"""Keep which addresses were asked to confirm their yes."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "confirmation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fan_id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("asked_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("email", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("wording", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("asked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("confirmed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_confirmation_fan_id_fan")),
        sa.ForeignKeyConstraint(["profile_id"], ["profile.id"], name=op.f("fk_confirmation_profile_id_profile")),
        sa.ForeignKeyConstraint(["asked_id"], ["consent.id"], name=op.f("fk_confirmation_asked_id_consent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmation")),
    )
    for column in ("claim_id", "email", "fan_id", "profile_id"):
        op.create_index(op.f(f"ix_confirmation_{column}"), "confirmation", [column])
