"""Will the vendor's reader take these bytes? Header, line ends, letters and lengths."""

from collections.abc import Iterable

from provisiond.catalog.manifest import FileRule
from provisiond.inventory.errors import Finding


def lint(body: bytes, rule: FileRule) -> tuple[Finding, ...]:
    """What in the bytes breaks the rule's promises to the vendor, with lines."""
    return tuple(_lint(body, rule))


def _lint(body: bytes, rule: FileRule) -> Iterable[Finding]:
    lines = body.split(b"\n")
    if rule.header and lines[0].removesuffix(b"\r") != rule.header.encode():
        yield Finding(
            where=rule.id, line=1, message=f"the first line is not the header {rule.header!r}."
        )
    if rule.max_bytes is not None and len(body) > rule.max_bytes:
        yield Finding(
            where=rule.id,
            message=f"has {len(body)} bytes; the phone reads {rule.max_bytes}.",
        )
    if (
        rule.newline == "lf"
        and b"\r" not in body
        and (body.isascii() or not rule.ascii_only)
        and (rule.max_line_bytes is None or max(map(len, lines)) <= rule.max_line_bytes)
    ):
        return
    for number, line in enumerate(lines, 1):
        yield from _lint_line(line, number, number == len(lines), rule)


def _lint_line(line: bytes, number: int, last: bool, rule: FileRule) -> Iterable[Finding]:
    if rule.newline == "crlf":
        if not last and not line.endswith(b"\r"):
            yield Finding(where=rule.id, line=number, message="the line does not end in CR LF.")
        line = line.removesuffix(b"\r")
    if b"\r" in line:
        yield Finding(where=rule.id, line=number, message="holds a carriage return.")
    if rule.ascii_only and not line.isascii():
        yield Finding(where=rule.id, line=number, message="holds letters that are no ASCII.")
    if rule.max_line_bytes is not None and len(line) > rule.max_line_bytes:
        yield Finding(
            where=rule.id,
            line=number,
            message=f"has {len(line)} bytes; the phone reads {rule.max_line_bytes} of a line.",
        )
