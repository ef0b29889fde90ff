"""Do the rendered bytes hold exactly what `param` recorded, and nothing else?

The bytes are read back by a reader of their own. A template that prints around `param`, a value
that became two assignments, a section that lost its override: each is a finding.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from provisiond.catalog.manifest import FileRule
from provisiond.catalog.param import Record
from provisiond.catalog.syntax import Assignment, Pairs, split_holder, split_index
from provisiond.catalog.syntax_lines import read_lines, read_sections
from provisiond.catalog.syntax_xml import read_attributes, read_elements, read_named
from provisiond.catalog.wellformed import parse_xml
from provisiond.inventory.errors import Finding

_Value = tuple[str, Pairs]
_DEEPEST_FRAME = 4
_MOST_FRAMES = 32


def check_structure(body: bytes, rule: FileRule, record: Record) -> tuple[Finding, ...]:
    """Every difference between the bytes of `rule`'s file and the record; nothing where none is.

    `where` is the rule's id, `line` the line in the rendered file. Values are not quoted: they
    may be secret. For syntax `xml` only well-formedness is checked, for `text` only UTF-8.
    """
    assignments, findings = read_back(body, rule)
    if rule.syntax in ("xml", "text") or (findings and not assignments):
        return findings
    expected = _expected(record, rule.syntax)
    if rule.syntax in ("elements", "indexed"):
        assignments = _without_frame(assignments, expected)
    return (
        *findings,
        *_differences(assignments, expected, record, rule),
        *_leftovers(record, rule),
    )


def read_back(body: bytes, rule: FileRule) -> tuple[tuple[Assignment, ...], tuple[Finding, ...]]:
    """The assignments in the bytes of a file, in order, and whatever in them is none.

    Keys of elements are paths below the document's root. A file of syntax `xml` or `text` has no
    assignments: it is only read for whether it is well-formed XML, or UTF-8.
    """
    if rule.syntax == "lines":
        crlf = rule.newline == "crlf"
        return read_lines(body, where=rule.id, header=rule.header, crlf=crlf)
    if rule.syntax == "sections":
        return read_sections(body, where=rule.id, crlf=rule.newline == "crlf")
    if rule.syntax in ("elements", "indexed"):
        index = rule.index if rule.syntax == "indexed" else ""
        return read_elements(body, where=rule.id, index=index)
    if rule.syntax == "named":
        element, attribute = split_holder(rule.holder)
        return read_named(body, where=rule.id, element=element, attribute=attribute)
    if rule.syntax == "attributes":
        return read_attributes(body, where=rule.id)
    if rule.syntax == "xml":
        return (), parse_xml(body, rule.id)[1]
    try:
        body.decode()
    except UnicodeDecodeError:
        return (), (Finding(where=rule.id, message="is no UTF-8."),)
    return (), ()


def _expected(record: Record, syntax: str) -> Mapping[str, list[tuple[_Value, str]]]:
    """Printed key to its (value, record key) in the order printed; an unprinted index is gone."""
    expected: dict[str, list[tuple[_Value, str]]] = {}
    for key, value in record.printed().items():
        printed = key if syntax == "indexed" else split_index(key)[0]
        expected.setdefault(printed, []).append((value, key))
    return expected


def _without_frame(
    assignments: tuple[Assignment, ...], expected: Mapping[str, object]
) -> tuple[Assignment, ...]:
    """The assignments with keys below the frame, the literal elements that all stand in.

    The frame is the one below which most of the recorded keys are found; what stands outside of
    it keeps its whole path.
    """
    best = assignments
    agreeing = sum(a.key in expected for a in assignments)
    for depth in range(1, _DEEPEST_FRAME):
        if agreeing == len(assignments):
            break
        starts = {"/".join(a.key.split("/")[:depth]) + "/" for a in assignments if "/" in a.key}
        for start in sorted(starts)[:_MOST_FRAMES]:
            cut = tuple(replace(a, key=a.key.removeprefix(start)) for a in assignments)
            count = sum(a.key in expected for a in cut)
            if count > agreeing:
                best, agreeing = cut, count
    return best


def _differences(
    assignments: Iterable[Assignment],
    expected: Mapping[str, list[tuple[_Value, str]]],
    record: Record,
    rule: FileRule,
) -> Iterable[Finding]:
    read: dict[str, list[Assignment]] = {}
    for assignment in assignments:
        read.setdefault(assignment.key, []).append(assignment)
    for key, found in read.items():
        if key not in expected:
            for each in found:
                yield Finding(
                    where=rule.id,
                    line=each.line,
                    message=f"{key!r} stands in the file, but no param printed it.",
                    remedy="Print it with param, so that it can be overridden and explained.",
                )
            continue
        if not _same(found, expected[key]):
            yield Finding(
                where=rule.id,
                line=found[0].line,
                message=_difference(key, found, expected[key], expected, rule),
            )
    for key, missing in expected.items():
        if key not in read:
            entry = record.entries[missing[0][1]]
            yield Finding(
                where=rule.id,
                message=f"{key!r}, printed by {entry.file}:{entry.line}, is not in the file as an "
                "assignment of its own.",
            )


def _same(found: list[Assignment], wanted: list[tuple[_Value, str]]) -> bool:
    if len(found) == len(wanted) == 1:
        return wanted[0][0] == (found[0].value, found[0].attributes)
    return Counter((a.value, a.attributes) for a in found) == Counter(v for v, _ in wanted)


def _difference(
    key: str,
    found: list[Assignment],
    wanted: list[tuple[_Value, str]],
    expected: Mapping[str, object],
    rule: FileRule,
) -> str:
    if len(found) != len(wanted):
        return (
            f"{key!r} stands {len(found)} times in the file, and was printed {len(wanted)} times."
        )
    for assignment, ((value, _), _) in zip(found, wanted, strict=True):
        rest = assignment.value[len(value) :] if assignment.value.startswith(value) else ""
        if rule.syntax == "lines" and any(f"{other} =" in rest for other in expected):
            return f"two assignments stand on the line of {key!r}."
        if rest.isspace():
            return f"blanks follow the value of {key!r}."
    return f"the value of {key!r}, read back, is not the one that was printed."


def _leftovers(record: Record, rule: FileRule) -> Iterable[Finding]:
    for applied in record.leftovers:
        section = applied.key.rpartition("/")[0]
        call = f'remaining_overrides("{section}")' if section else "remaining_overrides()"
        yield Finding(
            where=rule.id,
            severity="warning",
            message=f"the override {applied.key!r} ({applied.layer}) was not printed.",
            remedy=f"The template prints it where it calls {call}.",
        )
