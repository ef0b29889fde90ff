"""Which assignments stand in a file of `key = value` lines?

Reads bytes as strictly as the most literal phone would; shares nothing with the writers.
"""

import re

from provisiond.catalog.syntax import Assignment
from provisiond.inventory.errors import Finding

_ASSIGNMENT = re.compile(r"([^\s=#\[\]]+) =(?: (.*))?", re.DOTALL)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


def read_lines(
    body: bytes, *, where: str, header: str = "", crlf: bool = False
) -> tuple[tuple[Assignment, ...], tuple[Finding, ...]]:
    """The assignments in order, and every line that is none.

    Allowed beside assignments: empty lines, lines that begin with `#`, and the header as the
    first line. `key =` is an empty value; all after `key = ` is the value, blanks included.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as fault:
        at = body.count(b"\n", 0, fault.start) + 1
        return (), (Finding(where=where, message="is no UTF-8.", line=at),)
    found: list[Assignment] = []
    findings: list[Finding] = []
    for number, line in enumerate(text.split("\n"), 1):
        if crlf:
            line = line.removesuffix("\r")
        control = _CONTROL.search(line)
        if control is not None:
            message = f"holds the control character U+{ord(control.group()):04X}."
            findings.append(Finding(where=where, message=message, line=number))
            continue
        if not line.strip() or line.startswith("#") or (number == 1 and line == header):
            continue
        match = _ASSIGNMENT.fullmatch(line)
        if match is None:
            message = "is neither an assignment `key = value` nor a comment."
            findings.append(Finding(where=where, message=message, line=number))
            continue
        found.append(Assignment(key=match.group(1), value=match.group(2) or "", line=number))
    return tuple(found), tuple(findings)
