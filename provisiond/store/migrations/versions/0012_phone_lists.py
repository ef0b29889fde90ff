"""Phones of a model or site, and phones by name, are read in the order of the list."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes; the one of sites has the MAC behind it, too."""
    op.create_index(
        op.f("ix_phone_domain_id_model_mac"), "phone", ["domain_id", "model", "mac"], unique=False
    )
    op.create_index(
        op.f("ix_phone_domain_id_name_mac"), "phone", ["domain_id", "name", "mac"], unique=False
    )
    op.create_index(
        op.f("ix_phone_domain_id_site_id_mac"),
        "phone",
        ["domain_id", "site_id", "mac"],
        unique=False,
    )
    op.drop_index(op.f("ix_phone_domain_id_site_id"), table_name="phone")
