"""Which tables tell what numbers do? Destinations, time frames, numbers with rules, SMS numbers."""

import sqlalchemy as sa

from provisiond.store.schema_columns import key, metadata, revision, text, within

_NUMBER_LENGTH = 16  # ITU-T E.164: a plus and 15 digits


def _destination() -> tuple[sa.schema.SchemaItem, ...]:
    """Where calls or messages go: a user, a destination of the domain, or a text (a number
    outside, or what an import brought and nobody here knows)."""
    return (
        text("treatment"),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("destination_id", sa.BigInteger(), nullable=True),
        text("elsewhere"),
        within("user_id", "user_account"),
        within("destination_id", "call_destination"),
        sa.CheckConstraint("user_id IS NULL OR destination_id IS NULL", name="one_destination"),
        sa.Index(None, "domain_id", "user_id"),
        sa.Index(None, "domain_id", "destination_id"),
    )


def _handling() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        *_destination(),
        text("caller_id_prefix"),
        text("announcement"),
        sa.Column("enhanced_voicemail", sa.Boolean(), nullable=False),
    )


call_destination = sa.Table(
    "call_destination",
    metadata,
    *key(),
    text("kind"),
    text("extension"),
    text("name"),
    sa.Column("enabled", sa.Boolean(), nullable=False),
    revision(),
    sa.UniqueConstraint("domain_id", "extension"),
    sa.Index(None, "domain_id", "kind", "extension"),
    sa.Index(None, "domain_id", "name", "extension"),
)

# A frame without owner is the domain's; one of a user goes with the user.
time_frame = sa.Table(
    "time_frame",
    metadata,
    *key(),
    text("name"),
    sa.Column("owner_id", sa.BigInteger(), nullable=True),
    text("kind"),
    sa.Column("parts", sa.JSON(), nullable=False, server_default="[]"),
    text("time_zone", nullable=True),
    revision(),
    within("owner_id", "user_account", ondelete="CASCADE"),
    sa.UniqueConstraint("domain_id", "owner_id", "name"),
    sa.Index(None, "domain_id", "name"),
    sa.Index(
        "uq_time_frame_of_domain",
        "domain_id",
        "name",
        unique=True,
        sqlite_where=sa.text("owner_id IS NULL"),
        postgresql_where=sa.text("owner_id IS NULL"),
    ),
)

phone_number = sa.Table(
    "phone_number",
    metadata,
    *key(),
    sa.Column("number", sa.String(_NUMBER_LENGTH), nullable=False, unique=True),
    *_handling(),
    text("notes"),
    text("language", nullable=True),
    text("time_zone", nullable=True),
    sa.Column("enabled", sa.Boolean(), nullable=False),
    sa.Column("enable_on", sa.Date(), nullable=True),
    sa.Column("disable_on", sa.Date(), nullable=True),
    revision(),
    sa.Index(None, "domain_id", "number"),
    sa.Index(None, "domain_id", "treatment", "number"),
)

number_rule = sa.Table(
    "number_rule",
    metadata,
    *key(),
    sa.Column("number_id", sa.BigInteger(), nullable=False),
    sa.Column("position", sa.Integer(), nullable=False),
    sa.Column("frame_id", sa.BigInteger(), nullable=False),
    *_handling(),
    within("number_id", "phone_number", ondelete="CASCADE"),
    within("frame_id", "time_frame"),
    sa.UniqueConstraint("domain_id", "number_id", "position"),
    sa.Index(None, "domain_id", "frame_id"),
)

sms_number = sa.Table(
    "sms_number",
    metadata,
    *key(),
    sa.Column("number", sa.String(_NUMBER_LENGTH), nullable=False, unique=True),
    *_destination(),
    text("carrier"),
    sa.Column("mms", sa.Boolean(), nullable=False),
    sa.Column("group_mms", sa.Boolean(), nullable=False),
    text("notes"),
    revision(),
    sa.Index(None, "domain_id", "number"),
    sa.Index(None, "domain_id", "treatment", "number"),
)
