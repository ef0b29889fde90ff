"""Phones with their lines, sidecars, buttons, overrides and sightings."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, each after those it refers to."""
    _phone()
    _phone_line()
    _phone_sidecar()
    _button()
    _override_value()
    _sighting()


def _phone() -> None:
    op.create_table(
        "phone",
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.String(length=12), nullable=False),
        sa.Column("model", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=True),
        sa.Column("notes", sa.Text(), server_default="", nullable=False),
        sa.Column("directory_id", sa.BigInteger(), nullable=True),
        sa.Column("layout_id", sa.BigInteger(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("settings", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.Column("open_until", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("held_reason", sa.Text(), nullable=True),
        sa.Column("first_address", sa.Text(), nullable=True),
        sa.Column("first_user_agent", sa.Text(), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["domain_id", "directory_id"],
            ["directory.domain_id", "directory.id"],
            name=op.f("fk_phone_domain_id_directory_id_directory"),
        ),
        sa.ForeignKeyConstraint(
            ["domain_id", "layout_id"],
            ["layout.domain_id", "layout.id"],
            name=op.f("fk_phone_domain_id_layout_id_layout"),
        ),
        sa.ForeignKeyConstraint(
            ["domain_id", "site_id"],
            ["site.domain_id", "site.id"],
            name=op.f("fk_phone_domain_id_site_id_site"),
        ),
        sa.ForeignKeyConstraint(
            ["domain_id"], ["domain.id"], name=op.f("fk_phone_domain_id_domain"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("domain_id", "id", name=op.f("pk_phone")),
        sa.UniqueConstraint("mac", name=op.f("uq_phone_mac")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_phone_token_hash")),
    )
    op.create_index(
        op.f("ix_phone_domain_id_directory_id"),
        "phone",
        ["domain_id", "directory_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_phone_domain_id_layout_id"), "phone", ["domain_id", "layout_id"], unique=False
    )
    op.create_index(op.f("ix_phone_domain_id_mac"), "phone", ["domain_id", "mac"], unique=False)
    op.create_index(
        op.f("ix_phone_domain_id_site_id"), "phone", ["domain_id", "site_id"], unique=False
    )


def _phone_line() -> None:
    op.create_table(
        "phone_line",
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("phone_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Text(), server_default="", nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["domain_id", "phone_id"],
            ["phone.domain_id", "phone.id"],
            name=op.f("fk_phone_line_domain_id_phone_id_phone"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["domain_id", "user_id"],
            ["user_account.domain_id", "user_account.id"],
            name=op.f("fk_phone_line_domain_id_user_id_user_account"),
        ),
        sa.ForeignKeyConstraint(
            ["domain_id"],
            ["domain.id"],
            name=op.f("fk_phone_line_domain_id_domain"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("domain_id", "id", name=op.f("pk_phone_line")),
        sa.UniqueConstraint(
            "domain_id", "phone_id", "line", name=op.f("uq_phone_line_domain_id_phone_id_line")
        ),
    )
    op.create_index(
        op.f("ix_phone_line_domain_id_user_id"),
        "phone_line",
        ["domain_id", "user_id"],
        unique=False,
    )


def _phone_sidecar() -> None:
    op.create_table(
        "phone_sidecar",
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("phone_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["domain_id", "phone_id"],
            ["phone.domain_id", "phone.id"],
            name=op.f("fk_phone_sidecar_domain_id_phone_id_phone"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["domain_id"],
            ["domain.id"],
            name=op.f("fk_phone_sidecar_domain_id_domain"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("domain_id", "id", name=op.f("pk_phone_sidecar")),
        sa.UniqueConstraint(
            "domain_id",
            "phone_id",
            "position",
            name=op.f("uq_phone_sidecar_domain_id_phone_id_position"),
        ),
    )


def _button() -> None:
    op.create_table(
        "button",
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("phone_id", sa.BigInteger(), nullable=True),
        sa.Column("layout_id", sa.BigInteger(), nullable=True),
        sa.Column("module", sa.Integer(), nullable=False),
        sa.Column("key", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("value", sa.Text(), server_default="", nullable=False),
        sa.Column("label", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "(phone_id IS NULL) <> (layout_id IS NULL)", name=op.f("ck_button_one_owner")
        ),
        sa.ForeignKeyConstraint(
            ["domain_id", "layout_id"],
            ["layout.domain_id", "layout.id"],
            name=op.f("fk_button_domain_id_layout_id_layout"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["domain_id", "phone_id"],
            ["phone.domain_id", "phone.id"],
            name=op.f("fk_button_domain_id_phone_id_phone"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["domain_id"],
            ["domain.id"],
            name=op.f("fk_button_domain_id_domain"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("domain_id", "id", name=op.f("pk_button")),
        sa.UniqueConstraint(
            "domain_id",
            "layout_id",
            "module",
            "key",
            name=op.f("uq_button_domain_id_layout_id_module_key"),
        ),
        sa.UniqueConstraint(
            "domain_id",
            "phone_id",
            "module",
            "key",
            name=op.f("uq_button_domain_id_phone_id_module_key"),
        ),
    )


def _override_value() -> None:
    op.create_table(
        "override_value",
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=True),
        sa.Column("phone_id", sa.BigInteger(), nullable=True),
        sa.Column("family", sa.Text(), server_default="", nullable=False),
        sa.Column("model", sa.Text(), server_default="", nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "site_id IS NULL OR phone_id IS NULL", name=op.f("ck_override_value_one_scope")
        ),
        sa.ForeignKeyConstraint(
            ["domain_id", "phone_id"],
            ["phone.domain_id", "phone.id"],
            name=op.f("fk_override_value_domain_id_phone_id_phone"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["domain_id", "site_id"],
            ["site.domain_id", "site.id"],
            name=op.f("fk_override_value_domain_id_site_id_site"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["domain_id"],
            ["domain.id"],
            name=op.f("fk_override_value_domain_id_domain"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("domain_id", "id", name=op.f("pk_override_value")),
        sa.UniqueConstraint(
            "domain_id", "phone_id", "key", name=op.f("uq_override_value_domain_id_phone_id_key")
        ),
        sa.UniqueConstraint(
            "domain_id",
            "site_id",
            "family",
            "model",
            "key",
            name=op.f("uq_override_value_domain_id_site_id_family_model_key"),
        ),
    )
    op.create_index(
        "uq_override_value_of_domain",
        "override_value",
        ["domain_id", "family", "model", "key"],
        unique=True,
        sqlite_where=sa.text("site_id IS NULL AND phone_id IS NULL"),
        postgresql_where=sa.text("site_id IS NULL AND phone_id IS NULL"),
    )


def _sighting() -> None:
    op.create_table(
        "sighting",
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("phone_id", sa.BigInteger(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("transport", sa.Text(), server_default="", nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("last_file", sa.Text(), server_default="", nullable=False),
        sa.Column("proved_hash", sa.Text(), nullable=True),
        sa.Column("proved_at", sa.BigInteger(), nullable=True),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["domain_id", "phone_id"],
            ["phone.domain_id", "phone.id"],
            name=op.f("fk_sighting_domain_id_phone_id_phone"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("domain_id", "phone_id", name=op.f("pk_sighting")),
    )
