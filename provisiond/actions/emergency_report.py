"""Would help find everybody? Which address holds for each user and phone, and what is missing."""

import asyncio
import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from provisiond.actions.csv_table import guarded
from provisiond.actions.dial_plan_checks import kept_in
from provisiond.actions.edits import domain_record
from provisiond.actions.emergency_addresses import in_tall_building, stands_on_one_floor
from provisiond.actions.inventory_load import load_domain, load_server
from provisiond.actions.inventory_state import DomainContents, ServerContents
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.address_rules import civic_level
from provisiond.inventory.emergency import (
    Effective,
    EmergencyAddress,
    EmergencyEndpoint,
    Standing,
    Status,
    Terms,
    effective_address,
    status_of,
)
from provisiond.inventory.errors import NotFound
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Phone
from provisiond.inventory.telephone import E164
from provisiond.store.database import Database
from provisiond.store.emergency import all_addresses
from provisiond.store.emergency_endpoints import all_endpoints

_MOST_PLANS = 2000
"""Different dial plans that are tried for one report."""


class Problem(Enum):
    """What keeps help from finding somebody; values are stable, for programs."""

    NO_ADDRESS = "no_address"
    UNUSABLE_ADDRESS = "unusable_address"
    UNVERIFIED = "unverified"
    EXPIRED = "expired"
    REJECTED = "rejected"
    RECHECK_DUE = "recheck_due"
    NO_FLOOR = "no_floor"
    NO_CALLER_ID = "no_caller_id"
    FOREIGN_NUMBER = "foreign_number"
    NUMBER_KEPT_IN = "number_kept_in"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessRow:
    """One user, phone, address, endpoint or dial plan. `problem` None is as it should be; `address`
    is the one that holds and `origin` where it comes from."""

    noun: str
    key: str
    name: str = ""
    site: str = ""
    address: str = ""
    origin: str = ""
    caller_id: str = ""
    status: str = ""
    problem: Problem | None = None
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """A domain at one moment, every user, phone, address and endpoint of it, and the dial plans
    that keep an emergency number in."""

    domain: str
    at: datetime
    rows: tuple[ReadinessRow, ...]

    @property
    def problems(self) -> tuple[ReadinessRow, ...]:
        """The rows that are not as they should be."""
        return tuple([row for row in self.rows if row.problem is not None])


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveView:
    """The address that holds for a user or phone, its status, and where it comes from."""

    domain: str
    effective: Effective
    address: EmergencyAddress | None
    status: Status | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Picture:
    """A domain with all that emergency calls need."""

    contents: DomainContents
    server: ServerContents
    addresses: Mapping[str, EmergencyAddress]
    statuses: Mapping[str, Status]
    endpoints: Mapping[E164, EmergencyEndpoint]
    default: str | None

    def of_user(self, user: User) -> Effective:
        site = self.contents.sites.get(user.site or "")
        return effective_address(
            domain=("", self.default),
            site=(site.name, site.emergency_address) if site is not None else ("", None),
            user=(user.extension, user.emergency_address),
        )

    def of_phone(self, phone: Phone) -> Effective:
        """The phone's own, else that of the user of its first line, else of the site it is at."""
        first = min(phone.lines, key=lambda line: line.line, default=None)
        user = self.contents.users.get(first.extension) if first is not None else None
        at_site = phone.site if phone.site is not None else (user.site if user else None)
        site = self.contents.sites.get(at_site or "")
        return effective_address(
            domain=("", self.default),
            site=(site.name, site.emergency_address) if site is not None else ("", None),
            user=(user.extension, user.emergency_address) if user is not None else ("", None),
            phone=(str(phone.mac), phone.emergency_address),
        )


async def readiness(
    db: Database, shelf: Shelf, terms: Terms, domain: str, at: datetime
) -> Readiness:
    """The report of a domain. Raises NotFound."""
    picture = await _load(db, terms, domain, at)

    def rows() -> tuple[ReadinessRow, ...]:
        contents = picture.contents
        users = sorted(contents.users.values(), key=lambda one: (len(one.extension), one.extension))
        phones = sorted(contents.phones.values(), key=lambda one: one.mac)
        return (
            *[_user_row(user, picture) for user in users],
            *[_phone_row(phone, picture) for phone in phones],
            *[row for one in picture.addresses.values() for row in _address_rows(one, picture)],
            *[_endpoint_row(one, picture) for one in picture.endpoints.values()],
            *_plan_rows(picture, shelf),
        )

    told = await asyncio.to_thread(rows)
    return Readiness(domain=picture.contents.domain.name, at=at, rows=told)


async def effective_of_user(
    db: Database, terms: Terms, domain: str, extension: str, at: datetime
) -> EffectiveView:
    """The address that holds for a user. Raises NotFound."""
    picture = await _load(db, terms, domain, at)
    user = picture.contents.users.get(extension)
    if user is None:
        raise NotFound(f"there is no extension {extension} in {domain}.")
    return _effective(picture, picture.of_user(user))


async def effective_of_phone(
    db: Database, terms: Terms, domain: str, mac: Mac, at: datetime
) -> EffectiveView:
    """The address that holds for a phone. Raises NotFound."""
    picture = await _load(db, terms, domain, at)
    phone = picture.contents.phones.get(mac)
    if phone is None:
        raise NotFound(f"there is no phone {mac} in {domain}.")
    return _effective(picture, picture.of_phone(phone))


