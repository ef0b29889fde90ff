"""What a phone would get is shown without its secrets, and why each value is what it is."""

import pytest

from provisiond.inventory.access import Role
from provisiond.inventory.mac import Mac
from provisiond.store.database import Database
from tests.actions.inventory import DOMAIN
from tests.web.offices import FOREIGN, OWN, Client, asked, token

PATH = f"/domains/{DOMAIN}/phones/{OWN.mac}/preview"


async def test_the_file_is_shown_with_why_each_value_is_what_it_is(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    answer, shown = await asked(client, "GET", PATH, who)
    assert answer.status == 200, shown
    assert (shown["model"], shown["family"]) == ("Acme D-6", "acme/desk")
    assert (shown["file"]["id"], shown["file"]["name"]) == ("mac", f"{OWN.mac}.cfg")
    assert [(one["id"], one["served"]) for one in shown["files"]][:2] == [
        ("boot", False), ("mac", True),
    ]  # fmt: skip
    assert shown["encoding"] == "text"
    why = {one["key"]: one for one in shown["assignments"]}
    assert (why["sip.server"]["value"], why["sip.server"]["origin"]) == (DOMAIN, "template")
    assert why["sip.server"]["template"].endswith(".j2")
    assert why["sip.server"]["line"] > 0
    assert (why["ring.password"]["value"], why["ring.password"]["origin"]) == (
        "***", "domain/model",
    )  # fmt: skip
    assert why["ring.password"]["author"] == "tess"
    assert why["screen.brightness"]["value"] is None  # the site's override keeps it out
    assert why["screen.brightness"]["origin"] == "site"
    assert "sip.server" in shown["body"]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.TECH, Role.MANAGER])
async def test_secrets_are_masked_whoever_asks(client: Client, db: Database, role: Role) -> None:
    who = await token(db, role, None if role is Role.ADMIN else DOMAIN)
    facts = await db.facts.for_mac(Mac(OWN.mac))
    assert facts is not None
    for file in ("mac", "directory", "common", "counted"):
        answer = await client.get(f"/api/v1{PATH}?file={file}", headers=who)
        text = await answer.text()
        assert answer.status == 200, text
        assert "CANARY" not in text
        assert facts.phone.token.reveal() not in text


async def test_a_file_is_named_by_its_id_or_as_the_phone_asks(client: Client, db: Database) -> None:
    who = await token(db, Role.TECH)
    for file in ("directory", "directory.xml"):
        answer, shown = await asked(client, "GET", f"{PATH}?file={file}", who)
        assert (answer.status, shown["file"]["id"]) == (200, "directory")
    for file, said in (("x", "asks for no file 'x'"), ("boot", "never served")):
        answer, problem = await asked(client, "GET", f"{PATH}?file={file}", who)
        assert answer.status == 404
        assert said in problem["detail"]


async def test_a_phone_of_another_domain_is_not_there(client: Client, db: Database) -> None:
    admin = await token(db, Role.ADMIN)
    path = f"/domains/{DOMAIN}/phones/{FOREIGN.mac}/preview"
    answer, problem = await asked(client, "GET", path, admin)
    assert answer.status == 404
    missing = path.replace(FOREIGN.mac, "02ac3e000aaa")
    other, same = await asked(client, "GET", missing, admin)
    assert other.status == 404
    assert same["detail"].replace("0a:aa", "01:02") == problem["detail"]
