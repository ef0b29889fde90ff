"""Which assignments stand in an XML file, as elements, attributes, indexed or named elements?

Reads with lxml what the writers printed as text; shares nothing with them.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from provisiond.catalog.syntax import Assignment
from provisiond.catalog.wellformed import parse_xml
from provisiond.inventory.errors import Finding

if TYPE_CHECKING:
    from lxml import etree


def read_elements(
    body: bytes, *, where: str, index: str = ""
) -> tuple[tuple[Assignment, ...], tuple[Finding, ...]]:
    """Every element without child elements is an assignment: its path below the root is the key.

    With `index`, the name of an attribute, every element that has it is `name[index]` in the
    path. Other attributes are returned beside the value, those of elements around it are not.
    One that holds line breaks only, which no value does, is a section of which nothing is left.
    Findings: text beside elements, and whatever is not well-formed.
    """
    root, findings = parse_xml(body, where)
    if root is None:
        return (), findings
    assignments: list[Assignment] = []
    stray: list[Finding] = []
    for path, element in _walk(root, (), index):
        if len(element) and any(isinstance(child.tag, str) for child in element):
            stray += _stray_text(element, where)
            continue
        value = "".join(map(str, element.itertext()))
        if not path or ("\n" in value and value.isspace()):
            stray += _stray_text(element, where)
            continue
        if len(element):
            message = f"a comment or instruction stands inside the value of {path[-1]!r}."
            stray.append(Finding(where=where, message=message, line=element.sourceline))
        attributes = {str(name): str(value) for name, value in element.attrib.items()}
        attributes.pop(index, None)
        assignments.append(
            Assignment(
                key="/".join(path),
                value=value,
                line=element.sourceline or 0,
                attributes=tuple(attributes.items()),
            )
        )
    return tuple(assignments), tuple(stray)


def read_named(
    body: bytes, *, where: str, element: str, attribute: str
) -> tuple[tuple[Assignment, ...], tuple[Finding, ...]]:
    """Every `element` with this `attribute` is an assignment: the attribute is the key.

    Its other attributes are returned beside the value. Findings: text outside of them, one
    without the attribute, and what is not well-formed.
    """
    root, findings = parse_xml(body, where)
    if root is None:
        return (), findings
    assignments: list[Assignment] = []
    stray: list[Finding] = []
    for path, found in _walk(root, ()):
        attributes = {str(name): str(value) for name, value in found.attrib.items()}
        if not path or found.tag != element or attribute not in attributes:
            stray += _stray_text(found, where)
            if found.tag == element:
                message = f"{element!r} has no {attribute!r}: it is no assignment."
                stray.append(Finding(where=where, message=message, line=found.sourceline))
            continue
        if len(found):
            message = f"something stands inside the value of {attributes[attribute]!r}."
            stray.append(Finding(where=where, message=message, line=found.sourceline))
        assignments.append(
            Assignment(
                key=attributes.pop(attribute),
                value="".join(map(str, found.itertext())),
                line=found.sourceline or 0,
                attributes=tuple(attributes.items()),
            )
        )
    return tuple(assignments), tuple(stray)


def read_attributes(
    body: bytes, *, where: str
) -> tuple[tuple[Assignment, ...], tuple[Finding, ...]]:
    """Every attribute of every element is an assignment, except those of an XML namespace."""
    root, findings = parse_xml(body, where)
    if root is None:
        return (), findings
    assignments: list[Assignment] = []
    stray: list[Finding] = []
    for _path, element in _walk(root, ()):
        stray += _stray_text(element, where)
        assignments += (
            Assignment(key=str(name), value=str(value), line=element.sourceline or 0)
            for name, value in element.attrib.items()
            if not str(name).startswith("{")
        )
    return tuple(assignments), tuple(stray)


def _walk(
    element: "etree._Element", path: tuple[str, ...], index: str = ""
) -> "Iterator[tuple[tuple[str, ...], etree._Element]]":
    yield path, element
    for child in element:
        if isinstance(child.tag, str):
            number = child.get(index) if index else None
            step = child.tag if number is None else f"{child.tag}[{number}]"
            yield from _walk(child, (*path, step), index)


def _stray_text(element: "etree._Element", where: str) -> list[Finding]:
    texts = [(element.text, element.sourceline)]
    texts += [(child.tail, child.sourceline) for child in element]
    return [
        Finding(
            where=where, message=f"text stands beside the elements of {element.tag!r}.", line=line
        )
        for text, line in texts
        if text and text.strip()
    ]
