"""The simulation's own door serves those who know its secret, notices nothing, writes nothing."""

from datetime import UTC, datetime
from ipaddress import ip_address, ip_network

import pytest

from provisiond.actions.file_messages import FileReply, FileRequest
from provisiond.inventory.access import Peer, Transport
from provisiond.inventory.admission import Mode, Policy
from provisiond.inventory.errors import NotAdmitted, UnknownFile
from provisiond.simulator_boot import Ask
from provisiond.simulator_door import _Door

NETWORKS = (ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8"))


class Recording:
    """A service that answers every request and keeps it."""

    def __init__(self) -> None:
        self.asked: list[FileRequest] = []

    async def serve_file(self, request: FileRequest) -> FileReply:
        self.asked.append(request)
        if request.name == "refused":
            raise NotAdmitted("not this one")
        return FileReply(body=b"x")


def policy(plain: str = "127.0.0.0/8", enrol: str = "127.0.0.0/8") -> Policy:
    return Policy(
        mode=Mode.TOKEN,
        plain_networks=(ip_network(plain),) if plain else (),
        enrol_networks=(ip_network(enrol),) if enrol else (),
    )


def door(service: Recording, said: Policy | None = None) -> _Door:
    return _Door(service, said or policy())  # type: ignore[arg-type]


def request(name: str) -> FileRequest:
    peer = Peer(address=ip_address("127.0.0.1"), port=1, transport=Transport.HTTP)
    return FileRequest(name=name, peer=peer, at=datetime.now(UTC))


def ask(name: str = "a.cfg", scheme: str = "http", address: str | None = None) -> Ask:
    return Ask(scheme=scheme, name=name, agent=None, address=address)


@pytest.mark.parametrize("name", ["a.cfg", "/a.cfg", "x/http/127.0.0.1/a.cfg", "", "///a.cfg"])
async def test_who_does_not_know_the_secret_gets_nothing(name: str) -> None:
    service = Recording()
    with pytest.raises(UnknownFile):
        await door(service).serve(request(name))
    assert service.asked == []


async def test_what_comes_through_is_a_probe_under_its_own_name() -> None:
    service = Recording()
    one = door(service)
    await one.serve(request(one.placed(ask("p/token/a.cfg"))))
    assert [(r.name, r.probe) for r in service.asked] == [("p/token/a.cfg", True)]


@pytest.mark.parametrize(
    ("scheme", "said", "address", "transport"),
    [
        ("http", policy(), "127.0.0.1", Transport.HTTP),
        ("tftp", policy("10.0.0.0/8", "10.0.0.0/8"), "10.0.0.1", Transport.TFTP),
        ("https", policy("", "192.0.2.0/24"), "192.0.2.1", Transport.HTTPS),
        ("http", policy("10.0.0.0/8", "10.9.0.0/16"), "10.9.0.1", Transport.HTTP),
        ("http", policy("", ""), "127.0.0.1", Transport.HTTP),
    ],
)
async def test_it_asks_from_where_the_settings_admit(
    scheme: str, said: Policy, address: str, transport: Transport
) -> None:
    service = Recording()
    one = door(service, said)
    await one.serve(request(one.placed(ask(scheme=scheme))))
    peer = service.asked[0].peer
    assert (str(peer.address), peer.transport) == (address, transport)


async def test_a_phone_in_the_middle_of_its_enrolment_asks_from_its_own_address() -> None:
    service = Recording()
    one = door(service)
    await one.serve(request(one.placed(ask(address="10.1.2.3"))))
    assert str(service.asked[0].peer.address) == "10.1.2.3"


async def test_why_something_was_refused_is_told_once() -> None:
    one = door(Recording())
    with pytest.raises(NotAdmitted):
        await one.serve(request(one.placed(ask("refused"))))
    assert one.reason(ask("refused")) == "not this one"
    assert one.reason(ask("refused")) == ""
