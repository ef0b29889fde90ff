"""Which tables are there? One description for both engines.

Every table below `domain` has the key (domain_id, id), and every reference among them carries
the domain: a row of one tenant that points into another cannot be stored. Ids are drawn from one
counter for the whole store and never used twice.
"""

import sqlalchemy as sa

from provisiond.store.schema_columns import (
    ID,
    instant,
    key,
    revision,
    settings,
    text,
    within,
)
from provisiond.store.schema_columns import (
    metadata as metadata,
)

server_settings = sa.Table(
    "server_settings",
    metadata,
    sa.Column("id", sa.Integer(), primary_key=True),
    settings(),
    sa.Column("key_check", sa.LargeBinary(), nullable=False),
    revision(),
    sa.CheckConstraint("id = 1", name="one"),
)

epoch_clock = sa.Table(
    "epoch_clock",
    metadata,
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("seq", sa.BigInteger(), nullable=False),
    sa.Column("next_id", sa.BigInteger(), nullable=False),
    sa.CheckConstraint("id = 1", name="one"),
)

# No foreign key: the row of a deleted domain stays, so that every node learns of the deletion.
epoch = sa.Table(
    "epoch",
    metadata,
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("domain_id", sa.BigInteger(), nullable=False),
    sa.Column("value", sa.BigInteger(), nullable=False),
    sa.Column("seq", sa.BigInteger(), nullable=False, index=True),
    sa.PrimaryKeyConstraint("kind", "domain_id"),
)

domain = sa.Table(
    "domain",
    metadata,
    sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text(), nullable=False, unique=True),
    settings(),
    revision(),
)

site = sa.Table(
    "site",
    metadata,
    *key(),
    text("name"),
    settings(),
    sa.Column("emergency_address_id", sa.BigInteger(), nullable=True),
    revision(),
    within("emergency_address_id", "emergency_address"),
    sa.UniqueConstraint("domain_id", "name"),
    sa.Index(None, "domain_id", "emergency_address_id"),
)

user_account = sa.Table(
    "user_account",
    metadata,
    *key(),
    text("extension"),
    text("first_name"),
    text("last_name"),
    text("sip_user"),
    text("sip_auth_user"),
    sa.Column("sip_password", sa.LargeBinary(), nullable=True),
    sa.Column("site_id", sa.BigInteger(), nullable=True),
    sa.Column("in_directory", sa.Boolean(), nullable=False),
    sa.Column("emergency_address_id", sa.BigInteger(), nullable=True),
    sa.Column("emergency_endpoint_id", sa.BigInteger(), nullable=True),
    revision(),
    sa.UniqueConstraint("domain_id", "extension"),
    within("site_id", "site"),
    within("emergency_address_id", "emergency_address"),
    within("emergency_endpoint_id", "emergency_endpoint"),
    sa.Index(None, "domain_id", "site_id"),
    sa.Index(None, "domain_id", "emergency_address_id"),
    sa.Index(None, "domain_id", "emergency_endpoint_id"),
)

directory = sa.Table(
    "directory",
    metadata,
    *key(),
    text("name"),
    revision(),
    sa.UniqueConstraint("domain_id", "name"),
)

directory_entry = sa.Table(
    "directory_entry",
    metadata,
    *key(),
    sa.Column("directory_id", sa.BigInteger(), nullable=False),
    sa.Column("position", sa.Integer(), nullable=False),
    text("name"),
    text("number"),
    within("directory_id", "directory", ondelete="CASCADE"),
    sa.UniqueConstraint("domain_id", "directory_id", "position"),
)

layout = sa.Table(
    "layout",
    metadata,
    *key(),
    text("name"),
    revision(),
    sa.UniqueConstraint("domain_id", "name"),
)

