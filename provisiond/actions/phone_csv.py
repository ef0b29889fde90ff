"""How do phones stand in a table? One row a line; read into records, and written from them."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from provisiond.actions.csv_table import Table, guarded, read_table
from provisiond.actions.inventory_file import Fault, Source, located, refusal, source_of
from provisiond.actions.inventory_state import DomainContents
from provisiond.actions.inventory_text import ALL, MAX_FAULTS, Limits, Tree
from provisiond.actions.phone_rows import TABLE, Hints, PhoneRows
from provisiond.actions.workbook import workbook_bytes
from provisiond.inventory.errors import RejectedAll
from provisiond.inventory.faults import MASK
from provisiond.inventory.people import User
from provisiond.inventory.phones import Phone, PhoneLine

COLUMNS = (
    "mac",
    "model",
    "name",
    "site",
    "line",
    "extension",
    "display_name",
    "sip_user",
    "sip_password",
    "label",
    "layout",
    "notes",
    "shared",
    "emergency_address",
)
"""What is written, in this order; what is read beside it stands in `csv_table.ALIASES`."""


def read_phone_csv(
    content: bytes, domain: str, hints: Hints | None = None, limits: Limits = ALL
) -> Source:
    """Read a table of phones of one domain, CSV or a workbook; several rows of a MAC are its lines.

    Users are added or changed where a row tells something of them. Raises RejectedAll where it
    cannot be read at all.
    """
    return read_phone_table(read_table(content, limits=limits), domain, hints)


def read_phone_table(
    table: Table, domain: str, hints: Hints | None = None, *, mac_needed: bool = True
) -> Source:
    """The same for rows that were read already; where no MAC is needed, a row without one is of
    a user alone."""
    reader = PhoneRows(table, hints or Hints(), mac_needed=mac_needed)
    for row in table.rows:
        if len(reader.unread) >= MAX_FAULTS:
            break
        reader.read(row)
    users, phones = reader.taken()
    tree: Tree = {"domain": domain, "users": users, "phones": phones}
    try:
        source = source_of(tree, reader.locate, is_table=True, unread=reader.unread)
    except RejectedAll as fault:
        found = located(reader.faults, reader.locate)
        raise refusal((*fault.findings, *found)) from fault
    told = (
        Fault(
            path=(*TABLE, warning.where),
            message=warning.message,
            remedy=warning.remedy,
            severity=warning.severity,
        )
        for warning in table.warnings
    )
    return replace(source, faults=(*told, *reader.faults, *source.faults))


def phone_csv_bytes(contents: DomainContents, *, with_secrets: bool = False) -> bytes:
    """The domain's phones as a table that `read_phone_csv` takes back: UTF-8 with a byte order
    mark, so that spreadsheets read names right; passwords are `***` without secrets."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows(_rows(contents, with_secrets=with_secrets))
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def phone_workbook_bytes(contents: DomainContents, *, with_secrets: bool = False) -> bytes:
    """The same as a workbook, whose cells are texts. Raises RejectedAll where what writes
    workbooks is not installed."""
    return workbook_bytes("phones", _rows(contents, with_secrets=with_secrets))


def _rows(contents: DomainContents, *, with_secrets: bool) -> Iterator[Sequence[str]]:
    yield COLUMNS
    for mac in sorted(contents.phones):
        phone = contents.phones[mac]
        lines = sorted(phone.lines, key=lambda line: line.line)
        for line in lines or (None,):
            user = contents.users.get(line.extension) if line is not None else None
            cells = _cells(phone, line, user, with_secrets=with_secrets)
            yield [guarded(cells.get(column, "")) for column in COLUMNS]


def _cells(
    phone: Phone, line: PhoneLine | None, user: User | None, *, with_secrets: bool
) -> Mapping[str, str]:
    cells = {
        "mac": str(phone.mac),
        "model": phone.model,
        "name": phone.name,
        "site": phone.site or "",
        "layout": phone.layout or "",
        "notes": phone.notes,
        "emergency_address": phone.emergency_address or "",
    }
    if line is not None:
        cells |= {"line": str(line.line), "extension": line.extension, "label": line.label}
        cells["shared"] = "yes" if line.shared else "no"
    if user is not None:
        password = user.sip_password
        cells |= {
            "display_name": f"{user.first_name} {user.last_name}".strip(),
            "sip_user": user.sip_user,
            "sip_password": password.reveal() if with_secrets or not password else MASK,
        }
    return cells
