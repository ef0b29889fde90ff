"""Where are a domain's phones kept?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.errors import NotFound
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Enrolment, Phone
from provisiond.inventory.secret import Secret, new_token
from provisiond.store.enrolment import (
    enrolment_columns,
    enrolment_record,
    open_enrolment,
)
from provisiond.store.handsets_json import handsets_from_json, handsets_to_json
from provisiond.store.instants import to_stored, to_stored_if_any
from provisiond.store.phone_checks import References, check_macs, check_tokens, find_references
from provisiond.store.phone_parts import Parts, insert_parts, load_parts, replace_parts
from provisiond.store.records import delete_ids, seen_last, update_rows
from provisiond.store.schema import directory, layout, phone, site
from provisiond.store.schema_emergency import emergency_address
from provisiond.store.sealing import token_hash
from provisiond.store.settings_json import settings_from_json, settings_to_json
from provisiond.store.transaction import AnyRow, Read, Write, chunks

__all__ = [
    "delete_phone",
    "find_phones",
    "get_phone",
    "insert_phones",
    "list_phones",
    "open_enrolment",
    "phone_ids",
    "renew_token",
    "rotate_token",
    "update_phone",
    "update_phones",
]


async def list_phones(
    read: Read, domain_id: int, *, after: Mac | None = None, limit: int = 1000
) -> tuple[Phone, ...]:
    """Phones with all their parts, by MAC, those after `after`, at most `limit`.

    `buttons` are the phone's own; those of its layout stay with the layout.
    """
    rows = await read.rows(
        _select(domain_id)
        .where(phone.c.mac > (after.text if after is not None else ""))
        .order_by(phone.c.mac)
        .limit(limit)
    )
    parts = await load_parts(read, domain_id, [row.id for row in rows])
    return tuple([_record(read, row, parts[row.id]) for row in rows])


async def get_phone(read: Read, domain_id: int, mac: Mac) -> Phone:
    """One phone. Raises NotFound."""
    found = await find_phones(read, domain_id, [mac])
    if not found:
        raise NotFound(f"there is no phone {mac}.")
    return found[mac]


async def find_phones(read: Read, domain_id: int, macs: Sequence[Mac]) -> dict[Mac, Phone]:
    """Those of the phones that are in the domain."""
    found: dict[Mac, Phone] = {}
    for some in chunks(macs):
        rows = await read.rows(
            _select(domain_id).where(phone.c.mac.in_([mac.text for mac in some]))
        )
        parts = await load_parts(read, domain_id, [row.id for row in rows])
        found.update({Mac(row.mac): _record(read, row, parts[row.id]) for row in rows})
    return found


async def phone_ids(read: Read, domain_id: int, macs: Sequence[Mac]) -> dict[Mac, int]:
    """The ids of those of the phones that are in the domain."""
    found: dict[Mac, int] = {}
    for some in chunks(macs):
        rows = await read.rows(
            sa.select(phone.c.mac, phone.c.id)
            .where(phone.c.domain_id == domain_id)
            .where(phone.c.mac.in_([mac.text for mac in some]))
        )
        found.update({Mac(row.mac): row.id for row in rows})
    return found


async def insert_phones(
    write: Write,
    domain_id: int,
    records: Sequence[Phone],
    *,
    author: str = "",
    at: datetime | None = None,
) -> None:
    """Add phones with all their parts; one without a token gets a fresh one.

    `author` and `at` are kept with their overrides. Raises Rejected (RejectedAll for several):
    a MAC or token that is taken, a site, layout, directory or extension that is not there, a
    line or key used twice.
    """
    records = [one if one.token else replace(one, token=new_token()) for one in records]
    await check_macs(write, domain_id, [one.mac for one in records])
    await check_tokens(write, {one.mac: one.token for one in records}, {})
    references = await find_references(write, domain_id, records)
    ids = await write.new_ids(len(records))
    phones = dict(zip(ids, records, strict=True))
    await write.insert(
        phone,
        [
            {
                "domain_id": domain_id,
                "id": phone_id,
                **_columns(write, domain_id, phone_id, one, references),
                **enrolment_columns(one.enrolment),
            }
            for phone_id, one in phones.items()
        ],
    )
    await insert_parts(
        write, domain_id, phones, references.users, author=author, at=to_stored_if_any(at)
    )
    write.touch_domain(domain_id)


async def update_phone(
    write: Write,
    domain_id: int,
    mac: Mac,
    record: Phone,
    *,
    author: str = "",
    at: datetime | None = None,
) -> None:
    """Replace the phone that has `mac`, which the record may change (a swapped device).

    `record.revision` is the one that was read; an empty token keeps the one that stands, and the
    enrolment is left as it is. Raises NotFound, Conflict and Rejected as `insert_phones`.
    """
    if record.mac != mac:
        await check_macs(write, domain_id, [record.mac])
    await _replace(write, domain_id, {mac: record}, author=author, at=at, enrolments=False)


async def update_phones(
    write: Write,
    domain_id: int,
    records: Sequence[Phone],
    *,
    author: str = "",
    at: datetime | None = None,
    enrolments: bool = False,
) -> None:
    """Replace many phones, each found by its MAC; as `update_phone`, fast.

    With `enrolments` each record's enrolment is put in place too (an import of one).
    """
    by_mac = {record.mac: record for record in records}
    await _replace(write, domain_id, by_mac, author=author, at=at, enrolments=enrolments)


async def delete_phone(write: Write, domain_id: int, mac: Mac, *, revision: int) -> None:
    """Delete a phone with all its parts and its sighting. Raises NotFound and Conflict."""
    ids = await seen_last(write, domain_id, phone.c.mac, {mac.text: revision}, "phone")
    await delete_ids(write, phone.c.id, domain_id, list(ids.values()))
    write.touch_domain(domain_id)
    write.touch_enrolment(domain_id)


async def rotate_token(write: Write, domain_id: int, mac: Mac) -> Secret:
    """Give a phone a fresh token; the old one names nobody from now on. Raises NotFound."""
    ids = await phone_ids(write, domain_id, [mac])
    if not ids:
        raise NotFound(f"there is no phone {mac}.")
    token = new_token()
    values = {"id_": ids[mac], **_token_columns(write, domain_id, ids[mac], token), **_NO_RENEWAL}
    await update_rows(write, phone, domain_id, [values])
    write.touch_domain(domain_id)
    write.touch_enrolment(domain_id)
    return token


async def renew_token(write: Write, domain_id: int, mac: Mac, at: datetime) -> Secret:
    """Give a phone a fresh token; the one that it has stays good until it asks with the new one.

    Renewed again before that, the token in between names nobody. Raises NotFound.
    """
    row = await write.first(
        sa.select(phone.c.id, phone.c.token, phone.c.token_hash, phone.c.old_token)
        .where(phone.c.domain_id == domain_id)
        .where(phone.c.mac == mac.text)
    )
    if row is None:
        raise NotFound(f"there is no phone {mac}.")
    token = new_token()
    values = {"id_": row.id, **_token_columns(write, domain_id, row.id, token)}
    values["renewed_at"] = to_stored(at)
    if row.old_token is None:
        values |= {"old_token": row.token, "old_token_hash": row.token_hash}
    await update_rows(write, phone, domain_id, [values])
    write.touch_domain(domain_id)
    write.touch_enrolment(domain_id)
    return token


async def _replace(
    write: Write,
    domain_id: int,
    records: Mapping[Mac, Phone],
    *,
    author: str,
    at: datetime | None,
    enrolments: bool,
) -> None:
    revisions = {mac.text: record.revision for mac, record in records.items()}
    by_text = await seen_last(write, domain_id, phone.c.mac, revisions, "phone")
    ids = {mac: by_text[mac.text] for mac in records}
    await check_tokens(
        write,
        {record.mac: record.token for record in records.values() if record.token},
        {record.mac: ids[mac] for mac, record in records.items()},
    )
    references = await find_references(write, domain_id, list(records.values()))
    before = await load_parts(write, domain_id, list(ids.values()))
    # One statement sets the same columns in all its rows, so those without a token go apart.
    for with_token in (True, False):
        await update_rows(
            write,
            phone,
            domain_id,
            [
                {
                    "id_": ids[mac],
                    **_columns(write, domain_id, ids[mac], record, references),
                    **(enrolment_columns(record.enrolment) if enrolments else {}),
                }
                for mac, record in records.items()
                if bool(record.token) is with_token
            ],
        )
    phones = {ids[mac]: record for mac, record in records.items()}
    await replace_parts(
        write, domain_id, before, phones, references.users, author=author, at=to_stored_if_any(at)
    )
    write.touch_domain(domain_id)
    # Whether a phone is enabled is an admission fact, too.
    write.touch_enrolment(domain_id)


def _select(domain_id: int) -> sa.Select[Any]:
    def same(reference: sa.Column[Any], table: sa.Table) -> sa.ColumnElement[bool]:
        return (table.c.domain_id == phone.c.domain_id) & (table.c.id == reference)

    return (
        sa.select(
            phone,
            site.c.name.label("site"),
            directory.c.name.label("directory"),
            layout.c.name.label("layout"),
            emergency_address.c.name.label("emergency_address"),
        )
        .outerjoin(site, same(phone.c.site_id, site))
        .outerjoin(directory, same(phone.c.directory_id, directory))
        .outerjoin(layout, same(phone.c.layout_id, layout))
        .outerjoin(emergency_address, same(phone.c.emergency_address_id, emergency_address))
        .where(phone.c.domain_id == domain_id)
    )


def _columns(
    write: Write, domain_id: int, phone_id: int, record: Phone, references: References
) -> dict[str, Any]:
    columns = {
        "mac": record.mac.text,
        "model": record.model,
        "name": record.name,
        "site_id": references.site(record),
        "notes": record.notes,
        "directory_id": references.directory(record),
        "layout_id": references.layout(record),
        "enabled": record.enabled,
        "handsets": handsets_to_json(record.handsets),
        "emergency_address_id": references.emergency_address(record),
        "settings": settings_to_json(record.settings, write.key, f"phone/{domain_id}/{phone_id}"),
    }
    if record.token:
        columns |= _token_columns(write, domain_id, phone_id, record.token)
    return columns


_NO_RENEWAL = {"old_token": None, "old_token_hash": None, "renewed_at": None}


def _token_columns(write: Write, domain_id: int, phone_id: int, token: Secret) -> dict[str, Any]:
    sealed = write.key.seal(token, f"phone/{domain_id}/{phone_id}/token")
    return {"token": sealed, "token_hash": token_hash(token.reveal())}


def _record(read: Read, row: AnyRow, parts: Parts) -> Phone:
    where = f"phone/{row.domain_id}/{row.id}"
    enrolment: Enrolment = enrolment_record(row)
    return Phone(
        mac=Mac(row.mac),
        model=row.model,
        name=row.name,
        site=row.site,
        notes=row.notes,
        directory=row.directory,
        enabled=row.enabled,
        lines=tuple(parts.lines),
        handsets=handsets_from_json(row.handsets),
        sidecars=tuple(parts.sidecars),
        layout=row.layout,
        buttons=tuple(parts.buttons),
        overrides=tuple(parts.overrides),
        settings=settings_from_json(row.settings, read.key, where),
        token=read.key.open(row.token, f"{where}/token"),
        enrolment=enrolment,
        emergency_address=row.emergency_address,
        revision=row.revision,
    )
