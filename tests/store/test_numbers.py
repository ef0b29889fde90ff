"""Are numbers, their rules and what they lead to kept, found, sorted and refused as they should?"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime

import pytest

from provisiond.inventory.destinations import Destination, DestinationKind
from provisiond.inventory.domains import Domain
from provisiond.inventory.errors import Conflict, NotFound, Rejected, RejectedAll
from provisiond.inventory.holiday_calendars import Observance
from provisiond.inventory.lists import (
    DestinationOrder,
    DestinationQuery,
    FrameQuery,
    NumberOrder,
    NumberQuery,
    SmsOrder,
    SmsQuery,
    UserOrder,
    UserQuery,
)
from provisiond.inventory.numbers import Handling, Number, NumberRule
from provisiond.inventory.people import User
from provisiond.inventory.sms import SmsNumber, SmsTreatment
from provisiond.inventory.telephone import E164
from provisiond.inventory.timeframes import (
    DateRange,
    FrameKind,
    HolidayCalendar,
    OwnHoliday,
    Repeat,
    TimeFrame,
    WeeklyHours,
)
from provisiond.store import destinations, domains, numbers, sms, timeframes, users
from provisiond.store.database import Database, Write
from tests.store.inventory import (
    DOMAIN,
    FAX,
    MAIN,
    OFFICE,
    QUEUE,
    QUEUE_TEXTS,
    TEXTS,
    filled_numbers,
)

FREE = E164("+18005550199")


async def refused(
    db: Database, kind: type[Exception], words: str, change: Callable[[Write], Awaitable[object]]
) -> str:
    async def run() -> None:
        async with db.write() as write:
            await change(write)

    with pytest.raises(kind, match=words) as caught:
        await run()
    return str(caught.value)


async def test_everything_comes_back_as_it_was_given(db: Database) -> None:
    domain_id = await filled_numbers(db)
    async with db.read() as read:
        assert (await numbers.list_numbers(read, domain_id, NumberQuery())).rows == (
            replace(MAIN, revision=1),
            replace(FAX, revision=1),
        )
        assert (await sms.list_sms_numbers(read, domain_id, SmsQuery())).rows == (
            replace(TEXTS, revision=1),
            replace(QUEUE_TEXTS, revision=1),
        )
        assert await timeframes.domain_frames(read, domain_id) == {
            "Office": replace(OFFICE, revision=1)
        }
        found = await destinations.find_destinations(read, domain_id, ["300", "101"])
        assert found == {"300": replace(QUEUE, revision=1)}


async def test_a_frame_comes_back_whatever_its_parts(db: Database) -> None:
    domain_id = await filled_numbers(db)
    parts = (
        WeeklyHours(weekdays=frozenset({7}), start=1320, end=120),
        DateRange(
            start=datetime.fromisoformat("2026-02-28T10:00"),
            end=datetime.fromisoformat("2026-03-01T00:00"),
            repeat=Repeat.YEARLY,
            every=2,
            until=date(2030, 1, 1),
        ),
        DateRange(
            start=datetime.fromisoformat("2026-12-24T12:00"),
            end=datetime.fromisoformat("2026-12-27T00:00"),
        ),
        HolidayCalendar(
            country="US",
            region="CA",
            names=frozenset({"Christmas Day", "New Year's Day"}),
            observance=Observance.NEXT_WORKDAY,
        ),
        HolidayCalendar(country="DE"),
        OwnHoliday(month=2, day=29, name="Leap day"),
        OwnHoliday(month=5, day=4, year=2027, observance=Observance.PREVIOUS_WORKDAY),
    )
    mixed = TimeFrame(
        name="forward", kind=FrameKind.CUSTOM, parts=parts, time_zone="Asia/Kathmandu"
    )
    async with db.write() as write:
        await timeframes.insert_frames(write, domain_id, [mixed])
        found = await timeframes.find_frames(write, domain_id, [("forward", None)])
    assert found["forward", None] == replace(mixed, revision=1)


async def test_numbers_are_no_matter_of_phones(db: Database) -> None:
    """What phones do not read makes nothing stale that was rendered for them."""
    domain_id = await filled_numbers(db)
    world = db.epochs.world
    async with db.write() as write:
        await numbers.update_numbers(write, domain_id, [replace(MAIN, notes="x", revision=1)])
        await sms.delete_sms_number(write, domain_id, TEXTS.number, revision=1)
        await destinations.update_destination(
            write, domain_id, "300", replace(QUEUE, name="Help", revision=1)
        )
        await timeframes.update_frame(
            write, domain_id, ("Office", None), replace(OFFICE, name="Open", revision=1)
        )
    assert db.epochs.world == world


async def test_what_a_number_leads_to_follows_its_extension_and_name(db: Database) -> None:
    domain_id = await filled_numbers(db)
    async with db.write() as write:
        carol = await users.get_user(write, domain_id, "103")
        await users.update_user(write, domain_id, "103", replace(carol, extension="203"))
        moved = replace(QUEUE, extension="310", revision=1)
        await destinations.update_destination(write, domain_id, "300", moved)
        renamed = replace(OFFICE, name="Open", revision=1)
        await timeframes.update_frame(write, domain_id, ("Office", None), renamed)
        main = await numbers.get_number(write, domain_id, MAIN.number)
        assert main.default.destination == "203"
        assert [(r.frame, r.handling.destination) for r in main.rules] == [
            ("Open", "310"),
            ("Open", "102"),
        ]
        assert (await sms.get_sms_number(write, domain_id, TEXTS.number)).destination == "203"
        assert main.revision == 1


async def test_a_change_is_by_who_saw_it_last(db: Database) -> None:
    domain_id = await filled_numbers(db)
    async with db.write() as write:
        await numbers.update_numbers(write, domain_id, [replace(MAIN, rules=(), revision=1)])
        assert await numbers.get_number(write, domain_id, MAIN.number) == replace(
            MAIN, rules=(), revision=2
        )
    stale = replace(MAIN, revision=1)
    await refused(
        db, Conflict, "meanwhile", lambda w: numbers.update_numbers(w, domain_id, [stale])
    )
    await refused(
        db,
        Conflict,
        "meanwhile",
        lambda w: sms.update_sms_numbers(w, domain_id, [replace(TEXTS, revision=7)]),
    )
    await refused(
        db,
        Conflict,
        "time frame Office was changed meanwhile",
        lambda w: timeframes.update_frames(w, domain_id, [replace(OFFICE, revision=7)]),
    )
    await refused(
        db,
        NotFound,
        "no number",
        lambda w: numbers.delete_number(w, domain_id, FREE, revision=1),
    )


async def test_a_number_is_unique_on_the_server_and_its_owner_is_not_told(db: Database) -> None:
    domain_id = await filled_numbers(db)
    async with db.write() as write:
        other = await domains.insert_domain(write, Domain(name="other.example.test"))
    for number in (MAIN.number, QUEUE_TEXTS.number):  # for calls, or for messages only
        call, text = Number(number=number), SmsNumber(number=number)
        for said in (
            await refused(
                db,
                Rejected,
                "ask your provider",
                lambda w: numbers.insert_numbers(w, other, [call]),  # noqa: B023
            ),
            await refused(
                db,
                Rejected,
                "ask your provider",
                lambda w: sms.insert_sms_numbers(w, other, [text]),  # noqa: B023
            ),
        ):
            assert DOMAIN.name not in said
    await refused(
        db,
        Rejected,
        "in the inventory already",
        lambda w: numbers.insert_numbers(w, domain_id, [Number(number=MAIN.number)]),
    )
    await refused(
        db,
        RejectedAll,
        "stands there twice",
        lambda w: numbers.insert_numbers(w, domain_id, [Number(number=FREE)] * 3),
    )
    async with db.write() as write:
        await numbers.insert_numbers(write, domain_id, [Number(number=QUEUE_TEXTS.number)])


async def test_what_a_number_names_must_be_there_and_of_its_kind(db: Database) -> None:
    domain_id = await filled_numbers(db)
    for treatment, end in (("user", "300"), ("call_queue", "390"), ("conference", "300")):
        handling = Handling(treatment=treatment, destination=end)
        words = f"no {treatment.replace('_', ' ')} {end}"
        new = Number(number=FREE, default=handling)
        await refused(
            db,
            Rejected,
            words,
            lambda w: numbers.insert_numbers(w, domain_id, [new]),  # noqa: B023
        )
    own = Number(number=FREE, rules=(NumberRule(frame="Lunch", handling=Handling()),))
    await refused(
        db,
        Rejected,
        "no time frame 'Lunch'",  # it is a user's own
        lambda w: numbers.insert_numbers(w, domain_id, [own]),
    )


async def test_a_treatment_nobody_here_knows_is_kept(db: Database) -> None:
    domain_id = await filled_numbers(db)
    foreign = Handling(treatment="to-connection", destination="sip:x@example.test")
    outside = Handling(treatment="pstn", destination="+493012345")
    record = Number(
        number=FREE, default=foreign, rules=(NumberRule(frame="Office", handling=outside),)
    )
    async with db.write() as write:
        await numbers.insert_numbers(write, domain_id, [record])
        assert await numbers.get_number(write, domain_id, FREE) == replace(record, revision=1)


async def test_what_is_in_use_is_not_deleted_and_its_users_are_named(db: Database) -> None:
    domain_id = await filled_numbers(db)
    said = await refused(
        db,
        Conflict,
        "destination 300",
        lambda w: destinations.delete_destination(w, domain_id, "300", revision=1),
    )
    for use in ("number +18005550100", "number +18005550101", "SMS number +18005550109"):
        assert use in said
    await refused(
        db,
        Conflict,
        "Office is used by number [+]18005550100",
        lambda w: timeframes.delete_frame(w, domain_id, ("Office", None), revision=1),
    )
    said = await refused(
        db, Conflict, "103", lambda w: users.delete_user(w, domain_id, "103", revision=1)
    )
    assert "number +18005550100, SMS number +18005550100" in said
    await refused(
        db,
        Conflict,
        "call_queue 300 is used",
        lambda w: destinations.update_destination(
            w, domain_id, "300", replace(QUEUE, kind=DestinationKind.CONFERENCE, revision=1)
        ),
    )
    await refused(
        db,
        Conflict,
        "is used",
        lambda w: timeframes.update_frame(
            w, domain_id, ("Office", None), replace(OFFICE, owner="101", revision=1)
        ),
    )


async def test_a_users_frames_go_with_the_user(db: Database) -> None:
    domain_id = await filled_numbers(db)
    async with db.write() as write:
        own = TimeFrame(name="Lunch", kind=FrameKind.ALWAYS, owner="109")
        await users.insert_users(write, domain_id, [User(extension="109")])
        await timeframes.insert_frames(write, domain_id, [own])
        await users.delete_user(write, domain_id, "109", revision=1)
        left = await timeframes.list_frames(write, domain_id, FrameQuery())
    assert [(frame.name, frame.owner) for frame in left.rows] == [
        ("Lunch", "101"),
        ("Office", None),
    ]


async def test_one_name_may_be_the_domains_and_every_users(db: Database) -> None:
    domain_id = await filled_numbers(db)
    async with db.write() as write:
        await timeframes.insert_frames(write, domain_id, [replace(OFFICE, owner="101")])
    for taken in (OFFICE, replace(OFFICE, owner="101")):
        await refused(
            db,
            Rejected,
            "already",
            lambda w: timeframes.insert_frames(w, domain_id, [taken]),  # noqa: B023
        )
    await refused(
        db,
        Rejected,
        "no user with the extension 999",
        lambda w: timeframes.insert_frames(w, domain_id, [replace(OFFICE, owner="999")]),
    )


async def test_an_extension_is_a_persons_or_a_destinations(db: Database) -> None:
    domain_id = await filled_numbers(db)
    taken = Destination(kind=DestinationKind.CONFERENCE, extension="101")
    await refused(
        db,
        Rejected,
        "a user's extension",
        lambda w: destinations.insert_destinations(w, domain_id, [taken]),
    )
    await refused(
        db,
        Rejected,
        "of a call destination",
        lambda w: users.insert_users(w, domain_id, [User(extension="300")]),
    )


async def many(db: Database, count: int) -> int:
    async with db.write() as write:
        domain_id = await domains.insert_domain(write, DOMAIN)
        ada = User(extension="101", first_name="Ada", last_name="Zeh", in_directory=False)
        await users.insert_users(write, domain_id, [ada, User(extension="102", first_name="Bo")])
        await destinations.insert_destinations(write, domain_id, [QUEUE])
        await timeframes.insert_frames(write, domain_id, [OFFICE])
        ways = (
            Handling(treatment="user", destination="101"),
            Handling(treatment="call_queue", destination="300"),
            Handling(),
        )
        office = NumberRule(frame="Office", handling=Handling(treatment="user", destination="102"))
        await numbers.insert_numbers(
            write,
            domain_id,
            [
                Number(
                    number=E164(f"+1800555{index:04}"),
                    default=ways[index % 3],
                    notes=f"note {index % 7}",
                    rules=(office,) if index % 10 == 0 else (),
                    enabled=index % 2 == 0,
                )
                for index in range(count)
            ],
        )
        await sms.insert_sms_numbers(
            write,
            domain_id,
            [
                SmsNumber(
                    number=E164(f"+1800555{index:04}"),
                    treatment=SmsTreatment.USER,
                    destination="101",
                    carrier=f"carrier {index % 4}",
                    mms=index % 2 == 0,
                )
                for index in range(count)
            ],
        )
    return domain_id


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("order", NumberOrder)
async def test_pages_hold_every_number_once_in_order(
    db: Database, order: NumberOrder, descending: bool
) -> None:
    domain_id = await many(db, 50)

    def place(one: Number) -> tuple[str, str]:
        columns = {
            NumberOrder.NUMBER: "",
            NumberOrder.TREATMENT: one.default.treatment,
            NumberOrder.DESTINATION: one.default.destination,
            NumberOrder.NOTES: one.notes,
        }
        return columns[order], one.number.text

    found: list[Number] = []
    query = NumberQuery(order=order, descending=descending, limit=7)
    async with db.read() as read:
        while True:
            page = await numbers.list_numbers(read, domain_id, query)
            assert page.total == 50
            found += page.rows
            if not page.after:
                break
            query = replace(query, after=page.after)
        strange = replace(query, after=("1", "2", "3"))
        with pytest.raises(Rejected, match="does not go on"):
            await numbers.list_numbers(read, domain_id, strange)
    assert len(found) == 50
    assert found == sorted(found, key=place, reverse=descending)


@pytest.mark.parametrize(
    ("query", "total"),
    [
        (NumberQuery(text="(800) 555-0010"), 1),
        (NumberQuery(text="00 1 800 555 0010"), 1),
        (NumberQuery(text="+1800"), 30),
        (NumberQuery(text="+800"), 0),
        (NumberQuery(text="NOTE 6"), 4),
        (NumberQuery(text="support"), 10),
        (NumberQuery(text="ada zeh"), 10),
        (NumberQuery(text="%"), 0),
        (NumberQuery(text="Bo"), 3),
        (NumberQuery(treatment="available"), 10),
        (NumberQuery(treatment="available", enabled=False), 5),
        (NumberQuery(destination="300"), 10),
        (NumberQuery(destination="102"), 3),
        (NumberQuery(frame="Office"), 3),
        (NumberQuery(frame="Never"), 0),
    ],
)
async def test_numbers_are_found_by_what_people_type(
    db: Database, query: NumberQuery, total: int
) -> None:
    domain_id = await many(db, 30)
    async with db.read() as read:
        page = await numbers.list_numbers(read, domain_id, query)
    assert (page.total, len(page.rows)) == (total, total)


async def test_the_other_lists_are_filtered_sorted_and_paged(db: Database) -> None:
    domain_id = await many(db, 20)
    async with db.read() as read:
        query = SmsQuery(text="ada", mms=True, order=SmsOrder.CARRIER, descending=True, limit=6)
        first = await sms.list_sms_numbers(read, domain_id, query)
        rest = await sms.list_sms_numbers(read, domain_id, replace(query, after=first.after))
        carriers = [one.carrier for one in (*first.rows, *rest.rows)]
        assert (first.total, carriers) == (10, ["carrier 2"] * 5 + ["carrier 0"] * 5)
        only = SmsQuery(treatment=SmsTreatment.USER, destination="101", carrier="carrier 3")
        assert (await sms.list_sms_numbers(read, domain_id, only)).total == 5
        by_name = UserQuery(order=UserOrder.FIRST_NAME, descending=True, text="10")
        found = await users.query_users(read, domain_id, by_name)
        assert [user.extension for user in found.rows] == ["102", "101"]
        assert (await users.query_users(read, domain_id, UserQuery(text="ada z"))).total == 1
        assert (await users.query_users(read, domain_id, UserQuery(site="HQ"))).total == 0
        queues = DestinationQuery(
            text="SUPP", kind=QUEUE.kind, enabled=True, order=DestinationOrder.NAME
        )
        assert (await destinations.list_destinations(read, domain_id, queues)).total == 1
        frames = await timeframes.list_frames(read, domain_id, FrameQuery(owner="", text="off"))
        assert [frame.name for frame in frames.rows] == ["Office"]


async def test_nothing_of_another_domain_is_seen(db: Database) -> None:
    await filled_numbers(db)
    async with db.write() as write:
        other = await domains.insert_domain(write, Domain(name="other.example.test"))
        assert (await numbers.list_numbers(write, other, NumberQuery())).total == 0
        assert (await sms.list_sms_numbers(write, other, SmsQuery())).total == 0
        found = await destinations.list_destinations(write, other, DestinationQuery())
        assert found.total == 0
        assert await timeframes.domain_frames(write, other) == {}
        assert await numbers.find_numbers(write, other, [MAIN.number]) == {}
