"""How are phone families listed, shown, checked and their expected outputs accepted at a prompt?"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisiond.cli_output import emit, findings, pairs, say, table, warn
from provisiond.cli_records import DryRun
from provisiond.cli_session import Config, Json, session_of
from provisiond.inventory.errors import Finding, NotFound

if TYPE_CHECKING:
    from provisiond.catalog.family import Family
    from provisiond.catalog.shelf import Shelf

app = typer.Typer(help="The phone families: manifests and templates.", no_args_is_help=True)

FamilyNames = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FAMILY]...", help="`vendor/family`; else all of them."),
]


@app.command("list")
def list_families(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """List the families, and those that are left out with the reason.

    Counted are models, files, expected outputs (goldens), and facts: every distinct parameter
    that templates print or the manifest knows, and every single value of the manifest (a count,
    a path, a code, a pattern); texts for people are none.
    """
    from provisiond.catalog.tally import tally

    session = session_of(context, config, as_json)
    shelf = session.families()
    tallies = {name: tally(family) for name, family in shelf.families.items()}
    if session.as_json:
        emit(
            {
                "families": [
                    {**_summary(family), "counts": tallies[name]}
                    for name, family in shelf.families.items()
                ],
                "counts": {
                    what: sum(getattr(each, what) for each in tallies.values())
                    for what in ("models", "parameters", "facts", "goldens")
                },
                "rejected": [
                    {"family": each.family, "findings": each.findings} for each in shelf.rejected
                ],
            }
        )
        return
    rows: list[tuple[object, ...]] = [
        (
            name,
            family.manifest.title,
            tallies[name].models,
            sum(rule.template is not None for rule in family.manifest.file),
            tallies[name].goldens,
            tallies[name].facts,
        )
        for name, family in shelf.families.items()
    ]
    sums = (sum(int(str(row[at])) for row in rows) for at in range(2, 6))
    rows.append(("all", f"{len(rows)} families", *sums))
    table(("family", "title", "models", "files", "goldens", "facts"), rows)
    for each in shelf.rejected:
        warn(f"left out: {each}")


@app.command("show")
def show(
    context: typer.Context,
    family: Annotated[str, typer.Argument(metavar="FAMILY", help="`vendor/family`.")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show one family: its models, the files they ask for, what they cannot do."""
    session = session_of(context, config, as_json)
    chosen = _find(session.families(), family)
    if session.as_json:
        emit(_summary(chosen))
    else:
        _tell(chosen)


