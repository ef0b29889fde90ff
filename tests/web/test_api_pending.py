"""Phones that nobody has, as programs see them: listed, taken into a domain, dismissed."""

from datetime import datetime, timedelta
from typing import Any

from provisiond.actions.edits import domain_record
from provisiond.inventory.access import Role
from provisiond.inventory.mac import Mac
from provisiond.inventory.pending import PendingPhone
from provisiond.store.database import Database
from provisiond.store.enrolment import EnrolmentNote, write_notes
from provisiond.store.pending import note_pending
from provisiond.store.phones import find_phones, phone_ids
from tests.actions.inventory import DOMAIN, NOW
from tests.web.offices import ENROLMENT_HOURS, Client, asked, token

MACS = [Mac(f"02ac3e000a0{n}") for n in range(3)]


async def waiting(db: Database) -> None:
    async with db.append() as write:
        phones = [
            PendingPhone(
                mac=mac,
                address="10.0.0.9",
                transport="http",
                first_seen=NOW,
                last_seen=NOW - timedelta(minutes=place),
                vendor="Acme",
                model="D-6",
            )
            for place, mac in enumerate(MACS)
        ]
        await note_pending(write, phones)


async def test_they_are_listed_taken_in_and_dismissed(client: Client, db: Database) -> None:
    await waiting(db)
    who = await token(db, Role.TECH)
    _, first = await asked(client, "GET", "/pending-phones?limit=2", who)
    assert [one["mac"] for one in first["items"]] == [str(mac) for mac in MACS[:2]]
    assert first["total"] == 3
    _, rest = await asked(client, "GET", f"/pending-phones?limit=2&cursor={first['next']}", who)
    assert [one["mac"] for one in rest["items"]] == [str(MACS[2])]

    path = f"/domains/{DOMAIN}/pending-phones/{MACS[0].text}/approval"
    body = {"lines": [{"line": 1, "extension": "103"}], "name": "Lobby"}
    answer, phone = await asked(client, "POST", path, who, json=body)
    assert answer.status == 201, phone
    assert (phone["model"], phone["name"]) == ("Acme D-6", "Lobby")
    assert phone["enrolment"]["open_until"] is not None
    again, _ = await asked(client, "POST", path, who, json=body)
    assert again.status == 404

    answer, _ = await asked(client, "POST", f"/pending-phones/{MACS[1].text}/dismissal", who)
    assert answer.status == 204
    _, left = await asked(client, "GET", "/pending-phones", who)
    assert [one["mac"] for one in left["items"]] == [str(MACS[2])]
    _, all_ = await asked(client, "GET", "/pending-phones?dismissed=true", who)
    assert len(all_["items"]) == 2


async def test_whoever_has_one_domain_sees_none_of_them(client: Client, db: Database) -> None:
    await waiting(db)
    who = await token(db, Role.MANAGER, DOMAIN)
    for method, path in (
        ("GET", "/pending-phones"),
        ("POST", f"/pending-phones/{MACS[0].text}/dismissal"),
        ("POST", f"/domains/{DOMAIN}/pending-phones/{MACS[0].text}/approval"),
    ):
        body: dict[str, Any] = {"json": {}} if path.endswith("approval") else {}
        answer, problem = await asked(client, method, path, who, **body)
        assert answer.status == 403, problem


async def test_a_token_is_renewed(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    path = f"/domains/{DOMAIN}/phones/02ac3e000001"
    answer, phone = await asked(client, "POST", f"{path}/renewal", who)
    assert answer.status == 200, phone
    assert phone["enrolment"]["renewed_at"] is not None


async def test_every_enrolment_stays_open_as_long_as_the_settings_say(
    client: Client, db: Database
) -> None:
    await waiting(db)
    who = await token(db, Role.ADMIN)
    phones = f"/domains/{DOMAIN}/phones"
    new = {"mac": "02ac3e0000aa", "model": "Acme D-6"}
    for method, path, body, hours in (
        ("POST", phones, new, ENROLMENT_HOURS),
        ("PATCH", f"{phones}/02ac3e0000aa", {"mac": "02ac3e0000ab"}, ENROLMENT_HOURS),
        ("POST", f"{phones}/02ac3e0000ab/enrolment", {"hours": 2}, 2),
        ("POST", f"{phones}/02ac3e0000ab/enrolment", {}, ENROLMENT_HOURS),
        (
            "POST",
            f"/domains/{DOMAIN}/pending-phones/{MACS[0].text}/approval",
            {},
            ENROLMENT_HOURS,
        ),
    ):
        more = {"extra": {"If-Match": "*"}} if method == "PATCH" else {}
        answer, phone = await asked(client, method, path, who, json=body, **more)
        assert answer.ok, phone
        until = datetime.fromisoformat(phone["enrolment"]["open_until"])
        assert until == NOW + timedelta(hours=hours), path


async def test_who_opens_a_held_enrolment_is_told_which_passwords_may_be_out(
    client: Client, db: Database
) -> None:
    mac = Mac("02ac3e000001")
    async with db.write() as write:
        place = await domain_record(write, DOMAIN)
        ids = await phone_ids(write, place[0], [mac])
        held = EnrolmentNote(domain_id=place[0], phone_id=ids[mac], held_reason="a second address")
        await write_notes(write, [held])
        before = (await find_phones(write, place[0], [mac]))[mac].token
    who = await token(db, Role.MANAGER, DOMAIN)
    path = f"/domains/{DOMAIN}/phones/{mac.text}/enrolment"
    answer, phone = await asked(client, "POST", path, who, json={})
    assert answer.status == 200, phone
    (warning,) = phone["warnings"]
    assert "the SIP passwords of 101" in warning["message"]
    async with db.read() as read:
        assert (await find_phones(read, place[0], [mac]))[mac].token != before
    _, again = await asked(client, "POST", path, who, json={})
    assert again["warnings"] == []
