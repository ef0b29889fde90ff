"""Somebody asks for every MAC of a vendor: what do they get, and what do phones beside them?"""

import asyncio
import random
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from provisiond.actions.guesses import GuessLimits
from provisiond.actions.phone_logins import LoginTerms
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Peer, Transport
from provisiond.inventory.admission import Mode, opened
from provisiond.inventory.digest import phone_password
from provisiond.inventory.errors import LoginNeeded, Refused, StoreUnavailable
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.inventory.secret import Secret, new_token
from provisiond.store.database import Database
from provisiond.store.facts_sqlite import SqliteFacts
from provisiond.store.location import SqliteFile
from provisiond.store.sealing import SecretKey
from tests.actions.guessing import Guesser, boot_all, listening, own_name
from tests.actions.service import (
    CANARY,
    GUESSER,
    NOW,
    PASSWORD_KEY,
    PATIENT,
    Desk,
    desk_of,
    furnished,
)

GUESSES, KNOWN, OPEN, BESIDE = 2_000, 200, 5, 500
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


async def asked_all(desk: Desk, *, follow: int = 0) -> list[bytes]:
    """The bodies that the guesser gets, who follows the tokens in the first so many."""
    found = []
    for mac in guessed():
        try:
            found.append((await desk.get(f"{mac.text}.cfg")).body)
        except Refused:
            continue
        if len(found) <= follow:
            assert CANARY in (await desk.get(own_name(found[-1], mac))).body
    return found


@pytest.mark.parametrize("mode", [Mode.TOKEN, Mode.PASSWORD])
async def test_with_every_enrolment_closed_guessing_yields_nothing(
    lite: Database, shelf: Shelf, tmp_path: Path, mode: Mode
) -> None:
    domain_id = await furnished(lite, closed(known()))
    desk = desk_of(lite, shelf, domain_id, tmp_path, mode=mode)
    assert await asked_all(desk) == []
    assert desk.alarms == ["sweep", "sweep", "sweep"]


async def test_where_phones_log_in_an_open_enrolment_yields_nothing_either(
    lite: Database, shelf: Shelf, tmp_path: Path
) -> None:
    domain_id = await furnished(lite, known())
    desk = desk_of(lite, shelf, domain_id, tmp_path, mode=Mode.PASSWORD)
    assert await asked_all(desk) == []
    assert desk.alarms == ["sweep", "sweep", "sweep"]
    known_macs = {phone.mac for phone in known()}
    assert known_macs.isdisjoint(entry.mac for entry in desk.strangers)
    outcomes = [entry.outcome for entry in desk.journal]
    assert outcomes.count("login_needed") == KNOWN, "what any phone asks first is no miss"
    assert outcomes.count("unknown_phone") == 60
    assert outcomes.count("throttled") == 1


async def test_with_some_open_it_yields_those_and_each_raises_one_alarm(
    lite: Database, shelf: Shelf, tmp_path: Path
) -> None:
    """Also where the guesser follows the token in what it gets, as the phone would."""
    inventory = known()
    desk = desk_of(lite, shelf, await furnished(lite, inventory), tmp_path)
    bodies = await asked_all(desk, follow=OPEN - 1)
    assert len(bodies) == OPEN
    assert all(CANARY in body for body in bodies)
    for number, phone in enumerate(inventory * 2):  # now the phones themselves boot, twice
        peer = replace(GUESSER, address=ip_address(f"10.1.0.{number % KNOWN}"))
        with pytest.raises(Refused):
            await desk.get(f"{phone.mac.text}.cfg", peer)
    assert desk.alarms.count("enrolment_held") == OPEN
    held = [entry for entry in desk.journal if entry.outcome == "enrolment_held"]
    assert {entry.mac for entry in held} == {phone.mac for phone in inventory[:OPEN]}
    followed = [entry for entry in held if "came aboard from 10.0.0.66; now 10.1" in entry.detail]
    assert len(followed) == OPEN - 1
    assert sum("a second address" in entry.detail for entry in held) == 1