@app.command("check")
def check(
    context: typer.Context,
    families: FamilyNames = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Check families: manifest, every file of every model, expected outputs.

    Ends with 1 where a fault was found; warnings alone are 0.
    """
    from provisiond.catalog.check import check_family, check_goldens

    session = session_of(context, config, as_json)
    shelf = session.families()
    found: list[Finding] = list(_rejected(shelf, families))
    rejected = {each.family for each in shelf.rejected}
    for family in _chosen(
        shelf, [name for name in families or () if name not in rejected], families
    ):
        own = (*check_family(family), *check_goldens(family))
        found += (_of(family.name, finding) for finding in own)
    faults = sum(finding.severity == "error" for finding in found)
    if session.as_json:
        emit({"faults": faults, "warnings": len(found) - faults, "findings": found})
    else:
        findings(sorted(found, key=lambda finding: finding.severity != "error"))
        say(f"{faults} fault(s), {len(found) - faults} warning(s).")
    if faults:
        raise typer.Exit(1)


@app.command("accept")
def accept(
    context: typer.Context,
    families: FamilyNames = None,
    dry_run: DryRun = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Write what the templates print now into `expected/`; read the difference, then commit it."""

    session = session_of(context, config, as_json)
    shelf = session.families()
    written = {
        family.name: _accepted(family, dry_run=dry_run)
        for family in _chosen(shelf, families or [], families)
    }
    if session.as_json:
        emit(written)
        return
    for name, paths in written.items():
        for path in paths:
            say(f"{name}/{path}")
        done = "would change: this was a dry run" if dry_run else "changed"
        warn(f"{name}: {len(paths)} expected output(s) {done}.")


def _accepted(family: "Family", *, dry_run: bool) -> list[str]:
    from provisiond.catalog.goldens import accept_family, golden_differences

    if dry_run:
        return [finding.where for finding in golden_differences(family)]
    return [str(path) for path in accept_family(family)]


def _chosen(shelf: "Shelf", names: list[str], asked: list[str] | None) -> "Iterator[Family]":
    if not asked:
        yield from shelf.families.values()
    for name in names:
        yield _find(shelf, name)


def _find(shelf: "Shelf", name: str) -> "Family":
    family = shelf.families.get(name)
    if family is None:
        for each in shelf.rejected:
            if each.family == name:
                raise each
        there = ", ".join(shelf.families)
        raise NotFound(f"there is no family {name!r}; there are {there}.")
    return family


def _rejected(shelf: "Shelf", names: list[str] | None) -> Iterator[Finding]:
    for each in shelf.rejected:
        if not names or each.family in names:
            yield from (_of(each.family, finding) for finding in each.findings)


def _of(family: str, finding: Finding) -> Finding:
    from dataclasses import replace

    return replace(finding, where=f"{family}/{finding.where}")


def _summary(family: "Family") -> dict[str, Any]:
    manifest = family.manifest
    return {
        "family": family.name,
        "title": manifest.title,
        "firmware": manifest.firmware,
        "folder": family.folder,
        "models": [
            {
                "name": f"{manifest.vendor} {model.name}",
                "accounts": model.accounts,
                "keys": _keys(family, model.layout),
                "sidecars": model.sidecars,
                "confidence": model.confidence,
                "note": model.note,
            }
            for model in manifest.model
        ],
        "files": [
            {
                "id": rule.id,
                "path": rule.path,
                "scope": rule.scope,
                "served": rule.template is not None,
                "secret": rule.secret,
                "proves_current": rule.proves_current,
            }
            for rule in manifest.file
        ],
        "boot": [
            {
                "file": step.file,
                "path": family.rule(step.file).path,
                "expect": step.expect,
                "optional": step.optional,
                "note": step.note,
            }
            for step in manifest.boot
        ],
        "unavailable_buttons": _unavailable(family),
        "resync": manifest.resync.event,
        "dhcp_options": manifest.dhcp.options,
        "provisioning_url": manifest.provisioning_url.key,
        "precedence": manifest.precedence,
    }


def _tell(family: "Family") -> None:
    manifest = family.manifest
    pairs(
        [
            ("family", family.name),
            ("title", manifest.title),
            ("firmware", manifest.firmware),
            ("folder", family.folder),
            ("DHCP options", manifest.dhcp.options),
            ("provisioning URL", manifest.provisioning_url.key),
            ("re-sync", manifest.resync.event),
            ("precedence", manifest.precedence),
        ]
    )
    say()
    table(
        ("model", "accounts", "keys", "sidecars", "confidence"),
        [
            (
                f"{manifest.vendor} {model.name}",
                model.accounts,
                _keys(family, model.layout),
                [f"{count} × {name}" for name, count in model.sidecars.items()],
                model.confidence,
            )
            for model in manifest.model
        ],
    )
    _tell_files(family)
    say()
    table(
        ("asks at boot for", "answer", "note"),
        [
            (
                family.rule(step.file).path,
                step.expect,
                f"{'some firmware only. ' if step.optional else ''}{step.note}",
            )
            for step in manifest.boot
        ],
    )
    unavailable = _unavailable(family)
    if unavailable:
        say()
        table(("button", "why the family cannot have it"), sorted(unavailable.items()))


def _tell_files(family: "Family") -> None:
    say()
    table(
        ("file", "path", "scope", "answer", "notes"),
        [
            (
                rule.id,
                rule.path,
                rule.scope,
                "200" if rule.template is not None else "404",
                [
                    word
                    for word, holds in (
                        ("secret", rule.secret),
                        ("proves current", rule.proves_current),
                    )
                    if holds
                ],
            )
            for rule in family.manifest.file
        ],
    )


def _keys(family: "Family", layout: str) -> int:
    return sum(bank.keys for bank in family.manifest.layouts[layout].banks)


def _unavailable(family: "Family") -> dict[str, str]:
    return {
        kind.value: rule.unavailable
        for kind, rule in family.manifest.buttons.items()
        if rule.unavailable
    }
