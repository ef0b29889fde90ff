"""What has changed since? The process's copy of the epochs that every cached answer is tied to."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

CATALOG = "catalog"
SERVER = "server"
DOMAIN = "domain"
ENROLMENT = "enrolment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bump:
    """One epoch's new value, and the place of its change in the order of all changes."""

    kind: str
    domain_id: int
    value: int
    seq: int


class EpochSource(Protocol):
    """Where the poller reads: one statement, whatever changed."""

    async def epochs_since(self, seq: int) -> tuple[Bump, ...]: ...


class PolledStore(Protocol):
    """What the poller needs of a database."""

    @property
    def facts(self) -> EpochSource: ...


class Epochs:
    """Plain reads, no statement. Values only rise; they are what the store said, never counted
    here. `world` rises with every change of any catalogue, server or domain epoch (enrolment
    turns no answer about who exists, so it is left out)."""

    def __init__(self) -> None:
        self.catalog = 0
        self.server = 0
        self.world = 0
        self._domains: dict[int, int] = {}
        self._enrolments: dict[int, int] = {}
        self._polled = 0

    def domain(self, domain_id: int) -> int:
        """A domain's epoch; 0 while this process has not heard of it."""
        return self._domains.get(domain_id, 0)

    def enrolment(self, domain_id: int) -> int:
        """A domain's enrolment epoch; 0 while this process has not heard of one."""
        return self._enrolments.get(domain_id, 0)

    def apply(self, bumps: Iterable[Bump]) -> bool:
        """Take values the store gave (RETURNING or read); True where one was news."""
        news = False
        for bump in bumps:
            if bump.kind != ENROLMENT and bump.seq > self.world:
                self.world = bump.seq
            news = self._set(bump) or news
        return news

    async def poll(self, database: PolledStore) -> bool:
        """Read what changed anywhere since the last poll; True where it was news.

        One statement. Raises StoreUnavailable, and then nothing has changed here.
        """
        bumps = await database.facts.epochs_since(self._polled)
        news = self.apply(bumps)
        # Own changes are applied without moving this mark: another node's change that was
        # committed just before must still be read.
        self._polled = max([self._polled, *(bump.seq for bump in bumps)])
        return news

    def _set(self, bump: Bump) -> bool:
        if bump.kind in (DOMAIN, ENROLMENT):
            values = self._domains if bump.kind == DOMAIN else self._enrolments
            if bump.value <= values.get(bump.domain_id, 0):
                return False
            values[bump.domain_id] = bump.value
            return True
        if bump.value <= getattr(self, bump.kind):
            return False
        setattr(self, bump.kind, bump.value)
        return True
