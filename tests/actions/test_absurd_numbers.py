"""Numbers that no store can hold, days beyond the calendar: told with their place, not raised."""

from typing import Any

import pytest
from pydantic import BaseModel

from provisiond.actions.imports import ImportInventory, import_inventory
from provisiond.actions.inventory_schema import ENTRIES
from provisiond.actions.number_edits import NumberEdit, edited_number
from provisiond.actions.numbers import RouteNumber, route_number
from provisiond.actions.phone_edits import set_button
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.errors import NotFound, Rejected, RejectedAll
from provisiond.inventory.numbers import Handling, Number, NumberRule
from provisiond.inventory.telephone import E164
from provisiond.inventory.texts import small_number
from provisiond.store.database import Database
from provisiond.store.emergency_checks import get_check
from tests.actions.inventory import ADMIN, DOMAIN, INVENTORY, NOW, document, load, written

LARGE = (10**30, -(10**30), 1 << 63)
SETTINGS = (
    *("sip_port", "outbound_proxy_port", "register_expires"),
    *("vlan_phone", "vlan_pc", "poll_minutes"),
)
PHONE = {"mac": "02ac3e000009", "model": "Acme D-6"}
FIELDS: dict[str, tuple[str, ...]] = {
    "settings": SETTINGS,
    "sites": SETTINGS,
    "buttons": ("module", "key", "line"),
    "lines": ("line",),
    "handsets": ("handset", "lines"),
    "hours": ("start", "end"),
    "dates": ("every",),
}
"""Every whole number that a file has, by the object that it stands in."""


def whole_numbers(entry: type[BaseModel]) -> set[str]:
    """The fields of an object that hold whole numbers."""
    found = set()
    for name, field in entry.model_fields.items():
        text = str(field.annotation)
        if field.annotation is int or "int | None" in text or "tuple[int" in text:
            found.add(name)
    return found


def _of(hours: dict[str, Any]) -> dict[str, Any]:
    return {"name": "Long", "kind": "weekly", "hours": [hours]}


def files(number: int) -> list[tuple[str, Any]]:
    """Places, and files that have the number there."""
    button = {"module": 0, "key": 1, "kind": "dnd", "line": 1}
    dates = {"start": "2026-12-24T00:00", "end": "2026-12-25T00:00", "repeat": "yearly"}
    rule = {"frame": "Long", "treatment": "user", "destination": "101"}
    cases: list[tuple[str, Any]] = []
    for name in SETTINGS:
        cases += [
            (f"settings.{name}", {"settings": {name: number}}),
            (f"sites[0].{name}", {"sites": [{"name": "HQ", name: number}]}),
            (f"phones[0].settings.{name}", {"phones": [{**PHONE, "settings": {name: number}}]}),
        ]
    for name in FIELDS["buttons"]:
        bad = {**button, name: number}
        cases += [
            (f"phones[0].buttons[0].{name}", {"phones": [{**PHONE, "buttons": [bad]}]}),
            (f"layouts[0].buttons[0].{name}", {"layouts": [{"name": "x", "buttons": [bad]}]}),
        ]
    line = {"line": number, "extension": "101"}
    handset = {"handset": number, "lines": []}
    frame = {"name": "Long", "kind": "dates", "dates": [{**dates, "every": number}]}
    for name in FIELDS["hours"]:
        hours = {"days": ["mon"], "start": "08:00", "end": "17:00", name: number}
        cases.append((f"time_frames[0].hours[0].{name}", {"time_frames": [_of(hours)]}))
    return [
        *cases,
        ("phones[0].lines[0].line", {"phones": [{**PHONE, "lines": [line]}]}),
        ("phones[0].handsets[0].handset", {"phones": [{**PHONE, "handsets": [handset]}]}),
        (
            "phones[0].handsets[0].lines",
            {"phones": [{**PHONE, "handsets": [{"handset": 1, "lines": [number]}]}]},
        ),
        (
            "time_frames[0].dates[0].every",
            {"time_frames": [frame], "numbers": [{"number": "+18005550177", "rules": [rule]}]},
        ),
    ]


def test_every_whole_number_of_a_file_is_tried() -> None:
    found = {name: whole_numbers(entry) for name, entry in ENTRIES.items()}
    assert {name: fields for name, fields in found.items() if fields} == {
        name: set(fields) for name, fields in FIELDS.items()
    }