phone = sa.Table(
    "phone",
    metadata,
    *key(),
    sa.Column("mac", sa.String(12), nullable=False, unique=True),
    text("model"),
    text("name"),
    sa.Column("site_id", sa.BigInteger(), nullable=True),
    text("notes"),
    sa.Column("directory_id", sa.BigInteger(), nullable=True),
    sa.Column("layout_id", sa.BigInteger(), nullable=True),
    sa.Column("enabled", sa.Boolean(), nullable=False),
    sa.Column("handsets", sa.JSON(), nullable=False, server_default="[]"),
    settings(),
    sa.Column("token", sa.LargeBinary(), nullable=False),
    sa.Column("token_hash", sa.LargeBinary(), nullable=False, unique=True),
    # What the phone had before its token was renewed, until it has moved to the new one.
    sa.Column("old_token", sa.LargeBinary(), nullable=True),
    sa.Column("old_token_hash", sa.LargeBinary(), nullable=True, index=True, unique=True),
    instant("renewed_at"),
    instant("opened_at"),
    instant("open_until"),
    instant("closed_at"),
    text("held_reason", nullable=True),
    text("first_address", nullable=True),
    text("first_user_agent", nullable=True),
    sa.Column("emergency_address_id", sa.BigInteger(), nullable=True),
    revision(),
    within("site_id", "site"),
    within("directory_id", "directory"),
    within("layout_id", "layout"),
    within("emergency_address_id", "emergency_address"),
    sa.Index(None, "domain_id", "mac"),
    sa.Index(None, "domain_id", "model", "mac"),
    sa.Index(None, "domain_id", "name", "mac"),
    sa.Index(None, "domain_id", "site_id", "mac"),
    sa.Index(None, "domain_id", "directory_id"),
    sa.Index(None, "domain_id", "layout_id"),
    sa.Index(None, "domain_id", "emergency_address_id"),
)

phone_line = sa.Table(
    "phone_line",
    metadata,
    *key(),
    sa.Column("phone_id", sa.BigInteger(), nullable=False),
    sa.Column("line", sa.Integer(), nullable=False),
    sa.Column("user_id", sa.BigInteger(), nullable=False),
    text("label"),
    sa.Column("shared", sa.Boolean(), nullable=False),
    within("phone_id", "phone", ondelete="CASCADE"),
    within("user_id", "user_account"),
    sa.UniqueConstraint("domain_id", "phone_id", "line"),
    sa.Index(None, "domain_id", "user_id"),
)

phone_sidecar = sa.Table(
    "phone_sidecar",
    metadata,
    *key(),
    sa.Column("phone_id", sa.BigInteger(), nullable=False),
    sa.Column("position", sa.Integer(), nullable=False),
    text("model"),
    within("phone_id", "phone", ondelete="CASCADE"),
    sa.UniqueConstraint("domain_id", "phone_id", "position"),
)

# The number of a file that counts its versions; `hash` is of its bytes without the number.
served_file = sa.Table(
    "served_file",
    metadata,
    sa.Column("domain_id", sa.BigInteger(), nullable=False),
    sa.Column("phone_id", sa.BigInteger(), nullable=False),
    text("file"),
    text("hash"),
    sa.Column("n", sa.BigInteger(), nullable=False, server_default="1"),
    sa.PrimaryKeyConstraint("domain_id", "phone_id", "file"),
    within("phone_id", "phone", ondelete="CASCADE"),
)

button = sa.Table(
    "button",
    metadata,
    *key(),
    sa.Column("phone_id", sa.BigInteger(), nullable=True),
    sa.Column("layout_id", sa.BigInteger(), nullable=True),
    sa.Column("module", sa.Integer(), nullable=False),
    sa.Column("key", sa.Integer(), nullable=False),
    text("kind"),
    sa.Column("line", sa.Integer(), nullable=True),
    text("value"),
    text("label"),
    within("phone_id", "phone", ondelete="CASCADE"),
    within("layout_id", "layout", ondelete="CASCADE"),
    sa.CheckConstraint("(phone_id IS NULL) <> (layout_id IS NULL)", name="one_owner"),
    sa.UniqueConstraint("domain_id", "phone_id", "module", "key"),
    sa.UniqueConstraint("domain_id", "layout_id", "module", "key"),
)

# `model` is "" for every model; `family` is "" on a phone, whose model decides it.
override_value = sa.Table(
    "override_value",
    metadata,
    *key(),
    sa.Column("site_id", sa.BigInteger(), nullable=True),
    sa.Column("phone_id", sa.BigInteger(), nullable=True),
    text("family"),
    text("model"),
    sa.Column("key", sa.Text(), nullable=False),
    text("value", nullable=True),
    text("author"),
    instant("at"),
    within("site_id", "site", ondelete="CASCADE"),
    within("phone_id", "phone", ondelete="CASCADE"),
    sa.CheckConstraint("site_id IS NULL OR phone_id IS NULL", name="one_scope"),
    sa.UniqueConstraint("domain_id", "site_id", "family", "model", "key"),
    sa.UniqueConstraint("domain_id", "phone_id", "key"),
    sa.Index(
        "uq_override_value_of_domain",
        "domain_id",
        "family",
        "model",
        "key",
        unique=True,
        sqlite_where=sa.text("site_id IS NULL AND phone_id IS NULL"),
        postgresql_where=sa.text("site_id IS NULL AND phone_id IS NULL"),
    ),
)