async def test_what_is_served_and_what_phones_ask_first_makes_no_refusal_wait(
    lite: Database, shelf: Shelf, tmp_path: Path
) -> None:
    phone = Phone(mac=Mac("02ac3e000001"), model="Acme D-6", lines=LINE, token=_TOKEN)
    domain_id = await furnished(lite, [phone])
    token = desk_of(lite, shelf, domain_id, tmp_path)
    password = desk_of(lite, shelf, domain_id, tmp_path, mode=Mode.PASSWORD)
    for _ in range(2 * PATIENT.misses):
        await token.get(f"p/{_TOKEN.reveal()}/02ac3e000001.cfg")
        for name in ("02ac3e000001.cfg", "02ac3e000099.cfg"):
            with pytest.raises(LoginNeeded):
                await password.get(name)
    for desk in (token, password):
        assert desk.watch.pause(Transport.HTTP, str(GUESSER.address), NOW) == 0


async def test_open_mode_serves_those_that_are_known_and_enabled(
    lite: Database, shelf: Shelf, tmp_path: Path
) -> None:
    desk = desk_of(lite, shelf, await furnished(lite, known()), tmp_path, mode=Mode.OPEN)
    assert len(await asked_all(desk)) == KNOWN - 1
    assert desk.alarms == ["sweep", "sweep", "sweep"]


@pytest.mark.parametrize("mode", list(Mode))
async def test_phones_behind_the_guessers_address_boot_meanwhile(
    lite: Database, shelf: Shelf, tmp_path: Path, mode: Mode
) -> None:
    inventory = [
        Phone(mac=Mac(f"02ac3f{n:06x}"), model="Acme D-6", lines=LINE, token=new_token())
        for n in range(BESIDE)
    ]
    domain_id = await furnished(lite, inventory)
    desk = desk_of(lite, shelf, domain_id, tmp_path, mode=mode, limits=GuessLimits())
    logs_in = mode is Mode.PASSWORD
    async with listening(desk) as base:
        # Challenges are not held back: twenty who guess are as busy as hundreds elsewhere.
        guesser = Guesser(base, guessed(), at_once=20 if logs_in else 500)
        guessing = asyncio.create_task(guesser.run())
        try:
            while not any(entry.outcome == "throttled" for entry in desk.journal):
                await asyncio.sleep(0.01)
            assert await boot_all(base, inventory, logs_in=logs_in) == BESIDE
            assert not guessing.done(), "they booted beside it, not after it"
        finally:
            guesser.enough.set()
            await guessing
    assert guesser.asked >= GUESSES
    assert guesser.secrets == set()
    assert guesser.statuses == {401 if logs_in else 404}
    assert desk.alarms == ["sweep", "sweep", "sweep"]
    outcomes = [entry.outcome for entry in desk.journal]
    assert outcomes.count("served") == BESIDE
    assert outcomes.count("throttled") == 1
    assert outcomes.count("unknown_phone") <= 61, "throttled misses are not journaled one by one"


@dataclass(frozen=True, kw_only=True)
class Refusals:
    """Phones that are refused for one reason each, and how many statements that takes."""

    desk: Desk
    statements: list[str]
    unadmitted: str = "02ac3e000001"
    disabled: str = "02ac3e000002"
    served: str = "02ac3e000003"
    outside: str = "02ac3e000004"
    other: str = "02ac3e000005"

    async def cost(self, name: str, peer: Peer = GUESSER, login: str = "") -> int:
        """The statements of one refused request."""
        self.statements.clear()
        with pytest.raises(Refused):
            await self.desk.get(name, peer, authorization=login)
        return len([text for text in self.statements if text.startswith("SELECT")])

    async def throttle(self) -> None:
        """Guess until the address is throttled."""
        for number in range(100):
            await self.cost(f"02ac3eff{number:04x}.cfg")
        assert "throttled" in [entry.outcome for entry in self.desk.journal]


@pytest.fixture
async def refusals(
    lite: Database, shelf: Shelf, tmp_path: Path, key: SecretKey, mode: Mode
) -> AsyncIterator[Refusals]:
    made = partial(Phone, model="Acme D-6", lines=LINE)
    inventory = [
        made(mac=Mac(Refusals.unadmitted)),
        made(mac=Mac(Refusals.disabled), enabled=False, enrolment=opened(NOW)),
        made(mac=Mac(Refusals.served), enrolment=opened(NOW), token=_TOKEN),
        made(mac=Mac(Refusals.outside), enrolment=opened(NOW)),
        made(mac=Mac(Refusals.other), enrolment=opened(NOW)),
    ]
    domain_id = await furnished(lite, inventory)
    statements: list[str] = []
    facts = await counted(lite, key, statements)
    terms = LoginTerms(basic=True)
    desk = desk_of(lite, shelf, domain_id, tmp_path, mode=mode, terms=terms)
    yield Refusals(desk=desk, statements=statements)
    await facts.close()


