"""How does a change stand in the journal? Who did what to whom, with secrets masked."""

import json
from collections.abc import Collection
from datetime import datetime

from provisiond.actions.inventory_text import Tree
from provisiond.inventory.access import Actor
from provisiond.inventory.journal import ChangeEntry


def change_entry(
    actor: Actor,
    action: str,
    subject: str,
    at: datetime,
    *,
    domain_id: int | None = None,
    before: Tree = None,
    after: Tree = None,
) -> ChangeEntry:
    """An entry; `before` and `after` are trees that hold no secret, None for nothing."""
    return ChangeEntry(
        at=at,
        actor_kind=actor.kind,
        actor=actor.name,
        action=action,
        subject=subject,
        domain_id=domain_id,
        before=_text(before),
        after=_text(after),
    )


def differing(
    before: dict[str, Tree], after: dict[str, Tree], *, kept: Collection[str] = ()
) -> tuple[Tree, Tree]:
    """The fields in which two trees differ, of each, and those to be `kept` all the same."""
    names = [
        name for name in {**before, **after} if name in kept or before.get(name) != after.get(name)
    ]
    return (
        {name: before[name] for name in names if name in before},
        {name: after[name] for name in names if name in after},
    )


def _text(tree: Tree) -> str:
    return "" if tree is None else json.dumps(tree, ensure_ascii=False)