server_override = sa.Table(
    "server_override",
    metadata,
    sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
    text("family"),
    text("model"),
    sa.Column("key", sa.Text(), nullable=False),
    text("value", nullable=True),
    text("author"),
    instant("at"),
    sa.UniqueConstraint("family", "model", "key"),
)

sighting = sa.Table(
    "sighting",
    metadata,
    sa.Column("domain_id", sa.BigInteger(), nullable=False),
    sa.Column("phone_id", sa.BigInteger(), nullable=False),
    instant("first_seen", nullable=False),
    instant("last_seen", nullable=False),
    text("address"),
    text("transport"),
    text("user_agent", nullable=True),
    text("model", nullable=True),
    text("version", nullable=True),
    text("last_file"),
    text("proved_hash", nullable=True),
    instant("proved_at"),
    sa.Column("count", sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint("domain_id", "phone_id"),
    within("phone_id", "phone", ondelete="CASCADE"),
)

# The journals outlive what they tell of: no foreign keys.
request_journal = sa.Table(
    "request_journal",
    metadata,
    sa.Column("id", ID, primary_key=True, autoincrement=True),
    instant("at", nullable=False),
    text("transport"),
    text("address"),
    text("method"),
    text("name"),
    text("outcome"),
    text("detail"),
    sa.Column("domain_id", sa.BigInteger(), nullable=True),
    sa.Column("phone_id", sa.BigInteger(), nullable=True),
    sa.Column("mac", sa.String(12), nullable=True),
    text("user_agent", nullable=True),
    sa.Column("size", sa.BigInteger(), nullable=False),
    text("body_hash"),
    sa.Column("proves", sa.Boolean(), nullable=False),
    sa.Column("alarm", sa.Boolean(), nullable=False),
    sa.Index(None, "mac", "id"),
    sa.Index(None, "domain_id", "id"),
    sa.Index(
        "ix_request_journal_alarm",
        "id",
        sqlite_where=sa.text("alarm"),
        postgresql_where=sa.text("alarm"),
    ),
    sa.Index(
        "ix_request_journal_refused",
        "outcome",
        "id",
        sqlite_where=sa.text("outcome <> 'served'"),
        postgresql_where=sa.text("outcome <> 'served'"),
    ),
)

change_journal = sa.Table(
    "change_journal",
    metadata,
    sa.Column("id", ID, primary_key=True, autoincrement=True),
    instant("at", nullable=False),
    text("actor_kind"),
    text("actor"),
    text("action"),
    text("subject"),
    sa.Column("domain_id", sa.BigInteger(), nullable=True),
    text("before"),
    text("after"),
    sa.Column("part_of", sa.BigInteger(), nullable=True),
    sa.Column("undoes", sa.BigInteger(), nullable=True),
    sa.Index(None, "domain_id", "id"),
    sa.Index(
        "ix_change_journal_part_of",
        "part_of",
        "id",
        sqlite_where=sa.text("part_of IS NOT NULL"),
        postgresql_where=sa.text("part_of IS NOT NULL"),
    ),
    sa.Index(
        "ix_change_journal_undoes",
        "undoes",
        "id",
        sqlite_where=sa.text("undoes IS NOT NULL"),
        postgresql_where=sa.text("undoes IS NOT NULL"),
    ),
)

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    text("holder"),
    instant("expires_at", nullable=False),
)

errand = sa.Table(
    "errand",
    metadata,
    sa.Column("id", ID, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(64), nullable=False),
    text("body"),
    sa.Column("state", sa.String(16), nullable=False),
    instant("created_at", nullable=False),
    text("taken_by"),
    instant("taken_at"),
    instant("done_at"),
    text("result"),
    sa.Index(None, "state", "id"),
)
