"""How is a password kept, and is this the one? argon2id, in threads, a few at once."""

import asyncio
import contextlib
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from provisiond.inventory.secret import Secret

AT_ONCE = 2  # a hash takes 64 MiB and 50 to 100 ms of a core


class Passwords:
    """Hashes as RFC 9106 recommends second (64 MiB, three passes, four lanes).

    Nobody waits in the event loop, and never more than AT_ONCE hashes take memory at the same
    time. Asked about nobody's hash, `match` takes as long as for a real one and answers False.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._nobodys: str | None = None

    async def hash(self, password: Secret) -> Secret:
        """What to keep of a password."""
        async with self._turns:
            return Secret(await asyncio.to_thread(self._hasher.hash, _text(password)))

    async def match(self, kept: Secret, password: Secret) -> bool:
        """Whether the password is the one that `kept` is of; False for an empty `kept`."""
        async with self._turns:
            return await asyncio.to_thread(self._match, kept.reveal(), _text(password))

    def is_weak(self, kept: Secret) -> bool:
        """Whether the hash is of another strength than those made now."""
        with contextlib.suppress(InvalidHashError):
            return self._hasher.check_needs_rehash(kept.reveal())
        return True

    def _match(self, kept: str, password: str) -> bool:
        is_real = kept != ""
        if not is_real:
            if self._nobodys is None:
                self._nobodys = self._hasher.hash(secrets.token_urlsafe(16))
            kept = self._nobodys
        try:
            self._hasher.verify(kept, password)
        except (Argon2Error, InvalidHashError):
            return False
        return is_real


def _text(password: Secret) -> str:
    """Half characters, which no UTF-8 can hold, are no error: they match nothing."""
    return password.reveal().encode("utf-8", "backslashreplace").decode()
