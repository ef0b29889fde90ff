"""The changes of an import's records point to its own entry of the journal, and what undoes a
change to that change's."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and their indexes; what stands is part of nothing, and undoes nothing."""
    for name in ("part_of", "undoes"):
        op.add_column("change_journal", sa.Column(name, sa.BigInteger(), nullable=True))
        op.create_index(
            f"ix_change_journal_{name}",
            "change_journal",
            [name, "id"],
            unique=False,
            sqlite_where=sa.text(f"{name} IS NOT NULL"),
            postgresql_where=sa.text(f"{name} IS NOT NULL"),
        )
