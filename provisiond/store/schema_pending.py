"""Which table holds phones that ask and are in no inventory?"""

import sqlalchemy as sa

from provisiond.store.schema_columns import instant, metadata, text

# Of no domain: nobody knows yet whose they are.
pending_phone = sa.Table(
    "pending_phone",
    metadata,
    sa.Column("mac", sa.String(12), primary_key=True),
    text("address"),
    text("transport"),
    instant("first_seen", nullable=False),
    instant("last_seen", nullable=False),
    text("user_agent"),
    text("vendor"),
    text("model"),
    text("version"),
    text("name"),
    sa.Column("count", sa.BigInteger(), nullable=False),
    instant("dismissed_at"),
    sa.Index(None, "last_seen"),
)
