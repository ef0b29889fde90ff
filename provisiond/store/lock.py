"""Is another process serving this embedded store? A lock file answers, and names the process."""

import contextlib
import fcntl
import os
from pathlib import Path

from provisiond.inventory.errors import StoreUnusable


class ServingLock:
    """Held by the one process that serves a SQLite store; the kernel drops it with the process.

    The file stays where it is when the lock is released: removing it would let two processes
    hold locks on two files of one name.
    """

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".lock")
        self._handle: int | None = None

    def take(self) -> None:
        """Take the lock. Blocks on the disk only. Raises StoreUnusable naming the holder."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 32, 0).decode(errors="replace").strip()
            os.close(handle)
            who = f"process {holder}" if holder.isdigit() else "another process"
            raise StoreUnusable(
                f"{who} is serving this store already (lock file {self._path}). An embedded "
                "store has one serving process; stop that one, or use PostgreSQL for several."
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        self._handle = handle

    def release(self) -> None:
        """Give the lock up; harmless where it is not held."""
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None
