"""HTTPS for phones: the floor, and certificates that change while phones are served."""

import asyncio
import logging
import ssl
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from provisiond.boot.http_tls import PhoneTls, TlsFiles
from provisiond.inventory.access import Transport
from provisiond.inventory.errors import BadSettings
from tests.boot.http_wire import CONFIG, HOST, Door, Shelf, connected, listening, until
from tests.boot.test_http_assets import asset

REQUEST = b"GET /x HTTP/1.1\r\n" + HOST + b"\r\n"
DAY = timedelta(days=1)
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A self-signed certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def locked_pem(self) -> bytes:
        lock = BestAvailableEncryption(b"secret")
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)


def issue(
    key: Key | None = None,
    *,
    begins: timedelta = -DAY,
    ends: timedelta = 30 * DAY,
) -> Pair:
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "prov.example.test")])
    at = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at + begins)
        .not_valid_after(at + ends)
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("prov.example.test"), x509.IPAddress(ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Pair(certificate=certificate, key=key)


GOOD = issue()
NEXT = issue(rsa.generate_private_key(65537, 2048), ends=60 * DAY)


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    files = TlsFiles(certificate=tmp_path / "fullchain.pem", key=tmp_path / "privkey.pem")
    put(files, GOOD)
    return files


def put(files: TlsFiles, pair: Pair) -> None:
    files.certificate.write_bytes(pair.certificate_pem)
    files.key.write_bytes(pair.key_pem)


def trusting(*pairs: Pair) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for pair in pairs or (GOOD, NEXT):
        context.load_verify_locations(cadata=pair.certificate_pem.decode())
    return context


async def loaded(files: TlsFiles) -> PhoneTls:
    """As the daemon does it: reading files would block the loop."""
    return await asyncio.to_thread(PhoneTls, files)


async def serial_seen(door: Door, name: str | None = "prov.example.test") -> int:
    """The serial number of the certificate that a new connection sees."""
    context = trusting()
    context.check_hostname = name is not None
    async with connected(door, context, name or "") as client:
        der = client.writer.get_extra_info("ssl_object").getpeercert(True)
        await client.send(REQUEST)
        assert (await client.response()).status == 200
    return x509.load_der_x509_certificate(der).serial_number


async def test_https_serves_and_tells_serve_that_it_is_https(files: TlsFiles) -> None:
    shelf = Shelf({"x": CONFIG})
    tls = await loaded(files)
    async with listening(shelf, context=tls.context) as door:
        assert await serial_seen(door) == GOOD.certificate.serial_number
    assert shelf.asked[0].peer.transport is Transport.HTTPS
    assert 29 < tls.days_left <= 30


async def test_assets_travel_over_tls_too(files: TlsFiles, tmp_path: Path) -> None:
    content = bytes(range(256)) * 20_000
    shelf = Shelf({"x": asset(tmp_path / "fw.rom", content)})
    async with (
        listening(shelf, context=(await loaded(files)).context) as door,
        connected(door, trusting(), "prov.example.test") as client,
    ):
        await client.send(REQUEST + REQUEST)
        assert (await client.response()).body == content
        assert (await client.response()).body == content


async def test_malformed_and_stalled_requests_end_over_tls_too(
    files: TlsFiles, caplog: pytest.LogCaptureFixture
) -> None:
    context = (await loaded(files)).context
    async with listening(Shelf(), context=context, header_seconds=0.4, linger_seconds=0.2) as door:
        async with connected(door, trusting(), "prov.example.test") as client:
            await client.send(b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n")
            assert (await client.response()).status == 400
            await client.closed()
        async with connected(door, trusting(), "prov.example.test") as client:
            await client.send(b"GET /a")
            await client.closed()
        await until(lambda: door.http.counters.open == 0)
    assert door.http.counters.cut_header == 1
    assert caplog.records == []


async def test_no_handshake_and_plain_http_on_the_tls_port_are_closed(
    files: TlsFiles, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(
        Shelf(), context=(await loaded(files)).context, header_seconds=0.3
    ) as door:
        async with connected(door) as client:
            await client.send(REQUEST)
            assert b"HTTP/1.1 200" not in await client.closed()
        async with connected(door) as client:
            assert await client.closed() == b""
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("name", ["prov.example.test", None])
async def test_a_new_pair_is_in_the_next_handshake_and_old_connections_live_on(
    files: TlsFiles, name: str | None
) -> None:
    """The new key is of another type, and phones that connect by address send no name (SNI)."""
    tls = await loaded(files)
    async with (
        listening(Shelf({"x": CONFIG}), context=tls.context) as door,
        connected(door, trusting(), "prov.example.test") as old,
    ):
        await old.send(REQUEST)
        assert (await old.response()).status == 200
        put(files, NEXT)
        assert await serial_seen(door, name) == GOOD.certificate.serial_number
        assert await tls.reload()
        assert await serial_seen(door, name) == NEXT.certificate.serial_number
        await old.send(REQUEST)
        assert (await old.response()).status == 200
    assert tls.failed_reloads == 0


def garbage(files: TlsFiles) -> None:
    files.certificate.write_bytes(b"not a certificate")


def half_written(files: TlsFiles) -> None:
    files.certificate.write_bytes(NEXT.certificate_pem[:400])
    files.key.write_bytes(NEXT.key_pem)


def wrong_key(files: TlsFiles) -> None:
    files.certificate.write_bytes(NEXT.certificate_pem)


def expired(files: TlsFiles) -> None:
    put(files, issue(begins=-30 * DAY, ends=-DAY))


def not_yet(files: TlsFiles) -> None:
    put(files, issue(begins=DAY))


def locked_key(files: TlsFiles) -> None:
    files.certificate.write_bytes(NEXT.certificate_pem)
    files.key.write_bytes(NEXT.locked_pem)


def no_key(files: TlsFiles) -> None:
    files.key.unlink()


def key_is_no_key(files: TlsFiles) -> None:
    files.key.write_bytes(GOOD.certificate_pem)


def chain_upside_down(files: TlsFiles) -> None:
    files.certificate.write_bytes(NEXT.certificate_pem + GOOD.certificate_pem)


BROKEN: dict[Callable[[TlsFiles], None], tuple[str, str]] = {
    garbage: ("certificate", "no PEM certificate"),
    half_written: ("certificate", "no PEM certificate"),
    wrong_key: ("key", "not the key"),
    expired: ("certificate", "expired"),
    not_yet: ("certificate", "valid only from"),
    locked_key: ("key", "encrypted"),
    no_key: ("key", "cannot be read"),
    key_is_no_key: ("key", "no PEM private key"),
    chain_upside_down: ("key", "not the key"),
}


@pytest.mark.parametrize("damage", BROKEN, ids=lambda damage: damage.__name__)
async def test_a_broken_pair_leaves_the_old_one_in_place(
    damage: Callable[[TlsFiles], None], files: TlsFiles, caplog: pytest.LogCaptureFixture
) -> None:
    setting, why = BROKEN[damage]
    tls = await loaded(files)
    async with listening(Shelf({"x": CONFIG}), context=tls.context) as door:
        damage(files)
        assert not await tls.reload()
        assert await serial_seen(door) == GOOD.certificate.serial_number
        put(files, NEXT)
        assert await tls.reload()
        assert await serial_seen(door) == NEXT.certificate.serial_number
    assert tls.failed_reloads == 1
    (record,) = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert f"boot.https.{setting}" in record.getMessage()
    assert why in record.getMessage()
    assert "PRIVATE" not in caplog.text


@pytest.mark.parametrize("damage", BROKEN, ids=lambda damage: damage.__name__)
def test_a_broken_pair_at_the_start_is_a_bad_setting(
    damage: Callable[[TlsFiles], None], files: TlsFiles
) -> None:
    setting, why = BROKEN[damage]
    damage(files)
    with pytest.raises(BadSettings) as caught:
        PhoneTls(files)
    (finding,) = caught.value.findings
    assert finding.where == f"boot.https.{setting}"
    assert why in finding.message
    assert finding.remedy


async def test_a_change_of_the_files_is_noticed(files: TlsFiles) -> None:
    tls = await loaded(files)
    watching = asyncio.create_task(tls.watch(0.02))
    try:
        async with listening(Shelf({"x": CONFIG}), context=tls.context) as door:
            files.key.write_bytes(NEXT.key_pem)  # renewal tools write one file after the other
            await until(lambda: tls.failed_reloads == 1)
            files.certificate.write_bytes(NEXT.certificate_pem)
            await until(lambda: tls.expires == NEXT.certificate.not_valid_after_utc)
            assert await serial_seen(door) == NEXT.certificate.serial_number
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def test_a_link_that_moves_is_a_change(tmp_path: Path) -> None:
    """certbot renews by pointing its links elsewhere."""
    live = TlsFiles(certificate=tmp_path / "live.pem", key=tmp_path / "live.key")
    for n, pair in enumerate((GOOD, NEXT)):
        (tmp_path / f"{n}.pem").write_bytes(pair.certificate_pem)
        (tmp_path / f"{n}.key").write_bytes(pair.key_pem)
    live.certificate.symlink_to(tmp_path / "0.pem")
    live.key.symlink_to(tmp_path / "0.key")
    tls = await loaded(live)
    watching = asyncio.create_task(tls.watch(0.02))
    try:
        for path, target in ((live.certificate, "1.pem"), (live.key, "1.key")):
            path.unlink()
            path.symlink_to(tmp_path / target)
        await until(lambda: tls.expires == NEXT.certificate.not_valid_after_utc)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def test_days_left_go_below_zero(files: TlsFiles) -> None:
    at = datetime.now(UTC)
    tls = PhoneTls(files, now=lambda: at)
    at += 31 * DAY
    assert -1.5 < tls.days_left < -0.5


async def handshake(door: Door, version: ssl.TLSVersion) -> str:
    """The version that a client which speaks no other ends up with; raises SSLError."""
    context = trusting()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    async with connected(door, context, "prov.example.test") as client:
        await client.send(REQUEST)
        assert (await client.response()).status == 200
        spoken: str = client.writer.get_extra_info("ssl_object").version()
        return spoken


VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}


@pytest.mark.parametrize("floor", VERSIONS)
async def test_the_floor_is_the_oldest_version_spoken(files: TlsFiles, floor: str) -> None:
    tls = await loaded(TlsFiles(certificate=files.certificate, key=files.key, floor=floor))
    async with listening(Shelf({"x": CONFIG}), context=tls.context) as door:
        for version, number in VERSIONS.items():
            if version >= floor:
                assert await handshake(door, number) == f"TLSv{version}".removesuffix(".0")
            else:
                with pytest.raises((ssl.SSLError, ConnectionError)):
                    await handshake(door, number)
