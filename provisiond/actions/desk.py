"""What do the doors for people need? One thing to hand from the listener to the actions."""

from asyncio import Lock
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from provisiond.actions.emergency_checks import AddressDesk
from provisiond.actions.import_profiles import Profile
from provisiond.actions.log_in import Door
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.admission import DEFAULT_HOURS
from provisiond.inventory.emergency import Terms
from provisiond.inventory.urls import PublicUrls
from provisiond.inventory.webhooks import Networks
from provisiond.store.database import Database


def _now() -> datetime:
    return datetime.now(UTC)


def _nobody() -> AddressDesk:
    return AddressDesk(terms=Terms())


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The open store, the catalogue as it is now, and the log-in. `clock` is in UTC.

    `addresses` is who checks emergency addresses. `webhook_networks` are private ones that webhooks
    may reach all the same. `has_registrar` says whether a registrar is asked for the own contact of
    a phone that is told something. `urls` go into phones' files. `profiles` are other systems' ways
    to write rows; `importing` is held while a file is brought in, so that two do not fill the
    memory, and `undoing` while an import is undone, which keeps the writers' turn.
    `enrolment_hours` is how long an enrolment stays open.
    """

    db: Database
    shelf: Callable[[], Shelf]
    door: Door
    addresses: AddressDesk = field(default_factory=_nobody)
    webhook_networks: Networks = ()
    has_registrar: bool = False
    urls: PublicUrls = field(default_factory=PublicUrls)
    profiles: tuple[Profile, ...] = ()
    importing: Lock = field(default_factory=Lock)
    undoing: Lock = field(default_factory=Lock)
    enrolment_hours: int = DEFAULT_HOURS
    clock: Callable[[], datetime] = _now

    def secret(self, purpose: str) -> bytes:
        """32 bytes that only this server's nodes know, one for each purpose."""
        return self.db.key.derive(purpose)
