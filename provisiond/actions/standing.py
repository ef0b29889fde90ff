"""What stands of a record now, told as the journal of changes tells it?"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from provisiond.actions.emergency_trees import address_tree, endpoint_tree
from provisiond.actions.inventory_text import Tree
from provisiond.actions.inventory_write import layout_tree, phone_tree, site_tree, user_tree
from provisiond.actions.number_trees import destination_tree, frame_tree, number_tree, sms_tree
from provisiond.inventory.errors import NotFound
from provisiond.inventory.mac import Mac
from provisiond.inventory.telephone import E164
from provisiond.store.database import Read
from provisiond.store.destinations import find_destinations
from provisiond.store.emergency import find_addresses
from provisiond.store.emergency_endpoints import find_endpoints
from provisiond.store.layouts import get_layout
from provisiond.store.numbers import get_number
from provisiond.store.phones import get_phone
from provisiond.store.sites import get_site
from provisiond.store.sms import get_sms_number
from provisiond.store.timeframes import find_frames, shown
from provisiond.store.users import get_user

Object = dict[str, Tree]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordKey:
    """A record by its noun and name, as the journal has them; `owner` is the extension of the user
    whose time frame it is."""

    noun: str
    name: str
    owner: str | None = None

    @property
    def subject(self) -> str:
        """What the journal calls it."""
        return shown((self.name, self.owner))


async def standing_tree(read: Read, domain_id: int, key: RecordKey) -> Object | None:
    """The record as it stands, its secrets masked; None where it is gone."""
    try:
        return await _TREES[key.noun](read, domain_id, key)
    except NotFound:
        return None


async def _site(read: Read, domain_id: int, key: RecordKey) -> Object:
    return site_tree(await get_site(read, domain_id, key.name), [])


async def _layout(read: Read, domain_id: int, key: RecordKey) -> Object:
    return layout_tree(await get_layout(read, domain_id, key.name))


async def _user(read: Read, domain_id: int, key: RecordKey) -> Object:
    return user_tree(await get_user(read, domain_id, key.name))


async def _destination(read: Read, domain_id: int, key: RecordKey) -> Object | None:
    found = await find_destinations(read, domain_id, [key.name])
    return destination_tree(found[key.name]) if found else None


async def _number(read: Read, domain_id: int, key: RecordKey) -> Object:
    return number_tree(await get_number(read, domain_id, E164(key.name)))


async def _sms_number(read: Read, domain_id: int, key: RecordKey) -> Object:
    return sms_tree(await get_sms_number(read, domain_id, E164(key.name)))


async def _frame(read: Read, domain_id: int, key: RecordKey) -> Object | None:
    place = (key.name, key.owner)
    found = await find_frames(read, domain_id, [place])
    return frame_tree(found[place]) if found else None


async def _phone(read: Read, domain_id: int, key: RecordKey) -> Object:
    return phone_tree(await get_phone(read, domain_id, Mac.parse(key.name)))


async def _address(read: Read, domain_id: int, key: RecordKey) -> Object | None:
    found = await find_addresses(read, domain_id, [key.name])
    return address_tree(found[key.name]) if found else None


async def _endpoint(read: Read, domain_id: int, key: RecordKey) -> Object | None:
    number = E164(key.name)
    found = await find_endpoints(read, domain_id, [number])
    return endpoint_tree(found[number]) if found else None


_TREES: Mapping[str, Callable[[Read, int, RecordKey], Awaitable[Object | None]]] = {
    "site": _site,
    "layout": _layout,
    "user": _user,
    "destination": _destination,
    "number": _number,
    "SMS number": _sms_number,
    "time frame": _frame,
    "phone": _phone,
    "emergency address": _address,
    "emergency endpoint": _endpoint,
}
