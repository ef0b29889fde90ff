"""Programs change many records at once: all or none, with what they have seen, and undo each."""

from typing import Any

import pytest

from provisiond.inventory.access import Role
from provisiond.store.database import Database
from tests.actions.inventory import DOMAIN
from tests.web.offices import BOTH_ENGINES, OWN, Client, asked, token

BASE = f"/domains/{DOMAIN}"
SECOND = "02ac3e000077"


async def two_phones(client: Client, who: dict[str, str]) -> None:
    """A second phone beside the office's own."""
    body = {"mac": SECOND, "model": "Acme D-6", "lines": [{"line": 1, "extension": "0102"}]}
    answer, problem = await asked(client, "POST", f"{BASE}/phones", who, json=body)
    assert answer.status == 201, problem


async def test_phones_change_at_once_and_each_is_undone_by_itself(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    await two_phones(client, who)
    seen = (await asked(client, "GET", f"{BASE}/phones/{OWN.mac}", who))[1]["revision"]
    body: dict[str, Any] = {
        "keys": [{"key": OWN.mac, "revision": seen}, "02-AC-3E-00-00-77"],
        "changes": {"notes": "desk", "settings": {"poll_minutes": 60}, "site": "HQ"},
    }
    path = f"{BASE}/phones"
    answer, tried = await asked(client, "PATCH", path, who, json={**body, "dry_run": True})
    assert (answer.status, tried["dry_run"], tried["changed"]) == (200, True, 2), tried
    assert (await asked(client, "GET", f"{path}/{SECOND}", who))[1]["notes"] == ""
    once = {"Idempotency-Key": "move"}
    answer, done = await asked(client, "PATCH", path, who, json=body, extra=once)
    assert (answer.status, {**done, "dry_run": True}) == (200, tried)
    again, same = await asked(client, "PATCH", path, who, json=body, extra=once)
    assert (again.headers["Idempotency-Replayed"], same) == ("true", done)
    assert [(one["key"], one["after"] - one["before"], one["fields"]) for one in done["items"]] == [
        ("02:ac:3e:00:00:01", 1, ["notes", "settings"]),
        ("02:ac:3e:00:00:77", 1, ["site", "notes", "settings"]),
    ]
    found = (await asked(client, "GET", "/audit?limit=2", who))[1]["items"]
    assert {one["action"] for one in found} == {"edit phone"}
    (entry,) = [one for one in found if one["subject"] == "02:ac:3e:00:00:77"]
    answer, undone = await asked(client, "POST", f"/audit/{entry['id']}/undo", who)
    assert (answer.status, undone["record"]["notes"], undone["record"]["site"]) == (200, "", None)
    assert (await asked(client, "GET", f"{path}/{OWN.mac}", who))[1]["notes"] == "desk"


@BOTH_ENGINES
@pytest.mark.parametrize(
    ("noun", "more", "keys", "changes", "fields"),
    [
        ("users", {}, ["101", "0102"], {"in_directory": False}, {"in_directory"}),
        ("numbers", {"number": "+18005550111", "notes": "pharmacy"},
         [OWN.number, "+18005550111"],
         {"default": {"treatment": "call_queue", "destination": "support"}, "language": "en"},
         {"default", "language"}),
        ("sms-numbers", {"number": "+18005550112"}, [OWN.sms, "+18005550112"],
         {"treatment": "call_queue", "destination": "Support", "carrier": "acme"},
         {"treatment", "destination", "carrier"}),
    ],
)  # fmt: skip
async def test_users_and_numbers_change_at_once_and_each_is_undone_by_itself(
    noun: str,
    more: dict[str, Any],
    keys: list[str],
    changes: dict[str, Any],
    fields: set[str],
    client: Client,
    db: Database,
) -> None:
    who, path = await token(db, Role.MANAGER, DOMAIN), f"{BASE}/{noun}"
    if more:
        assert (await asked(client, "POST", path, who, json=more))[0].status == 201
    before = [(await asked(client, "GET", f"{path}/{key}", who))[1] for key in keys]
    body = {"keys": keys, "changes": changes}
    _, tried = await asked(client, "PATCH", path, who, json={**body, "dry_run": True})
    answer, done = await asked(client, "PATCH", path, who, json=body)
    assert (answer.status, {**done, "dry_run": True}) == (200, tried), done
    assert [one["key"] for one in done["items"]] == keys
    assert all(set(one["fields"]) == fields for one in done["items"])
    after = [(await asked(client, "GET", f"{path}/{key}", who))[1] for key in keys]
    assert [(one["revision"], one.get("notes")) for one in after] == [
        (one["revision"] + 1, one.get("notes")) for one in before
    ]
    if noun == "numbers":
        assert {one["default"]["destination"] for one in after} == {"300"}, "the name was looked up"
    found = (await asked(client, "GET", "/audit?limit=2", who))[1]["items"]
    assert {one["subject"] for one in found} == set(keys)
    for entry in found:
        answer, undone = await asked(client, "POST", f"/audit/{entry['id']}/undo", who)
        assert answer.status == 200, undone
    again = [(await asked(client, "GET", f"{path}/{key}", who))[1] for key in keys]
    for one, stood in zip(again, before, strict=True):
        assert {**one, "revision": 0, "now": 0} == {**stood, "revision": 0, "now": 0}


async def test_who_was_not_quick_enough_changes_nothing_and_is_told_which(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    await two_phones(client, who)
    body = {"keys": [{"key": OWN.mac, "revision": 9}, SECOND], "changes": {"notes": "late"}}
    answer, problem = await asked(client, "PATCH", f"{BASE}/phones", who, json=body)
    assert (answer.status, problem["code"]) == (409, "stale")
    assert [one["field"] for one in problem["errors"]] == ["02:ac:3e:00:00:01.revision"]
    assert (await asked(client, "GET", f"{BASE}/phones/{SECOND}", who))[1]["notes"] == ""


@BOTH_ENGINES
async def test_every_fault_of_keys_and_changes_is_told_at_once(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    refused: tuple[tuple[dict[str, Any], list[str]], ...] = (
        ({"keys": [OWN.mac] * 1001, "changes": {}}, ["keys"]),
        ({"keys": [None, {"revision": -1}], "changes": {"mac": SECOND, "enabled": "?"}},
         ["keys[0].key", "keys[1].key", "keys[1].revision", "changes.enabled", "changes.mac"]),
        ({"keys": ["desk", OWN.mac, "02-ac-3e-00-00-01"], "changes": {}}, ["keys[0]", "keys[2]"]),
        ({"keys": [OWN.mac], "changes": {"site": "Mars", "directory": "none"}},
         ["02:ac:3e:00:00:01.site", "02:ac:3e:00:00:01.directory"]),
        ({"keys": ["101", "0102"], "changes": {"site": "Mars", "emergency_address": "Mars"}},
         ["101.site", "101.emergency_address", "0102.site", "0102.emergency_address"]),
        ({"keys": [OWN.number], "changes": {"default": {"destination": "Zoe"}, "language": "12"}},
         [f"{OWN.number}.default.destination", f"{OWN.number}.language"]),
        ({"keys": [f"02ac3e{number:06x}" for number in range(999)],
          "changes": {"notes": "x" * 5000}}, ["changes"]),
        ({"keys": [OWN.sms], "changes": {"destination": "999"}}, [f"{OWN.sms}.destination"]),
    )  # fmt: skip
    for body, fields in refused:
        noun = {"101": "users", OWN.number: "numbers", OWN.sms: "sms-numbers"}
        key = body["keys"][0]
        path = f"{BASE}/{noun.get(key, 'phones') if isinstance(key, str) else 'phones'}"
        answer, problem = await asked(client, "PATCH", path, who, json=body)
        assert answer.status == 422, problem
        assert [error["field"] for error in problem["errors"]] == fields
    nothing: dict[str, Any] = {"keys": [], "changes": {}}
    answer, done = await asked(client, "PATCH", f"{BASE}/phones", who, json=nothing)
    assert (answer.status, done["changed"], done["items"]) == (200, 0, [])
