"""Keep who was chosen to be brought an offer for the first time, and whether he was held out."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

MOMENT = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    op.create_table(
        "exposure",
        sa.Column("fan_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("held_out", sa.Boolean(), nullable=False),
        sa.Column("at", MOMENT(), nullable=False),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_exposure_fan_id_fan")),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_exposure_offer_id_offer")),
        sa.PrimaryKeyConstraint("fan_id", name=op.f("pk_exposure")),
    )
    for column in ("person_id", "at"):
        op.create_index(op.f(f"ix_exposure_{column}"), "exposure", [column])
