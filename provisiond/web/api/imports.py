"""How do programs bring a whole file in: all of it, or nothing, or only looked at?"""

import asyncio
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from provisiond.actions.import_reading import ImportInventory
from provisiond.actions.imports import Count, DomainReport, ImportReport, Mode, import_inventory
from provisiond.actions.record_tables import TableKind
from provisiond.actions.workbook import check_workbook, is_workbook
from provisiond.inventory.access import Noun, Verb
from provisiond.inventory.errors import Overloaded
from provisiond.web.api.route import Call, Reply, Route, Upload
from provisiond.web.api.shapes import Asked, Place, Shape

MOST_BYTES = 16 << 20
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


class ImportQuery(Asked):
    """How a file is brought in. `table` is what a table holds, `profile` which system wrote it:
    left out, the headings tell both, and `none` says that the columns are ours."""

    dry_run: Annotated[bool, Field(description="find everything, change nothing")] = False
    mode: Annotated[Mode, Field(description="what happens to records that exist already")] = (
        Mode.UPDATE
    )
    table: TableKind | None = None
    profile: Annotated[str | None, Field(max_length=64)] = None
    file: Annotated[str, Field(max_length=255, description="its name, for the journal")] = ""


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


async def _imported(call: Call, domain: str | None) -> Reply:
    desk, query = call.desk, call.query
    upload: Upload = call.body
    if desk.importing.locked():
        raise Overloaded("another file is being imported; ask again when it is done.")
    async with desk.importing:
        if is_workbook(upload.content):
            await asyncio.to_thread(check_workbook, upload.content, MOST_UNPACKED)
        command = ImportInventory(
            content=upload.content,
            filename=_named(query.file or "upload", ENDINGS[upload.media]),
            mode=query.mode,
            dry_run=query.dry_run,
            domain=domain,
            table=query.table,
            profiles=desk.profiles,
            profile=query.profile,
            enrolment_hours=desk.enrolment_hours,
        )
        report = await import_inventory(desk.db, desk.shelf(), call.actor, command, call.at)
    return Reply(body=_shown(report))


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
