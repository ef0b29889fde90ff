"""An address that a provider rejected says so."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what stands was not rejected."""
    op.add_column(
        "emergency_address",
        sa.Column("is_rejected", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
