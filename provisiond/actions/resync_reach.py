"""Where is this very phone reachable by SIP, and whom would a message reach beside it?"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from provisiond.catalog.build import effective_settings
from provisiond.catalog.onboarding import Resync as ResyncRule
from provisiond.inventory.domains import ResyncRoute, Settings, SipTransport
from provisiond.inventory.errors import Conflict, NotFound, Rejected
from provisiond.inventory.facts import PhoneFacts
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import PhoneLine
from provisiond.outbound.notify import Notify
from provisiond.outbound.registrar import Contact, Registrar, contact_of
from provisiond.outbound.sip_digest import Login
from provisiond.outbound.sip_message import host_text, place_of_uri
from provisiond.store.journal import get_sightings
from provisiond.store.resyncs import LineOwner, line_owners, neighbours
from provisiond.store.transaction import Read

_USER_SAFE = "-_.!~*'()&=+$,;?/"  # RFC 3261 §25.1: what needs no escape in a user part
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What else is where the phone is: `owners` have lines of its users, `address` is where it
    was last seen, `neighbours` other phones of the domain were last seen there."""

    owners: tuple[LineOwner, ...] = ()
    address: str | None = None
    neighbours: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Account:
    """A line as SIP knows it; `others` are the phones that have it too."""

    extension: str
    user: str
    login: Login
    others: tuple[Mac, ...]


async def look_around(read: Read, facts: PhoneFacts) -> Surroundings:
    """The phone's surroundings as the store knows them."""
    domain_id = facts.domain.domain_id
    owners = await line_owners(read, domain_id, facts.phone.lines, facts.phone.mac)
    seen = (await get_sightings(read, domain_id, [facts.phone_id])).get(facts.phone_id)
    if seen is None:
        return Surroundings(owners=owners)
    others = await neighbours(read, domain_id, facts.phone_id, seen.address)
    return Surroundings(owners=owners, address=seen.address, neighbours=others)


def route_of(facts: PhoneFacts) -> ResyncRoute:
    """The way that the phone's domain, site or own settings want."""
    return effective_settings(facts).resync_route or ResyncRoute.VIA_PROXY


def check_reach(
    facts: PhoneFacts, around: Surroundings, *, registrar: bool, even_if_shared: bool
) -> None:
    """Let it go on where the message can reach the phone and, unless that is wanted, no other.

    `registrar` says whether one can be asked for the phone's own contact. Raises Rejected where
    something is missing, Conflict naming the other phones.
    """
    route, settings = route_of(facts), effective_settings(facts)
    if not facts.phone.lines:
        message = "it has no line, and SIP reaches a phone by one."
        raise Rejected("lines", message, "Assign a user, or power-cycle the phone.")
    if route is ResyncRoute.VIA_PROXY and not settings.sip_server:
        raise Rejected("sip_server", "no SIP server is set.", "Set it in the domain.")
    if route is ResyncRoute.DIRECT and not registrar:
        _check_direct(facts.phone.mac, around, even_if_shared)
    elif not registrar and not even_if_shared:
        account = _accounts(facts, around)[0]
        if account.others:
            raise Conflict(
                f"user {account.extension} is on {_named(account.others)} too: the message "
                "would reach every one of them. Say so with --even-if-shared, or set "
                "sip.registrar, so that the phone's own contact is found."
            )


def _check_direct(mac: Mac, around: Surroundings, even_if_shared: bool) -> None:
    if around.address is None:
        message = f"{mac} was never seen, so that nobody knows its address."
        raise Rejected("resync_route", message, "Power-cycle it, or set via_proxy.")
    if around.neighbours and not even_if_shared:
        raise Conflict(
            f"{around.neighbours} other phones were last seen at {around.address} too: behind "
            "one address the message reaches whichever has the port. Say so with "
            "--even-if-shared, set sip.registrar, or resync_route = via_proxy."
        )


async def address_phone(
    facts: PhoneFacts,
    rule: ResyncRule,
    around: Surroundings,
    registrar: Registrar | None,
    *,
    reboot: bool,
    even_if_shared: bool,
) -> Notify:
    """The message for this phone. Raises Rejected, Conflict, NotFound where it is registered
    nowhere, OutsideUnavailable where the registrar does not answer."""
    check_reach(facts, around, registrar=registrar is not None, even_if_shared=even_if_shared)
    settings, route = effective_settings(facts), route_of(facts)
    accounts = _accounts(facts, around)
    account, contact = accounts[0], None
    if registrar is not None:
        account, contact = await _registered(
            facts, accounts, around, registrar, even_if_shared=even_if_shared
        )
    aor = f"sip:{quote(account.user, safe=_USER_SAFE)}@{_server(facts)}"
    if route is ResyncRoute.VIA_PROXY:
        place = _via_proxy(settings, aor, contact)
    elif contact is not None:
        place = _to_contact(contact)
    else:
        assert around.address is not None  # check_reach saw to it
        place = _to_address(around.address, rule.port, settings, account)
    return Notify(
        event=rule.reboot_event if reboot else rule.event,
        content_type=rule.content_type,
        body=(rule.reboot_body or rule.body) if reboot else rule.body,
        aor=aor,
        login=account.login,
        uri=place.uri,
        routes=place.routes,
        host=place.host,
        port=place.port,
        transport=place.transport,
    )


