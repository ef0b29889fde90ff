"""How much does a family hold? Models, expected outputs, and facts about the vendor, counted."""

from collections.abc import Mapping
from dataclasses import dataclass

from provisiond.catalog.family import Family
from provisiond.catalog.goldens import FOLDER

_NO_FACTS = frozenset({"known_keys", "title", "precedence", "note", "description"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """`parameters` are the distinct ones that templates print or the manifest knows; `facts` are
    those and every single value of the manifest, texts for people left out. `goldens` are the
    files of expected outputs."""

    models: int
    parameters: int
    facts: int
    goldens: int


def tally(family: Family) -> Tally:
    """Count a family. Reads the folder of its expected outputs."""
    manifest = family.manifest
    parameters = len({*family.renderer.keys(), *manifest.known_keys})
    stated = manifest.model_dump(mode="json", exclude_unset=True)
    return Tally(
        models=len(manifest.model),
        parameters=parameters,
        facts=parameters + _values(stated),
        goldens=sum(path.is_file() for path in (family.folder / FOLDER).rglob("*")),
    )


def _values(stated: object) -> int:
    """The single values below a part of the manifest."""
    if isinstance(stated, Mapping):
        return sum(_values(below) for name, below in stated.items() if name not in _NO_FACTS)
    if isinstance(stated, list):
        return sum(map(_values, stated))
    return 1
