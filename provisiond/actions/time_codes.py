"""Is this the code that the telephone shows now? Time-based one-time passwords (RFC 6238)."""

import base64
import secrets
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from provisiond.inventory.secret import Secret

STEP_SECONDS = 30
_KEY_BYTES = 20  # RFC 4226 §4 R6: as long as the hash
_DIGITS = 6
_ISSUER = "provisiond"


def new_time_key() -> Secret:
    """A fresh key in base32, as authenticator programs take it typed."""
    return Secret(base64.b32encode(secrets.token_bytes(_KEY_BYTES)).decode())


def key_uri(key: Secret, name: str) -> Secret:
    """The key as an `otpauth://` URI, for a QR code."""
    return Secret(_totp(key).get_provisioning_uri(name, _ISSUER))


def code_step(key: Secret, code: str, at: datetime) -> int | None:
    """The step of time that the code is of, or None where it is of none near `at`.

    One step before and after count too (RFC 6238 §5.2): telephones' clocks differ. Whoever takes
    a code must refuse a step that was taken already.
    """
    digits = code.replace(" ", "")
    if len(digits) != _DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    totp, now = _totp(key), int(at.timestamp()) // STEP_SECONDS
    for step in (now, now - 1, now + 1):
        try:
            totp.verify(digits.encode(), step * STEP_SECONDS)
        except InvalidToken:
            continue
        return step
    return None


def _totp(key: Secret) -> TOTP:
    return TOTP(base64.b32decode(key.reveal()), _DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 - the RFC's
