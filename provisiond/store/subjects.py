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


def subject_key(noun: str | None) -> sa.ColumnElement[str]:
    """What all changes of one record have in common, and no other's: an expression to be put into
    the statement that journals changes of this noun, while the record stands. Each change gives
    it its `subject_values`.

    A change that renames it stands in the store already and is found by the new name; one that
    deletes it must be journaled first. What has no id, or is gone, goes by its name.
    """
    named = _given("of_subject")
    if noun is None:
        return named
    row_id = sa.cast(_row_id(noun), sa.Text())
    return sa.func.coalesce(_given("of_place").concat(row_id), named)


def subject_noun(entry: ChangeEntry) -> str | None:
    """The noun of the change where its records have ids: `edit user`, `make number available`."""
    rest = "phone" if entry.action in _OF_PHONES else entry.action.partition(" ")[2]
    return next((one for one in _NAMES if f"{rest} ".startswith(f"{one} ")), None)


def subject_values(entry: ChangeEntry, noun: str | None) -> dict[str, Any]:
    """What `subject_key` of the noun needs to know of a change."""
    place = f"{entry.domain_id or 0}/"
    if noun is None:
        is_domain = entry.domain_id is not None and _is_of_domain(entry.action)
        return {"of_subject": place if is_domain else place + entry.subject}
    told = {**_tree(entry.before), **_tree(entry.after)}
    name = str(told.get(_NAMES[noun].name, entry.subject))
    values: dict[str, Any] = {"of_subject": place + entry.subject, "of_place": f"{place}#"}
    if noun == "phone":
        name = name.replace(":", "")
    if noun == "time frame":
        owner = told.get("owner")
        name = name.removesuffix(f" of user {owner}")
        values["of_owner"] = owner
    if noun != "webhook":
        values["of_domain"] = entry.domain_id
    return {**values, "of_name": name}


def _is_of_domain(action: str) -> bool:
    return f"{action.partition(' ')[2]} ".startswith("domain ")


def _row_id(noun: str) -> sa.ScalarSelect[int]:
    column = _NAMES[noun]
    table = column.table
    query = sa.select(table.c.id).where(column == _given("of_name")).limit(1)
    if noun == "time frame":
        query = query.where(table.c.owner_id.is_not_distinct_from(_owner_id()))
    if noun != "webhook":
        query = query.where(table.c.domain_id == _given("of_domain", sa.BigInteger()))
    return query.scalar_subquery()


def _owner_id() -> sa.ScalarSelect[int]:
    of_domain = user_account.c.domain_id == _given("of_domain", sa.BigInteger())
    own = user_account.c.extension == _given("of_owner")
    return sa.select(user_account.c.id).where(of_domain, own).scalar_subquery()


def _given(name: str, type_: sa.types.TypeEngine[Any] | None = None) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=type_ or sa.Text())


def _tree(text: str) -> dict[str, Any]:
    tree = json.loads(text) if text else None
    return tree if isinstance(tree, dict) else {}
