"""How do phones' files here stand beside another server's, at a prompt?"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisiond.cli_output import emit, say, table
from provisiond.cli_session import (
    Config,
    DomainName,
    Json,
    Session,
    become_owner,
    given_mac,
    now,
    one_domain,
    run,
    session_of,
)
from provisiond.inventory.mac import Mac

if TYPE_CHECKING:
    from provisiond.actions.comparison import Fetch, Group, PhoneComparison
    from provisiond.settings import Settings
    from provisiond.store.database import Database

_HEADINGS = {
    "differs": "differs",
    "only_there": "only there",
    "only_here": "only here",
}
_MOST_GROUPS = 100


def compare(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="A folder of the other server's files, or its base URL."
        ),
    ],
    macs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MAC]...", help="These phones; else all of the domain."),
    ] = None,
    user_agent: Annotated[
        str,
        typer.Option("--user-agent", metavar="TEXT", help="What to call ourselves over HTTP."),
    ] = "",
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Compare what phones would get here with what another server gives them, key by key.

    Ends with 1 where something differs. Secrets are `***`.
    """
    session = session_of(context, config, as_json)
    settings = session.settings()
    wanted = tuple(given_mac(mac) for mac in macs or ())
    become_owner(settings.data_dir)
    compared = run(_compare(session, settings, source, wanted, domain, user_agent))
    from provisiond.actions.comparison import grouped

    groups = grouped(compared)
    if session.as_json:
        listed = compared if wanted else tuple(_counts(phone) for phone in compared)
        emit({"phones": listed, "parameters": groups})
    elif len(compared) == 1:
        _tell_one(compared[0])
    else:
        _tell_all(compared, groups)
    if any(phone.differences or phone.fault for phone in compared):
        raise typer.Exit(1)


async def _compare(
    session: Session,
    settings: "Settings",
    source: str,
    macs: tuple[Mac, ...],
    domain: str | None,
    user_agent: str,
) -> "tuple[PhoneComparison, ...]":
    from provisiond.outbound.other_server import FolderOfFiles, HttpFiles

    async with session.store(settings) as database:
        chosen = macs or await _macs(database, domain)
        if source.startswith(("http://", "https://")):
            async with HttpFiles(source, user_agent=user_agent) as files:
                return await _with(session, settings, database, chosen, files.fetch)
        folder = await FolderOfFiles.open(Path(source))
        return await _with(session, settings, database, chosen, folder.fetch)


async def _with(
    session: Session,
    settings: "Settings",
    database: "Database",
    macs: tuple[Mac, ...],
    fetch: "Fetch",
) -> "tuple[PhoneComparison, ...]":
    from provisiond.actions.comparison import compare_phones
    from provisiond.daemon_setup import public_urls

    shelf = session.shelf(settings)
    return await compare_phones(database, shelf, public_urls(settings), macs, fetch, now())


async def _macs(database: "Database", domain: str | None) -> tuple[Mac, ...]:
    from provisiond.actions.inventory_load import load_domain

    name = await one_domain(database, domain)
    async with database.read() as read:
        return tuple(sorted((await load_domain(read, name)).phones))


def _counts(phone: "PhoneComparison") -> dict[str, object]:
    from provisiond.actions.comparison import Kind

    return {
        "mac": phone.mac,
        "model": phone.model,
        "files": phone.files,
        "absent": phone.absent,
        "same": phone.same,
        **{kind.value: phone.count(kind) for kind in Kind},
        "unread": phone.unread,
        "fault": phone.fault,
    }


def _tell_one(phone: "PhoneComparison") -> None:
    say(f"{phone.mac} is a {phone.model}; read there: {', '.join(phone.files) or 'nothing'}.")
    if phone.absent:
        say(f"not there: {', '.join(phone.absent)}.")
    if phone.fault:
        say(phone.fault)
        return
    rows = [
        (_HEADINGS[one.kind.value], one.key, _side(one.here), _side(one.there))
        for one in sorted(phone.differences, key=lambda one: list(_HEADINGS).index(one.kind.value))
    ]
    if rows:
        table(("", "parameter", "here", "there"), rows)
    unread = f", {phone.unread} line(s) there hold none" if phone.unread else ""
    say(f"{phone.same} parameter(s) are the same, {len(rows)} are not{unread}.")


def _tell_all(compared: "Sequence[PhoneComparison]", groups: "Sequence[Group]") -> None:
    from provisiond.actions.comparison import Kind

    table(
        ("mac", "model", "same", *_HEADINGS.values(), "fault"),
        [
            (p.mac, p.model, p.same, *(p.count(Kind(kind)) for kind in _HEADINGS), p.fault)
            for p in compared
        ],
    )
    if groups:
        say()
        say("parameters, those of most phones first; the values are of one phone:")
        table(
            ("", "phones", "parameter", "here", "there", "phone"),
            [
                (
                    _HEADINGS[group.difference.kind.value],
                    group.phones,
                    group.difference.key,
                    _side(group.difference.here),
                    _side(group.difference.there),
                    group.example,
                )
                for group in groups[:_MOST_GROUPS]
            ],
        )
        if len(groups) > _MOST_GROUPS:
            say(f"… and {len(groups) - _MOST_GROUPS} more; --json lists all.")
    equal = sum(not phone.differences and not phone.fault for phone in compared)
    say(f"{equal} of {len(compared)} phone(s) get the same here.")


def _side(value: str | None) -> str:
    """A value in a table: what is not printed is a dash, what is empty says so."""
    if value is None:
        return "-"
    return value[:80] if value else "(empty)"
