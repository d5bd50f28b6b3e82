"""Give offers themes, by which it is seen what a fan likes."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("offer", sa.Column("themes", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("offer") as changed:
        changed.alter_column("themes", server_default=None)
