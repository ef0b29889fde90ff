"""Which office do the tests of numbers use? People, queues, time frames and a few numbers."""

from dataclasses import replace
from datetime import UTC, datetime

from provisiond.actions.edits import Saved
from provisiond.actions.numbers import AddNumber, add_number
from provisiond.inventory.destinations import Destination, DestinationKind
from provisiond.inventory.domains import Domain, Settings
from provisiond.inventory.holiday_calendars import Observance
from provisiond.inventory.journal import ChangeEntry
from provisiond.inventory.numbers import Handling, Number, NumberRule
from provisiond.inventory.people import User
from provisiond.inventory.telephone import E164
from provisiond.inventory.timeframes import FrameKind, HolidayCalendar, TimeFrame, WeeklyHours
from provisiond.store import destinations, domains, timeframes, users
from provisiond.store.database import Database
from provisiond.store.journal import latest_changes
from tests.actions.inventory import ADMIN, DOMAIN

NOW = datetime(2026, 11, 25, 15, 0, tzinfo=UTC)  # Wednesday, 10:00 in New York
MAIN = E164("+18005550100")
WEEK = frozenset({1, 2, 3, 4, 5})
OFFICE = TimeFrame(
    name="Office",
    kind=FrameKind.WEEKLY,
    parts=(WeeklyHours(weekdays=WEEK, start=8 * 60, end=17 * 60),),
)
HOLIDAYS = TimeFrame(
    name="Holidays",
    kind=FrameKind.HOLIDAYS,
    parts=(HolidayCalendar(country="US", observance=Observance.NEXT_WORKDAY),),
)
LUNCH = TimeFrame(
    name="Lunch",
    kind=FrameKind.WEEKLY,
    parts=(WeeklyHours(weekdays=WEEK, start=12 * 60, end=13 * 60),),
)
QUEUE = Destination(kind=DestinationKind.CALL_QUEUE, extension="300", name="Support")
BRIDGE = Destination(kind=DestinationKind.CONFERENCE, extension="310", name="Monday bridge")
PEOPLE = (
    User(extension="101", first_name="Alice", last_name="Example"),
    User(extension="102", first_name="Bob"),
    User(extension="103", first_name="Bob"),
)


async def open_office(db: Database, name: str = DOMAIN) -> None:
    """A domain in New York with all that numbers can lead to."""
    settings = Settings(time_zone="America/New_York", tone_country="US")
    async with db.write() as write:
        domain_id = await domains.insert_domain(write, Domain(name=name, settings=settings))
        await users.insert_users(write, domain_id, PEOPLE)
        await destinations.insert_destinations(write, domain_id, [QUEUE, BRIDGE])
        await timeframes.insert_frames(write, domain_id, [OFFICE, HOLIDAYS, LUNCH])


def to(treatment: str, destination: str = "") -> Handling:
    return Handling(treatment=treatment, destination=destination)


def rule(frame: str, treatment: str, destination: str = "") -> NumberRule:
    return NumberRule(frame=frame, handling=to(treatment, destination))


async def added(db: Database, number: Number | None = None, **changes: object) -> Saved[Number]:
    """A number of the office, added as an admin would."""
    record = number or Number(number=MAIN, default=to("call_queue", "300"))
    record = replace(record, **changes)  # type: ignore[arg-type]
    return await add_number(db, ADMIN, AddNumber(domain=DOMAIN, number=record), NOW)


async def changes(db: Database) -> list[ChangeEntry]:
    """The journal, the newest first; of an import its own entry alone."""
    async with db.read() as read:
        found = await latest_changes(read, None, limit=1000)
    return [entry for _, entry in found if entry.part_of is None]
