"""How is all that a domain holds read at once, out of one snapshot?"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from provisiond.actions.inventory_state import DomainContents, ServerContents
from provisiond.inventory.domains import Domain
from provisiond.inventory.lists import (
    DestinationQuery,
    FrameQuery,
    NumberQuery,
    Page,
    SmsQuery,
)
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Phone
from provisiond.store.database import Read
from provisiond.store.destinations import list_destinations
from provisiond.store.directories import list_directories
from provisiond.store.domains import find_domain, list_domains
from provisiond.store.emergency import all_addresses
from provisiond.store.emergency_endpoints import all_endpoints
from provisiond.store.layouts import list_layouts
from provisiond.store.numbers import list_numbers
from provisiond.store.overrides import list_overrides, list_server_overrides
from provisiond.store.phones import list_phones
from provisiond.store.server import get_server_settings
from provisiond.store.sites import list_sites
from provisiond.store.sms import list_sms_numbers
from provisiond.store.timeframes import key_of, list_frames
from provisiond.store.users import list_users

_PAGE = 1000
_Record = TypeVar("_Record")


async def load_domain(
    read: Read, name: str, *, phones: bool = True, numbers: bool = True
) -> DomainContents:
    """A domain with everything below it; an empty one where the store has none of this name.

    Without `phones` those are left out, and without `numbers` those and what they lead to beside
    users, which spares most of the reading.
    """
    found = await find_domain(read, name)
    if found is None:
        return DomainContents(domain=Domain(name=name))
    domain_id, domain = found
    sites = await _all(lambda after: list_sites(read, domain_id, after=after, limit=_PAGE), _name)
    users = await _all(
        lambda after: list_users(read, domain_id, after=after, limit=_PAGE), lambda u: u.extension
    )
    directories = await _all(
        lambda after: list_directories(read, domain_id, after=after, limit=_PAGE), _name
    )
    layouts = await _all(
        lambda after: list_layouts(read, domain_id, after=after, limit=_PAGE), _name
    )
    contents = DomainContents(
        domain=domain,
        domain_id=domain_id,
        sites={site.name: site for site in sites},
        users={user.extension: user for user in users},
        directories={directory.name: directory for directory in directories},
        layouts={layout.name: layout for layout in layouts},
        phones={p.mac: p for p in await _phones(read, domain_id)} if phones else {},
        overrides=await list_overrides(read, domain_id),
        emergency_addresses=await all_addresses(read, domain_id),
        emergency_endpoints=await all_endpoints(read, domain_id),
    )
    return await _with_numbers(read, domain_id, contents) if numbers else contents


async def _with_numbers(read: Read, domain_id: int, contents: DomainContents) -> DomainContents:
    destinations = await all_rows(
        lambda after: list_destinations(read, domain_id, DestinationQuery(after=after, limit=_PAGE))
    )
    frames = await all_rows(
        lambda after: list_frames(read, domain_id, FrameQuery(after=after, limit=_PAGE))
    )
    calls = await all_rows(
        lambda after: list_numbers(read, domain_id, NumberQuery(after=after, limit=_PAGE))
    )
    texts = await all_rows(
        lambda after: list_sms_numbers(read, domain_id, SmsQuery(after=after, limit=_PAGE))
    )
    return replace(
        contents,
        destinations={one.extension: one for one in destinations},
        time_frames={key_of(frame): frame for frame in frames},
        numbers={number.number: number for number in calls},
        sms_numbers={number.number: number for number in texts},
    )


async def all_rows(
    page_after: Callable[[tuple[str, ...]], Awaitable[Page[_Record]]],
) -> list[_Record]:
    """All rows of a list, page by page."""
    found: list[_Record] = []
    after: tuple[str, ...] = ()
    while True:
        page = await page_after(after)
        found += page.rows
        after = page.after
        if not after:
            return found


async def load_server(read: Read) -> ServerContents:
    """What holds for all domains."""
    settings, revision = await get_server_settings(read)
    overrides = await list_server_overrides(read)
    return ServerContents(settings=settings, overrides=overrides, revision=revision)


async def domain_names(read: Read) -> tuple[str, ...]:
    """Every domain of the store, sorted."""
    found = await _all(
        lambda after: list_domains(read, after=after, limit=_PAGE), lambda pair: pair[1].name
    )
    return tuple(domain.name for _, domain in found)


async def _phones(read: Read, domain_id: int) -> list[Phone]:
    found: list[Phone] = []
    last: Mac | None = None
    while page := await list_phones(read, domain_id, after=last, limit=_PAGE):
        found += page
        last = page[-1].mac
    return found


async def _all(
    page_after: Callable[[str], Awaitable[tuple[_Record, ...]]], key: Callable[[_Record], str]
) -> list[_Record]:
    found: list[_Record] = []
    last = ""
    while page := await page_after(last):
        found += page
        last = key(page[-1])
    return found


def _name(record: object) -> str:
    return str(getattr(record, "name"))  # noqa: B009 - three kinds of records have one