AGENT = replace(GUESSER, user_agent="Acme D6 1.2 02:ac:3e:00:00:99")
UNKNOWN = "02ac3e000999"


@pytest.mark.parametrize("mode", [Mode.TOKEN])
async def test_every_refusal_by_mac_costs_one_statement(refusals: Refusals) -> None:
    """Unknown, unadmitted, disabled, of another family, served before, throttled: all alike."""
    served, cost = refusals.served, refusals.cost
    assert await cost(f"{refusals.unadmitted}.cfg") == 1, "the first that its domain ever sees"
    assert CANARY in (await refusals.desk.get(f"{served}.cfg")).body
    assert CANARY in (await refusals.desk.get(f"p/{_TOKEN.reveal()}/{served}.cfg")).body
    far = replace(GUESSER, address=ip_address("192.0.2.1"))
    for _ in range(2):
        costs = {
            "unknown": await cost(f"{UNKNOWN}.cfg"),
            "unadmitted": await cost(f"{refusals.unadmitted}.cfg"),
            "disabled": await cost(f"{refusals.disabled}.cfg"),
            "closed since": await cost(f"{served}.cfg"),
            "outside the networks": await cost(f"{refusals.outside}.cfg", far),
            "another device": await cost(f"{refusals.other}.cfg", AGENT),
            "absent file": await cost(f"{refusals.unadmitted}.boot"),
        }
        assert set(costs.values()) == {1}, costs
    await refusals.throttle()
    assert await cost("02ac3e000998.cfg") == 1, "throttled"
    assert await cost(f"{refusals.unadmitted}.cfg") == 1


EDGE = PATIENT.misses - 2


@pytest.mark.parametrize("mode", list(Mode))
async def test_no_refusal_tells_by_the_wait_of_the_next_what_it_was(refusals: Refusals) -> None:
    """Two short of the wait: after any refusal the next one waits, whatever was asked for."""
    desk, cost = refusals.desk, refusals.cost
    in_mode = desk.service._policy.mode
    login = "Bearer x" if in_mode is Mode.PASSWORD else ""
    names = {
        "unknown": f"{UNKNOWN}.cfg",
        "unknown file": "no such name",
        "unknown token": f"p/{'z' * 26}/{refusals.served}.cfg",
        "disabled": f"{refusals.disabled}.cfg",
        "another device": f"{refusals.other}.cfg",
    }
    if in_mode is not Mode.OPEN:
        names["unadmitted"] = f"{refusals.unadmitted}.cfg"
        names["unadmitted, absent"] = f"{refusals.unadmitted}.boot"
    for number, (what, name) in enumerate(names.items()):
        peer = AGENT if what == "another device" else GUESSER
        guesser = replace(peer, address=ip_address(f"10.2.{number}.66"))
        for other in range(EDGE):
            await cost(f"02ac3eff{other:04x}.cfg", guesser, login)
        waits = []
        for _ in range(2):
            statements = await cost(name, guesser, login)
            assert statements == 1 or what in ("unknown file", "unknown token"), what
            waits.append(desk.watch.pause(Transport.HTTP, str(guesser.address), NOW) > 0)
        assert waits == [False, True], what
    assert "throttled" not in [entry.outcome for entry in desk.journal]


@pytest.mark.parametrize("mode", [Mode.OPEN])
async def test_in_open_mode_the_refusals_that_are_left_cost_one_statement(
    refusals: Refusals,
) -> None:
    cost = refusals.cost
    for _ in range(2):
        costs = {
            "unknown": await cost(f"{UNKNOWN}.cfg"),
            "disabled": await cost(f"{refusals.disabled}.cfg"),
            "another device": await cost(f"{refusals.other}.cfg", AGENT),
        }
        assert set(costs.values()) == {1}, costs
    await refusals.throttle()
    assert await cost("02ac3e000998.cfg") == 1, "throttled"
    assert await cost(f"{refusals.disabled}.cfg") == 1


