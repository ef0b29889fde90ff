"""Do real clients log in by Digest, and is every log-in refused that is not of now and of this?"""

import asyncio
import base64
import hashlib
import itertools
import re
import shutil
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from provisiond.actions.nonces import LIFE_SECONDS
from provisiond.actions.phone_logins import LoginTerms
from provisiond.boot.http import PhoneHttp
from provisiond.boot.http_tls import TlsFiles
from provisiond.boot.limits import HttpLimits
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.admission import Mode
from provisiond.inventory.digest import Algorithm, phone_password
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.inventory.secret import Secret
from provisiond.store import phones
from provisiond.store.database import Database
from provisiond.store.sealing import SecretKey
from tests.actions.service import CANARY, NOW, PASSWORD_KEY, Desk, desk_of, furnished
from tests.boot.test_http_tls import GOOD, put
from tests.needs import need

MODELS = Path(__file__).parent.parent / "models"
MAC, OTHER = Mac("02ac3e000001"), Mac("02ac3e000002")
TOKEN = Secret("abcdefghijklmnopqrstuvwx23")
NAME = f"/{MAC.text}.cfg"
PASSWORD = phone_password(PASSWORD_KEY, TOKEN).reveal()


@dataclass
class Door:
    """A listener in password mode whose clock the test turns."""

    desk: Desk
    port: int
    at: list[datetime] = field(default_factory=lambda: [NOW])

    async def ask(
        self, authorization: str = "", name: str = NAME, method: str = "GET"
    ) -> tuple[int, str]:
        """Status, and the first challenge."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = f"{method} {name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        if authorization:
            head += f"Authorization: {authorization}\r\n"
        writer.write(f"{head}\r\n".encode())
        answer = (await reader.read()).decode()
        writer.close()
        told = re.search(r"WWW-Authenticate: (.*)\r\n", answer)
        return int(answer.split()[1]), told[1] if told is not None else ""

    async def nonce(self) -> str:
        """A fresh one."""
        found = re.search(r'nonce="([^"]+)"', (await self.ask())[1])
        assert found is not None
        return found[1]


Store = tuple[Path, SecretKey]
"""An empty one to be copied, and what it is sealed with."""


def login(
    nonce: str,
    *,
    count: int = 1,
    user: str = MAC.text,
    password: str = PASSWORD,
    uri: str = NAME,
    realm: str = "provisiond",
    method: str = "GET",
    algorithm: str = "SHA-256",
) -> str:
    """An Authorization header as RFC 7616 says, worked out apart from the program."""

    def hashed(text: str) -> str:
        return hashlib.new(algorithm.replace("-", ""), text.encode()).hexdigest()

    first, second = hashed(f"{user}:{realm}:{password}"), hashed(f"{method}:{uri}")
    response = hashed(f"{first}:{nonce}:{count:08x}:cn:auth:{second}")
    return (
        f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", qop=auth, '
        f'nc={count:08x}, cnonce="cn", response="{response}", algorithm={algorithm}'
    )


@pytest.fixture
async def door(tmp_path: Path, store: Store) -> AsyncIterator[Door]:
    async with opened(store, tmp_path, LoginTerms()) as made:
        yield made


@pytest.fixture
def store(sqlite_template: Path, key: SecretKey) -> Store:
    return sqlite_template, key


@asynccontextmanager
async def opened(
    store: Store, folder: Path, terms: LoginTerms, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Door]:
    template, key = store
    copy = await asyncio.to_thread(shutil.copy, template, folder / "provisiond.db")
    database = await Database.open(f"sqlite:///{copy}", key)
    line = (PhoneLine(line=1, extension="101"),)
    inventory = [
        Phone(mac=MAC, model="Acme D-6", lines=line, token=TOKEN),
        Phone(mac=OTHER, model="Acme D-6", lines=line, token=Secret("b" * 26)),
    ]
    domain_id = await furnished(database, inventory)
    shelf = await asyncio.to_thread(Shelf.load, [MODELS])
    desk = desk_of(database, shelf, domain_id, folder, mode=Mode.PASSWORD, terms=terms)
    at = [NOW]
    server = PhoneHttp(
        serve=desk.service.serve_file,
        trusted_proxies=(),
        limits=HttpLimits(),
        on_malformed=lambda _, __: None,
        now=lambda: at[0],
    )
    _, port = await server.start("127.0.0.1", 0, tls)
    try:
        yield Door(desk, port, at)
    finally:
        await server.stop(1)
        await database.close()


async def test_aiohttps_client_logs_in_and_is_not_asked_twice(door: Door) -> None:
    digest = aiohttp.DigestAuthMiddleware(login=MAC.text, password=PASSWORD)
    async with aiohttp.ClientSession(middlewares=(digest,)) as session:
        for _ in range(3):
            async with session.get(f"http://127.0.0.1:{door.port}{NAME}") as reply:
                assert reply.status == 200
                assert CANARY in await reply.read()
    outcomes = [entry.outcome for entry in door.desk.journal]
    assert outcomes == ["login_needed", "served", "served", "served"]
    assert door.desk.denied == []


@pytest.mark.parametrize("algorithm", list(Algorithm))
async def test_curl_logs_in(tmp_path: Path, store: Store, algorithm: Algorithm) -> None:
    need("curl")
    async with opened(store, tmp_path, LoginTerms(algorithms=(algorithm,))) as door:
        curl = await asyncio.create_subprocess_exec(
            "curl", "-sS", "--digest", "-u", f"{MAC.text}:{PASSWORD}",
            f"http://127.0.0.1:{door.port}{NAME}?x=1", f"http://127.0.0.1:{door.port}{NAME}",
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, _ = await curl.communicate()
        assert said.count(CANARY) == 2


async def test_curl_picks_of_what_is_offered(door: Door) -> None:
    need("curl")
    curl = await asyncio.create_subprocess_exec(
        "curl", "-sS", "--digest", "-u", f"{MAC.text.upper()}:{PASSWORD}",
        f"http://127.0.0.1:{door.port}/p/{TOKEN.reveal()}{NAME}", stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert CANARY in (await curl.communicate())[0]


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
async def test_a_log_in_is_good_once_and_for_what_it_says(door: Door, algorithm: str) -> None:
    nonce = await door.nonce()
    right = login(nonce, algorithm=algorithm)
    assert (await door.ask(right, name=f"/{MAC.text}.boot"))[0] == 401, "altered uri"
    assert (await door.ask(right, method="HEAD"))[0] == 401, "altered method"
    assert (await door.ask(right))[0] == 200
    status, told = await door.ask(right)
    assert (status, "stale=true" in told) == (401, True), "replayed"
    assert (await door.ask(login(nonce, count=2, algorithm=algorithm)))[0] == 200
    reused = login(nonce, count=2, uri="/x", algorithm=algorithm)
    assert (await door.ask(reused, name="/x"))[0] == 401, "reused count"


@asynccontextmanager
async def translated(door: Door, before: Callable[[int], None]) -> AsyncIterator[str]:
    """The URL of a NAT that gives each connection another address, and lets it make one request;
    `before` is called with the request's number, from 0."""
    numbers = itertools.count()

    async def passed_on(client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        request = await client.readuntil(b"\r\n\r\n")
        number = next(numbers)
        before(number)
        local = (f"127.0.0.{2 + number}", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port, local_addr=local)
        writer.write(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        back.write(await reader.read())
        writer.close()
        back.close()

    nat = await asyncio.start_server(passed_on, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{nat.sockets[0].getsockname()[1]}{NAME}"
    finally:
        nat.close()


async def fetched(client: str, url: str) -> int:
    """How many of two fetches brought the file."""
    if client == "curl":
        need("curl")
        curl = await asyncio.create_subprocess_exec(
            "curl", "-sS", "--digest", "-u", f"{MAC.text}:{PASSWORD}", url, url,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        return (await curl.communicate())[0].count(CANARY)
    found = 0
    digest = aiohttp.DigestAuthMiddleware(login=MAC.text, password=PASSWORD)
    async with aiohttp.ClientSession(middlewares=(digest,)) as session:
        for _ in range(2):
            async with session.get(url) as reply:
                found += (await reply.read()).count(CANARY)
    return found


@pytest.mark.parametrize("client", ["aiohttp", "curl"])
async def test_a_phone_whose_address_changes_with_each_connection_logs_in(
    door: Door, client: str
) -> None:
    """As behind some NATs: the challenge goes to one address, the log-in comes from another."""
    async with translated(door, lambda _: None) as url:
        assert await fetched(client, url) == 2
    asked = [(entry.outcome, entry.address) for entry in door.desk.journal]
    assert [outcome for outcome, _ in asked].count("served") == 2
    assert len({address for _, address in asked}) == len(asked) > 2
    assert door.desk.denied == []


@pytest.mark.parametrize(("client", "late"), [("aiohttp", 2), ("curl", 1)])
async def test_real_clients_ask_again_by_themselves_where_a_nonce_has_grown_too_old(
    door: Door, client: str, late: int
) -> None:
    """They are told `stale=true` (RFC 7616 section 3.3): nobody types the password again. curl
    meets it in its first answer; aiohttp, which answers once, when it uses a nonce again."""

    def turn_clock(number: int) -> None:
        if number == late:
            door.at[0] += timedelta(seconds=LIFE_SECONDS + 1)

    async with translated(door, turn_clock) as url:
        assert await fetched(client, url) == 2
    challenges = [entry for entry in door.desk.journal if entry.outcome == "login_needed"]
    assert "too old" in challenges[1].detail
    assert door.desk.denied == []


async def test_other_nonces_realms_users_and_passwords_are_refused(door: Door) -> None:
    nonce = await door.nonce()
    forged = ("1" if nonce[0] == "0" else "0") + nonce[1:]
    for wrong in (
        login(forged),
        login("a" * 60),
        login(nonce, realm="elsewhere"),
        login(nonce, password="x"),
        login(nonce, user="02ac3e000099"),
        login(nonce, user="admin"),
        login(nonce, algorithm="SHA-512"),
        basic_of(PASSWORD),
        "Bearer x",
        "Digest nonsense",
    ):
        status, told = await door.ask(wrong)
        assert (status, "stale=true" in told) == (401, False), wrong
    assert (await door.ask(login(nonce)))[0] == 200, "and the right one still is"
    refused = [entry for entry in door.desk.journal if entry.outcome == "login_refused"]
    assert len(refused) == len(door.desk.denied) == 10


async def test_an_expired_nonce_is_stale_and_a_fresh_one_good(door: Door) -> None:
    nonce = await door.nonce()
    door.at[0] += timedelta(seconds=LIFE_SECONDS + 1)
    status, told = await door.ask(login(nonce))
    assert (status, "stale=true" in told) == (401, True)
    assert (await door.ask(login(nonce, password="x")))[1].count("stale") == 0
    assert (await door.ask(login(await door.nonce())))[0] == 200


async def test_a_phone_that_is_in_gets_its_own_files_and_nobody_elses(door: Door) -> None:
    nonce = await door.nonce()
    for count, name in enumerate(
        (f"/{OTHER.text}.cfg", f"/p/{'b' * 26}/{OTHER.text}.cfg", f"/{MAC.text}.boot", "/none"), 1
    ):
        assert (await door.ask(login(nonce, count=count, uri=name), name=name))[0] == 404, name
    own = f"/p/{TOKEN.reveal()}{NAME}"
    assert (await door.ask(login(nonce, count=9, uri=own), name=own))[0] == 200


async def test_what_a_phone_is_given_says_how_it_logs_in(door: Door) -> None:
    digest = aiohttp.DigestAuthMiddleware(login=MAC.text, password=PASSWORD)
    url = f"http://127.0.0.1:{door.port}{NAME}"
    async with (
        aiohttp.ClientSession(middlewares=(digest,)) as session,
        session.get(url) as reply,
    ):
        body = await reply.text()
    assert f"provision.user = {MAC.text}\nprovision.password = {PASSWORD}\n" in body


async def test_a_renewed_password_takes_the_place_of_the_old_when_it_is_used(door: Door) -> None:
    database, domain_id = door.desk.database, door.desk.domain_id
    async with database.write() as write:
        fresh = await phones.renew_token(write, domain_id, MAC, NOW)
    new = phone_password(PASSWORD_KEY, fresh).reveal()
    nonce = await door.nonce()
    for count in (1, 2):
        assert (await door.ask(login(nonce, count=count)))[0] == 200, "the old is good so long"
    assert (await door.ask(login(nonce, count=3, password=new)))[0] == 200
    await door.desk.book.flush()
    assert (await door.ask(login(nonce, count=4)))[0] in (401, 404), "and then no more"
    assert (await door.ask(login(nonce, count=5, password=new)))[0] == 200


async def test_basic_is_taken_over_https_alone_and_where_it_is_set(
    tmp_path: Path, store: Store
) -> None:
    basic = basic_of(PASSWORD)
    (tmp_path / "plain").mkdir()
    async with opened(store, tmp_path / "plain", LoginTerms(basic=True)) as door:
        assert (await door.ask(basic))[0] == 401
    for name, allowed in (("set", True), ("unset", False)):
        folder = tmp_path / name
        folder.mkdir()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        files = TlsFiles(certificate=folder / "chain.pem", key=folder / "key.pem")
        put(files, GOOD)
        context.load_cert_chain(files.certificate, files.key)
        async with (
            opened(store, folder, LoginTerms(basic=allowed), context) as door,
            aiohttp.ClientSession() as session,
        ):
            for given, good in ((basic, allowed), (basic_of("x"), False)):
                async with session.get(
                    f"https://127.0.0.1:{door.port}{NAME}",
                    headers={"Authorization": given},
                    ssl=False,
                ) as reply:
                    assert reply.status == (200 if good else 401)


def basic_of(password: str) -> str:
    return f"Basic {base64.b64encode(f'{MAC.text}:{password}'.encode()).decode()}"
