"""Keep what an offer is worth, how often it was taken by whom, and which stands in for it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("offer") as offer:
        offer.add_column(sa.Column("kind", sa.String(15), nullable=False, server_default="percent"))
        offer.add_column(sa.Column("worth", sa.Integer()))
        offer.add_column(sa.Column("cost", sa.Integer()))
        offer.add_column(sa.Column("fallback_id", sa.Uuid()))
        offer.create_foreign_key("fk_offer_fallback_id_offer", "offer", ["fallback_id"], ["id"])
        offer.create_check_constraint("kind", "kind IN ('percent', 'amount', 'gift', 'free_delivery', 'exclusive')")
        offer.create_check_constraint("money", "worth >= 0 AND cost >= 0")
        offer.create_check_constraint("fallback", "fallback_id <> id")
    op.add_column("message", sa.Column("segment", sa.String(20), nullable=False, server_default=""))
    op.create_table(
        "arm",
        sa.Column("offer_id", sa.Uuid(), sa.ForeignKey("offer.id"), primary_key=True),
        sa.Column("channel", sa.String(40), primary_key=True),
        sa.Column("segment", sa.String(20), primary_key=True),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("claimed", sa.Integer(), nullable=False),
        sa.CheckConstraint("0 <= claimed AND claimed <= shown", name="counts"),
    )
