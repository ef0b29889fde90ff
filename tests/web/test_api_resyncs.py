"""A program tells a phone to fetch again: queued once, journaled, and seen by its own domain."""

from dataclasses import replace

from provisiond.actions.edits import domain_record
from provisiond.inventory.access import Role
from provisiond.inventory.mac import Mac
from provisiond.store import domains
from provisiond.store.database import Database
from tests.actions.inventory import DOMAIN
from tests.web.offices import FOREIGN, OWN, Client, asked, token

PATH = f"/domains/{DOMAIN}/phones/{OWN.mac}/resyncs"
BY_MAC = f"/phones/{OWN.mac}/resync"


async def test_a_message_is_queued_once_and_journaled(client: Client, db: Database) -> None:
    admin = await token(db, Role.ADMIN)
    answer, made = await asked(client, "POST", PATH, admin, json={"even_if_shared": True})
    assert (answer.status, made["state"], made["reboot"]) == (202, "queued", False)
    assert answer.headers["Location"] == f"/api/v1{PATH}"
    _, again = await asked(client, "POST", BY_MAC, admin, json={"even_if_shared": True})
    assert again["id"] == made["id"]
    manager = await token(db, Role.MANAGER, DOMAIN)
    _, listed = await asked(client, "GET", PATH, manager)
    assert [one["id"] for one in listed["items"]] == [made["id"]]
    _, audit = await asked(client, "GET", f"/audit?domain={DOMAIN}", admin)
    assert [one["action"] for one in audit["items"]].count("re-sync phone") == 1


async def test_who_may_only_look_and_another_domain_tell_nobody(
    client: Client, db: Database
) -> None:
    looking = await token(db, Role.TECH, DOMAIN, read_only=True)
    answer, _ = await asked(client, "POST", PATH, looking, json={})
    assert answer.status == 403
    manager = await token(db, Role.MANAGER, DOMAIN)
    foreign = f"/domains/{FOREIGN.domain}/phones/{FOREIGN.mac}/resyncs"
    answer, _ = await asked(client, "POST", foreign, manager, json={})
    assert answer.status == 404


async def test_whoever_has_one_domain_need_not_name_it(client: Client, db: Database) -> None:
    await own_server(db)
    manager = await token(db, Role.MANAGER, DOMAIN)
    answer, made = await asked(client, "POST", BY_MAC, manager, json={})
    assert (answer.status, made["state"]) == (202, "queued"), made
    assert answer.headers["Location"] == f"/api/v1{PATH}"


async def test_phones_of_another_domain_are_told_by_those_who_have_it_alone(
    client: Client, db: Database
) -> None:
    """Both domains have the same SIP user at the same server."""
    manager = await token(db, Role.MANAGER, DOMAIN)
    for body in ({}, {"even_if_shared": True}):
        answer, problem = await asked(client, "POST", BY_MAC, manager, json=body)
        assert (answer.status, problem["code"]) == (409, "conflict")
        assert "phones of other domains" in problem["detail"]
        assert FOREIGN.domain not in str(problem)
        assert str(Mac(FOREIGN.mac)) not in str(problem)


async def own_server(db: Database) -> None:
    """Give the domain a SIP server that is not the other's."""
    async with db.write() as write:
        domain_id, record = await domain_record(write, DOMAIN)
        settings = replace(record.settings, sip_server="own.example.test")
        await domains.update_domain(write, domain_id, replace(record, settings=settings))
