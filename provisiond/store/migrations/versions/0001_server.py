"""What the server has: settings, epochs, journals, leases, errands."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, each after those it refers to."""
    _server_settings()
    _server_override()
    _epoch_clock()
    _epoch()
    _request_journal()
    _change_journal()
    _lease()
    _errand()


def _server_settings() -> None:
    op.create_table(
        "server_settings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("settings", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("key_check", sa.LargeBinary(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_server_settings_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server_settings")),
    )


def _server_override() -> None:
    op.create_table(
        "server_override",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("family", sa.Text(), server_default="", nullable=False),
        sa.Column("model", sa.Text(), server_default="", nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server_override")),
        sa.UniqueConstraint(
            "family", "model", "key", name=op.f("uq_server_override_family_model_key")
        ),
    )


def _epoch_clock() -> None:
    op.create_table(
        "epoch_clock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("next_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_epoch_clock_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_epoch_clock")),
    )


def _epoch() -> None:
    op.create_table(
        "epoch",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "domain_id", name=op.f("pk_epoch")),
    )
    op.create_index(op.f("ix_epoch_seq"), "epoch", ["seq"], unique=False)


def _request_journal() -> None:
    op.create_table(
        "request_journal",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("transport", sa.Text(), server_default="", nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("method", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("domain_id", sa.BigInteger(), nullable=True),
        sa.Column("phone_id", sa.BigInteger(), nullable=True),
        sa.Column("mac", sa.String(length=12), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("body_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("proves", sa.Boolean(), nullable=False),
        sa.Column("alarm", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_journal")),
    )
    op.create_index(
        "ix_request_journal_alarm",
        "request_journal",
        ["id"],
        unique=False,
        sqlite_where=sa.text("alarm"),
        postgresql_where=sa.text("alarm"),
    )
    op.create_index(
        op.f("ix_request_journal_domain_id_id"),
        "request_journal",
        ["domain_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_request_journal_mac_id"), "request_journal", ["mac", "id"], unique=False
    )
    op.create_index(
        "ix_request_journal_refused",
        "request_journal",
        ["outcome", "id"],
        unique=False,
        sqlite_where=sa.text("outcome <> 'served'"),
        postgresql_where=sa.text("outcome <> 'served'"),
    )


def _change_journal() -> None:
    op.create_table(
        "change_journal",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor_kind", sa.Text(), server_default="", nullable=False),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column("action", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("domain_id", sa.BigInteger(), nullable=True),
        sa.Column("before", sa.Text(), server_default="", nullable=False),
        sa.Column("after", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_journal")),
    )
    op.create_index(
        op.f("ix_change_journal_domain_id_id"), "change_journal", ["domain_id", "id"], unique=False
    )


def _lease() -> None:
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.Text(), server_default="", nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )


def _errand() -> None:
    op.create_table(
        "errand",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("taken_by", sa.Text(), server_default="", nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_errand")),
    )
    op.create_index(op.f("ix_errand_state_id"), "errand", ["state", "id"], unique=False)
