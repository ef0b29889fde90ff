"""Which tables tell where help must go? Addresses, what was said of them, endpoints."""

import sqlalchemy as sa

from provisiond.store.schema_columns import instant, key, metadata, revision, text, within


def _civic() -> tuple[sa.Column[str], ...]:
    """The fields of `Civic`, by its names."""
    return (
        text("country"),
        text("state"),
        text("county"),
        text("city"),
        text("postcode"),
        text("house_number"),
        text("house_number_suffix"),
        text("pre_directional"),
        text("street"),
        text("street_suffix"),
        text("post_directional"),
        text("line2"),
        text("building"),
        text("unit"),
        text("floor"),
        text("room"),
        text("location"),
    )


# `proved_at` is NULL where nobody has let these civic fields pass.
emergency_address = sa.Table(
    "emergency_address",
    metadata,
    *key(),
    text("name"),
    text("caller_name"),
    *_civic(),
    sa.Column("multi_floor", sa.Boolean(), nullable=False),
    sa.Column("is_default", sa.Boolean(), nullable=False),
    text("provider"),
    text("reference"),
    instant("proved_at"),
    instant("proved_until"),
    sa.Column("is_rejected", sa.Boolean(), nullable=False, server_default=sa.false()),
    revision(),
    sa.UniqueConstraint("domain_id", "name"),
    sa.Index(
        "uq_emergency_address_default",
        "domain_id",
        unique=True,
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    ),
)

# What was asked about an address and answered, the answer as it came; `digest` is of the civic
# fields that were accepted, so that what is saved can be held against them, or were rejected.
emergency_check = sa.Table(
    "emergency_check",
    metadata,
    *key(),
    text("asked"),
    text("provider"),
    text("outcome"),
    sa.Column("choices", sa.JSON(), nullable=False, server_default="[]"),
    sa.Column("reasons", sa.JSON(), nullable=False, server_default="[]"),
    text("reference"),
    text("answer"),
    instant("at", nullable=False),
    instant("until"),
    text("digest"),
    text("accepted_by"),
    instant("accepted_at"),
    sa.Index(None, "domain_id", "digest"),
)

emergency_endpoint = sa.Table(
    "emergency_endpoint",
    metadata,
    *key(),
    sa.Column("number", sa.String(16), nullable=False),
    sa.Column("address_id", sa.BigInteger(), nullable=False),
    sa.Column("site_id", sa.BigInteger(), nullable=True),
    text("caller_name"),
    text("location"),
    revision(),
    within("address_id", "emergency_address"),
    within("site_id", "site"),
    sa.UniqueConstraint("domain_id", "number"),
    sa.UniqueConstraint("domain_id", "site_id"),
    sa.Index(None, "domain_id", "address_id"),
)
