"""Which store do the tests of the API ask? Two domains with one of everything, and tokens."""

from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient

from provisiond.actions.api_tokens import MakeToken, make_token
from provisiond.actions.edits import domain_record
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Role
from provisiond.inventory.destinations import Destination, DestinationKind
from provisiond.inventory.directory import Directory, DirectoryEntry
from provisiond.inventory.emergency import Civic, EmergencyAddress, EmergencyEndpoint, Proof
from provisiond.inventory.numbers import Handling, Number
from provisiond.inventory.sms import SmsNumber, SmsTreatment
from provisiond.inventory.telephone import E164
from provisiond.inventory.timeframes import FrameKind, TimeFrame, WeeklyHours
from provisiond.store import (
    destinations,
    directories,
    emergency,
    emergency_endpoints,
    numbers,
    sms,
    timeframes,
)
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN, DOMAIN, INVENTORY, NOW, load

BOTH_ENGINES = pytest.mark.parametrize("store_url", ["sqlite", "postgres"], indirect=True)
OTHER = "other.example.test"
Client = TestClient[web.Request, web.Application]
FRONT = Civic(
    country="US",
    state="NY",
    city="New York",
    postcode="10118",
    house_number="350",
    street="Fifth Ave",
)
WEEK = frozenset({1, 2, 3, 4, 5})


@dataclass(frozen=True)
class Office:
    """The keys of one of everything in a domain, by the name that paths give them."""

    domain: str
    mac: str
    number: str
    sms: str

    def path(self, template: str) -> str:
        """A route's path with this office's keys in it."""
        name = {
            "sites": "HQ", "directories": "suppliers", "layouts": "reception",
            "timeframes": "Office", "people": "olga", "emergency-addresses": "Front",
        }  # fmt: skip
        parts = template.split("/")
        noun = parts[3] if template.startswith("/domains/{domain}/") else parts[1]
        return template.format(
            domain=self.domain,
            mac=self.mac,
            number=self.sms if noun == "sms-numbers" else self.number,
            extension="300" if noun == "destinations" else "101",
            name=name.get(noun, "nobody"),
            token_id="aaaaaaaa",
            entry="1",
            delivery="1",
            validation="1",
        )


ENROLMENT_HOURS = 7
OWN = Office(domain=DOMAIN, mac="02ac3e000001", number="+18005550100", sms="+18005550101")
FOREIGN = Office(domain=OTHER, mac="02ac3e000102", number="+18005550200", sms="+18005550201")


async def open_offices(db: Database, shelf: Shelf) -> None:
    """Both domains, each with one of everything."""
    phone = {
        "mac": OWN.mac, "model": "Acme D-6", "name": "Front desk", "site": "HQ",
        "lines": [{"line": 1, "extension": "101"}],
        "buttons": [{"key": 3, "kind": "blf", "value": "0102", "label": "Bob"}],
    }  # fmt: skip
    await load(db, shelf, {**INVENTORY, "phones": [phone]})
    other = {**INVENTORY, "domain": OTHER, "phones": [{**phone, "mac": FOREIGN.mac}]}
    await load(db, shelf, other)
    async with db.write() as write:
        for office in (OWN, FOREIGN):
            domain_id, _ = await domain_record(write, office.domain)
            entries = (DirectoryEntry(name="Plumber", number="5551234"),)
            supply = Directory(name="suppliers", entries=entries)
            await directories.insert_directories(write, domain_id, [supply])
            queue = Destination(kind=DestinationKind.CALL_QUEUE, extension="300", name="Support")
            await destinations.insert_destinations(write, domain_id, [queue])
            hours = TimeFrame(
                name="Office", kind=FrameKind.WEEKLY, parts=(WeeklyHours(weekdays=WEEK),)
            )
            await timeframes.insert_frames(write, domain_id, [hours])
            number = Number(
                number=E164(office.number),
                default=Handling(treatment="user", destination="101"),
            )
            await numbers.insert_numbers(write, domain_id, [number])
            texts = SmsNumber(
                number=E164(office.sms), treatment=SmsTreatment.USER, destination="101"
            )
            await sms.insert_sms_numbers(write, domain_id, [texts])
            front = EmergencyAddress(name="Front", civic=FRONT, proof=Proof(at=NOW))
            await emergency.insert_addresses(write, domain_id, [front])
            endpoint = EmergencyEndpoint(number=E164(office.number), address="Front")
            await emergency_endpoints.insert_endpoints(write, domain_id, [endpoint])


async def token(
    db: Database, role: Role, domain: str | None = None, *, read_only: bool = False
) -> dict[str, str]:
    """The header that a token of this role and domain puts into a request."""
    command = MakeToken(label=f"the {role.value}", role=role, domain=domain, read_only=read_only)
    made = await make_token(db, ADMIN, command, NOW)
    return {"Authorization": f"Bearer {made.text.reveal()}"}


async def asked(
    client: Client, method: str, path: str, headers: dict[str, str], **more: Any
) -> tuple[ClientResponse, Any]:
    """Ask the API; the answer and its JSON, or None where it has none."""
    extra = more.pop("extra", {})
    answer = await client.request(method, f"/api/v1{path}", headers={**headers, **extra}, **more)
    told = bool(answer.content_length) and answer.content_type.endswith("json")
    body = await answer.json(content_type=None) if told else None
    return answer, body
