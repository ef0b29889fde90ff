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
    op.create_table(
        "call_destination",
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("extension", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["domain_id"],
            ["domain.id"],
            name=op.f("fk_call_destination_domain_id_domain"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("domain_id", "id", name=op.f("pk_call_destination")),
        sa.UniqueConstraint(
            "domain_id", "extension", name=op.f("uq_call_destination_domain_id_extension")
        ),
    )
    op.create_index(
        op.f("ix_call_destination_domain_id_kind_extension"),
        "call_destination",
        ["domain_id", "kind", "extension"],
        unique=False,
    )
    op.create_index(
        op.f("ix_call_destination_domain_id_name_extension"),
        "call_destination",
        ["domain_id", "name", "extension"],
        unique=False,
    )


def _time_frame() -> None:
    op.create_table(
        "time_frame",
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("parts", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["domain_id", "owner_id"],
            ["user_account.domain_id", "user_account.id"],
            name=op.f("fk_time_frame_domain_id_owner_id_user_account"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["domain_id"],
            ["domain.id"],
            name=op.f("fk_time_frame_domain_id_domain"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("domain_id", "id", name=op.f("pk_time_frame")),
        sa.UniqueConstraint(
            "domain_id", "owner_id", "name", name=op.f("uq_time_frame_domain_id_owner_id_name")
        ),
    )
    op.create_index(
        op.f("ix_time_frame_domain_id_name"), "time_frame", ["domain_id", "name"], unique=False
    )
    op.create_index(
        "uq_time_frame_of_domain",
        "time_frame",
        ["domain_id", "name"],
        unique=True,
        sqlite_where=sa.text("owner_id IS NULL"),
        postgresql_where=sa.text("owner_id IS NULL"),
    )


def _phone_number() -> None:
    op.create_table(
        "phone_number",
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("treatment", sa.Text(), server_default="", nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("destination_id", sa.BigInteger(), nullable=True),
        sa.Column("elsewhere", sa.Text(), server_default="", nullable=False),
        sa.Column("caller_id_prefix", sa.Text(), server_default="", nullable=False),
        sa.Column("announcement", sa.Text(), server_default="", nullable=False),
        sa.Column("enhanced_voicemail", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("enable_on", sa.Date(), nullable=True),
        sa.Column("disable_on", sa.Date(), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "user_id IS NULL OR destination_id IS NULL",
            name=op.f("ck_phone_number_one_destination"),
        ),
        sa.ForeignKeyConstraint(
            ["domain_id", "destination_id"],
            ["call_destination.domain_id", "call_destination.id"],
            name=op.f("fk_phone_number_domain_id_destination_id_call_destination"),
        ),
        sa.ForeignKeyConstraint(
            ["domain_id", "user_id"],
            ["user_account.domain_id", "user_account.id"],
            name=op.f("fk_phone_number_domain_id_user_id_user_account"),
        ),
        sa.ForeignKeyConstraint(
            ["domain_id"],
            ["domain.id"],
            name=op.f("fk_phone_number_domain_id_domain"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("domain_id", "id", name=op.f("pk_phone_number")),
        sa.UniqueConstraint("number", name=op.f("uq_phone_number_number")),
    )
    op.create_index(
        op.f("ix_phone_number_domain_id_destination_id"),
        "phone_number",
        ["domain_id", "destination_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_phone_number_domain_id_number"),
        "phone_number",
        ["domain_id", "number"],
        unique=False,
    )
    op.create_index(
        op.f("ix_phone_number_domain_id_treatment_number"),
        "phone_number",
        ["domain_id", "treatment", "number"],
        unique=False,
    )
    op.create_index(
        op.f("ix_phone_number_domain_id_user_id"),
        "phone_number",
        ["domain_id", "user_id"],
        unique=False,
    )


def _number_rule() -> None:
    op.create_table(
        "number_rule",
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("number_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("frame_id", sa.BigInteger(), nullable=False),
        sa.Column("treatment", sa.Text(), server_default="", nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("destination_id", sa.BigInteger(), nullable=True),
        sa.Column("elsewhere", sa.Text(), server_default="", nullable=False),
        sa.Column("caller_id_prefix", sa.Text(), server_default="", nullable=False),
        sa.Column("announcement", sa.Text(), server_default="", nullable=False),
        sa.Column("enhanced_voicemail", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "user_id IS NULL OR destination_id IS NULL", name=op.f("ck_number_rule_one_destination")
        ),
        sa.ForeignKeyConstraint(
            ["domain_id", "destination_id"],
            ["call_destination.domain_id", "call_destination.id"],
            name=op.f("fk_number_rule_domain_id_destination_id_call_destination"),
        ),
        sa.ForeignKeyConstraint(
            ["domain_id", "frame_id"],
            ["time_frame.domain_id", "time_frame.id"],
            name=op.f("fk_number_rule_domain_id_frame_id_time_frame"),
        ),
        sa.ForeignKeyConstraint(
            ["domain_id", "number_id"],
            ["phone_number.domain_id", "phone_number.id"],
            name=op.f("fk_number_rule_domain_id_number_id_phone_number"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["domain_id", "user_id"],
            ["user_account.domain_id", "user_account.id"],
            name=op.f("fk_number_rule_domain_id_user_id_user_account"),
        ),
        sa.ForeignKeyConstraint(
            ["domain_id"],
            ["domain.id"],
            name=op.f("fk_number_rule_domain_id_domain"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("domain_id", "id", name=op.f("pk_number_rule")),
        sa.UniqueConstraint(
            "domain_id",
            "number_id",
            "position",
            name=op.f("uq_number_rule_domain_id_number_id_position"),
        ),
    )
    op.create_index(
        op.f("ix_number_rule_domain_id_destination_id"),
        "number_rule",
        ["domain_id", "destination_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_number_rule_domain_id_frame_id"),
        "number_rule",
        ["domain_id", "frame_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_number_rule_domain_id_user_id"),
        "number_rule",
        ["domain_id", "user_id"],
        unique=False,
    )


def _sms_number() -> None:
    op.create_table(
        "sms_number",
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("treatment", sa.Text(), server_default="", nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("destination_id", sa.BigInteger(), nullable=True),
        sa.Column("elsewhere", sa.Text(), server_default="", nullable=False),
        sa.Column("carrier", sa.Text(), server_default="", nullable=False),
        sa.Column("mms", sa.Boolean(), nullable=False),
        sa.Column("group_mms", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), server_default="", nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "user_id IS NULL OR destination_id IS NULL", name=op.f("ck_sms_number_one_destination")
        ),
        sa.ForeignKeyConstraint(
            ["domain_id", "destination_id"],
            ["call_destination.domain_id", "call_destination.id"],
            name=op.f("fk_sms_number_domain_id_destination_id_call_destination"),
        ),
        sa.ForeignKeyConstraint(
            ["domain_id", "user_id"],
            ["user_account.domain_id", "user_account.id"],
            name=op.f("fk_sms_number_domain_id_user_id_user_account"),
        ),
        sa.ForeignKeyConstraint(
            ["domain_id"],
            ["domain.id"],
            name=op.f("fk_sms_number_domain_id_domain"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("domain_id", "id", name=op.f("pk_sms_number")),
        sa.UniqueConstraint("number", name=op.f("uq_sms_number_number")),
    )
    op.create_index(
        op.f("ix_sms_number_domain_id_destination_id"),
        "sms_number",
        ["domain_id", "destination_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_sms_number_domain_id_number"), "sms_number", ["domain_id", "number"], unique=False
    )
    op.create_index(
        op.f("ix_sms_number_domain_id_treatment_number"),
        "sms_number",
        ["domain_id", "treatment", "number"],
        unique=False,
    )
    op.create_index(
        op.f("ix_sms_number_domain_id_user_id"),
        "sms_number",
        ["domain_id", "user_id"],
        unique=False,
    )
