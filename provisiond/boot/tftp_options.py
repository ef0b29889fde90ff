"""Which transfer do the client's options ask for, and which of them are granted?"""

from dataclasses import dataclass
from typing import Final

DEFAULT_BLOCK: Final = 512
"""Octets in a block where nobody asked for another size (RFC 1350 §2)."""

_SMALLEST_BLOCK, _LARGEST_BLOCK = 8, 65464  # RFC 2348
_LONGEST_NUMBER: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class TftpLimits:
    """What the server spends on TFTP; times in seconds, sizes in octets.

    `sessions` bounds transfers and waiting requests together. `retries` is how often one window
    is sent again before an acknowledged phone counts as gone, `first_retries` how many re-sends
    one received request may draw before its first ACK (the bound on reflection). The re-send
    timer starts at `first_timeout` and then follows the measured round trip between `min_timeout`
    and `max_timeout`; `last_wait` is the least time given to the last of `first_retries`.
    `max_window_octets` bounds windowsize x blksize, so that a window fits a socket's buffer.
    `patience` is how long a transfer waits for its own disk.
    """

    sessions: int = 10_000
    retries: int = 6
    first_retries: int = 2
    first_timeout: float = 0.5
    min_timeout: float = 0.2
    max_timeout: float = 5.0
    last_wait: float = 4.0
    max_blksize: int = _LARGEST_BLOCK
    max_windowsize: int = 64
    max_window_octets: int = 131_072
    patience: float = 30.0

    def __post_init__(self) -> None:
        if not 1 <= self.max_windowsize < 32_768:  # block numbers stay distinct after roll-over
            raise ValueError("max_windowsize must be 1 to 32767")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What was agreed on for one transfer.

    `interval` is the negotiated re-send interval in seconds, None where the timer adapts.
    `after_65535` is the block number that follows 65535, 0 or 1. `granted` goes into the OACK;
    without any there is none (RFC 2347: the server then just begins).
    """

    block_size: int = DEFAULT_BLOCK
    window: int = 1
    interval: float | None = None
    after_65535: int = 0
    granted: tuple[tuple[str, str], ...] = ()


def negotiate(options: tuple[tuple[str, str], ...], size: int | None, limits: TftpLimits) -> Terms:
    """Grant what can be granted; the rest is left out of the OACK, as RFC 2347 wants it.

    Known are blksize (RFC 2348), timeout and tsize (RFC 2349), windowsize (RFC 7440) and the
    widespread `rollover`. A value is answered as asked or lower, never higher. `size` is the
    length of what will be sent, None where it is not known beforehand (tsize is then left out).
    """
    if not options:
        return _PLAIN
    asked = {name: _number(value) for name, value in options}
    block_size = DEFAULT_BLOCK
    granted: dict[str, str] = {}
    wanted = asked.get("blksize")
    if wanted is not None and wanted >= _SMALLEST_BLOCK:
        block_size = max(_SMALLEST_BLOCK, min(wanted, limits.max_blksize, _LARGEST_BLOCK))
        granted["blksize"] = str(block_size)
    window = 1
    wanted = asked.get("windowsize")
    if wanted is not None and 1 <= wanted <= 65535:
        fitting = max(1, limits.max_window_octets // block_size)
        window = min(wanted, limits.max_windowsize, fitting)
        granted["windowsize"] = str(window)
    interval = None
    wanted = asked.get("timeout")
    if wanted is not None and 1 <= wanted <= 255:
        interval = float(wanted)
        granted["timeout"] = str(wanted)
    if asked.get("tsize") is not None and size is not None:
        granted["tsize"] = str(size)
    after_65535 = 0
    wanted = asked.get("rollover")
    if wanted in (0, 1):
        after_65535 = wanted
        granted["rollover"] = str(wanted)
    return Terms(
        block_size=block_size,
        window=window,
        interval=interval,
        after_65535=after_65535,
        granted=tuple((name, granted[name]) for name in asked if name in granted),
    )


def _number(value: str) -> int | None:
    if len(value) > _LONGEST_NUMBER or not value.isascii() or not value.isdigit():
        return None
    return int(value)


_PLAIN: Final = Terms()
