"""Where help must go: emergency addresses, what was said of them, endpoints, and who has which."""

import sqlalchemy as sa
from alembic import op

from provisiond.store.search import COLUMNS, make_index

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CIVIC = (
    *("country", "state", "county", "city", "postcode", "house_number", "house_number_suffix"),
    *("pre_directional", "street", "street_suffix", "post_directional", "line2", "building"),
    *("unit", "floor", "room", "location"),
)


def upgrade() -> None:
    """Make the tables, then let sites, users and phones refer to them."""
    _address()
    _check()
    _endpoint()
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    if on_sqlite:
        _without_search()
    _refer("site", ("emergency_address",))
    _refer("user_account", ("emergency_address", "emergency_endpoint"))
    _refer("phone", ("emergency_address",))
    if on_sqlite:
        make_index(op.get_bind())


def _without_search() -> None:
    """SQLite builds the tables anew, and their triggers go with the old ones."""
    for table in COLUMNS:
        for name in ("come", "gone", "moved"):
            op.execute(f"DROP TRIGGER {table}_search_{name}")
    for table in COLUMNS:
        op.execute(f"DROP TABLE {table}_search")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _key(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.ForeignKeyConstraint(
            ["domain_id"],
            ["domain.id"],
            name=op.f(f"fk_{table}_domain_id_domain"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("domain_id", "id", name=op.f(f"pk_{table}")),
    )


def _ids() -> tuple[sa.Column[int], ...]:
    return (
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
    )


def _address() -> None:
    op.create_table(
        "emergency_address",
        *_ids(),
        _text("name"),
        _text("caller_name"),
        *[_text(name) for name in CIVIC],
        sa.Column("multi_floor", sa.Boolean(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        _text("provider"),
        _text("reference"),
        sa.Column("proved_at", sa.BigInteger(), nullable=True),
        sa.Column("proved_until", sa.BigInteger(), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        *_key("emergency_address"),
        sa.UniqueConstraint("domain_id", "name", name=op.f("uq_emergency_address_domain_id_name")),
    )
    op.create_index(
        "uq_emergency_address_default",
        "emergency_address",
        ["domain_id"],
        unique=True,
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    )


def _check() -> None:
    op.create_table(
        "emergency_check",
        *_ids(),
        _text("asked"),
        _text("provider"),
        _text("outcome"),
        sa.Column("choices", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("reasons", sa.JSON(), server_default="[]", nullable=False),
        _text("reference"),
        _text("answer"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        _text("digest"),
        _text("accepted_by"),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        *_key("emergency_check"),
    )
    op.create_index(
        op.f("ix_emergency_check_domain_id_digest"),
        "emergency_check",
        ["domain_id", "digest"],
        unique=False,
    )


def _endpoint() -> None:
    op.create_table(
        "emergency_endpoint",
        *_ids(),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("address_id", sa.BigInteger(), nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=True),
        _text("caller_name"),
        _text("location"),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["domain_id", "address_id"],
            ["emergency_address.domain_id", "emergency_address.id"],
            name=op.f("fk_emergency_endpoint_domain_id_address_id_emergency_address"),
        ),
        sa.ForeignKeyConstraint(
            ["domain_id", "site_id"],
            ["site.domain_id", "site.id"],
            name=op.f("fk_emergency_endpoint_domain_id_site_id_site"),
        ),
        *_key("emergency_endpoint"),
        sa.UniqueConstraint(
            "domain_id", "number", name=op.f("uq_emergency_endpoint_domain_id_number")
        ),
        sa.UniqueConstraint(
            "domain_id", "site_id", name=op.f("uq_emergency_endpoint_domain_id_site_id")
        ),
    )
    op.create_index(
        op.f("ix_emergency_endpoint_domain_id_address_id"),
        "emergency_endpoint",
        ["domain_id", "address_id"],
        unique=False,
    )


def _refer(table: str, referred: tuple[str, ...]) -> None:
    """A column for each, with a reference that stays in the domain."""
    with op.batch_alter_table(table) as batch:
        for other in referred:
            batch.add_column(sa.Column(f"{other}_id", sa.BigInteger(), nullable=True))
            batch.create_foreign_key(
                op.f(f"fk_{table}_domain_id_{other}_id_{other}"),
                other,
                ["domain_id", f"{other}_id"],
                ["domain_id", "id"],
            )
            batch.create_index(
                op.f(f"ix_{table}_domain_id_{other}_id"), ["domain_id", f"{other}_id"]
            )
