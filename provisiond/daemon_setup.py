"""What does a daemon need before it can serve? Catalogue, store and policy from settings."""

import asyncio
import contextlib
import ctypes
import gc
import resource
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from provisiond.actions.emergency_checks import AddressDesk
from provisiond.actions.guesses import GuessLimits, GuessWatch
from provisiond.actions.nonces import Nonces
from provisiond.actions.phone_logins import LoginTerms, PhoneLogins
from provisiond.inventory.admission import Mode, Policy
from provisiond.inventory.digest import phone_password
from provisiond.inventory.emergency import Terms
from provisiond.inventory.errors import BadSettings, Finding
from provisiond.inventory.secret import Secret
from provisiond.inventory.urls import PublicUrls
from provisiond.outbound.address_check import AddressChecker, Dialect, HttpChecker
from provisiond.settings import Settings
from provisiond.settings_sections import EmergencyProvider
from provisiond.store.database import Database
from provisiond.store.sealing import SecretKey

if TYPE_CHECKING:  # most commands ask the store alone
    from provisiond.catalog.shelf import Shelf


def load_shelf(settings: Settings, *, compiled: bool = True) -> "Shelf":
    """The catalogue that the settings name, its templates compiled now or when they are asked for.
    Reads files: call it in a thread or before the loop.

    Raises BadSettings where not one family can be loaded.
    """
    from provisiond.catalog.shelf import Shelf

    shelf = Shelf.load([settings.models_dir], compiled=compiled)
    if not shelf.families:
        reasons = "; ".join(str(fault) for fault in shelf.rejected) or "the folder holds none"
        raise BadSettings(
            (
                Finding(
                    where="models_dir",
                    message=f"no phone family can be loaded from {settings.models_dir}: {reasons}.",
                    remedy="Point models_dir at the families that came with the program.",
                ),
            )
        )
    return shelf


def public_urls(settings: Settings, database: Database | None = None) -> PublicUrls:
    """The URLs that go into phones' files, and what phones log in with there, where the database
    is given and the mode wants it."""
    public = settings.public_url
    key = _password_key(database) if database is not None else b""
    return PublicUrls(
        https=public.https,
        http=public.http,
        tftp=public.tftp,
        passwords=key if settings.admission.mode is Mode.PASSWORD else b"",
    )


def password_of(database: Database, token: Secret) -> Secret:
    """What the phone with this token logs in with in password mode."""
    return phone_password(_password_key(database), token)


def _password_key(database: Database) -> bytes:
    return database.key.derive("phone passwords")


def policy_of(settings: Settings) -> Policy:
    """Who may fetch what, as the settings have it."""
    admission = settings.admission
    return Policy(
        mode=admission.mode,
        plain_networks=admission.plain_networks,
        enrol_networks=admission.enrol_networks,
    )


def watch_of(settings: Settings) -> GuessWatch:
    """What watches over those who guess."""
    admission = settings.admission
    limits = GuessLimits(misses=admission.misses_per_minute, names=admission.sweep_names)
    return GuessWatch(limits)


def address_desk(settings: Settings) -> AddressDesk:
    """When an emergency address is good enough, and who is asked about one."""
    emergency, provider = settings.emergency, settings.emergency.provider
    enough = emergency.checked_is_enough
    terms = Terms(
        provider=provider.name if provider.url is not None else "",
        checked_is_enough=provider.url is None if enough is None else enough,
        recheck_months=emergency.recheck_months,
    )
    return AddressDesk(terms=terms, checker=_address_checker(provider))


def _address_checker(provider: EmergencyProvider) -> AddressChecker | None:
    if provider.url is None:
        return None
    dialect = Dialect(
        fields=_pairs(provider.send) or Dialect().fields,
        constants=_pairs(provider.constants),
        verdict=provider.verdict,
        valid=provider.valid,
        corrected=provider.corrected,
        candidates=provider.candidates,
        address_at=provider.address_at,
        candidates_at=provider.candidates_at,
        reasons_at=provider.reasons_at,
        reference_at=provider.reference_at,
        until_at=provider.until_at,
    )
    from provisiond.outbound.guarded_http import Guard

    guard = Guard(
        networks=provider.networks, seconds=provider.seconds, max_bytes=provider.max_bytes
    )
    return HttpChecker(
        name=provider.name,
        url=provider.url,
        guard=guard,
        dialect=dialect,
        token=provider.token or Secret(""),
        header=provider.header,
    )


def _pairs(listed: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    pairs = (pair.partition("=") for pair in listed)
    return tuple((ours, theirs) for ours, _, theirs in pairs)


def logins_of(settings: Settings, database: Database, began: datetime) -> PhoneLogins | None:
    """By what phones log in, where the mode wants it. Nonces from before `began` are not taken."""
    admission, public = settings.admission, settings.public_url
    if admission.mode is not Mode.PASSWORD:
        return None
    paths = {urlsplit(url).path.rstrip("/") for url in (public.https, public.http) if url}
    return PhoneLogins(
        terms=LoginTerms(
            algorithms=admission.digest, basic=admission.basic, prefixes=tuple(paths - {""})
        ),
        facts=database.facts,
        key=_password_key(database),
        nonces=Nonces(database.key.derive("nonces"), began),
        epoch=database.epochs.domain,
    )


@contextlib.asynccontextmanager
async def open_store(settings: Settings, *, serving: bool = False) -> AsyncIterator[Database]:
    """The store that the settings name. Raises StoreUnusable, StoreUnavailable."""
    key = await asyncio.to_thread(SecretKey.load, settings.secret_key_path)
    database = await Database.open(settings.database_url().reveal(), key, serving=serving)
    try:
        yield database
    finally:
        await database.close()


async def bound(setting: str, listener: object, start: Awaitable[object]) -> tuple[str, int]:
    """Start a listener; what the system refuses is said with the setting and the remedy."""
    try:
        address = await start
    except OSError as fault:
        raise BadSettings(
            (
                Finding(
                    where=setting,
                    message=f"cannot listen on {listener}: {fault.strerror or fault}.",
                    remedy="Another program may hold the port (ss -lptun shows which); ports below "
                    "1024 need CAP_NET_BIND_SERVICE.",
                ),
            )
        ) from fault
    return address if isinstance(address, tuple) else ("", 0)


def shown(address: tuple[str, int]) -> str:
    """An address as people write it."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def raise_file_limit() -> int:
    """Raise the soft limit of open files to the hard one; the number that holds."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def calm_collector() -> None:
    """Spare the garbage collector what stays for good, and let it look less often.

    Catalogue, statements and templates are half a million objects that never become garbage; a
    full collection over them for every few thousand requests cost half of a request's time. The
    young ones are still collected often: a render leaves cycles, and memory that is used again
    soon is in the processor's cache (measured: 50,000 costs a cold file 40 % more than 5,000).
    What reading the families took and gave back goes to the system: 9 MiB on glibc.
    """
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):  # a C library without it
        ctypes.CDLL(None).malloc_trim(0)
    gc.freeze()
    gc.set_threshold(5_000, 20, 50)


def loop_factory(wanted: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed and not refused; plain asyncio otherwise."""
    if wanted == "asyncio" or sys.platform != "linux":
        return None
    try:
        import uvloop
    except ImportError:
        if wanted == "uvloop":
            raise BadSettings(
                (
                    Finding(
                        where="boot.loop",
                        message="uvloop is not installed.",
                        remedy='Install provisiond[speedups], or set boot.loop = "auto".',
                    ),
                )
            ) from None
        return None
    return uvloop.new_event_loop