@pytest.mark.parametrize("mode", [Mode.PASSWORD])
async def test_a_refused_log_in_costs_the_same_whether_a_phone_has_the_mac_or_not(
    refusals: Refusals,
) -> None:
    """None given: one statement. A wrong one: two, for its user and for what was asked."""
    names = {
        "unknown": UNKNOWN,
        "known": refusals.unadmitted,
        "disabled": refusals.disabled,
        "another token's": f"p/{_TOKEN.reveal()}/{refusals.disabled}",
        "no token": f"p/{'z' * 26}/{UNKNOWN}",
    }
    files = {
        f"{what} {end}": f"{mac}.{end}" for what, mac in names.items() for end in ("cfg", "boot")
    }
    for _ in range(2):
        costs = {what: await refusals.cost(name) for what, name in files.items()}
        assert set(costs.values()) == {1}, costs
        for login in ("Basic eDp5", "Digest x", "Bearer x"):
            costs = {what: await refusals.cost(name, login=login) for what, name in files.items()}
            assert set(costs.values()) == {1}, costs
        tls = replace(GUESSER, transport=Transport.HTTPS)
        costs = {
            f"{what} as {user}": await refusals.cost(name, tls, login=basic(user))
            for what, name in files.items()
            for user in (UNKNOWN, refusals.unadmitted, refusals.disabled)
        }
        assert set(costs.values()) == {2}, costs
        await refusals.throttle()


async def test_a_warm_answer_costs_no_statement_in_any_mode(
    lite: Database, shelf: Shelf, tmp_path: Path, key: SecretKey
) -> None:
    phone = Phone(mac=Mac("02ac3e000001"), model="Acme D-6", lines=LINE, token=_TOKEN)
    domain_id = await furnished(lite, [phone])
    statements: list[str] = []
    facts = await counted(lite, key, statements)
    token = desk_of(lite, shelf, domain_id, tmp_path)
    open_ = desk_of(lite, shelf, domain_id, tmp_path, mode=Mode.OPEN)
    terms = LoginTerms(basic=True)
    password = desk_of(lite, shelf, domain_id, tmp_path, mode=Mode.PASSWORD, terms=terms)
    login = basic(phone.mac.text, phone_password(PASSWORD_KEY, _TOKEN).reveal())
    tls = replace(GUESSER, transport=Transport.HTTPS)
    for desk, name, peer in (
        (token, f"p/{_TOKEN.reveal()}/02ac3e000001.cfg", GUESSER),
        (open_, "02ac3e000001.cfg", GUESSER),
        (password, "02ac3e000001.cfg", tls),
    ):
        await desk.get(name, peer, authorization=login)
        statements.clear()
        await desk.get(name, peer, authorization=login)
        assert statements == []
    await facts.close()


def basic(user: str, password: str = "x") -> str:
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


async def counted(lite: Database, key: SecretKey, statements: list[str]) -> SqliteFacts:
    """Have the phones' path note its statements."""
    assert isinstance(lite.location, SqliteFile)
    await lite.facts.close()
    facts = SqliteFacts(lite.location, key, trace=statements.append)
    lite.facts = facts
    return facts


@pytest.mark.parametrize("mode", list(Mode))
async def test_refusals_are_the_same_bytes(
    lite: Database, shelf: Shelf, tmp_path: Path, mode: Mode
) -> None:
    inventory = [
        Phone(mac=Mac("02ac3e000001"), model="Acme D-6", lines=LINE),
        Phone(mac=Mac("02ac3e000002"), model="Acme D-6", enabled=False, enrolment=opened(NOW)),
    ]
    desk = desk_of(lite, shelf, await furnished(lite, inventory), tmp_path, mode=mode)
    async with listening(desk) as base:
        names = ["02ac3e000099.cfg", "02ac3e000002.cfg", "no such name", "02ac3e000001.boot"]
        names += [f"p/{'z' * 26}/02ac3e000001.cfg", "assets/none"]
        names += ["02ac3e000001.cfg"] if mode is not Mode.OPEN else []
        told = {name: await raw(base, name) for name in names}
        for number in range(70):
            await raw(base, f"02ac3eff{number:04x}.cfg")
        assert "throttled" in [entry.outcome for entry in desk.journal]
        told |= {f"throttled {name}": await raw(base, name) for name in names}
        assert len(set(told.values())) == 1, told
        status = next(iter(told.values())).split(b"\r\n")[0]
        assert status.split()[1] == (b"401" if mode is Mode.PASSWORD else b"404")


