"""Are SIP servers found as phones find them? By name and port, and by NAPTR and SRV records."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from dns.asyncresolver import Resolver

from provisiond.outbound.sip_channel import Hop
from provisiond.outbound.sip_place import Finder
from tests.needs import need
from tests.sipp import free_port


@asynccontextmanager
async def name_server(folder: Path, *records: str) -> AsyncIterator[Finder]:
    """A finder that asks a dnsmasq with these records."""
    need("dnsmasq")
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        "dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null",
        f"--port={port}", "--listen-address=127.0.0.1", "--bind-interfaces", "--user=",
        f"--pid-file={folder}/pid", *records,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    resolver = Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = port
    table = Path("/proc/net/udp")
    while f"0100007F:{port:04X}" not in table.read_text():
        assert process.returncode is None
        await asyncio.sleep(0.01)
    try:
        yield Finder(resolver)
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.parametrize(
    ("host", "port", "transport", "hop"),
    [
        ("192.0.2.1", None, "udp", ("udp", "192.0.2.1", 5060)),
        ("192.0.2.1", None, "tls", ("tls", "192.0.2.1", 5061)),
        ("192.0.2.1", 5080, "tcp", ("tcp", "192.0.2.1", 5080)),
        ("[2001:db8::1]", None, "udp", ("udp", "2001:db8::1", 5060)),
        ("192.0.2.1", None, "dns", ("udp", "192.0.2.1", 5060)),
        ("192.0.2.1", 5080, "dns", ("udp", "192.0.2.1", 5080)),
    ],
)
async def test_an_address_needs_no_look_up(
    host: str, port: int | None, transport: str, hop: tuple[str, str, int]
) -> None:
    (found,) = await Finder().find(host, port, transport)
    assert (found.transport, found.address, found.port) == hop


async def test_srv_records_are_taken_by_priority(tmp_path: Path) -> None:
    records = (
        "--srv-host=_sip._udp.pbx.test,127.0.0.2,5070,20,1",
        "--srv-host=_sip._udp.pbx.test,127.0.0.1,5060,10,1",
    )
    async with name_server(tmp_path, *records) as finder:
        found = await finder.find("pbx.test", None, "dns")
    assert found == (
        Hop(transport="udp", address="127.0.0.1", port=5060, name="pbx.test"),
        Hop(transport="udp", address="127.0.0.2", port=5070, name="pbx.test"),
    )


async def test_naptr_records_say_the_transport(tmp_path: Path) -> None:
    records = (
        "--naptr-record=pbx.test,20,50,s,SIP+D2U,,_sip._udp.pbx.test",
        "--naptr-record=pbx.test,10,50,s,SIP+D2T,,_sip._tcp.pbx.test",
        "--naptr-record=pbx.test,5,50,s,E2U+sip,,_x.pbx.test",
        "--srv-host=_sip._udp.pbx.test,127.0.0.1,5060,10,1",
        "--srv-host=_sip._tcp.pbx.test,127.0.0.1,5072,10,1",
    )
    async with name_server(tmp_path, *records) as finder:
        found = await finder.find("pbx.test", None, "dns")
    assert [(hop.transport, hop.port) for hop in found] == [("tcp", 5072), ("udp", 5060)]


async def test_without_records_it_is_udp_on_5060(tmp_path: Path) -> None:
    async with name_server(tmp_path) as finder:
        found = await finder.find("localhost", None, "dns")
    assert {(hop.transport, hop.port) for hop in found} == {("udp", 5060)}


async def test_a_name_that_nobody_knows_is_a_fault(tmp_path: Path) -> None:
    async with name_server(tmp_path) as finder:
        with pytest.raises(OSError, match=r"pbx\.invalid cannot be found"):
            await finder.find("pbx.invalid", None, "dns")
