"""Where is a user registered? The contacts of an address of record, asked of the SIP server."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import aiohttp

from provisiond.inventory.errors import OutsideUnavailable
from provisiond.inventory.mac import Mac
from provisiond.outbound.sip_message import is_sip_uri, place_of_uri

_SECONDS: Final = 5.0
_LIMIT: Final = 1 << 20
_NOT_SET: Final = ("", "[not set]")
_GONE: Final = ("deleted", "expired")
_WORD: Final = re.compile(r"[0-9A-Fa-f][0-9A-Fa-f:.-]{10,15}[0-9A-Fa-f]")
_UUID: Final = re.compile(r"urn:uuid:0{8}-0{4}-[0-9a-f-]{10}([0-9a-f]{12})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One registration. `uri` is its contact as the phone gave it; `received` where the server
    saw it come from, a URI too, empty where that is the same; `path` are the proxies between
    (RFC 3327); `instance` is the +sip.instance (RFC 5626). `renewed` rises with each REGISTER."""

    uri: str
    user_agent: str = ""
    received: str = ""
    path: tuple[str, ...] = ()
    instance: str = ""
    renewed: int = 0

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts of the contact and of where it came from."""
        uris = (self.received, self.uri)
        places = (place_of_uri(uri) for uri in uris)
        return tuple(place.host for place in places if place is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What a registrar knows of a user. Where it does not tell domains apart (not `by_domain`), the
    contacts may be those of somebody who has the user in another domain."""

    contacts: tuple[Contact, ...] = ()
    by_domain: bool = True


class Registrar(Protocol):
    """Whoever knows what is registered."""

    async def registered(self, user: str, domain: str) -> Registered:
        """The live registrations of `user`@`domain`, none where there are none.

        Raises OutsideUnavailable.
        """


class KamailioRegistrar:
    """Kamailio's usrloc, asked over its JSON-RPC (modules jsonrpcs and xhttp) at `url`.

    Its `ul.lookup` answers AoR and Contacts, or the error `AOR not found …` (500 in 5.6); with
    `use_domain` off, its default, it cuts the domain from the address, whichever that is, and the
    AoR of the answer is the user alone. Seen of Kamailio 5.6.
    """

    def __init__(self, url: str, table: str = "location") -> None:
        self._url = url
        self._table = table

    async def registered(self, user: str, domain: str) -> Registered:
        """As `Registrar`."""
        asked = f"{user}@{domain}"
        question = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "ul.lookup",
            "params": [self._table, asked],
        }
        answer = await self._ask(question)
        error = answer.get("error")
        if error is not None:
            said = str(error.get("message", "")) if isinstance(error, Mapping) else ""
            if said.lower().startswith("aor not found"):
                return Registered()
            raise OutsideUnavailable(f"the registrar at {self._url} refused: {error}")
        result = answer.get("result")
        told = result if isinstance(result, Mapping) else {}
        entries = told.get("Contacts")
        if not isinstance(entries, Sequence):
            raise OutsideUnavailable(f"the registrar at {self._url} answers in another form")
        found = (_contact(entry) for entry in entries)
        return Registered(
            contacts=tuple([contact for contact in found if contact is not None]),
            by_domain=str(told.get("AoR", "")).lower() == asked.lower(),
        )

    async def _ask(self, question: dict[str, Any]) -> Mapping[str, Any]:
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(self._url, json=question) as reply,
            ):
                # Some versions give an RPC's fault as the HTTP status, with the same body.
                answer = await reply.json(content_type=None)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as fault:
            reason = str(fault) or type(fault).__name__
            raise OutsideUnavailable(
                f"the registrar at {self._url} does not answer ({reason}); is sip.registrar right?"
            ) from fault
        if not isinstance(answer, Mapping):
            raise OutsideUnavailable(f"the registrar at {self._url} answers in another form")
        return answer


def contact_of(
    mac: Mac, address: str | None, contacts: Iterable[Contact], *, alone: bool
) -> Contact | None:
    """The one of the contacts that is this phone's, None where that cannot be told.

    A MAC in its instance or User-Agent settles it, for and against; then `address`, which no
    other phone is known to have, where only one contact has it; then, where no other phone has
    the user (`alone`), there being no other contact. Of several that a phone has left behind the
    one renewed last is its own.
    """
    named = [(contact, _mac_of(contact)) for contact in contacts]
    sure = [contact for contact, own in named if own == mac]
    if sure:
        return max(sure, key=lambda contact: contact.renewed)
    rest = [contact for contact, own in named if own is None]
    here = [contact for contact in rest if address is not None and address in contact.hosts]
    if len(here) == 1:
        return here[0]
    return rest[0] if alone and len(rest) == 1 else None


def _mac_of(contact: Contact) -> Mac | None:
    """The MAC that a registration carries: in the last 12 digits of a UUID that is made of
    it alone (00000000-0000-1000-8000-…), or in the User-Agent, with or without separators."""
    instance = _UUID.search(contact.instance)
    if instance is not None:
        return Mac.from_hex(instance[1])
    for word in _WORD.findall(contact.user_agent):
        mac = Mac.from_hex(word)
        if mac is not None:
            return mac
    return None


def _contact(entry: object) -> Contact | None:
    """One entry of Contacts; it may be wrapped once more in `Contact`."""
    if not isinstance(entry, Mapping):
        return None
    inner = entry.get("Contact", entry)
    if not isinstance(inner, Mapping):
        return None
    said = {str(name): str(value) for name, value in inner.items() if value not in _NOT_SET}
    uri = said.get("Address", "")
    if not is_sip_uri(uri) or said.get("Expires") in _GONE:
        return None
    renewed = said.get("Last-Modified", "")
    received = said.get("Received", "")
    return Contact(
        uri=uri,
        user_agent=said.get("User-Agent", ""),
        received=received if is_sip_uri(received) else "",
        path=tuple(
            hop for hop in re.findall(r"<([^<>]+)>", said.get("Path", "")) if is_sip_uri(hop)
        ),
        instance=said.get("Instance", ""),
        renewed=int(renewed) if renewed.isdigit() else 0,
    )
