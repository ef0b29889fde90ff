"""What did a family's templates print when somebody last looked? Expected outputs and changes.

`expected/<model>/<sample>/<file>` holds the bytes of every served file, for one model per
distinct key layout. `families accept` writes them; a person reads the difference and commits it.
"""

from collections.abc import Iterator
from pathlib import Path

from provisiond.catalog.family import Family
from provisiond.catalog.manifest import FileRule, ModelRule
from provisiond.catalog.samples import SAMPLES, render_sample, sample_mac
from provisiond.inventory.errors import Finding

FOLDER = "expected"


def golden_models(family: Family) -> tuple[ModelRule, ...]:
    """One model for each distinct key layout, accounts, sidecars and set of files."""
    first: dict[object, ModelRule] = {}
    for model in family.manifest.model:
        files = tuple(rule.id for rule in family.rules_for(model))
        sidecars = tuple(sorted(model.sidecars.items()))
        first.setdefault((model.layout, model.accounts, sidecars, files), model)
    return tuple(first.values())


def golden_files(family: Family) -> Iterator[tuple[Path, bytes]]:
    """Every expected output's path below the family's folder, with the bytes rendered now.

    Directories have two entries, files of scope family stand in the plain sample only. Raises
    TemplateFault.
    """
    for model in golden_models(family):
        for rule in family.rules_for(model):
            samples = SAMPLES if rule.scope != "family" else SAMPLES[:1]
            for sample in samples:
                path = Path(FOLDER, _safe(model.name), sample, *_name(family, model, rule))
                yield path, render_sample(family, model, sample, rule, small=True).body


def accept_family(family: Family) -> tuple[Path, ...]:
    """Write the expected outputs into the family's folder, and remove those of no use any more.

    Returns the paths that changed, below the family's folder. Raises TemplateFault before
    anything is written.
    """
    files = dict(golden_files(family))
    changed = []
    for path, body in files.items():
        target = family.folder / path
        if not target.is_file() or target.read_bytes() != body:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(body)
            changed.append(path)
    for path in _kept(family):
        if path not in files:
            (family.folder / path).unlink()
            changed.append(path)
            _remove_empty((family.folder / path).parent, family.folder)
    return tuple(changed)


def golden_differences(family: Family) -> tuple[Finding, ...]:
    """What the templates print other than the expected outputs; the first line of each."""
    found: list[Finding] = []
    files = dict(golden_files(family))
    for path, body in files.items():
        target = family.folder / path
        if not target.is_file():
            found.append(Finding(where=str(path), message="is missing.", remedy=_REMEDY))
        elif (expected := target.read_bytes()) != body:
            found.append(_difference(path, expected, body))
    found += (
        Finding(where=str(path), message="is expected of nothing any more.", remedy=_REMEDY)
        for path in _kept(family)
        if path not in files
    )
    return tuple(found)


_REMEDY = "Read the change, then run `provisiond families accept`."


def _difference(path: Path, expected: bytes, body: bytes) -> Finding:
    before, now = expected.split(b"\n"), body.split(b"\n")
    at = next((i for i, (a, b) in enumerate(zip(before, now, strict=False)) if a != b), None)
    if at is None:
        at = min(len(before), len(now))
        message = f"has {len(now)} lines, {len(before)} expected."
    else:
        message = f"expected {_shown(before[at])}, printed {_shown(now[at])}."
    return Finding(where=str(path), line=at + 1, message=message, remedy=_REMEDY)


def _shown(line: bytes) -> str:
    text = line.decode(errors="backslashreplace")
    return repr(text if len(text) <= 120 else f"{text[:120]}…")


def _kept(family: Family) -> tuple[Path, ...]:
    top = family.folder / FOLDER
    return tuple(
        sorted(path.relative_to(family.folder) for path in top.rglob("*") if path.is_file())
    )


def _remove_empty(folder: Path, top: Path) -> None:
    while folder != top and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _name(family: Family, model: ModelRule, rule: FileRule) -> tuple[str, ...]:
    """The file's name as the sample phone asks for it, in path segments."""
    name = rule.path.replace("{mac}", sample_mac(family.manifest).text)
    for word, value in model.names.items():
        name = name.replace(f"{{{word}}}", value)
    return tuple(_safe(segment) for segment in name.split("/") if segment)


def _safe(name: str) -> str:
    kept = "".join(c if c.isalnum() or c in "-_.+" else "_" for c in name)
    return kept if kept.strip(".") else f"_{kept}"
