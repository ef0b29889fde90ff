"""The changes of an import's records point to its own entry of the journal."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and its index; what stands is part of nothing."""
    op.add_column("change_journal", sa.Column("part_of", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_change_journal_part_of",
        "change_journal",
        ["part_of", "id"],
        unique=False,
        sqlite_where=sa.text("part_of IS NOT NULL"),
        postgresql_where=sa.text("part_of IS NOT NULL"),
    )
