"""Can these phones be stored? Their MACs and tokens are free, and what they name is there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Phone
from provisiond.inventory.secret import Secret
from provisiond.store.records import ids_by, refuse
from provisiond.store.schema import directory, layout, phone, site, user_account
from provisiond.store.schema_emergency import emergency_address
from provisiond.store.sealing import token_hash
from provisiond.store.transaction import Read, Write, chunks


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """The ids of what phones name, all of their domain."""

    sites: Mapping[str, int]
    directories: Mapping[str, int]
    layouts: Mapping[str, int]
    users: Mapping[str, int]
    addresses: Mapping[str, int]

    def site(self, one: Phone) -> int | None:
        """The id of the phone's site."""
        return self.sites[one.site] if one.site is not None else None

    def directory(self, one: Phone) -> int | None:
        """The id of the phone's directory."""
        return self.directories[one.directory] if one.directory is not None else None

    def layout(self, one: Phone) -> int | None:
        """The id of the phone's layout."""
        return self.layouts[one.layout] if one.layout is not None else None

    def emergency_address(self, one: Phone) -> int | None:
        """The id of the phone's own emergency address."""
        name = one.emergency_address
        return self.addresses[name] if name is not None else None


async def check_macs(write: Write, domain_id: int, macs: Sequence[Mac]) -> None:
    """Raise Rejected where a MAC is taken or stands there twice.

    Of another domain's phone nothing is told but whom to ask.
    """
    faults = []
    owners: dict[str, int] = {}
    for some in chunks(macs):
        rows = await write.rows(
            sa.select(phone.c.mac, phone.c.domain_id).where(
                phone.c.mac.in_([mac.text for mac in some])
            )
        )
        owners.update({row.mac: row.domain_id for row in rows})
    seen: set[Mac] = set()
    for mac in macs:
        owner = owners.get(mac.text)
        if owner == domain_id:
            faults.append((str(mac), f"{mac} belongs to another phone of this domain."))
        elif owner is not None:
            faults.append((str(mac), f"{mac} cannot be added here; ask your provider."))
        elif mac in seen:
            faults.append((str(mac), f"{mac} stands there twice."))
        seen.add(mac)
    refuse("mac", faults)


async def check_tokens(write: Write, tokens: Mapping[Mac, Secret], own: Mapping[Mac, int]) -> None:
    """Raise Rejected where a token is another phone's; `own` is MAC → id of phones that exist."""
    hashes = {token_hash(token.reveal()): mac for mac, token in tokens.items()}
    faults = []
    if len(hashes) != len(tokens):
        faults.append(("phones", "two phones have the same token."))
    for some in chunks(list(hashes)):
        rows = await write.rows(
            sa.select(phone.c.token_hash, phone.c.id).where(phone.c.token_hash.in_(some))
        )
        for stored, phone_id in rows:
            mac = hashes[bytes(stored)]
            if own.get(mac) != phone_id:
                faults.append((str(mac), f"the token of {mac} is another phone's."))
    refuse("token", faults)


async def find_references(read: Read, domain_id: int, phones: Sequence[Phone]) -> References:
    """The ids of all that the phones name. Raises Rejected, every fault listed."""
    extensions = {line.extension for one in phones for line in one.lines}
    references = References(
        sites=await ids_by(read, domain_id, site.c.name, [one.site for one in phones]),
        directories=await ids_by(
            read, domain_id, directory.c.name, [one.directory for one in phones]
        ),
        layouts=await ids_by(read, domain_id, layout.c.name, [one.layout for one in phones]),
        users=await ids_by(read, domain_id, user_account.c.extension, extensions),
        addresses=await ids_by(
            read, domain_id, emergency_address.c.name, [one.emergency_address for one in phones]
        ),
    )
    faults: dict[str, list[tuple[str, str]]] = {}
    for one in phones:
        for field, name, known in (
            ("site", one.site, references.sites),
            ("directory", one.directory, references.directories),
            ("layout", one.layout, references.layouts),
            ("emergency_address", one.emergency_address, references.addresses),
        ):
            if name is not None and name not in known:
                what = field.replace("_", " ")
                fault = (str(one.mac), f"{one.mac} names {what} {name!r}, which is not there.")
                faults.setdefault(field, []).append(fault)
        for line in one.lines:
            if line.extension not in references.users:
                text = f"line {line.line} of {one.mac} is of extension {line.extension}, "
                fault = (f"{one.mac} line {line.line}", f"{text}which is not there.")
                faults.setdefault("extension", []).append(fault)
    for field, found in faults.items():
        refuse(field, found)
    return references
