"""Which tables say who may ask? Accounts, their sessions and links, API tokens.

An account or token of one domain goes with it; what is of no domain has none there.
"""

import sqlalchemy as sa

from provisiond.store.schema_columns import ID, INSTANT, metadata


def _domain() -> sa.Column[int]:
    return sa.Column(
        "domain_id",
        sa.BigInteger(),
        sa.ForeignKey("domain.id", ondelete="CASCADE"),
        nullable=True,
        index=True,
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, server_default="")


account = sa.Table(
    "account",
    metadata,
    sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(64), nullable=False, unique=True),
    sa.Column("role", sa.String(16), nullable=False),
    _domain(),
    sa.Column("user_id", sa.BigInteger(), nullable=True),
    sa.Column("disabled", sa.Boolean(), nullable=False),
    _text("password_hash"),
    sa.Column("totp", sa.LargeBinary(), nullable=True),
    sa.Column("totp_step", sa.BigInteger(), nullable=False, server_default="0"),
    sa.Column("created_at", INSTANT, nullable=False),
    sa.Column("logged_in_at", INSTANT, nullable=True),
    sa.Column("revision", sa.BigInteger(), nullable=False, server_default="1"),
    # A user who goes takes the log-in along: nobody else is to get it with the extension.
    sa.ForeignKeyConstraint(
        ["domain_id", "user_id"],
        ["user_account.domain_id", "user_account.id"],
        ondelete="CASCADE",
    ),
    sa.Index(None, "domain_id", "user_id"),
)

login_session = sa.Table(
    "login_session",
    metadata,
    sa.Column("key_hash", sa.LargeBinary(), primary_key=True),
    sa.Column(
        "account_id",
        sa.BigInteger(),
        sa.ForeignKey("account.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("created_at", INSTANT, nullable=False),
    sa.Column("seen_at", INSTANT, nullable=False),
    sa.Column("expires_at", INSTANT, nullable=False, index=True),
    _text("address"),
)

api_token = sa.Table(
    "api_token",
    metadata,
    sa.Column("token_id", sa.String(8), primary_key=True),
    sa.Column("key_hash", sa.LargeBinary(), nullable=False, unique=True),
    _text("label"),
    sa.Column("role", sa.String(16), nullable=False),
    _domain(),
    sa.Column("read_only", sa.Boolean(), nullable=False),
    _text("created_by"),
    sa.Column("created_at", INSTANT, nullable=False),
    sa.Column("expires_at", INSTANT, nullable=True),
    sa.Column("used_at", INSTANT, nullable=True),
    sa.Column("revoked_at", INSTANT, nullable=True),
)

# `account_id` is of whose password it sets; none: it makes an admin.
join_link = sa.Table(
    "join_link",
    metadata,
    sa.Column("key_hash", sa.LargeBinary(), primary_key=True),
    sa.Column(
        "account_id",
        sa.BigInteger(),
        sa.ForeignKey("account.id", ondelete="CASCADE"),
        nullable=True,
        index=True,
    ),
    _text("created_by"),
    sa.Column("created_at", INSTANT, nullable=False),
    sa.Column("expires_at", INSTANT, nullable=False, index=True),
)

# What was answered to a question with an Idempotency-Key; `status` is NULL until it is.
answered = sa.Table(
    "answered",
    metadata,
    sa.Column("place", sa.LargeBinary(), primary_key=True),
    _text("actor"),
    sa.Column("print", sa.LargeBinary(), nullable=False),
    sa.Column("at", INSTANT, nullable=False, index=True),
    sa.Column("status", sa.Integer(), nullable=True),
    _text("headers"),
    sa.Column("body", sa.LargeBinary(), nullable=True),
    sa.Index(None, "actor", "at"),
)

webhook = sa.Table(
    "webhook",
    metadata,
    sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
    _text("name"),
    _text("url"),
    sa.Column("secret", sa.LargeBinary(), nullable=False),
    _domain(),
    sa.Column("enabled", sa.Boolean(), nullable=False),
    _text("created_by"),
    sa.Column("created_at", INSTANT, nullable=False),
    sa.Column("revision", sa.BigInteger(), nullable=False, server_default="1"),
    sa.UniqueConstraint("name"),
)

# The outbox: one row for each change and webhook, written with the change. `subject` orders
# them; `state` is waiting, sent or dead.
webhook_delivery = sa.Table(
    "webhook_delivery",
    metadata,
    sa.Column("id", ID, primary_key=True, autoincrement=True),
    sa.Column(
        "webhook_id",
        sa.BigInteger(),
        sa.ForeignKey("webhook.id", ondelete="CASCADE"),
        nullable=False,
    ),
    sa.Column("change_id", sa.BigInteger(), nullable=False),
    _text("subject"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
    sa.Column("due_at", INSTANT, nullable=False),
    sa.Column("done_at", INSTANT, nullable=True),
    _text("said"),
    sa.Index(None, "webhook_id", "subject", "state", "id"),
    sa.Index(None, "state", "due_at"),
)
