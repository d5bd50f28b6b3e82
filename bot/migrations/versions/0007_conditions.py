"""Keep whom each offer is for."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

EVERYBODY = '{"version": 1, "where": {"all": []}}'


def upgrade() -> None:
    op.add_column("offer", sa.Column("conditions", sa.JSON(), nullable=False, server_default=EVERYBODY))
    with op.batch_alter_table("offer") as offer:
        offer.alter_column("conditions", existing_type=sa.JSON(), server_default=None)
