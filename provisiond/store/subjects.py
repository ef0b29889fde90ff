"""Which record is a change of, whatever it was called then? Its id, where it may be renamed."""

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.journal import ChangeEntry
from provisiond.store.schema import directory, layout, phone, site, user_account
from provisiond.store.schema_access import webhook
from provisiond.store.schema_emergency import emergency_address
from provisiond.store.schema_numbers import call_destination, time_frame

# Nouns of the journal whose records may be renamed, and what they are called by.
_NAMES: Mapping[str, sa.Column[str]] = {
    "site": site.c.name,
    "user": user_account.c.extension,
    "directory": directory.c.name,
    "layout": layout.c.name,
    "phone": phone.c.mac,
    "destination": call_destination.c.extension,
    "time frame": time_frame.c.name,
    "emergency address": emergency_address.c.name,
    "webhook": webhook.c.name,
}
_OF_PHONES = ("open enrolment", "renew token")


def subject_key(entry: ChangeEntry) -> sa.ColumnElement[str]:
    """What all changes of one record have in common, and no other's: an expression to be put into
    the statement that journals the change, while the record stands.

    A change that renames it stands in the store already and is found by the new name; one that
    deletes it must be journaled first. What has no id, or is gone, goes by its name.
    """
    place = f"{entry.domain_id or 0}/"
    named = sa.literal(place + entry.subject, sa.Text())
    noun = "phone" if entry.action in _OF_PHONES else _noun(entry.action)
    if noun == "domain" and entry.domain_id is not None:
        return sa.literal(place, sa.Text())
    if noun is None or noun not in _NAMES:
        return named
    row_id = _row_id(noun, entry)
    known = sa.literal(f"{place}#", sa.Text()).concat(sa.cast(row_id, sa.Text()))
    return sa.func.coalesce(known, named)


def _noun(action: str) -> str | None:
    """What the action is of: `edit user`, `make number available`."""
    rest = action.partition(" ")[2]
    return next((one for one in (*_NAMES, "domain") if f"{rest} ".startswith(f"{one} ")), None)


def _row_id(noun: str, entry: ChangeEntry) -> sa.ScalarSelect[int]:
    column = _NAMES[noun]
    told = {**_tree(entry.before), **_tree(entry.after)}
    name = told.get(column.name, entry.subject)
    table = column.table
    query = sa.select(table.c.id).limit(1)
    if noun == "phone":
        name = str(name).replace(":", "")
    if noun == "time frame":
        owner = told.get("owner")
        name = str(name).removesuffix(f" of user {owner}")
        query = query.where(table.c.owner_id.is_not_distinct_from(_owner_id(entry, owner)))
    if noun != "webhook":
        query = query.where(table.c.domain_id == entry.domain_id)
    return query.where(column == name).scalar_subquery()


def _owner_id(entry: ChangeEntry, owner: Any) -> Any:
    if owner is None:
        return None
    of_domain = user_account.c.domain_id == entry.domain_id
    query = sa.select(user_account.c.id).where(of_domain, user_account.c.extension == owner)
    return query.scalar_subquery()


def _tree(text: str) -> dict[str, Any]:
    tree = json.loads(text) if text else None
    return tree if isinstance(tree, dict) else {}
