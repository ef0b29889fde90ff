"""Who may log in, and with what may a program ask? Accounts, sessions, API tokens, links."""

import hashlib
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from provisiond.inventory.access import Actor, Role
from provisiond.inventory.errors import Finding
from provisiond.inventory.secret import Secret
from provisiond.inventory.texts import first_unprintable, is_extension, shown, text_faults

MIN_PASSWORD = 12
MAX_PASSWORD = 256
MAX_LABEL = 64
LINK_HOURS = 24
TOKEN_PREFIX = "pvd"

_LOGIN_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
_TOKEN = re.compile(rf"{TOKEN_PREFIX}_([a-z2-7]{{8}})_([A-Za-z0-9_-]{{43}})")
_ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_SAMENESS = 5  # distinct characters that a password must have


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person who may log in. `name` is in lower case and what is typed at the log-in.

    `domain` bounds a tech, manager or user to one domain; `extension` is a user's own, of that
    domain. An account without `password_hash` waits for its link to be followed.
    """

    name: str
    role: Role
    domain: str | None = None
    extension: str | None = None
    disabled: bool = False
    password_hash: Secret = Secret("")
    totp: Secret = Secret("")
    totp_step: int = 0
    created_at: datetime | None = None
    logged_in_at: datetime | None = None
    revision: int = 0

    @property
    def has_second_factor(self) -> bool:
        """Whether a time code is asked for beside the password."""
        return bool(self.totp)

    def actor(self) -> Actor:
        """The account as one who does something in the portal."""
        return Actor(
            kind="portal",
            name=self.name,
            role=self.role,
            domain=self.domain,
            extension=self.extension,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginSession:
    """A log-in that lasts. It ends `idle` after it was last used, and at `expires_at`."""

    account: Account
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str = ""

    def lives(self, at: datetime, idle: timedelta) -> bool:
        """Whether it still counts."""
        return at < self.expires_at and at < self.seen_at + idle and not self.account.disabled


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A program's way in. `token_id` is the part that is shown in lists.

    `role`, `domain` and `read_only` bound what it may; `expires_at` None never ends.
    """

    token_id: str
    label: str
    role: Role
    domain: str | None = None
    read_only: bool = False
    created_by: str = ""
    created_at: datetime | None = None
    expires_at: datetime | None = None
    used_at: datetime | None = None
    revoked_at: datetime | None = None

    def lives(self, at: datetime) -> bool:
        """Whether it still opens anything."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)

    def actor(self) -> Actor:
        """The token as one who does something through the API."""
        return Actor(
            kind="api",
            name=f"{self.label} ({self.token_id})",
            role=self.role,
            domain=self.domain,
            read_only=self.read_only,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinLink:
    """A link that is followed once: to choose a password, or (`account` None) to become the first
    admin under a name of one's choice."""

    account: str | None
    created_by: str
    expires_at: datetime


def account_faults(account: Account) -> tuple[Finding, ...]:
    """What is wrong with an account, all of it."""
    return tuple(_account(account))


def scope_faults(role: Role, domain: str | None) -> Iterator[Finding]:
    """What is wrong with a role's reach: admins have all domains, managers and users one."""
    if role is Role.ADMIN and domain is not None:
        yield Finding(
            where="domain",
            message="an admin is of no domain.",
            remedy="Leave the domain out, or take the role manager.",
        )
    if role in (Role.MANAGER, Role.USER) and domain is None:
        yield Finding(
            where="domain", message=f"a {role.value} is of one domain.", remedy="Name the domain."
        )


def password_faults(password: Secret, name: str = "") -> tuple[Finding, ...]:
    """Why a password may not be used: it is short, or guessed first by whoever guesses."""
    return tuple(_password(password.reveal(), name))


def token_faults(label: str, role: Role, domain: str | None) -> tuple[Finding, ...]:
    """What is wrong with an API token that is asked for."""
    found = list(text_faults("label", label, MAX_LABEL, needed=True))
    found += scope_faults(role, domain)
    if role is Role.USER:
        message = "a token has no extension of its own."
        found.append(Finding(where="role", message=message, remedy="Use admin, tech or manager."))
    return tuple(found)


def new_api_token() -> tuple[str, Secret]:
    """A fresh token's id and its whole text, `pvd_<id>_<secret>`; the secret has 256 bits."""
    token_id = "".join(secrets.choice(_ID_ALPHABET) for _ in range(8))
    return token_id, Secret(f"{TOKEN_PREFIX}_{token_id}_{secrets.token_urlsafe(32)}")


def is_api_token(text: str) -> bool:
    """Whether it has the shape of an API token."""
    return _TOKEN.fullmatch(text) is not None


def new_key() -> Secret:
    """A fresh key of 256 bits, for a session or a link, in 43 letters of an URL."""
    return Secret(secrets.token_urlsafe(32))


def key_hash(text: str) -> bytes:
    """What a session, link or token is found by: SHA-256, for 256 random bits need no salt."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _account(account: Account) -> Iterator[Finding]:
    if _LOGIN_NAME.fullmatch(account.name) is None:
        yield Finding(
            where="name",
            message=f"{shown(account.name)} is no login name.",
            remedy="Use 1 to 64 of a-z, 0-9 and . _ @ + -, beginning with a letter or digit.",
        )
    yield from scope_faults(account.role, account.domain)
    if account.role is Role.USER and account.extension is None:
        yield Finding(
            where="extension",
            message="a user has an extension, whose phones are the own ones.",
            remedy="Name the extension.",
        )
    if account.role is not Role.USER and account.extension is not None:
        yield Finding(
            where="extension",
            message=f"the role {account.role.value} is bound to no extension.",
            remedy="Leave it out, or take the role user.",
        )
    if account.extension is not None and not is_extension(account.extension):
        yield Finding(
            where="extension",
            message=f"{shown(account.extension)} is no extension.",
            remedy="Use 1 to 15 of 0-9, * and #.",
        )


def _password(text: str, name: str) -> Iterator[Finding]:
    if len(text) < MIN_PASSWORD:
        yield Finding(
            where="password",
            message=f"it has {len(text)} characters; {MIN_PASSWORD} are the least.",
            remedy="Take a few words that do not belong together.",
        )
    if len(text) > MAX_PASSWORD:
        yield Finding(
            where="password",
            message=f"it has {len(text)} characters; {MAX_PASSWORD} are the most.",
            remedy="Shorten it.",
        )
    bad = first_unprintable(text)
    if bad is not None:
        yield Finding(where="password", message=f"it holds {bad}.", remedy="Remove it.")
    if name and name.lower() in text.lower() and len(text) < len(name) + MIN_PASSWORD:
        yield Finding(
            where="password",
            message="it is little more than the login name.",
            remedy="Leave the name out.",
        )
    if len(text) >= MIN_PASSWORD and len(set(text)) < _SAMENESS:
        yield Finding(
            where="password",
            message="it repeats a few characters.",
            remedy="Take a few words that do not belong together.",
        )
