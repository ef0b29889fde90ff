"""Which inventory do the store's tests put in? A small domain with one of everything."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from provisiond.inventory.admission import opened
from provisiond.inventory.buttons import Button, ButtonKind
from provisiond.inventory.destinations import Destination, DestinationKind
from provisiond.inventory.directory import Directory, DirectoryEntry
from provisiond.inventory.domains import Domain, Settings, SipTransport, Site, Srtp
from provisiond.inventory.emergency import Civic, EmergencyAddress, EmergencyEndpoint, Proof
from provisiond.inventory.journal import RequestEntry
from provisiond.inventory.mac import Mac
from provisiond.inventory.numbers import Announcement, Handling, Number, NumberRule
from provisiond.inventory.people import User
from provisiond.inventory.phones import Handset, Layout, Override, Phone, PhoneLine
from provisiond.inventory.secret import Secret
from provisiond.inventory.sms import SmsNumber, SmsTreatment
from provisiond.inventory.telephone import E164
from provisiond.inventory.timeframes import FrameKind, TimeFrame, WeeklyHours
from provisiond.store import (
    destinations,
    directories,
    domains,
    emergency,
    emergency_checks,
    emergency_endpoints,
    emergency_uses,
    layouts,
    numbers,
    overrides,
    phones,
    sites,
    sms,
    timeframes,
    users,
)
from provisiond.store.database import Database, Write

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
MAC = Mac("001565aabbcc")
TOKEN = Secret("abcdefghijklmnopqrstuvwxyz")

SETTINGS = Settings(
    sip_server="pbx.example.test",
    sip_port=5061,
    transport=SipTransport.TLS,
    srtp=Srtp.OPTIONAL,
    codecs=("g722", "pcma"),
    feature_codes=(("queue_login", "*81"), ("pickup", "*8{value}")),
    firmware=(("Yealink SIP-T46U", "t46u.rom"),),
    phone_admin_password=Secret("CANARY-admin"),
    emergency_numbers=("911",),
)
DOMAIN = Domain(name="pbx.example.test", settings=SETTINGS)
USERS = (
    User(
        extension="101",
        first_name="Alice",
        last_name="Example",
        sip_user="a101",
        sip_auth_user="auth101",
        sip_password=Secret("CANARY-101"),
        site="HQ",
    ),
    User(extension="102", first_name="Bob", sip_password=Secret("CANARY-102")),
    User(extension="103", first_name="Carol", in_directory=False),
)
LAYOUT = Layout(
    name="reception",
    buttons=(
        Button(module=0, key=1, kind=ButtonKind.LINE, line=1),
        Button(module=0, key=2, kind=ButtonKind.BLF, value="102", label="Bob"),
    ),
)
PHONE = Phone(
    mac=MAC,
    model="Yealink SIP-T46U",
    name="Front desk",
    site="HQ",
    notes="under the counter",
    lines=(
        PhoneLine(line=1, extension="101", label="Alice"),
        PhoneLine(line=2, extension="102", shared=True),
    ),
    handsets=(
        Handset(handset=1, name="Kitchen", ipei="0328d30001", lines=(1, 2)),
        Handset(handset=3),
    ),
    sidecars=("EXP43", "EXP43"),
    layout="reception",
    buttons=(
        Button(module=0, key=2, kind=ButtonKind.BLF, line=1, value="103", label="Carol"),
        Button(module=1, key=1, kind=ButtonKind.PARK, value="701"),
    ),
    overrides=(("a.key", "value"), ("b.key", None)),
    settings=Settings(vlan_phone=42, phone_admin_password=Secret("CANARY-phone")),
    token=TOKEN,
    enrolment=opened(NOW),
)


QUEUE = Destination(kind=DestinationKind.CALL_QUEUE, extension="300", name="Support")
OFFICE = TimeFrame(
    name="Office",
    kind=FrameKind.WEEKLY,
    parts=(WeeklyHours(weekdays=frozenset({1, 2, 3, 4, 5}), start=480, end=1020),),
)
MAIN = Number(
    number=E164("+18005550100"),
    default=Handling(treatment="voicemail", destination="103", enhanced_voicemail=True),
    rules=(
        NumberRule(
            frame="Office",
            handling=Handling(
                treatment="call_queue",
                destination="300",
                caller_id_prefix="Main",
                announcement=Announcement.CALLERS_AHEAD,
            ),
        ),
        NumberRule(frame="Office", handling=Handling(treatment="user", destination="102")),
    ),
    notes="main support line",
    language="en",
    time_zone="America/Chicago",
    enable_on=date(2026, 1, 1),
    disable_on=date(2030, 12, 31),
)
FAX = Number(
    number=E164("+18005550101"),
    default=Handling(treatment="call_queue", destination="300"),
    notes="prescription refill line",
)
TEXTS = SmsNumber(
    number=E164("+18005550100"),
    treatment=SmsTreatment.USER,
    destination="103",
    carrier="Example",
    mms=True,
)
QUEUE_TEXTS = SmsNumber(
    number=E164("+18005550109"), treatment=SmsTreatment.CALL_QUEUE, destination="300"
)


async def fill_numbers(write: Write, domain_id: int, *, prefix: str = "+1800") -> None:
    """Put numbers in, with all that they lead to; `prefix` tells those of two domains apart."""

    def own(number: E164) -> E164:
        return E164(number.text.replace("+1800", prefix))

    fax = Destination(kind=DestinationKind.FAX_SERVER, extension="390")
    await destinations.insert_destinations(write, domain_id, [QUEUE, fax])
    lunch = replace(OFFICE, name="Lunch", owner="101")
    await timeframes.insert_frames(write, domain_id, [OFFICE, lunch])
    calls = [replace(one, number=own(one.number)) for one in (MAIN, FAX)]
    await numbers.insert_numbers(write, domain_id, calls)
    texts = [replace(one, number=own(one.number)) for one in (TEXTS, QUEUE_TEXTS)]
    await sms.insert_sms_numbers(write, domain_id, texts)


HQ_FLOOR = EmergencyAddress(
    name="HQ second floor",
    civic=Civic(
        country="US",
        state="NY",
        city="New York",
        postcode="10118",
        house_number="350",
        street="Fifth Ave",
        floor="2",
        location="by the lift",
    ),
    caller_name="Example Inc",
    multi_floor=True,
    is_default=True,
    proof=Proof(provider="Example", at=NOW, until=datetime(2027, 3, 1, tzinfo=UTC), reference="a1"),
)
ANNEX = EmergencyAddress(name="Annex", civic=Civic(country="DE", street="Hafenstr", city="Kiel"))
ENDPOINT = EmergencyEndpoint(
    number=E164("+18005550100"),
    address="HQ second floor",
    caller_name="Example Inc",
    location="reception",
    site="HQ",
)


async def fill_emergency(write: Write, domain_id: int, *, number: E164 = ENDPOINT.number) -> None:
    """Put emergency data in, and let a site, a user and a phone refer to it."""
    await emergency.insert_addresses(write, domain_id, [HQ_FLOOR, ANNEX])
    await emergency_endpoints.insert_endpoints(write, domain_id, [replace(ENDPOINT, number=number)])
    await emergency_uses.assign(write, domain_id, "Annex", users=["101"], sites=["Annex"])
    [one, *_] = await phones.list_phones(write, domain_id)
    await emergency_uses.assign(write, domain_id, "HQ second floor", phones=[one.mac])
    await emergency_endpoints.set_caller_ids(write, domain_id, ["102"], number)
    check = emergency_checks.StoredCheck(
        asked=HQ_FLOOR.civic, choices=(HQ_FLOOR.civic,), outcome="valid", provider="Example", at=NOW
    )
    await emergency_checks.add_check(write, domain_id, check)


async def fill(write: Write, *, domain: Domain = DOMAIN, phone: Phone = PHONE) -> int:
    """Put one of everything in; answers the domain's id."""
    domain_id = await domains.insert_domain(write, domain)
    hq = Site(name="HQ", settings=Settings(time_zone="America/New_York"))
    await sites.insert_sites(write, domain_id, [hq, Site(name="Annex")])
    await users.insert_users(write, domain_id, USERS)
    company = await directories.get_directory(write, domain_id, "company")
    reception = DirectoryEntry(name="Reception", number="100")
    await directories.update_directory(
        write, domain_id, "company", replace(company, entries=(reception,))
    )
    suppliers = Directory(
        name="suppliers",
        entries=(
            DirectoryEntry(name="Zulu", number="+15551234567"),
            DirectoryEntry(name="Alpha", number="+15557654321"),
        ),
    )
    await directories.insert_directories(write, domain_id, [suppliers])
    await layouts.insert_layouts(write, domain_id, [LAYOUT])
    await overrides.replace_overrides(
        write,
        domain_id,
        [
            Override(scope="site", site="HQ", family="yealink-t", key="k", value="hq", at=NOW),
            Override(
                scope="domain", family="yealink-t", model="Yealink SIP-T46U", key="k", value=None
            ),
        ],
    )
    await phones.insert_phones(write, domain_id, [phone], author="tests", at=NOW)
    return domain_id


async def filled_numbers(db: Database) -> int:
    """Put one of everything into a store, numbers too, in a transaction of its own."""
    async with db.write() as write:
        domain_id = await fill(write)
        await fill_numbers(write, domain_id)
        return domain_id


async def filled(db: Database) -> int:
    """Put one of everything into a store, in a transaction of its own."""
    async with db.write() as write:
        return await fill(write)


def later(**kwargs: float) -> datetime:
    """A moment after NOW."""
    return NOW + timedelta(**kwargs)


def served(domain_id: int | None, phone_id: int | None, **changes: Any) -> RequestEntry:
    """A journal entry of a phone that got its file."""
    entry = RequestEntry(
        at=NOW,
        transport="http",
        address="192.0.2.7",
        method="GET",
        name="p/***/001565aabbcc.cfg",
        outcome="served",
        domain_id=domain_id,
        phone_id=phone_id,
        mac=MAC,
        user_agent="Yealink SIP-T46U 108.86.0.20 00:15:65:aa:bb:cc",
        size=1234,
        body_hash='"abc"',
    )
    return entry._replace(**changes)
