"""Which tables are there? One description for both engines.

Every table below `domain` has the key (domain_id, id), and every reference among them carries
the domain: a row of one tenant that points into another cannot be stored. Ids are drawn from one
counter for the whole store and never used twice.
"""

import sqlalchemy as sa

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = sa.MetaData(naming_convention=NAMING)

# Instants are microseconds since 1970-01-01T00:00Z: the same integer on both engines.
_INSTANT = sa.BigInteger()
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # only INTEGER counts up by itself


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    if nullable:
        return sa.Column(name, sa.Text(), nullable=True)
    return sa.Column(name, sa.Text(), nullable=False, server_default="")


def _instant(name: str, *, nullable: bool = True) -> sa.Column[int]:
    return sa.Column(name, _INSTANT, nullable=nullable)


def _revision() -> sa.Column[int]:
    return sa.Column("revision", sa.BigInteger(), nullable=False, server_default="1")


def _settings() -> sa.Column[str]:
    return sa.Column("settings", sa.JSON(), nullable=False, server_default="{}")


def _key() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column(
            "domain_id",
            sa.BigInteger(),
            sa.ForeignKey("domain.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("domain_id", "id"),
    )


def _within(column: str, table: str, *, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    """A reference that stays in the domain."""
    return sa.ForeignKeyConstraint(
        ["domain_id", column], [f"{table}.domain_id", f"{table}.id"], ondelete=ondelete
    )


server_settings = sa.Table(
    "server_settings",
    metadata,
    sa.Column("id", sa.Integer(), primary_key=True),
    _settings(),
    sa.Column("key_check", sa.LargeBinary(), nullable=False),
    _revision(),
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
    _settings(),
    _revision(),
)

site = sa.Table(
    "site",
    metadata,
    *_key(),
    _text("name"),
    _settings(),
    _revision(),
    sa.UniqueConstraint("domain_id", "name"),
)

user_account = sa.Table(
    "user_account",
    metadata,
    *_key(),
    _text("extension"),
    _text("first_name"),
    _text("last_name"),
    _text("sip_user"),
    _text("sip_auth_user"),
    sa.Column("sip_password", sa.LargeBinary(), nullable=True),
    sa.Column("site_id", sa.BigInteger(), nullable=True),
    sa.Column("in_directory", sa.Boolean(), nullable=False),
    _revision(),
    sa.UniqueConstraint("domain_id", "extension"),
    _within("site_id", "site"),
    sa.Index(None, "domain_id", "site_id"),
)

directory = sa.Table(
    "directory",
    metadata,
    *_key(),
    _text("name"),
    _revision(),
    sa.UniqueConstraint("domain_id", "name"),
)

directory_entry = sa.Table(
    "directory_entry",
    metadata,
    *_key(),
    sa.Column("directory_id", sa.BigInteger(), nullable=False),
    sa.Column("position", sa.Integer(), nullable=False),
    _text("name"),
    _text("number"),
    _within("directory_id", "directory", ondelete="CASCADE"),
    sa.UniqueConstraint("domain_id", "directory_id", "position"),
)

layout = sa.Table(
    "layout",
    metadata,
    *_key(),
    _text("name"),
    _revision(),
    sa.UniqueConstraint("domain_id", "name"),
)

phone = sa.Table(
    "phone",
    metadata,
    *_key(),
    sa.Column("mac", sa.String(12), nullable=False, unique=True),
    _text("model"),
    _text("name"),
    sa.Column("site_id", sa.BigInteger(), nullable=True),
    _text("notes"),
    sa.Column("directory_id", sa.BigInteger(), nullable=True),
    sa.Column("layout_id", sa.BigInteger(), nullable=True),
    sa.Column("enabled", sa.Boolean(), nullable=False),
    sa.Column("handsets", sa.JSON(), nullable=False, server_default="[]"),
    _settings(),
    sa.Column("token", sa.LargeBinary(), nullable=False),
    sa.Column("token_hash", sa.LargeBinary(), nullable=False, unique=True),
    _instant("opened_at"),
    _instant("open_until"),
    _instant("closed_at"),
    _text("held_reason", nullable=True),
    _text("first_address", nullable=True),
    _text("first_user_agent", nullable=True),
    _revision(),
    _within("site_id", "site"),
    _within("directory_id", "directory"),
    _within("layout_id", "layout"),
    sa.Index(None, "domain_id", "mac"),
    sa.Index(None, "domain_id", "site_id"),
    sa.Index(None, "domain_id", "directory_id"),
    sa.Index(None, "domain_id", "layout_id"),
)

phone_line = sa.Table(
    "phone_line",
    metadata,
    *_key(),
    sa.Column("phone_id", sa.BigInteger(), nullable=False),
    sa.Column("line", sa.Integer(), nullable=False),
    sa.Column("user_id", sa.BigInteger(), nullable=False),
    _text("label"),
    sa.Column("shared", sa.Boolean(), nullable=False),
    _within("phone_id", "phone", ondelete="CASCADE"),
    _within("user_id", "user_account"),
    sa.UniqueConstraint("domain_id", "phone_id", "line"),
    sa.Index(None, "domain_id", "user_id"),
)

phone_sidecar = sa.Table(
    "phone_sidecar",
    metadata,
    *_key(),
    sa.Column("phone_id", sa.BigInteger(), nullable=False),
    sa.Column("position", sa.Integer(), nullable=False),
    _text("model"),
    _within("phone_id", "phone", ondelete="CASCADE"),
    sa.UniqueConstraint("domain_id", "phone_id", "position"),
)

# The number of a file that counts its versions; `hash` is of its bytes without the number.
served_file = sa.Table(
    "served_file",
    metadata,
    sa.Column("domain_id", sa.BigInteger(), nullable=False),
    sa.Column("phone_id", sa.BigInteger(), nullable=False),
    _text("file"),
    _text("hash"),
    sa.Column("n", sa.BigInteger(), nullable=False, server_default="1"),
    sa.PrimaryKeyConstraint("domain_id", "phone_id", "file"),
    _within("phone_id", "phone", ondelete="CASCADE"),
)

button = sa.Table(
    "button",
    metadata,
    *_key(),
    sa.Column("phone_id", sa.BigInteger(), nullable=True),
    sa.Column("layout_id", sa.BigInteger(), nullable=True),
    sa.Column("module", sa.Integer(), nullable=False),
    sa.Column("key", sa.Integer(), nullable=False),
    _text("kind"),
    sa.Column("line", sa.Integer(), nullable=True),
    _text("value"),
    _text("label"),
    _within("phone_id", "phone", ondelete="CASCADE"),
    _within("layout_id", "layout", ondelete="CASCADE"),
    sa.CheckConstraint("(phone_id IS NULL) <> (layout_id IS NULL)", name="one_owner"),
    sa.UniqueConstraint("domain_id", "phone_id", "module", "key"),
    sa.UniqueConstraint("domain_id", "layout_id", "module", "key"),
)

# `model` is "" for every model; `family` is "" on a phone, whose model decides it.
override_value = sa.Table(
    "override_value",
    metadata,
    *_key(),
    sa.Column("site_id", sa.BigInteger(), nullable=True),
    sa.Column("phone_id", sa.BigInteger(), nullable=True),
    _text("family"),
    _text("model"),
    sa.Column("key", sa.Text(), nullable=False),
    _text("value", nullable=True),
    _text("author"),
    _instant("at"),
    _within("site_id", "site", ondelete="CASCADE"),
    _within("phone_id", "phone", ondelete="CASCADE"),
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
    _text("family"),
    _text("model"),
    sa.Column("key", sa.Text(), nullable=False),
    _text("value", nullable=True),
    _text("author"),
    _instant("at"),
    sa.UniqueConstraint("family", "model", "key"),
)

sighting = sa.Table(
    "sighting",
    metadata,
    sa.Column("domain_id", sa.BigInteger(), nullable=False),
    sa.Column("phone_id", sa.BigInteger(), nullable=False),
    _instant("first_seen", nullable=False),
    _instant("last_seen", nullable=False),
    _text("address"),
    _text("transport"),
    _text("user_agent", nullable=True),
    _text("model", nullable=True),
    _text("version", nullable=True),
    _text("last_file"),
    _text("proved_hash", nullable=True),
    _instant("proved_at"),
    sa.Column("count", sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint("domain_id", "phone_id"),
    _within("phone_id", "phone", ondelete="CASCADE"),
)

# The journals outlive what they tell of: no foreign keys.
request_journal = sa.Table(
    "request_journal",
    metadata,
    sa.Column("id", _ID, primary_key=True, autoincrement=True),
    _instant("at", nullable=False),
    _text("transport"),
    _text("address"),
    _text("method"),
    _text("name"),
    _text("outcome"),
    _text("detail"),
    sa.Column("domain_id", sa.BigInteger(), nullable=True),
    sa.Column("phone_id", sa.BigInteger(), nullable=True),
    sa.Column("mac", sa.String(12), nullable=True),
    _text("user_agent", nullable=True),
    sa.Column("size", sa.BigInteger(), nullable=False),
    _text("body_hash"),
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
    sa.Column("id", _ID, primary_key=True, autoincrement=True),
    _instant("at", nullable=False),
    _text("actor_kind"),
    _text("actor"),
    _text("action"),
    _text("subject"),
    sa.Column("domain_id", sa.BigInteger(), nullable=True),
    _text("before"),
    _text("after"),
    sa.Index(None, "domain_id", "id"),
)

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    _text("holder"),
    _instant("expires_at", nullable=False),
)

errand = sa.Table(
    "errand",
    metadata,
    sa.Column("id", _ID, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(64), nullable=False),
    _text("body"),
    sa.Column("state", sa.String(16), nullable=False),
    _instant("created_at", nullable=False),
    _text("taken_by"),
    _instant("taken_at"),
    _instant("done_at"),
    _text("result"),
    sa.Index(None, "state", "id"),
)
