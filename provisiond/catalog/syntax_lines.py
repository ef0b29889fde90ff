"""Which assignments stand in a file of lines, `key = value` or `Name :value` below headers?

Reads bytes as strictly as the most literal phone would; shares nothing with the writers.
"""

import re

from provisiond.catalog.syntax import Assignment
from provisiond.inventory.errors import Finding

_ASSIGNMENT = re.compile(r"([^\s=#\[\]]+) =(?: (.*))?", re.DOTALL)
_NAMED = re.compile(r"([^\s:](?:[^:]*[^\s:])?) *:(.*)", re.DOTALL)
_MARK = re.compile(r"<<[^<>]+>>[^<>]*")
_SECTION = re.compile(r"<([^<>]+)>")
_LIST = re.compile(r"-- ?(\S(?:.*\S)?) ?-- *:")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


def read_lines(
    body: bytes, *, where: str, header: str = "", crlf: bool = False
) -> tuple[tuple[Assignment, ...], tuple[Finding, ...]]:
    """The assignments in order, and every line that is none.

    Allowed beside assignments: empty lines, lines that begin with `#`, and the header as the
    first line. `key =` is an empty value; all after `key = ` is the value, blanks included.
    """
    found: list[Assignment] = []
    lines, findings = _lines(body, where, crlf)
    for number, line in lines:
        if not line.strip() or line.startswith("#") or (number == 1 and line == header):
            continue
        match = _ASSIGNMENT.fullmatch(line)
        if match is None:
            message = "is neither an assignment `key = value` nor a comment."
            findings.append(Finding(where=where, message=message, line=number))
            continue
        found.append(Assignment(key=match.group(1), value=match.group(2) or "", line=number))
    return tuple(found), tuple(findings)


def read_sections(
    body: bytes, *, where: str, crlf: bool = False
) -> tuple[tuple[Assignment, ...], tuple[Finding, ...]]:
    """The assignments `Name :value` in order, and every line that is none.

    The first and the last line are marks, `<<…>>`. `<A B>` begins a section, `--C D--  :` a list
    inside of it; a key is `A_B/C_D/Name_of_it`, with an underscore for every blank. All after the
    first colon is the value, blanks included. Empty lines are allowed.
    """
    found: list[Assignment] = []
    lines, findings = _lines(body, where, crlf)
    said = [(number, line) for number, line in lines if line.strip()]
    for number, line in (said[:1] + said[-1:]) if len(said) > 1 else ((1, ""),):
        if _MARK.fullmatch(line) is None:
            message = "the file has to begin and to end with a mark `<<…>>`."
            findings.append(Finding(where=where, message=message, line=number))
    path: tuple[str, ...] = ()
    for number, line in said[1:-1]:
        section, item = _SECTION.fullmatch(line), _LIST.fullmatch(line)
        named = _NAMED.fullmatch(line)
        if section is not None:
            path = (section.group(1),)
        elif item is not None:
            path = (*path[:1], item.group(1))
        elif named is not None:
            key = "/".join((*path, named.group(1))).replace(" ", "_")
            found.append(Assignment(key=key, value=named.group(2), line=number))
        else:
            message = "is neither an assignment `Name :value` nor a header."
            findings.append(Finding(where=where, message=message, line=number))
    return tuple(found), tuple(findings)


def _lines(body: bytes, where: str, crlf: bool) -> tuple[list[tuple[int, str]], list[Finding]]:
    """The numbered lines without control characters, and a finding for each that has one."""
    try:
        text = body.decode()
    except UnicodeDecodeError as fault:
        at = body.count(b"\n", 0, fault.start) + 1
        return [], [Finding(where=where, message="is no UTF-8.", line=at)]
    kept: list[tuple[int, str]] = []
    findings: list[Finding] = []
    for number, line in enumerate(text.split("\n"), 1):
        if crlf:
            line = line.removesuffix("\r")
        control = _CONTROL.search(line)
        if control is None:
            kept.append((number, line))
            continue
        message = f"holds the control character U+{ord(control.group()):04X}."
        findings.append(Finding(where=where, message=message, line=number))
    return kept, findings
