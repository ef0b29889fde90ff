"""Handsets of DECT bases, and the numbers of files that count their versions."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("phone", sa.Column("handsets", sa.JSON(), server_default="[]", nullable=False))
    op.create_table(
        "served_file",
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("phone_id", sa.BigInteger(), nullable=False),
        sa.Column("file", sa.Text(), server_default="", nullable=False),
        sa.Column("hash", sa.Text(), server_default="", nullable=False),
        sa.Column("n", sa.BigInteger(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["domain_id", "phone_id"],
            ["phone.domain_id", "phone.id"],
            name=op.f("fk_served_file_domain_id_phone_id_phone"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("domain_id", "phone_id", "file", name=op.f("pk_served_file")),
    )
