"""How are secrets kept at rest? AES-256-GCM under one key, bound to the row and column."""

import base64
import hashlib
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from provisiond.inventory.errors import StoreUnusable
from provisiond.inventory.secret import Secret

KEY_CHECK = "server_settings/1/key_check"
KEY_CHECK_TEXT = Secret("provisiond")
"""Sealed when a store is made: what opens it is the store's key."""

_VERSION = b"\x01"
_KEY_BYTES = 32
_NONCE_BYTES = 12  # NIST SP 800-38D §8.2.2: random 96-bit nonces, far below 2^32 of them a key
_ID_BYTES = 4


class SecretKey:
    """The key that seals SIP passwords, tokens and admin passwords in the store.

    A sealed text is bound to the place it was sealed for (`where`: table, domain, row, column):
    moved to another row it does not open.
    """

    __slots__ = ("_cipher", "_id", "_key")

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            raise ValueError(f"a key has {_KEY_BYTES} bytes, not {len(key)}")
        self._key = key
        self._cipher = AESGCM(key)
        self._id = hashlib.sha256(b"provisiond key id" + key).digest()[:_ID_BYTES]

    def __repr__(self) -> str:
        return f"SecretKey({self._id.hex()})"

    @classmethod
    def load(cls, path: Path) -> "SecretKey":
        """Read a key file: 32 bytes in base64. Blocks. Raises StoreUnusable with the remedy."""
        try:
            mode = path.stat().st_mode
            text = path.read_bytes()
        except FileNotFoundError:
            raise StoreUnusable(
                f"there is no key file {path}. `provisiond init` makes one for a new store; for "
                "an existing store put back the copy from your backup: without it the secrets in "
                "the store cannot be read."
            ) from None
        except OSError as fault:
            raise StoreUnusable(
                f"the key file {path} cannot be read: {fault.strerror}. It must belong to the "
                "user that runs provisiond."
            ) from None
        if mode & 0o007:
            raise StoreUnusable(
                f"the key file {path} is open to every user of this machine. Run: chmod 600 {path}"
            )
        try:
            return cls(base64.b64decode(text.strip(), validate=True))
        except ValueError:
            raise StoreUnusable(
                f"the key file {path} is damaged: it should be {_KEY_BYTES} bytes in base64 on "
                "one line. Put back the copy from your backup."
            ) from None

    @classmethod
    def generate(cls, path: Path) -> "SecretKey":
        """Make a new key file, readable by its owner alone (0600). Blocks.

        Never overwrites: raises StoreUnusable where the file exists.
        """
        key = secrets.token_bytes(_KEY_BYTES)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise StoreUnusable(
                f"{path} exists already; a key is never overwritten, for what it sealed would be "
                "lost."
            ) from None
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(key) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        _sync_directory(path.parent)
        return cls(key)

    @classmethod
    def throwaway(cls) -> "SecretKey":
        """A random key that is written nowhere: for stores that end with the process."""
        return cls(secrets.token_bytes(_KEY_BYTES))

    def seal(self, secret: Secret, where: str) -> bytes:
        """Encrypt for one place; the same text never gives the same bytes twice."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, secret.reveal().encode(), where.encode())
        return _VERSION + self._id + nonce + sealed

    def open(self, sealed: bytes, where: str) -> Secret:
        """Decrypt what was sealed for this place. Raises StoreUnusable in words."""
        start = 1 + _ID_BYTES
        if sealed[:1] != _VERSION or len(sealed) < start + _NONCE_BYTES + 16:
            raise StoreUnusable(f"the secret of {where} is damaged in the store.")
        if sealed[1:start] != self._id:
            raise StoreUnusable(
                f"the secret of {where} was sealed with another key "
                f"({sealed[1:start].hex()}, this one is {self._id.hex()}). Point "
                "secret_key_file at the key this store was made with."
            )
        nonce, body = sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :]
        try:
            return Secret(self._cipher.decrypt(nonce, body, where.encode()).decode())
        except InvalidTag:
            raise StoreUnusable(
                f"the secret of {where} is damaged or was moved there from another row."
            ) from None

    def derive(self, purpose: str) -> bytes:
        """32 bytes for another use of the key (keyed hashes), one per purpose."""
        return hashlib.blake2b(purpose.encode(), key=self._key, digest_size=32).digest()


def token_hash(token: str) -> bytes:
    """What a token is found by: SHA-256 of its lower-case form (130 random bits need no salt)."""
    return hashlib.sha256(token.lower().encode()).digest()


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
