"""How do programs bring a whole file in: all of it, or nothing, or only looked at?"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from provisiond.actions.faulty_rows import faulty_rows
from provisiond.actions.import_reading import ImportInventory, is_table
from provisiond.actions.imports import Count, DomainReport, ImportReport, Mode, import_inventory
from provisiond.actions.inventory_text import Limits
from provisiond.actions.record_tables import TableKind
from provisiond.actions.workbook_parts import check_workbook
from provisiond.actions.workbook_reading import is_workbook
from provisiond.inventory.access import Noun, Verb
from provisiond.inventory.errors import Overloaded, RejectedAll
from provisiond.web.api.problems import MOST_ERRORS
from provisiond.web.api.route import Call, Reply, Route, Upload
from provisiond.web.api.shapes import Asked, Place, Shape

MOST_BYTES = 16 << 20
LIMITS = Limits(
    values=1_000_000,
    objects=100_000,
    rows=50_000,
    elements=3_000_000,
    larger="`provisiond import` on the server takes larger files.",
)
MOST_UNPACKED = 48 << 20
"""bytes that a workbook may unpack to: phones are served meanwhile"""

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ENDINGS: Mapping[str, str] = {
    "application/json": ".json",
    "application/yaml": ".yaml",
    "text/csv": ".csv",
    WORKBOOK: ".xlsx",
    "application/octet-stream": "",
}
"""Media types of files, and how the names of such files end; of the last one the content tells."""


class FileQuery(Asked):
    """How a file is read. `table` is what a table holds, `profile` which system wrote it: left out,
    the headings tell both, and `none` says that the columns are ours."""

    mode: Annotated[Mode, Field(description="what happens to records that exist already")] = (
        Mode.UPDATE
    )
    table: TableKind | None = None
    profile: Annotated[str | None, Field(max_length=64)] = None
    file: Annotated[str, Field(max_length=255, description="its name, for the journal")] = ""


class ImportQuery(FileQuery):
    """How a file is brought in."""

    dry_run: Annotated[bool, Field(description="find everything, change nothing")] = False


class FaultsQuery(FileQuery):
    """How a file is read, and its faulty rows are written."""

    format: Literal["csv", "xlsx"] = "csv"


class CountShown(Shape):
    """What happened to the records of one kind."""

    kind: str
    added: int
    changed: int
    unchanged: int
    skipped: int


class DomainImported(Shape):
    """What happened to a domain. `step` is of its own record. `generated` are the extensions that
    got a SIP password, which the registrar must learn."""

    domain: str
    step: str
    counts: list[CountShown]
    generated: list[str]


class ImportShown(Shape):
    """What an import did, or would do."""

    dry_run: bool
    domains: list[DomainImported]
    warnings: list[Place]


async def import_into_domain(call: Call) -> Reply:
    """Bring a file into a domain. Of an inventory file that domain's part is taken."""
    return await _imported(call, call.of("domain"))


async def import_everything(call: Call) -> Reply:
    """Bring an inventory file in, with all domains that it holds and the server's part."""
    return await _imported(call, None)


async def list_faulty_rows(call: Call, request: web.Request) -> web.StreamResponse:
    """The rows of a table that an import would refuse, each with what is wrong with it, as a table
    that is imported when it is corrected. Nothing is changed."""
    del request
    desk, query = call.desk, call.query
    async with _turn(call) as upload:
        command = replace(_command(call, upload, call.of("domain")), dry_run=True)
        split = await faulty_rows(desk.db, desk.shelf(), call.actor, command, call.at)
        as_workbook = query.format == "xlsx"
        write = split.faulty_workbook if as_workbook else split.faulty_csv
        content = await asyncio.to_thread(write)
    return web.Response(
        body=content,
        content_type=WORKBOOK if as_workbook else "text/csv",
        charset=None if as_workbook else "utf-8",
        headers={"Content-Disposition": f'attachment; filename="faults.{query.format}"'},
    )


async def _imported(call: Call, domain: str | None) -> Reply:
    desk = call.desk
    async with _turn(call) as upload:
        command = replace(_command(call, upload, domain), dry_run=call.query.dry_run)
        try:
            report = await import_inventory(desk.db, desk.shelf(), call.actor, command, call.at)
        except RejectedAll as fault:
            raise (_told_whole(fault) if is_table(command) else fault) from fault
    return Reply(body=_shown(report))


def _told_whole(fault: RejectedAll) -> RejectedAll:
    """The same, with where the faults are that do not fit into the answer."""
    if len(fault.findings) <= MOST_ERRORS:
        return fault
    where = "/domains/{domain}/import/faults answers the rows that have one."
    return RejectedAll(fault.findings, f"{fault.summary} {where}")


@asynccontextmanager
async def _turn(call: Call) -> AsyncIterator[Upload]:
    """The file, while no other one is read. Raises Overloaded."""
    upload: Upload = call.body
    if call.desk.importing.locked():
        raise Overloaded("another file is being imported; ask again when it is done.")
    async with call.desk.importing:
        if is_workbook(upload.content):
            await asyncio.to_thread(check_workbook, upload.content, MOST_UNPACKED)
        yield upload


def _command(call: Call, upload: Upload, domain: str | None) -> ImportInventory:
    desk, query = call.desk, call.query
    return ImportInventory(
        content=upload.content,
        filename=_named(query.file or "upload", ENDINGS[upload.media]),
        mode=query.mode,
        domain=domain,
        table=query.table,
        profiles=desk.profiles,
        profile=query.profile,
        enrolment_hours=desk.enrolment_hours,
        limits=LIMITS,
    )


def _named(name: str, ending: str) -> str:
    """The name with the ending that says what the file is: the question's word goes first."""
    return name if name.lower().endswith(ending) else name + ending


def _shown(report: ImportReport) -> ImportShown:
    return ImportShown(
        dry_run=report.dry_run,
        domains=[_domain(one) for one in report.domains],
        warnings=[Place.of(finding) for finding in report.warnings],
    )


def _domain(report: DomainReport) -> DomainImported:
    return DomainImported(
        domain=report.domain,
        step=report.step,
        counts=[_count(one) for one in report.counts],
        generated=list(report.generated),
    )


def _count(count: Count) -> CountShown:
    return CountShown(
        kind=count.kind,
        added=count.added,
        changed=count.changed,
        unchanged=count.unchanged,
        skipped=count.skipped,
    )


ROUTES = (
    Route(
        method="POST",
        path="/domains/{domain}/import",
        summary="Import a file into a domain",
        noun=Noun.INVENTORY,
        verb=Verb.RUN,
        handler=import_into_domain,
        query=ImportQuery,
        uploads=tuple(ENDINGS),
        most_bytes=MOST_BYTES,
        answer=ImportShown,
    ),
    Route(
        method="POST",
        path="/domains/{domain}/import/faults",
        summary="Write the rows of a table that have faults",
        noun=Noun.INVENTORY,
        verb=Verb.RUN,
        stream=list_faulty_rows,
        query=FaultsQuery,
        uploads=tuple(ENDINGS),
        most_bytes=MOST_BYTES,
        media=("text/csv", WORKBOOK),
    ),
    Route(
        method="POST",
        path="/import",
        summary="Import a file of any domains",
        noun=Noun.SETTINGS,
        verb=Verb.EDIT,
        handler=import_everything,
        query=ImportQuery,
        uploads=tuple(ENDINGS),
        most_bytes=MOST_BYTES,
        answer=ImportShown,
        fails_with=(404,),
    ),
)
