"""Records as programs keep them: listed, shown, added, changed under If-Match, deleted."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from provisiond.actions.desk import Desk
from provisiond.inventory.access import Role
from provisiond.inventory.emergency import CIVIC_FIELDS
from provisiond.store.database import Database
from provisiond.web.api.dispatch import as_shown, read_body
from provisiond.web.api.route import Call, Route
from provisiond.web.api.shapes import Record
from provisiond.web.api.table import ROUTES
from provisiond.web.api.users import UserShown
from provisiond.web.peer import Caller
from tests.actions.inventory import ADMIN, DOMAIN, NOW
from tests.web.bodies import WAITING, body_of, told_apart
from tests.web.offices import BOTH_ENGINES, FRONT, OWN, Client, asked, token

BASE = f"/domains/{DOMAIN}"
# noun path → its key, one to add, what to change, and what then stands.
RECORDS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "sites": ("name", {"name": "Lager 2", "settings": {"language": "de"}},
              {"settings": {"language": None, "poll_minutes": 60}}),
    "users": ("extension", {"extension": "150", "first_name": "Carol"}, {"last_name": "Doe"}),
    "directories": ("name", {"name": "plumbers"}, {"entries": [{"name": "Dr", "number": "11"}]}),
    "layouts": ("name", {"name": "small"}, {"buttons": [{"key": 1, "kind": "dnd"}]}),
    "destinations": ("extension", {"kind": "conference", "extension": "310", "name": "Bridge"},
                     {"enabled": False}),
    "timeframes": ("name", {"name": "Night", "kind": "weekly",
                            "hours": [{"days": ["mon"], "start": "20:00", "end": "06:00"}]},
                   {"hours": [{"days": ["sat", "sun"]}]}),
    "numbers": ("number", {"number": "(800) 555-0111", "notes": "pharmacy"},
                {"default": {"treatment": "call_queue", "destination": "Support"}}),
    "sms-numbers": ("number", {"number": "+18005550112"},
                    {"treatment": "user", "destination": "101"}),
    "phones": ("mac", {"mac": "02-AC-3E-00-00-77", "model": "acme d-6",
                       "lines": [{"line": 1, "extension": "0102"}]},
               {"name": "Lobby", "settings": {"poll_minutes": 60}}),
}  # fmt: skip


@pytest.mark.parametrize("noun", RECORDS)
async def test_a_record_comes_changes_and_goes(noun: str, client: Client, db: Database) -> None:
    key, body, change = RECORDS[noun]
    who = await token(db, Role.MANAGER, DOMAIN)
    path = f"{BASE}/{noun}"
    _, before = await asked(client, "GET", path, who)
    added, record = await asked(client, "POST", path, who, json=body)
    assert added.status == 201, record
    assert added.headers["ETag"] == '"1"'
    one = f"{path}/{record[key]}"
    shown, stands = await asked(client, "GET", one, who)
    assert (shown.status, shown.headers["ETag"]) == (200, '"1"')
    _, listed = await asked(client, "GET", path, who)
    assert listed["total"] == before["total"] + 1
    unseen, problem = await asked(client, "PATCH", one, who, json=change)
    assert (unseen.status, problem["code"]) == (428, "if_match_needed")
    changed, record = await asked(client, "PATCH", one, who, json=change, extra={"If-Match": '"1"'})
    assert changed.status == 200, record
    assert changed.headers["ETag"] == '"2"'
    for name in stands:
        derived = ("revision", "warnings", "now", "next", "uses", "holds")
        if name not in (*change, *derived) and (noun, name) != ("sms-numbers", "name"):
            assert record[name] == stands[name] or name == "sighting"
    late, problem = await asked(client, "PATCH", one, who, json=change, extra={"If-Match": '"1"'})
    assert (late.status, problem["code"]) == (412, "stale"), problem
    late, _ = await asked(client, "DELETE", one, who, extra={"If-Match": '"1"'})
    assert late.status == 412
    gone, _ = await asked(client, "DELETE", one, who, extra={"If-Match": '"2"'})
    assert gone.status == 204
    assert (await asked(client, "GET", one, who))[0].status == 404


# What is asked for by a body of its own: of what the two domains of the tests have, or are given.
OTHERS: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "emergency-addresses"): {"name": "HQ", "validation": 0},
    ("POST", "approval"): {"model": "Acme D-6"},
    ("POST", "emergency-endpoints"): {"number": OWN.sms, "address": "Front"},
    ("PATCH", "emergency-addresses"): {"caller_name": "Example Inc"},
    ("PATCH", "emergency-endpoints"): {"location": "at the door"},
    ("PATCH", "domains"): {"settings": {"poll_minutes": 60}},
    ("PATCH", "webhooks"): {"enabled": False},
    ("PATCH", "people"): {"disabled": True},
}


def changes_of_records() -> Iterator[tuple[Route, str, Any]]:
    """Every route that answers the record that it changed, with its noun and a body; additions
    come last, for they take keys away from others."""
    for route in sorted(ROUTES, key=lambda route: route.status):
        if not (route.is_change and route.answer and issubclass(route.answer, Record)):
            continue
        noun = route.path.split("/")[-2 if route.method == "PATCH" else -1]
        body = body_of(route).get("json")
        if noun in RECORDS and route.method in ("POST", "PATCH"):
            body = RECORDS[noun][1 if route.method == "POST" else 2]
        yield route, noun, OTHERS.get((route.method, noun), body)


async def test_a_change_is_answered_with_what_is_shown_then(client: Client, db: Database) -> None:
    """Of every route that answers a record: the body of its GET, under the same ETag."""
    who = await token(db, Role.ADMIN)
    await told_apart(db)
    place = {name: getattr(FRONT, name) for name in CIVIC_FIELDS}
    _, found = await asked(client, "POST", f"{BASE}/address-validations", who, json=place)
    for path, body in (
        ("/people", {"name": "olga", "role": "manager", "domain": DOMAIN}),
        ("/webhooks", {"name": "nobody", "url": "https://hooks.example.test/x"}),
        (f"{BASE}/address-validations/{found['id']}/accept", {}),
        (f"{BASE}/emergency-assignments", {"name": "Front", "users": ["101"]}),
    ):
        answer, problem = await asked(client, "POST", path, who, json=body)
        assert answer.status < 300, (path, problem)
    told = {}
    for route, noun, body in changes_of_records():
        if noun == "emergency-addresses" and route.status == 201:
            body = {**body, "validation": found["id"]}
        path, extra = OWN.path(route.path), {"If-Match": "*"} if route.conditional else {}
        if noun == "approval":
            path = path.replace(OWN.mac, WAITING)
        more = {} if body is None else {"json": body}
        answer, record = await asked(client, route.method, path, who, **more, extra=extra)
        assert answer.status == route.status, (path, record)
        if noun == "approval":
            path = f"{BASE}/phones/{WAITING}"
        elif route.status == 201:
            key = RECORDS[noun][0] if noun in RECORDS else next(iter(body))
            path += f"/{record[key]}"
        elif route.method == "POST":
            path = path.rpartition("/")[0]
        shown, stands = await asked(client, "GET", path, who)
        assert shown.headers.get("ETag") == answer.headers["ETag"], path
        own = {"warnings", "secret"} | ({"sip_password"} if route.status == 201 else set())
        assert record == {**stands, **{n: record[n] for n in own & record.keys()}}, path
        told[route.method, noun] = record
    for method, noun, name in (
        ("PATCH", "users", "uses"), ("PATCH", "timeframes", "next"), ("PATCH", "numbers", "now"),
        ("PATCH", "emergency-addresses", "users"), ("PUT", "buttons", "lines"),
        ("POST", "enrolment", "enrolment"), ("POST", "approval", "enrolment"),
    ):  # fmt: skip
        assert told[method, noun][name]


async def test_a_record_that_is_called_otherwise_is_answered_as_it_is_shown(
    client: Client, db: Database
) -> None:
    """By its new key, and of a user's own the user's."""
    who = await token(db, Role.MANAGER, DOMAIN)
    own = {"name": "Mine", "kind": "always", "owner": "101"}
    added, _ = await asked(client, "POST", f"{BASE}/timeframes", who, json=own)
    assert added.status == 201
    used: set[str] = set()
    for one, change, renamed in (
        ("timeframes/Mine?owner=101", {"name": "Ours"}, "timeframes/Ours?owner=101"),
        (f"phones/{OWN.mac}", {"mac": "02ac3e0000aa"}, "phones/02ac3e0000aa"),
        ("users/101", {"extension": "190"}, "users/190"),
    ):
        answer, record = await asked(
            client, "PATCH", f"{BASE}/{one}", who, json=change, extra={"If-Match": "*"}
        )
        shown, stands = await asked(client, "GET", f"{BASE}/{renamed}", who)
        assert (answer.status, shown.headers["ETag"]) == (200, answer.headers["ETag"])
        assert record == {**stands, "warnings": record["warnings"]}
        used |= {use["noun"] for use in record.get("uses", ())}
    assert used >= {"phone", "number"}


async def test_what_is_changed_again_before_it_is_shown_is_answered_as_it_was_saved(
    client: Client, db: Database, desk: Desk
) -> None:
    """Under the ETag that it had: who goes on from there does not overwrite the other change."""
    who = await token(db, Role.MANAGER, DOMAIN)
    path, any_ = f"{BASE}/users/101", {"If-Match": "*"}
    route = next(r for r in ROUTES if r.operation == "patch_user")
    assert route.handler is not None
    key = {"domain": DOMAIN, "extension": "101"}
    body = read_body(route, {"first_name": "Ann"}, key)
    call = Call(
        desk=desk,
        actor=ADMIN,
        at=NOW,
        caller=Caller(address="::1", secure=True),
        path=key,
        body=body,
    )
    reply = await route.handler(call)
    await asked(client, "PATCH", path, who, json={"first_name": "Eve"}, extra=any_)
    answer = await as_shown(route, call, reply)
    assert isinstance(answer.body, UserShown)
    assert (answer.revision, answer.body.first_name) == (2, "Ann")
    assert "phone" in {use.noun for use in answer.body.uses}
    renamed, _ = await asked(client, "PATCH", path, who, json={"extension": "190"}, extra=any_)
    assert renamed.status == 200
    assert await as_shown(route, call, reply) == reply


async def test_the_first_page_of_phones_is_a_few_statements(client: Client, db: Database) -> None:
    """However many phones it has and whatever is asked for; who asks is looked up once."""
    who = await token(db, Role.MANAGER, DOMAIN)
    sent: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        # Beside it the feed of events looks for news all the time.
        if statement != "BEGIN" and "change_journal" not in statement:
            sent.append(statement)

    async with db.read() as read:
        engine = read.connection.engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", note)
    for asked_for in ("limit=1", "limit=500", "q=desk&sort=name", "site=HQ"):
        sent.clear()
        answer, _ = await asked(client, "GET", f"{BASE}/phones?{asked_for}", who)
        assert answer.status == 200
        tables = [re.search(r"FROM (\w+)", statement) for statement in sent]
        assert [found and found[1] for found in tables] == [
            "api_token", "domain", "phone", "phone_line", "phone",
        ], asked_for  # fmt: skip
    sa.event.remove(engine, "before_cursor_execute", note)


async def test_every_fault_of_a_body_is_told_with_its_place(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    body = {
        "mac": "not a mac", "lines": [{"line": "x", "shared": 7}], "colour": "red",
        "buttons": [{"key": 1, "kind": "fly"}],
    }  # fmt: skip
    answer, problem = await asked(client, "POST", f"{BASE}/phones", who, json=body)
    assert answer.status == 422
    assert answer.content_type == "application/problem+json"
    assert problem["code"] == "rejected"
    fields = {error["field"] for error in problem["errors"]}
    assert fields == {
        "mac", "lines[0].line", "lines[0].shared", "colour", "buttons[0].kind", "model"
    }  # fmt: skip
    body = {
        "mac": OWN.mac, "model": "Acme D-6", "site": "Mars",
        "lines": [{"line": 1, "extension": "999"}],
    }  # fmt: skip
    answer, problem = await asked(client, "POST", f"{BASE}/phones", who, json=body)
    assert answer.status == 422
    assert {"mac", "site", "lines[0].extension"} <= {e["field"] for e in problem["errors"]}


# noun path, what is sent, and the fields that are told: those of the model first.
FAULTY: list[tuple[str, dict[str, Any], list[str]]] = [
    ("numbers", {"number": "+18005550177", "enable_on": "2026-02-30", "time_zone": "Mars/X",
                 "language": "zz9", "default": {"treatment": "user", "destination": "999"}},
     ["enable_on", "time_zone", "language", "default.destination"]),
    ("phones", {"mac": "zz", "model": "none", "site": "Mars",
                "lines": [{"line": 1, "extension": "999"}]},
     ["mac", "site", "lines[0].extension", "model"]),
    ("phones", {"mac": "02ac3e000077", "model": "Acme D-6", "site": "Mars", "colour": "red",
                "lines": [{"line": "x", "extension": "101"}, {"line": 2, "extension": "999"}],
                "buttons": [{"key": 3, "kind": "line", "line": 1}]},
     ["lines[0].line", "colour", "site", "lines[1].extension"]),
    ("users", {"extension": "abc", "site": "Mars", "emergency_caller_id": "zz"},
     ["emergency_caller_id", "extension", "site"]),
    ("sms-numbers", {"number": "+18005550177", "treatment": "fax", "destination": "999",
                     "carrier": "\x07"}, ["treatment", "carrier"]),
    ("destinations", {"kind": "robot", "extension": "101", "name": "x" * 200},
     ["kind", "name", "extension"]),
    ("timeframes", {"name": "", "kind": "weekly", "time_zone": "Mars/X",
                    "hours": [{"days": ["someday"]}]}, ["hours[0].days", "name", "time_zone"]),
    ("directories", {"name": "", "entries": [{"name": "Dr"}, {"name": "Dr", "number": "?"}]},
     ["entries[0].number", "name", "entries[1].number"]),
    ("layouts", {"name": "reception", "buttons": [{"kind": "dnd"}, {"key": 0, "kind": "dnd"}]},
     ["buttons[0].key", "buttons[1].key", "name"]),
    ("sites", {"name": "HQ", "settings": {"sip_port": "x", "sip_server": "a b", "dtmf": "x"}},
     ["settings.sip_port", "settings.dtmf", "settings.sip_server", "name"]),
    ("emergency-addresses", {"name": "Front", "multi_floor": "x", "country": "US"},
     ["multi_floor", "city", "state", "postcode", "street", "name"]),
    ("emergency-addresses", {"name": "Front", "validation": "x"}, ["validation", "name"]),
    ("emergency-endpoints", {"number": "+18005550177", "address": "Mars", "site": 3.5,
                             "caller_name": []}, ["caller_name", "address", "site"]),
]  # fmt: skip


@BOTH_ENGINES
async def test_a_fault_of_a_model_hides_no_other_and_nothing_is_kept(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    _, journal = await asked(client, "GET", "/audit", who)
    for place, (noun, body, fields) in enumerate(FAULTY):
        path = f"{BASE}/{noun}"
        _, before = await asked(client, "GET", path, who)
        extra = {"Idempotency-Key": str(place)}
        answer, problem = await asked(client, "POST", path, who, json=body, extra=extra)
        assert answer.status == 422, (noun, problem)
        assert [error["field"] for error in problem["errors"]] == fields, noun
        assert f"{len(fields)} fault(s)" in problem["detail"]
        # A body that only its model refuses would have been added: it is not.
        lone = {**RECORDS.get(noun, ("", {}, {}))[1], "colour": "red"}
        if len(lone) > 1:
            answer, problem = await asked(client, "POST", path, who, json=lone)
            assert [error["field"] for error in problem["errors"]] == ["colour"], noun
        assert (await asked(client, "GET", path, who))[1] == before
    assert (await asked(client, "GET", "/audit", who))[1] == journal


@BOTH_ENGINES
async def test_a_change_with_faults_is_of_the_record_that_was_seen(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    one = f"{BASE}/users/101"
    body = {"extension": [], "in_directory": "x", "site": "Mars"}
    answer, problem = await asked(client, "PATCH", one, who, json=body, extra={"If-Match": '"7"'})
    assert (answer.status, problem["code"]) == (412, "stale")
    answer, problem = await asked(client, "PATCH", one, who, json=body, extra={"If-Match": "*"})
    assert [error["field"] for error in problem["errors"]] == ["in_directory", "extension", "site"]
    assert (await asked(client, "GET", one, who))[1]["site"] == "HQ"
    own = f"{BASE}/phones/{OWN.mac}/buttons"
    keys = [{"key": 1}, {"key": 0, "kind": "dnd"}]
    answer, problem = await asked(
        client, "PUT", own, who, json={"buttons": keys}, extra={"If-Match": "*"}
    )
    assert [error["field"] for error in problem["errors"]] == [
        "buttons[0].kind", "buttons[1].key", "buttons[1]"
    ]  # fmt: skip


async def test_a_time_frame_is_sent_as_it_is_shown(client: Client, db: Database) -> None:
    """The parts are those of the inventory file: what an answer tells goes into a change."""
    who = await token(db, Role.MANAGER, DOMAIN)
    parts: dict[str, list[dict[str, Any]]] = {
        "hours": [{"days": "mon-fri", "start": "08:00", "end": "24:00"}, {"days": ["sat"]}],
        "dates": [{"start": "2026-12-24T12:00", "end": "2026-12-27T00:00", "repeat": "yearly"}],
        "calendars": [{"country": "us", "names": ["Christmas Day"]}],
        "holidays": [{"date": "12-24", "name": "Eve"}, {"date": "2026-05-04"}],
    }
    path, one = f"{BASE}/timeframes", f"{BASE}/timeframes/Closed"
    answer, record = await asked(client, "POST", path, who, json={"name": "Closed", **parts})
    assert answer.status == 201, record
    assert record["kind"] == "custom"
    assert record["hours"][1] == {"days": ["sat"], "start": "00:00", "end": "24:00"}
    assert [day["date"] for day in record["holidays"]] == ["12-24", "2026-05-04"]
    told = {name: record[name] for name in parts}
    any_ = {"If-Match": "*"}
    answer, again = await asked(client, "PATCH", one, who, json=told, extra=any_)
    assert (answer.status, again["revision"]) == (200, record["revision"])
    answer, left = await asked(client, "PATCH", one, who, json={"hours": []}, extra=any_)
    assert (answer.status, left["hours"]) == (200, [])
    assert {name: left[name] for name in ("dates", "calendars", "holidays", "kind")} == {
        name: record[name] for name in ("dates", "calendars", "holidays", "kind")
    }
    edit = (await asked(client, "GET", "/audit?limit=1", who))[1]["items"][0]["id"]
    answer, undone = await asked(client, "POST", f"/audit/{edit}/undo", who)
    assert (answer.status, undone["record"]["hours"]) == (200, record["hours"])
    refused: tuple[tuple[str, dict[str, Any]], ...] = (
        ("hours[0].start", {"hours": [{"days": ["mon"], "start": "25:00"}]}),
        ("hours[0].days", {"hours": [{"days": ["someday"]}]}),
        ("hours[1].start", {"hours": [parts["hours"][0], {"days": "sun", "start": "24:00"}]}),
        ("dates[0].end", {"dates": [{**parts["dates"][0], "end": parts["dates"][0]["start"]}]}),
        ("calendars[0].country", {"calendars": [{"country": "XX"}]}),
        ("holidays[0].date", {"holidays": [{"date": "02-30"}]}),
        ("dates[0].start", {"dates": [{**parts["dates"][0], "start": "2026-12-24T12:00Z"}]}),
        ("holidays[0].date", {"holidays": [{"date": "Christmas"}]}),
        ("holidays[0].month", {"holidays": [{"date": "12-24", "month": 12}]}),
    )  # fmt: skip
    for field, bad in refused:
        answer, problem = await asked(client, "PATCH", one, who, json=bad, extra=any_)
        assert (answer.status, problem["errors"][0]["field"]) == (422, field), problem


async def test_what_a_number_does_is_changed_in_parts(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    one, any_ = f"{BASE}/numbers/{OWN.number}", {"If-Match": "*"}
    to = {"default": {"destination": "Bob"}}
    answer, record = await asked(client, "PATCH", one, who, json=to, extra=any_)
    assert answer.status == 200, record
    assert (record["default"]["treatment"], record["default"]["destination"]) == ("user", "0102")
    to = {"default": {"treatment": "pstn", "destination": "(800) 555-0199"}}
    answer, record = await asked(client, "PATCH", one, who, json=to, extra=any_)
    assert record["default"]["destination"] == "+18005550199"
    to = {"default": {"treatment": "available"}}
    answer, record = await asked(client, "PATCH", one, who, json=to, extra=any_)
    assert (answer.status, record["default"]["destination"]) == (200, "")
    text = f"{BASE}/sms-numbers/{OWN.sms}"
    queue = {"treatment": "call_queue", "destination": "Support"}
    answer, record = await asked(client, "PATCH", text, who, json=queue, extra=any_)
    assert (answer.status, record["destination"]) == (200, "300")
    answer, record = await asked(
        client, "PATCH", text, who, json={"treatment": "available"}, extra=any_
    )
    assert (answer.status, record["destination"]) == (200, "")
