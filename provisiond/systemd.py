"""What does the service manager hear from the daemon, and how often does it want to?"""

import os
import socket
import time
from collections.abc import Mapping


class Notifier:
    """Tells the service manager the daemon's state over NOTIFY_SOCKET (sd_notify(3)).

    Where no service manager listens, every method does nothing. None waits or raises.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address: str | None = None
        self._socket: socket.socket | None = None
        # An absolute path, or @ for the abstract namespace; vsock addresses are for whole machines.
        if address.startswith(("/", "@")):
            self._address = "\0" + address[1:] if address.startswith("@") else address
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)

    def ready(self, status: str) -> None:
        """Every listener is up."""
        self._send("READY=1", _status(status))

    def reloading(self) -> None:
        """A reload begins; `ready` ends it."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str) -> None:
        """No new request is taken."""
        self._send("STOPPING=1", _status(status))

    def alive(self) -> None:
        """Feed the watchdog. Call it only after a probe that really served a file."""
        self._send("WATCHDOG=1")

    def extend_timeout(self, seconds: float) -> None:
        """Ask for so many more seconds, from now, for a start or a stop."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send(_status(text))

    def close(self) -> None:
        """Give the socket back."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, *assignments: str) -> None:
        if self._socket is None or self._address is None:
            return
        try:
            self._socket.sendto("\n".join(assignments).encode(), self._address)
        except OSError:  # a manager that is gone, restarting or slow must not stop the phones
            return


def watchdog_interval(environ: Mapping[str, str], pid: int | None = None) -> float | None:
    """Every how many seconds to feed the watchdog: half its limit, as sd_watchdog_enabled(3)
    advises. None where it is off or meant for another process."""
    if environ.get("WATCHDOG_PID", str(pid or os.getpid())) != str(pid or os.getpid()):
        return None
    try:
        limit = int(environ.get("WATCHDOG_USEC", "0"))
    except ValueError:
        return None
    return limit / 2_000_000 if limit > 0 else None


def _status(text: str) -> str:
    return "STATUS=" + " ".join(text.split())
