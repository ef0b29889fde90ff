"""How can phones be simulated without anybody noticing? A door of one's own, on one's own terms.

It is a real HTTP or TFTP listener on loopback before the real service, and all that comes through
it is a probe: nothing is journaled, no enrolment notices. Nobody else can use it: each name has to
begin with a secret that only this process knows, and the store is opened for reading.
"""

import hmac
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from provisiond.actions.answers import AnswerCache
from provisiond.actions.enrolment import EnrolmentBook
from provisiond.actions.enrolment_store import StoredEnrolments
from provisiond.actions.file_messages import FileReply, FileRequest
from provisiond.actions.file_numbers import FileNumbers
from provisiond.actions.resolve_file import FileSources
from provisiond.actions.serve_file import FileService, Verbs
from provisiond.boot.http import PhoneHttp
from provisiond.boot.limits import HttpLimits
from provisiond.boot.peer import is_trusted, read_address
from provisiond.boot.tftp import TftpServer
from provisiond.catalog.shelf import Shelf
from provisiond.daemon_setup import policy_of, public_urls
from provisiond.inventory.access import Transport
from provisiond.inventory.admission import Policy
from provisiond.inventory.errors import ProvisiondError, UnknownFile
from provisiond.settings import Settings
from provisiond.simulator_boot import Answer, Ask, Wire
from provisiond.simulator_wire import http_wire, tftp_wire
from provisiond.store.database import Database

_LOOPBACK = "127.0.0.1"
_MOST_REASONS = 10_000


def file_service(settings: Settings, database: Database, shelf: Shelf) -> FileService:
    """The service of these settings for probes: what it would note, nobody hears."""
    sources = FileSources(
        facts=database.facts,
        numbers=FileNumbers(database),
        epochs=database.epochs,
        shelf=lambda: shelf,
        urls=public_urls(settings, database),
        book=EnrolmentBook(StoredEnrolments(database), database.epochs.enrolment),
        etag_key=database.key.derive("etag"),
    )
    return FileService(
        sources=sources,
        policy=policy_of(settings),
        cache=AnswerCache(0),
        assets=settings.assets_dir,
        verbs=Verbs(journal=lambda _: None, denied=lambda _: None),
    )


@asynccontextmanager
async def own_door(
    settings: Settings, database: Database, shelf: Shelf, *, tftp: bool, at_once: int
) -> AsyncIterator[Wire]:
    """A wire to a door of this process, open while the block runs."""
    door = _Door(file_service(settings, database, shelf), policy_of(settings))
    if tftp:
        server = TftpServer(
            serve=door.serve,
            networks=(ip_network("127.0.0.0/8"),),
            on_malformed=lambda _, __: None,
        )
        host, port = await server.start(_LOOPBACK, 0)
        try:
            async with tftp_wire(host, port, at_once, door.placed) as wire:
                yield _Explained(wire, door)
        finally:
            await server.stop(1)
        return
    http = PhoneHttp(
        serve=door.serve,
        trusted_proxies=(),
        limits=HttpLimits(connections=at_once + 64),
        on_malformed=lambda _, __: None,
    )
    host, port = await http.start(_LOOPBACK, 0)
    try:
        async with http_wire(f"http://{host}:{port}/", at_once, door.placed) as wire:
            yield _Explained(wire, door)
    finally:
        await http.stop(1)


class _Door:
    """What stands between the listener and the service: `secret/scheme/address/name`."""

    def __init__(self, service: FileService, policy: Policy) -> None:
        self._service = service
        self._secret = secrets.token_urlsafe(24)
        self._policy = policy
        self._reasons: dict[str, str] = {}

    def placed(self, ask: Ask) -> str:
        """The name on this door for what a phone asks."""
        plain = ask.scheme != "https"
        address = admitted_address(self._policy, plain=plain, wanted=ask.address)
        return f"{self._secret}/{ask.scheme or 'http'}/{address}/{ask.name}"

    def reason(self, ask: Ask) -> str:
        """Why the last request of this name was refused, as the journal would have it."""
        return self._reasons.pop(ask.name, "")

    async def serve(self, request: FileRequest) -> FileReply:
        """The service's reply to a probe, as from the phone's own address and transport."""
        parts = request.name.lstrip("/").split("/", 3)
        if len(parts) < 4 or not hmac.compare_digest(parts[0].encode(), self._secret.encode()):
            raise UnknownFile("not one of the simulated phones")
        _, scheme, address, name = parts
        peer = replace(
            request.peer,
            address=ip_address(address),
            transport=Transport(scheme),
        )
        try:
            return await self._service.serve_file(
                replace(request, name=name, peer=peer, probe=True)
            )
        except ProvisiondError as fault:
            if len(self._reasons) < _MOST_REASONS:
                self._reasons[name] = str(fault)
            raise


class _Explained:
    """A wire that knows why something was refused."""

    def __init__(self, wire: Wire, door: _Door) -> None:
        self._wire = wire
        self._door = door

    async def ask(self, ask: Ask) -> Answer:
        answer = await self._wire.ask(ask)
        return replace(answer, reason=answer.reason or self._door.reason(ask))


def admitted_address(
    policy: Policy, *, plain: bool, wanted: str | None = None
) -> IPv4Address | IPv6Address:
    """The address a phone asks from: `wanted`, else one from where phones may enrol, and in the
    clear if `plain`; loopback where there is none."""
    if wanted:
        return ip_address(wanted)
    loopback = ip_address(_LOOPBACK)
    networks = (policy.enrol_networks, policy.plain_networks if plain else policy.enrol_networks)
    firsts = [
        network.network_address + min(1, network.num_addresses - 1)
        for some in networks
        for network in some
    ]
    for address in (loopback, *firsts):
        if all(
            any(network.version == address.version and address in network for network in some)
            for some in networks
        ):
            return address
    return loopback


def asking_address(host: str) -> IPv4Address | IPv6Address | None:
    """From which address of its own this machine asks that numeric one; None where it cannot.

    Nothing is sent: the kernel chooses when a datagram socket is connected.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_DGRAM)) as probe:
        probe.setblocking(False)
        try:
            probe.connect((host, 9))
            return read_address(str(probe.getsockname()[0]))
        except OSError:
            return None


def forwarded_for(settings: Settings, host: str, *, plain: bool) -> str:
    """The phone's address to name when a listener at this numeric address is asked: an admitted
    one where the listener takes this machine for a proxy, whose own address is nobody's; else
    empty."""
    own = asking_address(host)
    if own is None or not is_trusted(own, settings.boot.trusted_proxies):
        return ""
    return str(admitted_address(policy_of(settings), plain=plain))
