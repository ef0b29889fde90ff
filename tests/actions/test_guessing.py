"""Somebody asks for every MAC of a vendor: what do they get, and what do phones beside them?"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from provisiond.boot.http import PhoneHttp
from provisiond.boot.limits import HttpLimits
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.admission import Mode, opened
from provisiond.inventory.errors import LoginNeeded, Refused, StoreUnavailable
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.inventory.secret import Secret, new_token
from provisiond.store.database import Database
from provisiond.store.facts_sqlite import SqliteFacts
from provisiond.store.location import SqliteFile
from provisiond.store.sealing import SecretKey
from tests.actions.service import CANARY, GUESSER, NOW, Desk, desk_of, furnished

GUESSES, KNOWN, OPEN = 2_000, 200, 5
LINE = (PhoneLine(line=1, extension="101"),)


def guessed(count: int = GUESSES) -> list[Mac]:
    """MACs of one vendor's prefix, one after the other."""
    return [Mac(f"02ac3e{number:06x}") for number in range(count)]


def known(count: int = KNOWN) -> list[Phone]:
    """Phones among those that are guessed; the first few have an open enrolment, one is disabled
    although it is open."""
    macs = random.Random(7).sample(guessed(), count)
    inventory = [Phone(mac=mac, model="Acme D-6", lines=LINE, token=new_token()) for mac in macs]
    inventory[:OPEN] = [replace(phone, enrolment=opened(NOW)) for phone in inventory[:OPEN]]
    inventory[OPEN] = replace(inventory[OPEN], enrolment=opened(NOW), enabled=False)
    return inventory


def closed(inventory: Sequence[Phone]) -> list[Phone]:
    ended = opened(NOW - timedelta(days=9))
    return [replace(phone, enrolment=ended) for phone in inventory]


async def asked_all(desk: Desk) -> list[bytes]:
    """The bodies that the guesser gets."""
    found = []
    for mac in guessed():
        try:
            found.append((await desk.get(f"{mac.text}.cfg")).body)
        except Refused:
            continue
    return found


@pytest.mark.parametrize("mode", [Mode.TOKEN, Mode.PASSWORD])
async def test_with_every_enrolment_closed_guessing_yields_nothing(
    lite: Database, shelf: Shelf, tmp_path: Path, mode: Mode
) -> None:
    domain_id = await furnished(lite, closed(known()))
    desk = desk_of(lite, shelf, domain_id, tmp_path, mode=mode)
    assert await asked_all(desk) == []
    assert mode is Mode.PASSWORD or desk.alarms == ["sweep", "sweep", "sweep"]


async def test_with_some_open_it_yields_those_and_each_raises_one_alarm(
    lite: Database, shelf: Shelf, tmp_path: Path
) -> None:
    inventory = known()
    desk = desk_of(lite, shelf, await furnished(lite, inventory), tmp_path)
    bodies = await asked_all(desk)
    assert len(bodies) == OPEN
    assert all(CANARY in body for body in bodies)
    for number, phone in enumerate(inventory):  # now the phones themselves boot
        peer = replace(GUESSER, address=ip_address(f"10.1.0.{number}"))
        with pytest.raises(Refused):
            await desk.get(f"{phone.mac.text}.cfg", peer)
    assert desk.alarms.count("enrolment_held") == OPEN


async def test_open_mode_serves_those_that_are_known_and_enabled(
    lite: Database, shelf: Shelf, tmp_path: Path
) -> None:
    desk = desk_of(lite, shelf, await furnished(lite, known()), tmp_path, mode=Mode.OPEN)
    assert len(await asked_all(desk)) == KNOWN - 1


async def test_phones_behind_the_guessers_address_boot_meanwhile(
    lite: Database, shelf: Shelf, tmp_path: Path
) -> None:
    inventory = [
        Phone(mac=Mac(f"02ac3f{n:06x}"), model="Acme D-6", lines=LINE, token=new_token())
        for n in range(500)
    ]
    desk = desk_of(lite, shelf, await furnished(lite, inventory), tmp_path)

    async def boot(phone: Phone) -> bytes:
        return (await desk.get(f"p/{phone.token.reveal()}/{phone.mac.text}.cfg")).body

    guesser = asyncio.create_task(asked_all(desk))
    served = await asyncio.gather(*[boot(phone) for phone in inventory])
    assert all(CANARY in body for body in served)
    assert await guesser == []
    outcomes = [entry.outcome for entry in desk.journal]
    assert outcomes.count("served") == 500
    assert outcomes.count("throttled") >= 1
    assert outcomes.count("unknown_phone") <= 61, "throttled misses are not journaled one by one"
    assert len(desk.strangers) < 31, "a sweep does not fill the list of pending phones"


