"""What does the inventory hold, as a file that `import` takes back?"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from provisiond.actions.changes import change_entry
from provisiond.actions.inventory_load import domain_names, load_domain, load_server
from provisiond.actions.inventory_state import DomainContents, ServerContents
from provisiond.actions.inventory_write import inventory_tree, json_bytes, yaml_bytes
from provisiond.actions.phone_csv import phone_csv_bytes, phone_workbook_bytes
from provisiond.actions.record_csv_write import record_csv_bytes, record_workbook_bytes
from provisiond.actions.record_tables import TableKind
from provisiond.inventory.access import Actor
from provisiond.inventory.errors import NotAllowed, NotFound, Refused
from provisiond.store.database import Database
from provisiond.store.journal import add_change


class Format(Enum):
    """How an export is written."""

    JSON = "json"
    YAML = "yaml"
    CSV = "csv"
    XLSX = "xlsx"


_TABLES = (Format.CSV, Format.XLSX)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportInventory:
    """The command. `domain` None is all of them, with what the server hands down; a table (CSV,
    XLSX) holds one noun of one domain."""

    domain: str | None = None
    with_secrets: bool = False
    format: Format = Format.JSON
    table: TableKind = TableKind.PHONES


async def export_inventory(
    db: Database, actor: Actor, command: ExportInventory, at: datetime
) -> bytes:
    """The inventory out of one snapshot; secrets are `***` unless asked for.

    With secrets it is the admin's, and journaled before a byte is handed out. Raises NotAllowed,
    NotFound, and Refused where a table would need one domain.
    """
    if command.with_secrets and not actor.is_admin:
        raise NotAllowed("an export with secrets is the admin's.")
    async with db.read() as read:
        names = await domain_names(read)
        wanted = _wanted(command, names)
        contents = [await load_domain(read, name) for name in wanted]
        server = await load_server(read) if command.domain is None else None
    if command.with_secrets:
        subject = ", ".join(wanted[:10]) + (", …" if len(wanted) > 10 else "")
        domain_id = contents[0].domain_id if len(contents) == 1 else None
        entry = change_entry(
            actor,
            "export with secrets",
            subject,
            at,
            domain_id=domain_id,
            after={"format": command.format.value},
        )
        async with db.append() as write:
            await add_change(write, entry)
    return await asyncio.to_thread(_written, contents, server, command)


def _wanted(command: ExportInventory, names: tuple[str, ...]) -> tuple[str, ...]:
    if command.domain is not None:
        if command.domain.lower() not in names:
            raise NotFound(f"there is no domain {command.domain}.")
        return (command.domain.lower(),)
    if command.format in _TABLES and len(names) != 1:
        there = f"The store has {', '.join(names[:10])}." if names else "The store has none."
        raise Refused(f"a table holds records of one domain; name it. {there}")
    return names


def _written(
    contents: list[DomainContents], server: ServerContents | None, command: ExportInventory
) -> bytes:
    if command.format in _TABLES:
        return _table(contents[0], command)
    tree = inventory_tree(contents, server, with_secrets=command.with_secrets)
    return json_bytes(tree) if command.format is Format.JSON else yaml_bytes(tree)


def _table(contents: DomainContents, command: ExportInventory) -> bytes:
    packed, secrets = command.format is Format.XLSX, command.with_secrets
    if command.table is TableKind.PHONES:
        write = phone_workbook_bytes if packed else phone_csv_bytes
        return write(contents, with_secrets=secrets)
    write_records = record_workbook_bytes if packed else record_csv_bytes
    return write_records(contents, command.table, with_secrets=secrets)
