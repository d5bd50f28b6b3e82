"""Deal the stock of each offer out in lots, so that many may take of it at once."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

LOTS = 16


def upgrade() -> None:
    lots = op.create_table(
        "stock_lot",
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.CheckConstraint("0 <= taken AND (size IS NULL OR taken <= size)", name=op.f("ck_stock_lot_size")),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_stock_lot_offer_id_offer")),
        sa.PrimaryKeyConstraint("offer_id", "number", name=op.f("pk_stock_lot")),
    )
    offer = sa.table("offer", sa.column("id", sa.Uuid()), sa.column("stock"), sa.column("taken"))
    rows = [row for one in op.get_bind().execute(sa.select(offer)).all() for row in _lots(*one)]
    op.bulk_insert(lots, rows)
    with op.batch_alter_table("offer") as changed:
        changed.drop_constraint(op.f("ck_offer_stock"), type_="check")
        changed.drop_column("taken")


def _lots(offer_id: object, stock: int | None, taken: int) -> list[dict[str, object]]:
    """What was taken stands in the first lot; what is left is shared out evenly."""
    share, odd = divmod((stock or 0) - taken, LOTS)
    gone = [taken if lot == 0 else 0 for lot in range(LOTS)]
    sizes = [None if stock is None else gone[lot] + share + (lot < odd) for lot in range(LOTS)]
    return [{"offer_id": offer_id, "number": lot, "size": sizes[lot], "taken": gone[lot]} for lot in range(LOTS)]
