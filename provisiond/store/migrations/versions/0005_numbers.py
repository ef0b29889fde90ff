"""What numbers do: call destinations, time frames, numbers with rules, SMS numbers."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, each after those it refers to."""
    _call_destination()
    _time_frame()
    _phone_number()
    _number_rule()
    _sms_number()


def _call_destination() -> None:
    table = "call_destination"
    op.create_table(
        table,
        *_key(table),
        _text("kind"),
        _text("extension"),
        _text("name"),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        _revision(),
        sa.UniqueConstraint("domain_id", "extension", name=op.f(f"uq_{table}_domain_id_extension")),
    )
    _index(table, "kind", "extension")
    _index(table, "name", "extension")


def _time_frame() -> None:
    table = "time_frame"
    op.create_table(
        table,
        *_key(table),
        _text("name"),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        _text("kind"),
        sa.Column("parts", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=True),
        _revision(),
        _within(table, "owner_id", "user_account", ondelete="CASCADE"),
        sa.UniqueConstraint(
            "domain_id", "owner_id", "name", name=op.f(f"uq_{table}_domain_id_owner_id_name")
        ),
    )
    _index(table, "name")
    op.create_index(
        "uq_time_frame_of_domain",
        table,
        ["domain_id", "name"],
        unique=True,
        sqlite_where=sa.text("owner_id IS NULL"),
        postgresql_where=sa.text("owner_id IS NULL"),
    )


def _phone_number() -> None:
    table = "phone_number"
    op.create_table(
        table,
        *_key(table),
        sa.Column("number", sa.String(length=16), nullable=False),
        *_leads_to(table),
        *_handling(),
        _text("notes"),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("enable_on", sa.Date(), nullable=True),
        sa.Column("disable_on", sa.Date(), nullable=True),
        _revision(),
        sa.UniqueConstraint("number", name=op.f(f"uq_{table}_number")),
    )
    _index_number(table)


def _number_rule() -> None:
    table = "number_rule"
    op.create_table(
        table,
        *_key(table),
        sa.Column("number_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("frame_id", sa.BigInteger(), nullable=False),
        *_leads_to(table),
        *_handling(),
        _within(table, "frame_id", "time_frame"),
        _within(table, "number_id", "phone_number", ondelete="CASCADE"),
        sa.UniqueConstraint(
            "domain_id",
            "number_id",
            "position",
            name=op.f(f"uq_{table}_domain_id_number_id_position"),
        ),
    )
    _index(table, "destination_id")
    _index(table, "frame_id")
    _index(table, "user_id")


def _sms_number() -> None:
    table = "sms_number"
    op.create_table(
        table,
        *_key(table),
        sa.Column("number", sa.String(length=16), nullable=False),
        *_leads_to(table),
        _text("carrier"),
        sa.Column("mms", sa.Boolean(), nullable=False),
        sa.Column("group_mms", sa.Boolean(), nullable=False),
        _text("notes"),
        _revision(),
        sa.UniqueConstraint("number", name=op.f(f"uq_{table}_number")),
    )
    _index_number(table)


def _key(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    """The key of a table below the domain."""
    return (
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["domain_id"],
            ["domain.id"],
            name=op.f(f"fk_{table}_domain_id_domain"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("domain_id", "id", name=op.f(f"pk_{table}")),
    )


def _leads_to(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    """A treatment, and the one thing that it leads to."""
    return (
        _text("treatment"),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("destination_id", sa.BigInteger(), nullable=True),
        _text("elsewhere"),
        sa.CheckConstraint(
            "user_id IS NULL OR destination_id IS NULL", name=op.f(f"ck_{table}_one_destination")
        ),
        _within(table, "destination_id", "call_destination"),
        _within(table, "user_id", "user_account"),
    )


def _handling() -> tuple[sa.schema.SchemaItem, ...]:
    """How a call gets there."""
    return (
        _text("caller_id_prefix"),
        _text("announcement"),
        sa.Column("enhanced_voicemail", sa.Boolean(), nullable=False),
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _revision() -> sa.Column[int]:
    return sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False)


def _within(
    table: str, column: str, other: str, *, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    """A reference that stays in the domain."""
    return sa.ForeignKeyConstraint(
        ["domain_id", column],
        [f"{other}.domain_id", f"{other}.id"],
        name=op.f(f"fk_{table}_domain_id_{column}_{other}"),
        ondelete=ondelete,
    )


def _index(table: str, *columns: str) -> None:
    named = "_".join(("domain_id", *columns))
    op.create_index(op.f(f"ix_{table}_{named}"), table, ["domain_id", *columns], unique=False)


def _index_number(table: str) -> None:
    """What lists of numbers are sorted by, and who leads where."""
    _index(table, "destination_id")
    _index(table, "number")
    _index(table, "treatment", "number")
    _index(table, "user_id")
