"""An import is undone by the API: each change by itself, or all of them and nothing less."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from provisiond.actions.desk import Desk
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Role
from provisiond.store.database import Database
from provisiond.store.sealing import SecretKey
from tests.actions.inventory import DOMAIN, INVENTORY, MAC, NOW, load, written
from tests.web.offices import Client, asked, token
from tests.web.test_api_audit import ANY, newest

PLACE = {
    "country": "US", "state": "NY", "city": "New York", "postcode": "10118",
    "house_number": "350", "street": "Fifth Ave",
}  # fmt: skip
LEFT_OUT = ("enrolment", "handsets")
PHONE = {name: value for name, value in INVENTORY["phones"][0].items() if name not in LEFT_OUT}
STOOD: dict[str, Any] = {
    **INVENTORY,
    "phones": [PHONE],
    "destinations": [{"kind": "call_queue", "extension": "300", "name": "Support"}],
    "time_frames": [
        {"name": "Office", "kind": "weekly", "hours": [{"days": "mon-fri"}]},
        {"name": "Lunch", "owner": "101", "hours": [{"days": "mon"}]},
    ],
    "numbers": [{"number": "+12125550101", "default": {"treatment": "user", "destination": "101"}}],
    "sms_numbers": [{"number": "+12125550102"}],
    "emergency_addresses": [
        {"name": "Front", **PLACE, "floor": "1", "default": True, "proof": {"at": NOW.isoformat()}},
        {"name": "Rear", **PLACE, "floor": "2", "proof": {"at": NOW.isoformat()}},
    ],
    "emergency_endpoints": [
        {"number": "+12125550101", "address": "Front", "site": "HQ"},
        {"number": "+12125550105", "address": "Front", "location": "stairs"},
    ],
}
# Every noun has one that is edited and one that is added, and the added are referred to.
BROUGHT: dict[str, Any] = {
    "domain": DOMAIN,
    "sites": [{"name": "HQ", "time_zone": "Europe/Paris", "emergency_address": "Back"},
              {"name": "Lab"}],
    "users": [{"extension": "101", "last_name": "New", "site": "Lab",
               "emergency_caller_id": "+12125550199"},
              {"extension": "150", "site": "Lab", "emergency_address": "Back"}],
    "layouts": [{"name": "reception", "buttons": [{"key": 3, "kind": "dnd"}]}, {"name": "small"}],
    "phones": [{"mac": MAC, "name": "Hall", "site": "Lab", "layout": "small",
                "lines": [{"line": 1, "extension": "150"}]},
               {"mac": "02:ac:3e:00:00:77", "model": "Acme D-6", "layout": "small",
                "lines": [{"line": 1, "extension": "101"}]}],
    "destinations": [{"kind": "call_queue", "extension": "300", "name": "Helpers"},
                     {"kind": "conference", "extension": "310", "name": "Bridge"}],
    "time_frames": [{"name": "Office", "kind": "weekly", "hours": [{"days": "sat"}]},
                    {"name": "Lunch", "owner": "101", "hours": [{"days": "tue"}]},
                    {"name": "Nights", "owner": "150", "hours": [{"days": "sun"}]}],
    "numbers": [{"number": "+12125550101",
                 "default": {"treatment": "conference", "destination": "310"},
                 "rules": [{"frame": "Office", "treatment": "user", "destination": "150"}]},
                {"number": "+12125550103",
                 "default": {"treatment": "user", "destination": "150"}}],
    "sms_numbers": [{"number": "+12125550102", "treatment": "user", "destination": "150"},
                    {"number": "+12125550104"}],
    # The default is taken from Front, of which the file says nothing.
    "emergency_addresses": [{"name": "Back", **PLACE, "floor": "3", "default": True},
                            {"name": "Rear", **PLACE, "floor": "2", "caller_name": "ACME"}],
    # The site's endpoint is another one's from now on.
    "emergency_endpoints": [{"number": "+12125550105", "address": "Front", "site": "HQ"},
                            {"number": "+12125550199", "address": "Back"},
                            {"number": "+12125550101", "address": "Rear", "site": None}],
}  # fmt: skip


@pytest.fixture
async def db(database_url: str, key: SecretKey, shelf: Shelf) -> AsyncIterator[Database]:
    """A store with one of everything, on each engine in turn."""
    await Database.create(database_url, key)
    database = await Database.open(database_url, key)
    await load(database, shelf, STOOD)
    yield database
    await database.close()


async def brought(client: Client, who: dict[str, str], tree: dict[str, Any]) -> dict[str, Any]:
    """Import a file; the import's entry."""
    body = json.dumps({"domain": DOMAIN, **tree})
    headers = {"Content-Type": "application/json"}
    answer, report = await asked(
        client, "POST", f"/domains/{DOMAIN}/import?file=x.json", who, data=body, extra=headers
    )
    assert answer.status == 200, report.get("errors")
    return (await newest(client, who, action="import"))[0]


