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
from provisiond.inventory.sip_servers import may_be_one_server, server_address
from provisiond.outbound.notify import Notify
from provisiond.outbound.registrar import Contact, Registered, Registrar, contact_of
from provisiond.outbound.sip_digest import Login
from provisiond.outbound.sip_message import host_text, place_of_uri
from provisiond.store.journal import get_sightings
from provisiond.store.resync_reach import (
    LineOwner,
    Neighbours,
    line_owners,
    neighbours,
    users_elsewhere,
)
from provisiond.store.transaction import Read

_USER_SAFE = "-_.!~*'()&=+$,;?/"  # RFC 3261 §25.1: what needs no escape in a user part
_NAMED = 5
_ALONE = Neighbours()


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepts:
    """What whoever asks puts up with: `shared`, that other phones are told too; `strangers`, that
    those are of other domains, which only those who have all domains can answer for."""

    shared: bool = False
    strangers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What else is where the phone is, in every domain: `owners` have lines of its SIP users, at
    any server; `elsewhere` are those of its SIP users that other domains have too; `address` is
    where it was last seen, `neighbours` were last seen there too."""

    owners: tuple[LineOwner, ...] = ()
    elsewhere: frozenset[str] = frozenset()
    address: str | None = None
    neighbours: Neighbours = _ALONE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Account:
    """A line as SIP knows it; `others` are the phones of the domain that have it at the server
    too, `strangers` those of other domains, who are counted and never named. `elsewhere` says
    whether other domains have the user at all, `is_only` that nobody else has, at any server."""

    extension: str
    user: str
    login: Login
    others: tuple[Mac, ...]
    strangers: int
    elsewhere: bool
    is_only: bool

    @property
    def is_alone(self) -> bool:
        return not self.others and not self.strangers


async def look_around(read: Read, facts: PhoneFacts) -> Surroundings:
    """The phone's surroundings as the store knows them."""
    domain_id = facts.domain.domain_id
    users = {user.sip_user or user.extension for user in facts.users.values()}
    owners = await line_owners(read, facts.phone_id, users)
    elsewhere = await users_elsewhere(read, domain_id, users)
    seen = (await get_sightings(read, domain_id, [facts.phone_id])).get(facts.phone_id)
    if seen is None:
        return Surroundings(owners=owners, elsewhere=elsewhere)
    return Surroundings(
        owners=owners,
        elsewhere=elsewhere,
        address=seen.address,
        neighbours=await neighbours(read, domain_id, facts.phone_id, seen.address),
    )


def route_of(facts: PhoneFacts) -> ResyncRoute:
    """The way that the phone's domain, site or own settings want."""
    return effective_settings(facts).resync_route or ResyncRoute.VIA_PROXY


def check_reach(
    facts: PhoneFacts, around: Surroundings, accepts: Accepts, *, registrar: bool
) -> None:
    """Let it go on where the message can reach the phone and, unless that is accepted, no other.

    `registrar` says whether one can be asked for the phone's own contact. Raises Rejected where
    something is missing, Conflict where the phone is disabled or others would be told, naming
    those of its domain.
    """
    phone, route = facts.phone, route_of(facts)
    if not phone.enabled:
        message = f"{phone.mac} is disabled: it gets no files, so that telling it is of no use."
        raise Conflict(f"{message} First: `provisiond phones edit {phone.mac} --enable`.")
    if not phone.lines:
        message = "it has no line, and SIP reaches a phone by one."
        remedy = f"Give it one (`provisiond phones edit {phone.mac} --line 1=EXTENSION`), or "
        remedy += "power-cycle it."
        raise Rejected("lines", message, remedy)
    if route is ResyncRoute.VIA_PROXY and not effective_settings(facts).sip_server:
        remedy = f"Set it: `provisiond domains edit {facts.domain.name} --set sip_server=HOST`."
        raise Rejected("sip_server", "no SIP server is set.", remedy)
    if route is ResyncRoute.DIRECT and not registrar:
        _check_address(phone.mac, around, accepts)
    elif route is ResyncRoute.VIA_PROXY:
        _check_accounts(facts, around, accepts, registrar=registrar)


def _check_address(mac: Mac, around: Surroundings, accepts: Accepts) -> None:
    if around.address is None:
        message = f"{mac} was never seen, so that nobody knows its address."
        raise Rejected("resync_route", message, "Power-cycle it, or set via_proxy.")
    near = around.neighbours
    if (near.own or near.elsewhere) and not accepts.shared:
        raise Conflict(
            f"more than one phone was last seen at {around.address}: behind one address the "
            "message reaches whichever has the port. Say so with --even-if-shared, set "
            "sip.registrar, or resync_route = via_proxy."
        )
    _check_strangers(near.elsewhere, accepts)


def _check_accounts(
    facts: PhoneFacts, around: Surroundings, accepts: Accepts, *, registrar: bool
) -> None:
    accounts = _accounts(facts, around)
    first = accounts[0]
    if accepts.shared:
        asked = accounts if registrar else accounts[:1]
        _check_strangers(sum(account.strangers for account in asked), accepts)
    elif not registrar and not first.is_alone:
        raise Conflict(
            f"user {first.extension} is on {_named(first)} too, and the SIP server knows all of "
            f"them as {first.user}@{_server(facts)}: the message would reach every one. Say so "
            "with --even-if-shared, or set sip.registrar, so that the phone's own contact is found."
        )


def _check_strangers(strangers: int, accepts: Accepts) -> None:
    if strangers and not accepts.strangers:
        raise Conflict(
            "the message would reach phones of other domains too, and only those who look after "
            "every domain can accept that. Ask an admin."
        )


