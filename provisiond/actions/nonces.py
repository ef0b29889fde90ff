"""Which nonces has this server given, and which of their counts are spent?

A nonce is its own record: the time, chance and a keyed hash over both and the realm. It is not
bound to an address: behind some NATs and proxies each connection comes from another one, and such
a phone would never get in (RFC 2617 section 3.2.1 warns of it). Only those that were used are kept,
with the counts that were spent; where the table is full, all nonces as old as the one that is
dropped are taken for expired, since nobody knows any more what was spent of them.
"""

import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from provisiond.inventory.digest import REALM

LIFE_SECONDS = 300.0
_AHEAD_SECONDS = 5.0  # nodes whose clocks differ
_WINDOW = 64
_KEPT = 100_000
_TIME_DIGITS, _CHANCE_DIGITS, _SIGN_DIGITS = 12, 16, 32


class Standing(Enum):
    """What a nonce and its count are worth."""

    GOOD = "good"
    STALE = "stale"
    SPENT = "spent"
    FORGED = "forged"


@dataclass(slots=True)
class _Used:
    issued: int
    highest: int
    seen: int


class Nonces:
    """Gives nonces and knows them again; `now` of every call is wall-clock time.

    Nodes with the same key know each other's nonces, each counts for itself what was spent.
    """

    def __init__(self, key: bytes, began: datetime, kept: int = _KEPT) -> None:
        self._key = key
        self._floor = _milliseconds(began)
        self._kept = kept
        self._used: OrderedDict[str, _Used] = OrderedDict()

    def issue(self, now: datetime) -> str:
        """A fresh one."""
        body = f"{_milliseconds(now):0{_TIME_DIGITS}x}{secrets.token_hex(_CHANCE_DIGITS // 2)}"
        return body + self._sign(body)

    def standing(self, nonce: str, count: int, now: datetime) -> Standing:
        """Whether the nonce is ours, of now, and not spent with this count."""
        body, sign = nonce[:-_SIGN_DIGITS], nonce[-_SIGN_DIGITS:]
        if len(body) != _TIME_DIGITS + _CHANCE_DIGITS or not nonce.isascii():
            return Standing.FORGED
        if not hmac.compare_digest(sign.encode(), self._sign(body).encode()):
            return Standing.FORGED
        issued = int(body[:_TIME_DIGITS], 16)
        age = (_milliseconds(now) - issued) / 1000
        if not -_AHEAD_SECONDS <= age <= LIFE_SECONDS:
            return Standing.STALE
        used = self._used.get(nonce)
        if used is None:
            return Standing.GOOD if issued >= self._floor and count >= 1 else Standing.STALE
        behind = used.highest - count
        if count < 1 or behind >= _WINDOW or (behind >= 0 and used.seen >> behind & 1):
            return Standing.SPENT
        return Standing.GOOD

    def spend(self, nonce: str, count: int) -> None:
        """Note a count of a good nonce as used; a client may send several at once, out of order."""
        used = self._used.get(nonce)
        if used is None:
            issued = int(nonce[:_TIME_DIGITS], 16)
            self._used[nonce] = _Used(issued=issued, highest=count, seen=1)
            if len(self._used) > self._kept:
                _, gone = self._used.popitem(last=False)
                self._floor = max(self._floor, gone.issued + 1)
            return
        self._used.move_to_end(nonce)
        if count > used.highest:
            used.seen = (used.seen << min(count - used.highest, _WINDOW) | 1) % (1 << _WINDOW)
            used.highest = count
        else:
            used.seen |= 1 << used.highest - count

    def _sign(self, body: str) -> str:
        signed = f"{body} {REALM}".encode()
        return hmac.digest(self._key, signed, "sha256").hex()[:_SIGN_DIGITS]


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
