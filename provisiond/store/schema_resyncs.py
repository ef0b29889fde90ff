"""Which table keeps what phones were told? One row a re-sync."""

import sqlalchemy as sa

from provisiond.store.schema_columns import instant, key, metadata, text, within

# `wanted` are the hashes of the files that prove the phone current, as they were when it was told.
resync = sa.Table(
    "resync",
    metadata,
    *key(),
    sa.Column("phone_id", sa.BigInteger(), nullable=False),
    sa.Column("reboot", sa.Boolean(), nullable=False),
    sa.Column("even_if_shared", sa.Boolean(), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    text("requested_by"),
    instant("requested_at", nullable=False),
    instant("sent_at"),
    instant("ended_at"),
    text("target"),
    sa.Column("code", sa.Integer(), nullable=True),
    text("reason"),
    text("wanted"),
    instant("confirmed_at"),
    sa.Column("closed", sa.Boolean(), nullable=False),
    within("phone_id", "phone", ondelete="CASCADE"),
    sa.Index(None, "domain_id", "phone_id", "id"),
    sa.Index(
        "ix_resync_open",
        "id",
        sqlite_where=sa.text("NOT closed"),
        postgresql_where=sa.text("NOT closed"),
    ),
)
