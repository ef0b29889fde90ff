"""A program tells a phone to fetch again: queued once, journaled, and seen by its own domain."""

from provisiond.inventory.access import Role
from provisiond.store.database import Database
from tests.actions.inventory import DOMAIN
from tests.web.offices import FOREIGN, OWN, Client, asked, token

PATH = f"/domains/{DOMAIN}/phones/{OWN.mac}/resyncs"


async def test_a_message_is_queued_once_and_journaled(client: Client, db: Database) -> None:
    manager = await token(db, Role.MANAGER, DOMAIN)
    answer, made = await asked(client, "POST", PATH, manager, json={"even_if_shared": True})
    assert (answer.status, made["state"], made["reboot"]) == (202, "queued", False)
    _, again = await asked(client, "POST", PATH, manager, json={"even_if_shared": True})
    assert again["id"] == made["id"]
    _, listed = await asked(client, "GET", PATH, manager)
    assert [one["id"] for one in listed["items"]] == [made["id"]]
    admin = await token(db, Role.ADMIN)
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
