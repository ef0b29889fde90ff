"""Phones and users are found by any part of their MAC, number or name."""

from alembic import op

from provisiond.store.search import make_index

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index of what is there."""
    make_index(op.get_bind())
