"""What can a manifest say and a template read? The tables of `docs/families.md`, from the code."""

import inspect
import re
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic_core import PydanticUndefined

from provisiond.catalog import context as contexts
from provisiond.catalog import manifest as manifests
from provisiond.catalog.onboarding import Part
from provisiond.catalog.sandbox import FILTERS_ALLOWED
from provisiond.inventory import time_zone
from provisiond.inventory.buttons import ButtonKind

_DOCUMENTED = re.compile(r'^    (\w+): [^\n]+\n    """(.+?)"""', re.MULTILINE | re.DOTALL)


def manifest_tables() -> str:
    """A table for every part of `family.toml`: key, type, default, meaning."""
    return "\n\n".join(_part_table(part) for part in _parts(manifests.Manifest))


def context_tables() -> str:
    """A table for every record that a template reads: name, type, meaning."""
    said = _kinds(contexts.Context)
    tables = [_record_table(contexts.Context, said)]
    tables += [_record_table(record, {}) for record in _records()]
    tables.append(_record_table(contexts.FamilyContext, {"tables": said["tables"]}))
    return "\n\n".join(tables)


def filter_list() -> str:
    """The filters that templates may use."""
    return ", ".join(f"`{name}`" for name in FILTERS_ALLOWED)


TABLES: Mapping[str, Callable[[], str]] = {
    "filters": filter_list,
    "manifest": manifest_tables,
    "context": context_tables,
}
"""Marker to what stands between `<!-- made: marker -->` and `<!-- end -->`."""


def rewritten(text: str) -> str:
    """A page with its made parts made anew."""
    for marker, make in TABLES.items():
        begin, end = f"<!-- made: {marker} -->\n", "<!-- end -->"
        head, _, rest = text.partition(begin)
        text = f"{head}{begin}{make()}\n{end}{rest.partition(end)[2]}"
    return text


def _parts(part: type[Part]) -> Iterator[type[Part]]:
    """The part and all parts below it, each once, in the order of the manifest."""
    seen: list[type[Part]] = []

    def visit(each: type[Part]) -> None:
        if each in seen:
            return
        seen.append(each)
        for field in each.model_fields.values():
            for found in _mentioned(field.annotation):
                if inspect.isclass(found) and issubclass(found, Part):
                    visit(found)

    visit(part)
    return iter(seen)


def _mentioned(annotation: Any) -> Iterator[Any]:
    yield annotation
    for argument in get_args(annotation):
        yield from _mentioned(argument)


def _part_table(part: type[Part]) -> str:
    name = "family.toml" if part is manifests.Manifest else _headings()[part]
    rows = [f"**`{name}`**: {_first_sentence(part)}", "", "| key | type | default | meaning |"]
    rows.append("|---|---|---|---|")
    for key, field in part.model_fields.items():
        default = "required" if field.is_required() else _default(field.get_default())
        meaning = _cell(field.description or "")
        rows.append(f"| `{key}` | {_type(field.annotation)} | {default} | {meaning} |")
    return "\n".join(rows)


@cache
def _headings() -> dict[type[Part], str]:
    """How each part stands in the file: `[[file]]`, `[layouts.NAME]`, `[resync]`."""
    found: dict[type[Part], str] = {}
    for part in _parts(manifests.Manifest):
        above = "" if part is manifests.Manifest else found[part].strip("[]") + "."
        for key, field in part.model_fields.items():
            for below in _mentioned(field.annotation):
                if inspect.isclass(below) and issubclass(below, Part):
                    found.setdefault(below, _heading(above + key, field.annotation))
    return found


def _heading(path: str, annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is tuple:
        return f"[[{path}]]"
    return f"[{path}.NAME]" if origin is dict else f"[{path}]"


def _first_sentence(part: type) -> str:
    return _cell((inspect.getdoc(part) or "").split("\n\n")[0])


def _type(annotation: Any) -> str:
    """An annotation as a person says it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is type(None):
        return "nothing"
    if origin is types.UnionType or str(origin) == "typing.Union":
        return " or ".join(_type(a) for a in arguments if a is not type(None))
    if str(origin) == "typing.Literal":
        return ", ".join(f"`{a}`" for a in arguments)
    if origin is tuple:
        inner = [a for a in arguments if a is not Ellipsis]
        if len(inner) > 1:
            return f"({', '.join(_type(a) for a in inner)})"
        return f"list of {_type(inner[0])}"
    if origin in (dict, Mapping):
        return f"map of {_type(arguments[0])} to {_type(arguments[1])}"
    if str(origin) == "typing.Annotated" or origin is not None:
        return _type(arguments[0])
    if inspect.isclass(annotation) and issubclass(annotation, Part):
        return f"`{_headings()[annotation]}`"
    if annotation is ButtonKind:
        return "kind of button"
    return {str: "text", int: "number", bool: "yes/no"}.get(annotation, f"{annotation.__name__}")


def _default(default: object) -> str:
    if default is None or default is PydanticUndefined or default in ((), {}, ""):
        return "none" if default is None else ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, tuple):
        return ", ".join(f"`{each}`" for each in default)
    return "" if isinstance(default, Part) else f"`{default}`"


def _records() -> list[type]:
    own = [
        record
        for record in vars(contexts).values()
        if is_dataclass(record)
        and inspect.isclass(record)
        and record.__module__ == contexts.__name__
    ]
    return [
        *(record for record in own if record not in (contexts.Context, contexts.FamilyContext)),
        time_zone.ZoneRule,
        time_zone.Transition,
    ]


def _record_table(record: type, said: Mapping[str, str]) -> str:
    documented = {**said, **dict(_DOCUMENTED.findall(inspect.getsource(record)))}
    intro = _cell((inspect.getdoc(record) or "").replace("\n\n", " "))
    rows = [f"**{record.__name__}** {intro}", "", "| name | type | meaning |", "|---|---|---|"]
    for field in fields(record):
        meaning = _cell(documented.get(field.name, ""))
        if field.default is not MISSING and not meaning:
            meaning = f"default {field.default!r}"
        rows.append(f"| `{field.name}` | {_type(field.type)} | {meaning} |")
    return "\n".join(rows)


def _kinds(record: type) -> dict[str, str]:
    """What the docstrings of the records say of the names under which templates read them."""
    said = {}
    for each in _records():
        for name in re.findall(r"`(\w+)`", (inspect.getdoc(each) or "").split(":")[0]):
            if name in {field.name for field in fields(record)}:
                said[name] = f"see {each.__name__}"
    said["lines"] = "those of `accounts` that are used"
    said["zone"] = "see ZoneRule"
    said["tables"] = "the manifest's [tables]"
    return said


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(rewritten(page.read_text(encoding="utf-8")), encoding="utf-8")
