"""What must never be printed by accident?"""

import hmac
import secrets

TOKEN_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
TOKEN_LENGTH = 26  # 130 bits


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
    return Secret("".join(secrets.choice(TOKEN_ALPHABET) for _ in range(TOKEN_LENGTH)))


def is_token(text: str) -> bool:
    """Whether `text` has the shape of a phone token, in either case."""
    return len(text) == TOKEN_LENGTH and all(c in TOKEN_ALPHABET for c in text.lower())


def new_password(length: int = 20) -> Secret:
    """A fresh admin password of letters and digits that no phone keypad or syntax trips over.

    It has small letters, capitals and digits, which some phones insist on.
    """
    kinds = ("abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789")
    while True:
        text = "".join(secrets.choice("".join(kinds)) for _ in range(length))
        if all(any(letter in kind for letter in text) for kind in kinds):
            return Secret(text)