async def raw(base: str, name: str) -> bytes:
    """All bytes of the answer; a nonce is of this moment, as Date is, and stands as `…`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(base).port)
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
    assert desk.strangers == [], "nobody knows whether it is one"


@pytest.mark.parametrize(
    ("name", "method", "is_miss"),
    [
        ("02ac3e000001.cfg", "GET", False),
        ("02ac3e000001.boot", "GET", False),
        ("acme06.cfg", "GET", False),
        ("assets/ring.wav", "GET", False),
        (f"p/{'a' * 26}/directory.xml", "GET", True),
        ("p/abcdefghijklmnopqrstuvwx23/directory.xml", "GET", False),
        ("02ac3e000001-log.txt", "PUT", False),
        ("anything", "PUT", True),
        ("02ac3e000099.cfg", "GET", True),
        ("02ac3e000099.cfg", "HEAD", True),
        ("no such name", "GET", True),
        ("../x", "GET", True),
    ],
)
async def test_without_a_log_in_what_is_asked_for_says_whether_it_is_a_miss(
    lite: Database, shelf: Shelf, tmp_path: Path, name: str, method: str, is_miss: bool
) -> None:
    phone = Phone(mac=Mac("02ac3e000001"), model="Acme D-6", lines=LINE, token=_TOKEN)
    domain_id = await furnished(lite, [phone])
    desk = desk_of(lite, shelf, domain_id, tmp_path, mode=Mode.PASSWORD)
    for login in ("", "Bearer x"):
        with pytest.raises(LoginNeeded):
            await desk.get(name, method=method, authorization=login)
    assert desk.watch.misses == (2 if is_miss else 0)
    challenged, refused = desk.journal
    assert (challenged.outcome == "login_needed") is not is_miss
    assert refused.outcome == "login_refused"
    assert _TOKEN.reveal() not in repr(desk.journal)


async def test_tftp_which_has_no_log_in_is_swept_for_nothing_and_not_unnoticed(
    lite: Database, shelf: Shelf, tmp_path: Path
) -> None:
    desk = desk_of(lite, shelf, await furnished(lite, known()), tmp_path, mode=Mode.PASSWORD)
    over = replace(GUESSER, transport=Transport.TFTP)
    for mac in guessed(1_000):
        with pytest.raises(Refused):
            await desk.get(f"{mac.text}.cfg", over)
    assert desk.alarms == ["sweep", "sweep"]
    assert {entry.outcome for entry in desk.denied} == {"unknown_phone", "not_admitted"}
    assert len(desk.strangers) == 300, "nobody is listed once everybody sweeps"


async def test_a_challenge_is_never_held_back_and_wrong_log_ins_are_all_alike(
    lite: Database, shelf: Shelf, tmp_path: Path
) -> None:
    phone = Phone(mac=Mac("02ac3e000001"), model="Acme D-6", lines=LINE, token=_TOKEN)
    domain_id = await furnished(lite, [phone])
    limits = GuessLimits(pause=3600.0)
    desk = desk_of(lite, shelf, domain_id, tmp_path, mode=Mode.PASSWORD, limits=limits)
    assert await asked_all(desk) == [], "two thousand challenges, and none waited"
    for _ in range(limits.misses - 1):
        desk.watch.refused(Transport.HTTP, str(GUESSER.address), NOW)

    async def ask(name: str) -> None:
        with pytest.raises(LoginNeeded):
            await desk.get(name, authorization="Bearer x")

    names = ("02ac3e000001.cfg", "02ac3e000099.cfg", "no such name")
    waiting = [asyncio.create_task(ask(name)) for name in names]
    done, held = await asyncio.wait(waiting, timeout=0.5)
    assert (len(done), len(held)) == (0, 3)
    for task in held:
        task.cancel()


_TOKEN = Secret("abcdefghijklmnopqrstuvwx23")
