"""What do the columns of every table look like? Keys, references, texts, instants."""

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
INSTANT = sa.BigInteger()
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # only INTEGER counts up by itself

LARGEST_ID = (1 << 63) - 1
"""what an id can be on either engine; a larger one is no row's"""


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    """A text; empty where nothing is said, or NULL where that differs."""
    if nullable:
        return sa.Column(name, sa.Text(), nullable=True)
    return sa.Column(name, sa.Text(), nullable=False, server_default="")


def instant(name: str, *, nullable: bool = True) -> sa.Column[int]:
    """A moment in microseconds."""
    return sa.Column(name, INSTANT, nullable=nullable)


def revision() -> sa.Column[int]:
    """How often the row was changed."""
    return sa.Column("revision", sa.BigInteger(), nullable=False, server_default="1")


def settings() -> sa.Column[str]:
    """A layer of settings."""
    return sa.Column("settings", sa.JSON(), nullable=False, server_default="{}")


def key() -> tuple[sa.schema.SchemaItem, ...]:
    """The key of a table below the domain."""
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


def within(column: str, table: str, *, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    """A reference that stays in the domain."""
    return sa.ForeignKeyConstraint(
        ["domain_id", column], [f"{table}.domain_id", f"{table}.id"], ondelete=ondelete
    )
