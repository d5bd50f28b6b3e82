"""Count what answered a wish apart from what was brought unasked."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0012"
branch_labels = None
depends_on = None


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
