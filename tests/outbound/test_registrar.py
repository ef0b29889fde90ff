"""Whose contact is it, and does Kamailio tell? A real one, and answers that are none."""

import json
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from provisiond.inventory.errors import OutsideUnavailable
from provisiond.inventory.mac import Mac
from provisiond.outbound.registrar import Contact, KamailioRegistrar, contact_of
from tests.kamailio import DOMAIN, kamailio
from tests.sipp import registered_phone

MAC = Mac("001565aabb01")
OTHER = "001565aabb02"
UUID = "<urn:uuid:00000000-0000-1000-8000-{}>"


def contact(number: int, agent: str = "", **more: str) -> Contact:
    return Contact(uri=f"sip:101@192.0.2.{number}:5060", user_agent=agent, **more)  # type: ignore[arg-type]


def named(mac: str) -> str:
    return f"Yealink SIP-T46U 108.86.0.20 {mac}"


@pytest.mark.parametrize(
    ("contacts", "address", "alone", "chosen"),
    [
        ([], None, True, None),
        ([contact(1)], None, True, 0),
        ([contact(1)], None, False, None),
        ([contact(1, named(OTHER))], "192.0.2.1", True, None),
        ([contact(1, named(OTHER)), contact(2, named(MAC.text))], None, False, 1),
        ([contact(1, "Phone/1.0 (MAC=00:15:65:AA:BB:01)"), contact(2)], None, False, 0),
        ([contact(1), contact(2, instance=UUID.format(MAC.text))], None, False, 1),
        ([contact(1, instance="<urn:uuid:1b4e28ba-2fa1-11d2-883f-0016d3cca427>")], None, True, 0),
        ([contact(1), contact(2)], "192.0.2.2", False, 1),
        ([contact(1), contact(2, received="sip:198.51.100.9:1025")], "198.51.100.9", False, 1),
        ([contact(1), contact(2)], "192.0.2.3", True, None),
        ([contact(1), contact(1)], "192.0.2.1", True, None),
        ([contact(1), contact(2, named(OTHER))], None, True, 0),
    ],
)
def test_a_phones_own_contact_is_told_from_others(
    contacts: list[Contact], address: str | None, alone: bool, chosen: int | None
) -> None:
    found = contact_of(MAC, address, contacts, alone=alone)
    assert found == (contacts[chosen] if chosen is not None else None)


def test_of_contacts_that_a_phone_left_behind_the_newest_is_its_own() -> None:
    old = Contact(uri="sip:101@192.0.2.1:5060", user_agent=named(MAC.text), renewed=1)
    new = Contact(uri="sip:101@192.0.2.1:5062", user_agent=named(MAC.text), renewed=2)
    assert contact_of(MAC, None, [new, old], alone=True) == new


async def test_kamailio_tells_who_is_registered_where(tmp_path: Path) -> None:
    async with kamailio(tmp_path / "kamailio") as server:
        asked = KamailioRegistrar(server.rpc)
        assert (await asked.registered("101", DOMAIN)).contacts == ()
        with (
            registered_phone(
                tmp_path / "a", server.port, user="101", domain=DOMAIN, agent=named(MAC.text)
            ) as mine,
            registered_phone(
                tmp_path / "b", server.port, user="101", domain=DOMAIN, agent="Softphone/1.0"
            ) as other,
        ):
            found = await asked.registered("101", "another.example.test")
        assert not found.by_domain, "use_domain is off, so that it took any domain"
        assert {one.uri for one in found.contacts} == {
            f"sip:101@127.0.0.1:{mine.port}",
            f"sip:101@127.0.0.1:{other.port}",
        }
        chosen = contact_of(MAC, None, found.contacts, alone=False)
        assert chosen is not None
        assert chosen.uri == f"sip:101@127.0.0.1:{mine.port}"
        assert (await asked.registered("102", DOMAIN)).contacts == ()
    with pytest.raises(OutsideUnavailable, match=r"does not answer .* is sip.registrar right"):
        await asked.registered("101", DOMAIN)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>",
        "[]",
        "{}",
        '{"result": 1}',
        '{"result": {"Contacts": 7}}',
        '{"error": {"code": 500, "message": "Location table not found"}}',
        '{"error": "no"}',
    ],
)
async def test_another_answer_is_a_fault_of_the_other_system(body: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body)

    app = web.Application()
    app.router.add_post("/RPC", answer)
    async with TestServer(app) as server:
        with pytest.raises(OutsideUnavailable):
            await KamailioRegistrar(str(server.make_url("/RPC"))).registered("101", DOMAIN)


async def test_contacts_that_are_none_are_left_out() -> None:
    entries = [
        {"Contact": {"Address": "sip:101@192.0.2.1:5060", "Path": "<sip:192.0.2.9;lr>"}},
        {"Contact": {"Address": "sip:101@192.0.2.2\r\nEvil: 1"}},
        {"Contact": {"Address": "sip:101@192.0.2.3", "Expires": "deleted"}},
        {"Contact": {"Address": "tel:101"}},
        {"Contact": 7},
        "x",
    ]

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=json.dumps({"result": {"AoR": "101", "Contacts": entries}}))

    app = web.Application()
    app.router.add_post("/RPC", answer)
    async with TestServer(app) as server:
        found = await KamailioRegistrar(str(server.make_url("/RPC"))).registered("101", DOMAIN)
    assert found.contacts == (Contact(uri="sip:101@192.0.2.1:5060", path=("sip:192.0.2.9;lr",)),)


@pytest.mark.parametrize(
    ("aor", "by_domain"),
    [
        ("a101@PBX.example.test", True),
        ("a101", False),
        ("a101@other.example.test", False),
        (None, False),
    ],
)
async def test_the_answer_shows_whether_domains_are_told_apart(
    aor: str | None, by_domain: bool
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=json.dumps({"result": {"AoR": aor, "Contacts": []}}))

    app = web.Application()
    app.router.add_post("/RPC", answer)
    async with TestServer(app) as server:
        found = await KamailioRegistrar(str(server.make_url("/RPC"))).registered("A101", DOMAIN)
    assert found.by_domain is by_domain
