"""Records as programs keep them: listed, shown, added, changed under If-Match, deleted."""

from typing import Any

import pytest

from provisiond.inventory.access import Role
from provisiond.store.database import Database
from tests.actions.inventory import DOMAIN
from tests.web.offices import OWN, Client, asked, token

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
        if name not in (*change, "revision", "warnings", "now", "next", "uses", "holds"):
            assert record.get(name, stands[name]) == stands[name] or name == "sighting"
    late, problem = await asked(client, "PATCH", one, who, json=change, extra={"If-Match": '"1"'})
    assert (late.status, problem["code"]) == (412, "stale"), problem
    late, _ = await asked(client, "DELETE", one, who, extra={"If-Match": '"1"'})
    assert late.status == 412
    gone, _ = await asked(client, "DELETE", one, who, extra={"If-Match": '"2"'})
    assert gone.status == 204
    assert (await asked(client, "GET", one, who))[0].status == 404


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
    assert fields == {"mac", "lines[0].line", "lines[0].shared", "colour", "buttons[0].kind"}
    body = {
        "mac": OWN.mac, "model": "Acme D-6", "site": "Mars",
        "lines": [{"line": 1, "extension": "999"}],
    }  # fmt: skip
    answer, problem = await asked(client, "POST", f"{BASE}/phones", who, json=body)
    assert answer.status == 422
    assert {"mac", "site", "lines[0].extension"} <= {e["field"] for e in problem["errors"]}