async def address_phone(
    facts: PhoneFacts,
    rule: ResyncRule,
    around: Surroundings,
    registrar: Registrar | None,
    *,
    reboot: bool,
    accepts: Accepts,
) -> Notify:
    """The message for this phone. Raises Rejected, Conflict, NotFound where it is registered
    nowhere, OutsideUnavailable where the registrar does not answer."""
    check_reach(facts, around, accepts, registrar=registrar is not None)
    settings, route = effective_settings(facts), route_of(facts)
    accounts = _accounts(facts, around)
    account, contact = accounts[0], None
    if registrar is not None:
        account, contact = await _registered(facts, accounts, around, registrar, accepts)
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
        tenant=facts.domain.domain_id,
        shared_at=_shared_at(facts, account, around, accepts) if place.uri == aor else frozenset(),
    )


def _shared_at(
    facts: PhoneFacts, account: _Account, around: Surroundings, accepts: Accepts
) -> frozenset[str]:
    """The addresses by which others name the server of the same SIP user. Whether the name that
    the phone has for its server leads there is known when it is sent; strangers there are beyond
    what `request_resync` could ask about."""
    server, own = _server_name(facts), facts.domain.domain_id
    addresses = [
        server_address(owner.server)
        for owner in around.owners
        if owner.user == account.user.lower()
        and not may_be_one_server(server, owner.server)
        and not (accepts.shared and owner.domain_id == own)
    ]
    return frozenset([address for address in addresses if address is not None])


async def _registered(
    facts: PhoneFacts,
    accounts: Sequence[_Account],
    around: Surroundings,
    registrar: Registrar,
    accepts: Accepts,
) -> tuple[_Account, Contact | None]:
    """The line by which the phone is registered, and its contact there; None to ask the server
    for all of the line's contacts."""
    mac, server = facts.phone.mac, _server(facts)
    unclear: list[tuple[_Account, int]] = []
    strange: list[str] = []
    for account in accounts:
        found = await registrar.registered(account.user, server)
        chosen = _own_contact(mac, account, found, around)
        if chosen is not None:
            return account, chosen
        if not found.contacts:
            continue
        # Strangers at the same server were for `request_resync` to ask about; of these it could
        # not know, and their contacts are nobody's business here, not even their number.
        if account.elsewhere and not found.by_domain and not account.strangers:
            strange.append(account.user)
        else:
            unclear.append((account, len(found.contacts)))
    if unclear and accepts.shared and route_of(facts) is ResyncRoute.VIA_PROXY:
        return unclear[0][0], None
    if strange:
        raise Conflict(_undivided(mac, strange))
    if not unclear:
        users = ", ".join(account.user for account in accounts)
        raise NotFound(f"{mac} is not registered: the SIP server knows no contact of {users}.")
    told = ", ".join(f"{account.user} has {count}" for account, count in unclear)
    raise Conflict(
        f"which contact is that of {mac} cannot be told ({told}): none carries its MAC, and "
        "its address does not settle it. --even-if-shared tells all of them, by way of the server."
    )


def _own_contact(
    mac: Mac, account: _Account, found: Registered, around: Surroundings
) -> Contact | None:
    """The phone's own of the contacts. Where the registrar does not tell domains apart and
    another has the user too, its MAC alone settles it."""
    alone, near, address = account.is_alone, around.neighbours, around.address
    if not found.by_domain:
        alone = alone and account.is_only
        address = None if account.elsewhere else address
    if not alone and (near.own or near.elsewhere):
        address = None
    return contact_of(mac, address, found.contacts, alone=alone)


def _undivided(mac: Mac, users: Sequence[str]) -> str:
    return (
        f"which contact is that of {mac} cannot be told: the registrar does not tell domains "
        f"apart, other domains have {', '.join(users)} too, and no contact carries its MAC. Set "
        'use_domain in Kamailio (`modparam("usrloc", "use_domain", 1)`), or have the phones '
        "register with +sip.instance or their MAC in the User-Agent."
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
    """The phone's lines, those that no other phone has first, then those of its domain only."""
    lines = sorted(facts.phone.lines, key=lambda line: line.line)
    accounts = [_account(facts, line, around) for line in lines if line.extension in facts.users]
    return sorted(accounts, key=lambda account: (account.strangers > 0, bool(account.others)))


def _account(facts: PhoneFacts, line: PhoneLine, around: Surroundings) -> _Account:
    user = facts.users[line.extension]
    name, domain_id = user.sip_user or user.extension, facts.domain.domain_id
    server, folded = _server_name(facts), name.lower()
    anywhere = [owner for owner in around.owners if owner.user == folded]
    owners = [owner for owner in anywhere if may_be_one_server(server, owner.server)]
    others = {owner.mac for owner in owners if owner.domain_id == domain_id}
    return _Account(
        extension=user.extension,
        user=name,
        login=Login(user=user.sip_auth_user or name, password=user.sip_password),
        others=tuple(sorted(others)),
        strangers=sum(owner.domain_id != domain_id for owner in owners),
        elsewhere=folded in around.elsewhere,
        is_only=not anywhere and folded not in around.elsewhere,
    )


def _server(facts: PhoneFacts) -> str:
    """The domain of an address of record, as URIs have it."""
    return host_text(_server_name(facts))


def _server_name(facts: PhoneFacts) -> str:
    """What the phones' files name as their server."""
    return effective_settings(facts).sip_server or facts.domain.name


def _named(account: _Account) -> str:
    """The other phones that have the line, as far as whoever asks may know of them."""
    macs = [str(mac) for mac in account.others]
    more = [f"{len(macs) - _NAMED} more"] if len(macs) > _NAMED else []
    strangers = ["phones of other domains"] if account.strangers else []
    named = ", ".join(macs[:_NAMED])
    return " and ".join(filter(None, [named, *more, *strangers]))
