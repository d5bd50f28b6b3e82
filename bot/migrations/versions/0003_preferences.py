"""Keep how fans want to be written to."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

WHAT = "what IN ('channel', 'without', 'every', 'hours', 'paused_until', 'topics', 'timezone')"
HOW = "how IN ('chat', 'page', 'claim_page', 'manager')"


def upgrade() -> None:
    op.create_table(
        "preference",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fan_id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=True),
        sa.Column("what", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("value", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("how", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("evidence", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("given_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint(HOW, name=op.f("ck_preference_how")),
        sa.CheckConstraint(WHAT, name=op.f("ck_preference_what")),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_preference_fan_id_fan")),
        sa.ForeignKeyConstraint(["profile_id"], ["profile.id"], name=op.f("fk_preference_profile_id_profile")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preference")),
    )
    with op.batch_alter_table("preference", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_preference_fan_id"), ["fan_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("preference", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_preference_fan_id"))
    op.drop_table("preference")
