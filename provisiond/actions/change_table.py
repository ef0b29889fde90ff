"""How are changes of the journal written out: as JSON, one a line, or as a table?"""

import csv
import io
import json
from collections.abc import Iterable

from provisiond.actions.csv_table import guarded
from provisiond.actions.inventory_text import Tree
from provisiond.inventory.lists import ChangeRow

_COLUMNS = (
    "id", "at", "actor_kind", "actor", "action", "subject", "domain", "part_of", "undoes",
    "before", "after",
)  # fmt: skip
"""The fields of an entry."""


def change_tree(row: ChangeRow) -> dict[str, Tree]:
    """An entry as JSON holds it. `before` and `after` hold the fields that differ, secrets as
    `***`; `part_of` is the id of the import that it belongs to, `undoes` of the change that it
    undid."""
    change = row.change
    return {
        "id": row.entry_id,
        "at": change.at.isoformat().replace("+00:00", "Z"),
        "actor_kind": change.actor_kind,
        "actor": change.actor,
        "action": change.action,
        "subject": change.subject,
        "domain": row.domain,
        "part_of": change.part_of,
        "undoes": change.undoes,
        "before": json.loads(change.before) if change.before else None,
        "after": json.loads(change.after) if change.after else None,
    }


def changes_jsonl(rows: Iterable[ChangeRow]) -> bytes:
    """Entries as JSON, one a line; UTF-8."""
    texts = [json.dumps(change_tree(row), ensure_ascii=False) + "\n" for row in rows]
    return "".join(texts).encode()


def changes_csv(rows: Iterable[ChangeRow], *, header: bool) -> bytes:
    """Entries as rows of a table; cells that a spreadsheet would take for a formula get a quote
    before them. UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text)
    if header:
        writer.writerow(_COLUMNS)
    for row in rows:
        change = row.change
        values = (
            str(row.entry_id), change.at.isoformat(), change.actor_kind, change.actor,
            change.action, change.subject, row.domain or "", str(change.part_of or ""),
            str(change.undoes or ""), change.before, change.after,
        )  # fmt: skip
        writer.writerow([guarded(cell) for cell in values])
    return text.getvalue().encode()
