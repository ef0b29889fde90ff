"""A name is asked for once, and one tenant's silent name servers hold up nobody else."""

import asyncio
import socket
import threading

import pytest

from provisiond.outbound.sip_names import Names, system_addresses
from provisiond.outbound.sip_place import Finder

HOSTILE, HONEST = 1, 2


class NameServer:
    """Knows every name but those that begin with `no`; is silent on `slow` ones until `speaks`."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.speaks = threading.Event()
        self.now = 0.0

    def ask(self, name: str) -> list[str]:
        self.asked.append(name)
        if name.startswith("slow"):
            self.speaks.wait()
        if name.startswith("no"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return ["192.0.2.1"]

    def names(self, threads: int = 4) -> Names:
        return Names(self.ask, threads=threads, clock=lambda: self.now)


async def test_one_tenants_silent_names_hold_up_no_other() -> None:
    server = NameServer()
    names = server.names()
    waiting = [
        asyncio.create_task(names.addresses(f"slow{number}.test", HOSTILE)) for number in range(20)
    ]
    assert await names.addresses("pbx.test", HONEST) == ("192.0.2.1",)
    assert await names.addresses("other.test", HONEST) == ("192.0.2.1",)
    assert [name for name in server.asked if name.startswith("slow")] == [
        "slow0.test",
        "slow1.test",
    ]
    assert not any(one.done() for one in waiting)
    server.speaks.set()
    assert set(await asyncio.gather(*waiting)) == {("192.0.2.1",)}


async def test_a_name_is_asked_for_once_at_a_time_and_kept() -> None:
    server = NameServer()
    names = server.names()
    for name in ("pbx.test", "no.test"):
        for _ in range(2):
            found = await asyncio.gather(
                *[names.addresses(name, tenant) for tenant in range(10)], return_exceptions=True
            )
            assert {str(one) for one in found} in (
                {"('192.0.2.1',)"},
                {"Name or service not known"},
            )
        assert server.asked.count(name) == 1, "whoever asks, and also that there is none"
    await names.addresses("PBX.test", HONEST)
    assert server.asked.count("pbx.test") == 1
    server.now = 31
    await names.addresses("pbx.test", HONEST)
    assert server.asked.count("pbx.test") == 2


async def test_a_name_that_waits_is_asked_for_by_whoever_may() -> None:
    server = NameServer()
    names = server.names()
    waiting = [
        asyncio.create_task(names.addresses(name, HOSTILE))
        for name in ("slow0.test", "slow1.test", "pbx.test", "gone.test")
    ]
    await asyncio.sleep(0)
    assert "pbx.test" not in server.asked
    assert await names.addresses("pbx.test", HONEST) == ("192.0.2.1",)
    waiting[3].cancel()
    await asyncio.wait(waiting[2:])
    server.speaks.set()
    await asyncio.gather(*waiting[:3])
    assert "gone.test" not in server.asked, "nobody waits for it any more"


async def test_who_asks_is_told_that_no_answer_came_in_time() -> None:
    server = NameServer()
    finder = Finder(names=server.names(), seconds=0.01)
    with pytest.raises(OSError, match=r"slow\.test cannot be found: its name servers are silent"):
        await finder.find("slow.test", 5060, "udp")
    (hop,) = await finder.find("192.0.2.7", 5060, "udp")
    assert (hop.address, server.asked) == ("192.0.2.7", ["slow.test"])
    server.speaks.set()


def test_the_systems_own_names_are_found() -> None:
    assert "127.0.0.1" in system_addresses("localhost")
    with pytest.raises(OSError, match=r"known|resolution"):
        system_addresses("pbx.invalid")