@pytest.mark.parametrize("number", LARGE)
async def test_a_number_that_no_store_holds_is_told_with_its_place(
    lite: Database, shelf: Shelf, number: int
) -> None:
    await load(lite, shelf, INVENTORY)
    before = await written(lite)
    for where, part in files(number):
        command = ImportInventory(content=document({"domain": DOMAIN, **part}), filename="x.json")
        with pytest.raises(RejectedAll) as caught:
            await import_inventory(lite, shelf, ADMIN, command, NOW)
        told = [f.where for f in caught.value.findings if f.severity == "error"]
        assert where in told, (where, told)
    assert await written(lite) == before


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"mac,model,line,extension\n02ac3e000009,Acme D-6,%s,101\n", "row 2, column line"),
        (b"name,kind,dates\nLong,dates,2026-12-24 yearly %s\n", "row 2, column dates"),
        (b"name,kind,dates\nLong,dates,%s-12-24\n", "row 2, column dates"),
        (b"name,kind,day\nLong,holidays,%s-12-24\n", "row 2, column day"),
        (b"name,kind,hours\nLong,weekly,mon 00:00-%s:00\n", "row 2, column hours"),
        (b"number,treatment,enable_on\n+18005550177,available,%s-12-24\n", "enable_on"),
    ],
)
@pytest.mark.parametrize("digits", [b"9" * 30, b"9" * 5000])
async def test_a_cell_of_too_many_digits_is_told_with_row_and_column(
    lite: Database, shelf: Shelf, content: bytes, where: str, digits: bytes
) -> None:
    await load(lite, shelf, INVENTORY)
    command = ImportInventory(content=content % digits, filename="x.csv")
    with pytest.raises(RejectedAll) as caught:
        await import_inventory(lite, shelf, ADMIN, command, NOW)
    assert any(where in f.where for f in caught.value.findings)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("start", "0001-01-01T00:00"),
        ("start", "10000-01-01T00:00"),
        ("end", "9999-12-31T25:00"),
        ("until", "0000-12-31"),
    ],
)
async def test_days_beyond_the_calendar_are_told_with_their_place(
    lite: Database, shelf: Shelf, field: str, text: str
) -> None:
    dates = {"start": "2026-01-01T00:00", "end": "2026-01-02T00:00", "repeat": "daily"}
    frame = {"name": "Long", "dates": [{**dates, field: text}]}
    command = ImportInventory(
        content=document({"domain": DOMAIN, "time_frames": [frame]}), filename="x.json"
    )
    with pytest.raises(RejectedAll) as caught:
        await import_inventory(lite, shelf, ADMIN, command, NOW)
    assert f"time_frames[0].dates[0].{field}" in [f.where for f in caught.value.findings]


async def test_moments_that_leave_the_calendar_in_utc_are_told(
    lite: Database, shelf: Shelf
) -> None:
    phone = {**PHONE, "enrolment": {"open_until": "9999-12-31T23:59:59-12:00"}}
    proof = {"at": "0001-01-01T00:00:00+12:00"}
    address = {"name": "HQ", "country": "US", "proof": proof}
    tree = {"domain": DOMAIN, "phones": [phone], "emergency_addresses": [address]}
    command = ImportInventory(content=document(tree), filename="x.json")
    with pytest.raises(RejectedAll) as caught:
        await import_inventory(lite, shelf, ADMIN, command, NOW)
    told = {f.where for f in caught.value.findings if f.severity == "error"}
    assert told == {"phones[0].enrolment.open_until", "emergency_addresses[0].proof.at"}


async def test_a_range_without_an_end_that_people_reach_comes_in_and_is_asked(
    lite: Database, shelf: Shelf
) -> None:
    dates = {"start": "1900-01-01T00:00", "end": "9999-12-31T23:59"}
    frame = {"name": "Long", "dates": [dates]}
    rule = {"frame": "Long", "treatment": "user", "destination": "101"}
    number = {"number": "+18005550177", "rules": [rule]}
    await load(lite, shelf, {**INVENTORY, "time_frames": [frame], "numbers": [number]})
    meant = E164("+18005550177")
    report = await route_number(lite, RouteNumber(domain=DOMAIN, number=meant, at=NOW))
    assert report.route.handling == Handling(treatment="user", destination="101")
    for year in (1, 1899, 3000, 9999):
        late = NOW.replace(year=year)
        with pytest.raises(Rejected, match="nobody knows the year"):
            await route_number(lite, RouteNumber(domain=DOMAIN, number=meant, at=late))
    for year in (1900, 2999):
        early = NOW.replace(year=year)
        await route_number(lite, RouteNumber(domain=DOMAIN, number=meant, at=early))


@pytest.mark.parametrize("number", [0, *LARGE])
async def test_a_validation_of_no_number_is_not_there(
    lite: Database, shelf: Shelf, number: int
) -> None:
    await load(lite, shelf, INVENTORY)
    async with lite.read() as read:
        with pytest.raises(NotFound, match=str(number)):
            await get_check(read, 1, number)


def test_what_is_typed_with_too_many_digits_is_no_place() -> None:
    many = "9" * 5000
    rule = NumberRule(frame="Long", handling=Handling(treatment="user", destination="101"))
    number = Number(number=E164("+18005550177"), rules=(rule,))
    with pytest.raises(RejectedAll):
        edited_number(number, NumberEdit(moves=(f"Long={many}",)))
    with pytest.raises(Rejected):
        set_button(f"{many}=dnd", {})
    assert [small_number(text) for text in ("0", "999999999", "1000000000", "²", "", "-1")] == [
        0, 999_999_999, None, None, None, None,
    ]  # fmt: skip
