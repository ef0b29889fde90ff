"""Domains with their sites, people, directories and layouts."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, each after those it refers to."""
    _domain()
    _site()
    _user_account()
    _directory()
    _directory_entry()
    _layout()


def _domain() -> None:
    op.create_table(
        "domain",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domain")),
        sa.UniqueConstraint("name", name=op.f("uq_domain_name")),
    )


def _site() -> None:
    op.create_table(
        "site",
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("settings", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["domain_id"], ["domain.id"], name=op.f("fk_site_domain_id_domain"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("domain_id", "id", name=op.f("pk_site")),
        sa.UniqueConstraint("domain_id", "name", name=op.f("uq_site_domain_id_name")),
    )


def _user_account() -> None:
    op.create_table(
        "user_account",
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("extension", sa.Text(), server_default="", nullable=False),
        sa.Column("first_name", sa.Text(), server_default="", nullable=False),
        sa.Column("last_name", sa.Text(), server_default="", nullable=False),
        sa.Column("sip_user", sa.Text(), server_default="", nullable=False),
        sa.Column("sip_auth_user", sa.Text(), server_default="", nullable=False),
        sa.Column("sip_password", sa.LargeBinary(), nullable=True),
        sa.Column("site_id", sa.BigInteger(), nullable=True),
        sa.Column("in_directory", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["domain_id", "site_id"],
            ["site.domain_id", "site.id"],
            name=op.f("fk_user_account_domain_id_site_id_site"),
        ),
        sa.ForeignKeyConstraint(
            ["domain_id"],
            ["domain.id"],
            name=op.f("fk_user_account_domain_id_domain"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("domain_id", "id", name=op.f("pk_user_account")),
        sa.UniqueConstraint(
            "domain_id", "extension", name=op.f("uq_user_account_domain_id_extension")
        ),
    )
    op.create_index(
        op.f("ix_user_account_domain_id_site_id"),
        "user_account",
        ["domain_id", "site_id"],
        unique=False,
    )


def _directory() -> None:
    op.create_table(
        "directory",
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["domain_id"],
            ["domain.id"],
            name=op.f("fk_directory_domain_id_domain"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("domain_id", "id", name=op.f("pk_directory")),
        sa.UniqueConstraint("domain_id", "name", name=op.f("uq_directory_domain_id_name")),
    )


def _directory_entry() -> None:
    op.create_table(
        "directory_entry",
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("directory_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("number", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["domain_id", "directory_id"],
            ["directory.domain_id", "directory.id"],
            name=op.f("fk_directory_entry_domain_id_directory_id_directory"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["domain_id"],
            ["domain.id"],
            name=op.f("fk_directory_entry_domain_id_domain"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("domain_id", "id", name=op.f("pk_directory_entry")),
        sa.UniqueConstraint(
            "domain_id",
            "directory_id",
            "position",
            name=op.f("uq_directory_entry_domain_id_directory_id_position"),
        ),
    )


def _layout() -> None:
    op.create_table(
        "layout",
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["domain_id"],
            ["domain.id"],
            name=op.f("fk_layout_domain_id_domain"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("domain_id", "id", name=op.f("pk_layout")),
        sa.UniqueConstraint("domain_id", "name", name=op.f("uq_layout_domain_id_name")),
    )
