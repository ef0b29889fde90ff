"""How do programs take the inventory out: as a file that an import takes back, or as a table?"""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from provisiond.actions.exports import ExportInventory, Format, export_inventory
from provisiond.actions.record_tables import TableKind
from provisiond.inventory.access import Noun, Verb
from provisiond.web.api.imports import WORKBOOK
from provisiond.web.api.route import Call, Route
from provisiond.web.api.shapes import Asked

_MEDIA = {
    Format.JSON: "application/json",
    Format.YAML: "application/yaml",
    Format.CSV: "text/csv",
    Format.XLSX: WORKBOOK,
}


class ExportQuery(Asked):
    """What is written, and how. Tables (csv, xlsx) hold one noun; `table` means nothing else."""

    format: Format = Format.JSON
    table: TableKind = TableKind.PHONES
    secrets: Annotated[
        bool, Field(description="with passwords and tokens: an admin's, and journaled")
    ] = False


async def export_domain(call: Call, request: web.Request) -> web.StreamResponse:
    """A domain's inventory; secrets are `***` unless an admin asks for them."""
    del request
    return await _written(call, call.of("domain"))


async def export_everything(call: Call, request: web.Request) -> web.StreamResponse:
    """All domains, and what the server hands down to them."""
    del request
    return await _written(call, None)


async def _written(call: Call, domain: str | None) -> web.StreamResponse:
    query: ExportQuery = call.query
    command = ExportInventory(
        domain=domain, with_secrets=query.secrets, format=query.format, table=query.table
    )
    content = await export_inventory(call.desk.db, call.actor, command, call.at)
    is_table = query.format in (Format.CSV, Format.XLSX)
    name = f"{query.table.value if is_table else 'inventory'}.{query.format.value}"
    return web.Response(
        body=content,
        content_type=_MEDIA[query.format],
        charset=None if query.format is Format.XLSX else "utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


ROUTES = (
    Route(
        method="GET",
        path="/domains/{domain}/export",
        summary="Export a domain",
        noun=Noun.INVENTORY,
        stream=export_domain,
        query=ExportQuery,
        media=tuple(_MEDIA.values()),
    ),
    Route(
        method="GET",
        path="/export",
        summary="Export all domains",
        noun=Noun.SETTINGS,
        verb=Verb.READ,
        stream=export_everything,
        query=ExportQuery,
        media=tuple(_MEDIA.values()),
        fails_with=(409,),
    ),
)
