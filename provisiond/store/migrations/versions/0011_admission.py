"""Phones that ask and are in no inventory, and tokens that are being renewed."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table."""
    op.add_column("phone", sa.Column("old_token", sa.LargeBinary(), nullable=True))
    op.add_column("phone", sa.Column("old_token_hash", sa.LargeBinary(), nullable=True))
    op.add_column("phone", sa.Column("renewed_at", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_phone_old_token_hash"), "phone", ["old_token_hash"], unique=True)
    op.create_table(
        "pending_phone",
        sa.Column("mac", sa.String(length=12), nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("transport", sa.Text(), server_default="", nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("user_agent", sa.Text(), server_default="", nullable=False),
        sa.Column("vendor", sa.Text(), server_default="", nullable=False),
        sa.Column("model", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("dismissed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("mac", name=op.f("pk_pending_phone")),
    )
    op.create_index(
        op.f("ix_pending_phone_last_seen"), "pending_phone", ["last_seen"], unique=False
    )