async def test_every_refusal_by_mac_costs_one_statement(
    lite: Database, shelf: Shelf, tmp_path: Path, key: SecretKey
) -> None:
    """Unknown, unadmitted, disabled, of another family, served before, throttled: all alike."""
    unadmitted, disabled, served, outside, other = (Mac(f"02ac3e00000{n}") for n in range(1, 6))
    inventory = [
        Phone(mac=unadmitted, model="Acme D-6", lines=LINE),
        Phone(mac=disabled, model="Acme D-6", lines=LINE, enabled=False, enrolment=opened(NOW)),
        Phone(mac=served, model="Acme D-6", lines=LINE, enrolment=opened(NOW), token=_TOKEN),
        Phone(mac=outside, model="Acme D-6", lines=LINE, enrolment=opened(NOW)),
        Phone(mac=other, model="Acme D-6", lines=LINE, enrolment=opened(NOW)),
    ]
    domain_id = await furnished(lite, inventory)
    statements: list[str] = []
    facts = await counted(lite, key, statements)
    desk = desk_of(lite, shelf, domain_id, tmp_path)
    assert CANARY in (await desk.get(f"{served.text}.cfg")).body
    assert CANARY in (await desk.get(f"p/{_TOKEN.reveal()}/{served.text}.cfg")).body
    far = replace(GUESSER, address=ip_address("192.0.2.1"))
    agent = replace(GUESSER, user_agent="Acme D6 1.2 02:ac:3e:00:00:99")

    async def cost(name: str, peer: object = GUESSER) -> int:
        statements.clear()
        with pytest.raises(Refused):
            await desk.get(name, peer)  # type: ignore[arg-type]
        return len([text for text in statements if text.startswith("SELECT")])

    for _ in range(2):
        costs = {
            "unknown": await cost("02ac3e000999.cfg"),
            "unadmitted": await cost(f"{unadmitted.text}.cfg"),
            "disabled": await cost(f"{disabled.text}.cfg"),
            "closed since": await cost(f"{served.text}.cfg"),
            "outside the networks": await cost(f"{outside.text}.cfg", far),
            "another device": await cost(f"{other.text}.cfg", agent),
            "absent file": await cost(f"{unadmitted.text}.boot"),
        }
        assert set(costs.values()) == {1}, costs
    for number in range(100):
        await cost(f"02ac3eff{number:04x}.cfg")
    assert await cost("02ac3e000998.cfg") == 1, "throttled"
    assert await cost(f"{unadmitted.text}.cfg") == 1
    await facts.close()


async def test_a_warm_answer_costs_no_statement_in_any_mode(
    lite: Database, shelf: Shelf, tmp_path: Path, key: SecretKey
) -> None:
    phone = Phone(mac=Mac("02ac3e000001"), model="Acme D-6", lines=LINE, token=_TOKEN)
    domain_id = await furnished(lite, [phone])
    statements: list[str] = []
    facts = await counted(lite, key, statements)
    token = desk_of(lite, shelf, domain_id, tmp_path)
    open_ = desk_of(lite, shelf, domain_id, tmp_path, mode=Mode.OPEN)
    for desk, name in (
        (token, f"p/{_TOKEN.reveal()}/02ac3e000001.cfg"),
        (open_, "02ac3e000001.cfg"),
    ):
        await desk.get(name)
        statements.clear()
        await desk.get(name)
        assert statements == []
    await facts.close()


async def counted(lite: Database, key: SecretKey, statements: list[str]) -> SqliteFacts:
    """Have the phones' path note its statements."""
    assert isinstance(lite.location, SqliteFile)
    await lite.facts.close()
    facts = SqliteFacts(lite.location, key, trace=statements.append)
    lite.facts = facts
    return facts


@pytest.mark.parametrize("mode", [Mode.TOKEN, Mode.PASSWORD])
async def test_refusals_are_the_same_bytes(
    lite: Database, shelf: Shelf, tmp_path: Path, mode: Mode
) -> None:
    inventory = [
        Phone(mac=Mac("02ac3e000001"), model="Acme D-6", lines=LINE),
        Phone(mac=Mac("02ac3e000002"), model="Acme D-6", enabled=False, enrolment=opened(NOW)),
    ]
    desk = desk_of(lite, shelf, await furnished(lite, inventory), tmp_path, mode=mode)
    server = PhoneHttp(
        serve=desk.service.serve_file,
        trusted_proxies=(),
        limits=HttpLimits(),
        on_malformed=lambda _, __: None,
        now=lambda: NOW,
    )
    _, port = await server.start("127.0.0.1", 0)
    try:
        names = ["02ac3e000099.cfg", "02ac3e000001.cfg", "02ac3e000002.cfg", "no such name"]
        names += [f"p/{'z' * 26}/02ac3e000001.cfg", "assets/none", "02ac3e000001.boot"]
        told = {name: await raw(port, name) for name in names}
        for number in range(70):
            await raw(port, f"02ac3eff{number:04x}.cfg")
        told |= {f"throttled {name}": await raw(port, name) for name in names}
        assert len(set(told.values())) == 1, told
        status = next(iter(told.values())).split(b"\r\n")[0]
        assert status.split()[1] == (b"401" if mode is Mode.PASSWORD else b"404")
    finally:
        await server.stop(1)


async def raw(port: int, name: str) -> bytes:
    """All bytes of the answer; a nonce is of this moment, as Date is, and stands as `…`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    path = name.replace(" ", "%20")
    writer.write(f"GET /{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    octets = await reader.read()
    writer.close()
    while b'nonce="' in octets:
        before, _, rest = octets.partition(b'nonce="')
        octets = before + b"nonce=" + rest.partition(b'"')[2]
    return octets


async def test_a_store_that_is_away_is_told_so_and_not_taken_for_an_answer(
    lite: Database, shelf: Shelf, tmp_path: Path
) -> None:
    desk = desk_of(lite, shelf, await furnished(lite, known(10)), tmp_path)
    await lite.facts.close()
    with pytest.raises(StoreUnavailable):
        await desk.get("02ac3e000999.cfg")
    assert desk.strangers == []


async def test_in_password_mode_nothing_is_looked_up_for_who_does_not_log_in(
    lite: Database, shelf: Shelf, tmp_path: Path
) -> None:
    desk = desk_of(lite, shelf, await furnished(lite, known(10)), tmp_path, mode=Mode.PASSWORD)
    await lite.facts.close()
    with pytest.raises(LoginNeeded):
        await desk.get("02ac3e000999.cfg")


_TOKEN = Secret("abcdefghijklmnopqrstuvwx23")