async def _registered(
    facts: PhoneFacts,
    accounts: Sequence[_Account],
    around: Surroundings,
    registrar: Registrar,
    *,
    even_if_shared: bool,
) -> tuple[_Account, Contact | None]:
    """The line by which the phone is registered, and its contact there; None to ask the server
    for all of the line's contacts."""
    mac, server = facts.phone.mac, _server(facts)
    unclear: list[tuple[_Account, int]] = []
    for account in accounts:
        contacts = await registrar.contacts(account.user, server)
        alone = not account.others
        address = around.address if alone or not around.neighbours else None
        chosen = contact_of(mac, address, contacts, alone=alone)
        if chosen is not None:
            return account, chosen
        if contacts:
            unclear.append((account, len(contacts)))
    if not unclear:
        users = ", ".join(account.user for account in accounts)
        raise NotFound(f"{mac} is not registered: the SIP server knows no contact of {users}.")
    if even_if_shared and route_of(facts) is ResyncRoute.VIA_PROXY:
        return unclear[0][0], None
    told = ", ".join(f"{account.user} has {count}" for account, count in unclear)
    raise Conflict(
        f"which contact is that of {mac} cannot be told ({told}): none carries its MAC, and "
        "its address does not settle it. --even-if-shared tells all of them, by way of the server."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    uri: str
    host: str
    port: int | None
    transport: str
    routes: tuple[str, ...] = ()


def _via_proxy(settings: Settings, aor: str, contact: Contact | None) -> _Place:
    """To the outbound proxy, or else the SIP server, as the phone's own requests go."""
    transport = (settings.transport or SipTransport.UDP).value
    host, port = settings.sip_server or "", settings.sip_port
    if settings.outbound_proxy:
        host, port = settings.outbound_proxy, settings.outbound_proxy_port or settings.sip_port
    if settings.transport is SipTransport.DNS_NAPTR:
        port = None  # phones are told none either, or they would not ask DNS
    proxy = f"sip:{host_text(host)}" + (f":{port}" if port is not None else "")
    proxy += f";transport={transport};lr" if transport in ("tcp", "tls") else ";lr"
    if contact is None:
        routes = (proxy,) if settings.outbound_proxy else ()
        return _Place(uri=aor, host=host, port=port, transport=transport, routes=routes)
    way = (proxy, *contact.path, *_received(contact))
    return _Place(uri=contact.uri, host=host, port=port, transport=transport, routes=way)


def _received(contact: Contact) -> tuple[str, ...]:
    """Where the phone really is, as a last hop: a contact behind NAT names an address that only
    the phone's own network knows."""
    if not contact.received or contact.path:
        return ()
    seen, said = place_of_uri(contact.received), place_of_uri(contact.uri)
    assert seen is not None  # the registrar's answers are read so
    assert said is not None
    if (seen.host, seen.port or 5060) == (said.host, said.port or 5060):
        return ()
    return (f"{contact.received};lr",)


def _to_contact(contact: Contact) -> _Place:
    """To where it is registered from, by the proxies it named."""
    first = place_of_uri(contact.path[0] if contact.path else contact.received or contact.uri)
    assert first is not None
    if first.transport not in ("udp", "tcp", "tls"):
        message = f"its contact wants {first.transport}, which cannot be spoken directly."
        raise Rejected("resync_route", message, "Set via_proxy.")
    return _Place(
        uri=contact.uri,
        host=first.host,
        port=first.port,
        transport=first.transport,
        routes=contact.path,
    )


def _to_address(address: str, port: int, settings: Settings, account: _Account) -> _Place:
    transport = "tcp" if settings.transport is SipTransport.TCP else "udp"
    uri = f"sip:{quote(account.user, safe=_USER_SAFE)}@{host_text(address)}:{port}"
    return _Place(uri=uri, host=address, port=port, transport=transport)


def _accounts(facts: PhoneFacts, around: Surroundings) -> list[_Account]:
    """The phone's lines, those that no other phone has first."""
    lines = sorted(facts.phone.lines, key=lambda line: line.line)
    accounts = [_account(facts, line, around) for line in lines if line.extension in facts.users]
    return sorted(accounts, key=lambda account: bool(account.others))


def _account(facts: PhoneFacts, line: PhoneLine, around: Surroundings) -> _Account:
    user = facts.users[line.extension]
    name = user.sip_user or user.extension
    others = {owner.mac for owner in around.owners if owner.extension == line.extension}
    return _Account(
        extension=user.extension,
        user=name,
        login=Login(user=user.sip_auth_user or name, password=user.sip_password),
        others=tuple(sorted(others)),
    )


def _server(facts: PhoneFacts) -> str:
    """The domain of an address of record: what the phones' files name as their server."""
    return host_text(effective_settings(facts).sip_server or facts.domain.name)


def _named(macs: Sequence[Mac]) -> str:
    more = f" and {len(macs) - _NAMED} more" if len(macs) > _NAMED else ""
    return ", ".join(str(mac) for mac in macs[:_NAMED]) + more
