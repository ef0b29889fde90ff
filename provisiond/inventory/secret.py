"""What must never be printed by accident?"""

import hmac
import re
import secrets

TOKEN_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
TOKEN_LENGTH = 26  # 130 bits

_RUN = rf"[A-Za-z2-7]{{{TOKEN_LENGTH}}}"
_MAYBE_TOKEN = re.compile(_RUN)
# An escape ends in letters or digits and yet stands for a character of its own: `%2F` (RFC 3986
# section 2.1), the same escaped once and twice more, and the backslash escapes of bytes and logs.
_ESCAPES = (
    "%[0-9A-Fa-f]{2}",
    "%25[0-9A-Fa-f]{2}",
    "%2525[0-9A-Fa-f]{2}",
    r"\\x[0-9A-Fa-f]{2}",
    r"\\u[0-9A-Fa-f]{4}",
    r"\\[abfnrtv]",
)
_BEFORE = "|".join(("(?<![A-Za-z0-9])", *(f"(?<={escape})" for escape in _ESCAPES)))
_TOKEN = re.compile(rf"(?:{_BEFORE}){_RUN}(?![A-Za-z0-9])")


class Secret:
    """A text that shows as `***` in repr, str and f-strings; `reveal()` gives it out."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself. Call it only where the secret leaves on purpose."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __bool__(self) -> bool:
        return bool(self._text)


def new_token() -> Secret:
    """A fresh phone token: 26 lower-case base32 characters, 130 bits."""
    return Secret(_drawn(TOKEN_ALPHABET, TOKEN_LENGTH))


def is_token(text: str) -> bool:
    """Whether `text` has the shape of a phone token, in either case."""
    return len(text) == TOKEN_LENGTH and all(c in TOKEN_ALPHABET for c in text.lower())


def masked_tokens(text: str) -> str:
    """The text with `***` for all that has the shape of a phone token and stands alone.

    Letters and digits beside it make it part of something longer; an escape such as `%2F` or
    `\\x2f` before it does not. For journals, logs and messages: it knows no inventory, so now and
    then a word of 26 letters goes too.
    """
    if len(text) < TOKEN_LENGTH or _MAYBE_TOKEN.search(text) is None:
        return text
    return _TOKEN.sub("***", text)


def new_password(length: int = 20) -> Secret:
    """A fresh admin password of letters and digits that no phone keypad or syntax trips over.

    It has small letters, capitals and digits, which some phones insist on.
    """
    kinds = ("abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789")
    while True:
        text = _drawn("".join(kinds), length)
        if all(any(letter in kind for letter in text) for kind in kinds):
            return Secret(text)


def _drawn(letters: str, length: int) -> str:
    """Letters at random, each as likely: a file brings tens of thousands of secrets, and asking the
    system for each letter of them takes a third of its import."""
    fair = 256 - 256 % len(letters)
    drawn = ""
    while len(drawn) < length:
        drawn += "".join(letters[b % len(letters)] for b in secrets.token_bytes(32) if b < fair)
    return drawn[:length]