async def undo(
    client: Client, who: dict[str, str], entry: dict[str, Any], query: str = ""
) -> tuple[int, Any]:
    answer, told = await asked(client, "POST", f"/audit/{entry['id']}/undo{query}", who)
    return answer.status, told


async def parts(client: Client, who: dict[str, str], entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The changes of an import's records, in their order."""
    found = await newest(client, who, part_of=str(entry["id"]), limit="1000")
    return found[::-1]


async def addresses(client: Client, who: dict[str, str]) -> list[dict[str, Any]]:
    """The domain's emergency addresses, by name."""
    _, told = await asked(client, "GET", f"/domains/{DOMAIN}/emergency-addresses", who)
    items: list[dict[str, Any]] = told["items"]
    return items


async def changes(
    client: Client, who: dict[str, str], first: dict[str, Any]
) -> list[dict[str, Any]]:
    """All changes from this entry on, the newest first."""
    found = [one for one in await newest(client, who, limit="1000") if one["id"] >= first["id"]]
    return [one for one in found if not one["action"].startswith("export")]


async def test_an_import_of_every_noun_is_undone_whole(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    before = await written(db)
    whole = await brought(client, who, BROUGHT)
    there = await written(db)
    made = await parts(client, who, whole)
    nouns = {"emergency address", "site", "emergency endpoint", "user", "destination",
             "time frame", "number", "SMS number", "layout", "phone"}  # fmt: skip
    assert {part["action"] for part in made} == {f"{v} {n}" for v in ("add", "edit") for n in nouns}
    assert await changes(client, who, whole) == [*made[::-1], whole]
    status, told = await undo(client, who, whole, "?dry_run=true")
    assert status == 200, told.get("errors", told)
    assert told == {"id": whole["id"], "dry_run": True, "record": None, "records": len(made)}
    assert await written(db) == there
    assert await changes(client, who, whole) == [*made[::-1], whole]
    status, told = await undo(client, who, whole)
    assert status == 200, told.get("errors", told)
    assert (told["record"], told["records"]) == (None, len(made))
    assert await written(db) == before
    undone = (await changes(client, who, whole))[: len(made)]
    assert [one["subject"] for one in undone] == [part["subject"] for part in made]
    status, told = await undo(client, who, whole)
    assert (status, told["code"]) == (409, "conflict")
    assert await written(db) == before


async def test_whoever_took_the_default_gives_it_back(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    noun = "emergency%20address"
    before = await written(db)
    rear = f"/domains/{DOMAIN}/emergency-addresses/Rear"
    made = await asked(client, "PATCH", rear, who, extra=ANY, json={"default": True})
    assert made[0].status == 200, made[1]
    taken, given = (await newest(client, who, noun=noun))[:2]
    assert (given["subject"], given["after"]) == ("Front", {"default": False})
    status, told = await undo(client, who, given)
    assert (status, "Rear is" in told["detail"]) == (409, True), told
    status, told = await undo(client, who, taken)
    assert (status, told["records"]) == (200, 2), told
    assert (told["record"]["name"], told["record"]["default"]) == ("Rear", False)
    assert await written(db) == before
    again, _ = (await newest(client, who, noun=noun))[:2]
    status, told = await undo(client, who, again)
    assert (status, told.get("records")) == (200, 2), (told["detail"], again)
    assert (await asked(client, "GET", rear, who))[1]["default"] is True
    assert (await undo(client, who, (await newest(client, who, noun=noun))[0]))[0] == 200
    assert await written(db) == before

    whole = await brought(client, who, {"emergency_addresses": [
        {"name": "Back", **PLACE, "floor": "3", "default": True},
        {"name": "Rear", **PLACE, "floor": "2", "caller_name": "ACME"}]})  # fmt: skip
    added = (await parts(client, who, whole))[-1]
    assert (added["subject"], whole["after"]["emergency_addresses changed"]) == ("Back", 2)
    assert (await undo(client, who, added))[1]["records"] == 2
    stands = [(one["name"], one["default"]) for one in await addresses(client, who)]
    assert stands == [("Front", True), ("Rear", False)]

    give = {"name": "Rear", "default": True}
    path = f"/domains/{DOMAIN}/emergency-assignments"
    assert (await asked(client, "POST", path, who, json=give))[1] == {"changed": 1}
    taken, given, assigned = (await newest(client, who, noun=noun))[:3]
    told = [(one["action"].split()[0], one["subject"]) for one in (assigned, given, taken)]
    assert told == [("assign", "Rear"), ("edit", "Front"), ("edit", "Rear")]
    front = rear.replace("Rear", "Front")
    made = await asked(client, "PATCH", front, who, extra=ANY, json={"caller_name": "ACME"})
    assert made[0].status == 200, made[1]
    status, told = await undo(client, who, taken)
    assert (status, f"edit emergency address Front (entry {given['id']})" in told["detail"]) == (
        409,
        True,
    ), told
    assert (await undo(client, who, (await newest(client, who, noun=noun))[0]))[0] == 200
    assert (await addresses(client, who))[1]["default"] is True


async def test_a_file_that_may_change_nothing_takes_no_default(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    back = {"name": "Back", **PLACE, "floor": "3", "default": True}
    body = json.dumps({"domain": DOMAIN, "emergency_addresses": [back]})
    path = f"/domains/{DOMAIN}/import?file=x.json&mode="
    headers = {"Content-Type": "application/json"}
    for mode, status, fault in (
        ("fail", 422, "the domain's default address, Front, exists already."),
        ("skip", 200, "Front stays the domain's default."),
    ):
        answer, told = await asked(client, "POST", path + mode, who, data=body, extra=headers)
        assert answer.status == status, told
        assert fault in json.dumps(told)
    assert [(one["name"], one["default"]) for one in await addresses(client, who)] == [
        ("Back", False),
        ("Front", True),
        ("Rear", False),
    ]


async def test_what_moved_from_one_to_another_goes_back_whatever_the_files_order(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    far = INVENTORY["sites"][1]["name"]

    def rings(n: int, *extensions: str, **more: Any) -> dict[str, Any]:
        lines = [{"line": i, "extension": e, **more} for i, e in enumerate(extensions, start=1)]
        return {"mac": f"02:ac:3e:00:00:7{n}", "model": "Acme D-6", "lines": lines}

    await brought(client, who, {
        "users": [{"extension": str(n)} for n in (160, 161, 162)],
        "phones": [rings(1, "160"), rings(2, "161"), rings(3, "162")],
        "emergency_endpoints": [{"number": "+12125550105", "address": "Front", "site": far}],
    })  # fmt: skip
    before = await written(db)
    # Each of the first takes from the next, the last shares what it had alone.
    whole = await brought(client, who, {
        "phones": [rings(1, "161"), rings(2, "162", shared=True), rings(3, "162", shared=True)],
        "emergency_endpoints": [{"number": "+12125550101", "address": "Front", "site": far},
                                {"number": "+12125550105", "address": "Front", "site": None}],
    })  # fmt: skip
    made = await parts(client, who, whole)
    assert [part["subject"][-2:] for part in made] == ["05", "01", "73", "72", "71"]
    status, told = await undo(client, who, whole)
    assert (status, told.get("records")) == (200, 5), told
    assert await written(db) == before
    whole = await brought(client, who, {"phones": [rings(1, "161"), rings(2, "160")]})
    swapped = await written(db)
    status, told = await undo(client, who, whole)
    assert (status, told["errors"][0]["field"]) == (422, "lines[0].shared"), told
    assert await written(db) == swapped


async def test_many_are_undone_with_a_few_statements_each_and_more_are_too_many(
    client: Client, db: Database, desk: Desk
) -> None:
    """One import at a time."""
    who = await token(db, Role.MANAGER, DOMAIN)
    before = await written(db)
    users = [{"extension": str(2000 + n)} for n in range(40)]
    phones = [
        {
            "mac": f"02ac3e01{n:04x}",
            "model": "Acme D-6",
            "lines": [{"line": 1, "extension": str(2000 + n)}],
        }
        for n in range(40)
    ]
    whole = await brought(client, who, {"users": users, "phones": phones})
    async with desk.undoing:
        for query in ("", "?dry_run=true"):
            status, told = await undo(client, who, whole, query)
            assert (status, told["code"]) == (503, "overloaded")
    sent = 0

    def note(*_: object) -> None:
        nonlocal sent
        sent += 1

    async with db.append() as write:
        engine = write.connection.engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", note)
    status, told = await undo(client, who, whole)
    sa.event.remove(engine, "before_cursor_execute", note)
    assert (status, told.get("records")) == (200, 80), told
    assert sent <= 80 * 20
    assert await written(db) == before
    numbers = [{"number": f"+1212556{n:04}"} for n in range(201)]
    whole = await brought(client, who, {"numbers": numbers})
    status, told = await undo(client, who, whole)
    assert (status, told["code"]) == (409, "conflict")
    assert "201 changes" in told["detail"]
    assert f"part_of={whole['id']}" in told["detail"]


async def test_what_was_undone_stands_in_nobodys_way_and_is_not_undone_twice(
    client: Client, db: Database
) -> None:
    """Two imports of one user, undone the last first; and what was undone, brought back."""
    who = await token(db, Role.MANAGER, DOMAIN)
    before = await written(db)
    first = await brought(client, who, {"users": [{"extension": "101", "last_name": "One"}]})
    between = await written(db)
    second = await brought(client, who, {"users": [{"extension": "101", "last_name": "Two"}]})
    after = await written(db)
    status, told = await undo(client, who, first)
    assert (status, "changed again" in told["detail"]) == (409, True)
    assert (await undo(client, who, second))[0] == 200
    assert await written(db) == between
    undoing = (await newest(client, who, noun="user"))[0]
    [edited] = await parts(client, who, second)
    assert (undoing["undoes"], edited["undoes"]) == (edited["id"], None)
    for entry in (second, edited):
        status, told = await undo(client, who, entry)
        assert (status, told["code"]) == (409, "conflict")
        assert f"undone already, by entry {undoing['id']}" in told["detail"]
    assert (await undo(client, who, undoing))[0] == 200
    assert await written(db) == after
    status, told = await undo(client, who, first)
    assert (status, "changed again" in told["detail"]) == (409, True)
    assert (await undo(client, who, second))[0] == 200
    assert (await undo(client, who, first))[0] == 200
    assert await written(db) == before
    # What the first undoing left was changed since by another: the last has to go first.
    status, told = await undo(client, who, undoing)
    assert (status, "undone already" in told["detail"]) == (409, True)


async def test_what_hangs_on_an_added_record_since_does_not_go_with_it(
    client: Client, db: Database
) -> None:
    who, admin = await token(db, Role.MANAGER, DOMAIN), await token(db, Role.ADMIN)
    own = {"users": [{"extension": "150"}], "sites": [{"name": "Lab"}]}
    user, site = (await parts(client, who, await brought(client, who, own)))[::-1]
    person = {"name": "zoe", "role": "user", "domain": DOMAIN, "extension": "150"}
    answer, told = await asked(client, "POST", "/people", admin, json=person)
    assert answer.status == 201, told
    frame = {"name": "Nights", "owner": "150", "hours": [{"days": ["sun"]}]}
    answer, told = await asked(
        client, "POST", f"/domains/{DOMAIN}/timeframes", who, json={**frame, "kind": "weekly"}
    )
    assert answer.status == 201, told
    row = {"family": "acme/desk", "key": "screen.brightness", "value": "4"}
    await brought(client, admin, {"sites": [{"name": "Lab", "overrides": [row]}]})
    there = await written(db)
    for entry, named in (
        (user, "log-in zoe, time frame Nights"),
        (site, "override screen.brightness"),
    ):
        status, told = await undo(client, who, entry)
        assert (status, told["code"]) == (409, "conflict")
        assert named in told["detail"]
    assert await written(db) == there
    assert (await asked(client, "GET", "/people/zoe", admin))[0].status == 200


async def test_a_treatment_that_only_an_import_may_bring_comes_back(
    client: Client, db: Database
) -> None:
    """The second import from another system replaces what the first one brought."""
    who = await token(db, Role.MANAGER, DOMAIN)
    key = "+12125550103"
    theirs = {"treatment": "park_orbit", "destination": "77"}
    rule = {"frame": "Office", **theirs}
    await brought(client, who, {"numbers": [{"number": key, "default": theirs, "rules": [rule]}]})
    before = await written(db)
    user = {"treatment": "user", "destination": "101"}
    whole = await brought(client, who, {"numbers": [{"number": key, "default": user, "rules": []}]})
    status, told = await undo(client, who, whole)
    assert status == 200, told
    assert await written(db) == before
    one = f"/domains/{DOMAIN}/numbers/{key}"
    gone, _ = await asked(client, "DELETE", one, who, extra={"If-Match": "*"})
    assert gone.status == 204
    status, told = await undo(client, who, (await newest(client, who, noun="number"))[0])
    assert status == 200, told
    assert await written(db) == before
    answer, told = await asked(
        client, "PATCH", one, who, extra={"If-Match": "*"}, json={"default": user, "rules": []}
    )
    assert answer.status == 200, told
    answer, told = await asked(
        client, "PATCH", one, who, extra={"If-Match": "*"}, json={"default": theirs}
    )
    assert answer.status == 422, told