def readiness_csv(report: Readiness, *, problems_only: bool = False) -> bytes:
    """The report as a table for the compliance file, in UTF-8 with a byte order mark."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    columns = (
        *("domain", "at", "noun", "key", "name", "site", "address", "from", "caller_id"),
        *("status", "problem", "remedy"),
    )
    writer.writerow(columns)
    for row in report.problems if problems_only else report.rows:
        problem = row.problem.value if row.problem is not None else ""
        cells = (
            *(report.domain, report.at.isoformat(timespec="seconds"), row.noun, row.key, row.name),
            *(row.site, row.address, row.origin, row.caller_id, row.status, problem, row.remedy),
        )
        writer.writerow([guarded(cell) for cell in cells])
    return out.getvalue().encode("utf-8-sig")


async def _load(db: Database, terms: Terms, domain: str, at: datetime) -> _Picture:
    async with db.read() as read:
        domain_id, record = await domain_record(read, domain)
        contents = await load_domain(read, record.name)
        server = await load_server(read)
        addresses = await all_addresses(read, domain_id)
        endpoints = await all_endpoints(read, domain_id)

    def statuses() -> dict[str, Status]:
        return {
            name: status_of(one, civic_level(one.civic), terms, at)
            for name, one in addresses.items()
        }

    default = next((name for name, one in addresses.items() if one.is_default), None)
    return _Picture(
        contents=contents,
        server=server,
        addresses=addresses,
        statuses=await asyncio.to_thread(statuses),
        endpoints=endpoints,
        default=default,
    )


def _effective(picture: _Picture, effective: Effective) -> EffectiveView:
    name = effective.name
    return EffectiveView(
        domain=picture.contents.domain.name,
        effective=effective,
        address=picture.addresses.get(name) if name is not None else None,
        status=picture.statuses.get(name) if name is not None else None,
    )


def _user_row(user: User, picture: _Picture) -> ReadinessRow:
    effective = picture.of_user(user)
    problem, remedy = _problem(effective, picture)
    if problem is None and picture.endpoints and user.emergency_caller_id is None:
        problem = Problem.NO_CALLER_ID
        remedy = "Give the user the emergency caller ID of an endpoint."
    return ReadinessRow(
        noun="user",
        key=user.extension,
        name=user.display_name,
        site=user.site or "",
        address=effective.name or "",
        origin=effective.words,
        caller_id=user.emergency_caller_id.text if user.emergency_caller_id else "",
        status=_status(effective, picture),
        problem=problem,
        remedy=remedy,
    )


def _phone_row(phone: Phone, picture: _Picture) -> ReadinessRow:
    effective = picture.of_phone(phone)
    problem, remedy = _problem(effective, picture)
    return ReadinessRow(
        noun="phone",
        key=str(phone.mac),
        name=phone.name,
        site=phone.site or "",
        address=effective.name or "",
        origin=effective.words,
        status=_status(effective, picture),
        problem=problem,
        remedy=remedy,
    )


def _problem(effective: Effective, picture: _Picture) -> tuple[Problem | None, str]:
    if effective.name is None:
        return Problem.NO_ADDRESS, "Set an emergency address here, at the site or for the domain."
    if not picture.statuses[effective.name].is_usable:
        return Problem.UNUSABLE_ADDRESS, f"Validate and accept {effective.name}."
    return None, ""


def _status(effective: Effective, picture: _Picture) -> str:
    return picture.statuses[effective.name].words if effective.name is not None else ""


_STANDINGS = {
    Standing.UNVERIFIED: (Problem.UNVERIFIED, "Validate and accept it."),
    Standing.EXPIRED: (Problem.EXPIRED, "Validate and accept it again."),
    Standing.REJECTED: (Problem.REJECTED, "Correct it, or validate and accept it again."),
    Standing.DUE: (Problem.RECHECK_DUE, "Validate and accept it again."),
}


def _address_rows(address: EmergencyAddress, picture: _Picture) -> Iterator[ReadinessRow]:
    status = picture.statuses[address.name]
    problem, remedy = _STANDINGS.get(status.standing, (None, ""))
    row = ReadinessRow(
        noun="address",
        key=address.name,
        name=address.caller_name,
        address=address.civic.line,
        status=status.words,
        problem=problem,
        remedy=remedy,
    )
    others = picture.addresses.values()
    tall = address.multi_floor or in_tall_building(address, others)
    floorless = tall and not stands_on_one_floor(address)
    if problem is not None or not floorless:
        yield row
    if floorless:
        yield ReadinessRow(
            noun=row.noun,
            key=row.key,
            name=row.name,
            address=row.address,
            status=row.status,
            problem=Problem.NO_FLOOR,
            remedy="The building has several floors: give a floor, a room or a description.",
        )


def _endpoint_row(endpoint: EmergencyEndpoint, picture: _Picture) -> ReadinessRow:
    status, contents = picture.statuses[endpoint.address], picture.contents
    problem, remedy = None, ""
    if not status.is_usable:
        problem, remedy = Problem.UNUSABLE_ADDRESS, f"Validate and accept {endpoint.address}."
    elif endpoint.number not in {*contents.numbers, *contents.sms_numbers}:
        problem = Problem.FOREIGN_NUMBER
        remedy = "Add the number to the domain's phone numbers, so that it can be called back."
    return ReadinessRow(
        noun="endpoint",
        key=endpoint.number.text,
        name=endpoint.caller_name,
        site=endpoint.site or "",
        address=endpoint.address,
        status=status.words,
        problem=problem,
        remedy=remedy,
    )


def _plan_rows(picture: _Picture, shelf: Shelf) -> Iterator[ReadinessRow]:
    for one in kept_in(picture.contents, picture.server, shelf, most=_MOST_PLANS):
        yield ReadinessRow(
            noun="dial plan",
            key=one.place,
            name=one.key,
            status=one.message,
            problem=Problem.NUMBER_KEPT_IN,
            remedy=one.remedy,
        )
