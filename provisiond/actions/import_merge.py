"""What does a record become when a file's fields go over it? Fields left out stay as they are."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from provisiond.actions.inventory_schema import (
    ButtonEntry,
    DirectoryEntry,
    HandsetEntry,
    LayoutEntry,
    LineEntry,
    OverrideEntry,
    PhoneEntry,
    PhoneFields,
    PhoneTerms,
    SettingsEntry,
    SiteEntry,
)
from provisiond.actions.inventory_values import EnrolmentEntry
from provisiond.actions.people_schema import UserEntry, UserTerms
from provisiond.inventory.buttons import Button
from provisiond.inventory.directory import Directory
from provisiond.inventory.directory import DirectoryEntry as Number
from provisiond.inventory.domains import Settings, Site
from provisiond.inventory.faults import MASK
from provisiond.inventory.people import User
from provisiond.inventory.phones import Enrolment, Handset, Layout, Override, Phone, PhoneLine
from provisiond.inventory.secret import Secret
from provisiond.inventory.telephone import E164

_SETTINGS = frozenset(field.name for field in fields(Settings))


def merge_settings(existing: Settings, entry: SettingsEntry) -> Settings:
    """The settings with the entry's over them; null takes one out, a masked secret stays."""
    changes: dict[str, Any] = {}
    for name in entry.model_fields_set & _SETTINGS:
        value = getattr(entry, name)
        if isinstance(value, Secret) and value.reveal() == MASK:
            continue
        changes[name] = tuple(sorted(value.items())) if isinstance(value, dict) else value
    return replace(existing, **changes) if changes else existing


def merge_site(existing: Site | None, entry: SiteEntry) -> Site:
    """The site; its overrides are rows of their own."""
    site = existing or Site(name=entry.name)
    changes = _given(entry, "emergency_address")
    return replace(site, settings=merge_settings(site.settings, entry), **changes)


def merge_user(existing: User | None, entry: UserEntry, *, names_joined: bool = False) -> User:
    """The user. `names_joined`: first and last name were told apart by guess, and stay as they
    are where together they are the same name."""
    user = merge_user_terms(existing or User(extension=entry.extension), entry)
    changes = _given(entry, "first_name", "last_name", "sip_user", "sip_auth_user")
    if names_joined and {"first_name", "last_name"} <= changes.keys():
        joined = f"{entry.first_name} {entry.last_name}".strip()
        if joined in (f"{user.first_name} {user.last_name}".strip(), user.extension):
            del changes["first_name"], changes["last_name"]
    if "sip_password" in entry.model_fields_set and entry.sip_password.reveal() != MASK:
        changes["sip_password"] = entry.sip_password
    return replace(user, **changes)


def merge_user_terms(user: User, entry: UserTerms) -> User:
    """The user with what users can have in common."""
    changes = _given(entry, "site", "in_directory", "emergency_address")
    if "emergency_caller_id" in entry.model_fields_set:
        number = entry.emergency_caller_id
        changes["emergency_caller_id"] = E164(number) if number else None
    return replace(user, **changes)


def merge_directory(existing: Directory | None, entry: DirectoryEntry) -> Directory:
    """The directory; entries that are given replace all."""
    directory = existing or Directory(name=entry.name)
    if "entries" not in entry.model_fields_set:
        return directory
    entries = tuple(Number(name=each.name, number=each.number) for each in entry.entries)
    return replace(directory, entries=entries)


def merge_layout(existing: Layout | None, entry: LayoutEntry) -> Layout:
    """The layout; buttons that are given replace all."""
    layout = existing or Layout(name=entry.name)
    if "buttons" not in entry.model_fields_set:
        return layout
    buttons = buttons_of(entry.buttons)
    if existing is not None and tuple(sorted(buttons, key=_place)) == existing.buttons:
        return existing
    return replace(layout, buttons=buttons)


def merge_phone(existing: Phone | None, entry: PhoneFields, *, is_table: bool = False) -> Phone:
    """The phone, its lists in the file's order. A token or enrolment that the file masks or
    leaves out stays; a new phone has none yet. `is_table` merges lines one by one."""
    phone = merge_phone_terms(existing or Phone(mac=entry.mac, model=entry.model), entry)
    changes = _given(entry, "name")
    given = entry.model_fields_set
    if "lines" in given:
        changes["lines"] = _lines(phone.lines if is_table else (), entry.lines)
    if "handsets" in given:
        changes["handsets"] = _handsets(entry.handsets)
    if not isinstance(entry, PhoneEntry):
        return replace(phone, **changes)
    if "token" in given and entry.token.reveal() not in ("", MASK):
        changes["token"] = Secret(entry.token.reveal().lower())
    if "enrolment" in given and entry.enrolment is not None:
        changes["enrolment"] = _enrolment(entry.enrolment)
    return replace(phone, **changes)


def merge_phone_terms(phone: Phone, entry: PhoneTerms) -> Phone:
    """The phone with what phones can have in common; lists that are given replace those of it."""
    changes = _given(entry, "site", "notes", "directory", "enabled", "layout", "sidecars")
    changes |= _given(entry, "emergency_address")
    given = entry.model_fields_set
    if "model" in given and entry.model:
        changes["model"] = entry.model
    if "buttons" in given:
        changes["buttons"] = buttons_of(entry.buttons)
    if "overrides" in given:
        changes["overrides"] = _own_overrides(dict(phone.overrides), entry.overrides)
    if "settings" in given:
        changes["settings"] = merge_settings(phone.settings, entry.settings)
    return replace(phone, **changes)


def merge_overrides(
    existing: Iterable[Override],
    entries: Iterable[OverrideEntry],
    *,
    scope: str,
    site: str | None,
    author: str,
    at: datetime,
) -> tuple[Override, ...]:
    """The rows of one scope that stand from now on. A row that says what stood already keeps its
    author and time; a masked value keeps the one that stood."""
    before = {(row.family, row.model, row.key): row for row in existing}
    rows: list[Override] = []
    for entry in entries:
        old = before.get((entry.family, entry.model, entry.key))
        value = old.value if old is not None and entry.value == MASK else entry.value
        known = entry.author or entry.at is not None
        if old is not None and value == old.value and not known:
            rows.append(old)
            continue
        rows.append(
            Override(
                scope=scope,
                site=site,
                family=entry.family,
                model=entry.model,
                key=entry.key,
                value=value,
                author=entry.author if known else author,
                at=entry.at if known else at,
            )
        )
    return tuple(sorted(rows, key=lambda row: (row.family, row.model or "", row.key)))


def buttons_of(entries: Iterable[ButtonEntry]) -> tuple[Button, ...]:
    """Buttons as the inventory keeps them, in the file's order."""
    return tuple(
        Button(
            module=entry.module,
            key=entry.key,
            kind=entry.kind,
            line=entry.line,
            value=entry.value,
            label=entry.label,
        )
        for entry in entries
    )


def arranged(phone: Phone) -> Phone:
    """The phone with lines, buttons and overrides in the order in which they are stored, so that
    two records that mean the same are equal."""
    return replace(
        phone,
        lines=tuple(sorted(phone.lines, key=lambda line: line.line)),
        buttons=tuple(sorted(phone.buttons, key=_place)),
        overrides=tuple(sorted(phone.overrides)),
    )


def _place(button: Button) -> tuple[int, int]:
    return button.module, button.key


def _given(entry: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in names if name in entry.model_fields_set}


def _handsets(entries: Iterable[HandsetEntry]) -> tuple[Handset, ...]:
    return tuple(
        Handset(
            handset=entry.handset,
            name=entry.name,
            ipei=entry.ipei.lower().replace(" ", ""),
            lines=entry.lines,
        )
        for entry in entries
    )


def _lines(existing: Iterable[PhoneLine], entries: Iterable[LineEntry]) -> tuple[PhoneLine, ...]:
    """The entries first, so that a fault's index is the file's; then the lines it left alone."""
    before = {line.line: line for line in existing}
    merged: list[PhoneLine] = []
    for entry in entries:
        old = before.pop(entry.line, None)
        given = "extension" in entry.model_fields_set
        if given and entry.extension == "" and old is not None:
            continue
        line = PhoneLine(line=entry.line, extension=entry.extension)
        if old is not None:
            line = replace(old, **_given(entry, "extension"))
        merged.append(replace(line, **_given(entry, "label", "shared")))
    return (*merged, *before.values())


def _own_overrides(
    before: Mapping[str, str | None], entries: Mapping[str, str | None]
) -> tuple[tuple[str, str | None], ...]:
    return tuple(
        (key, before[key] if value == MASK and key in before else value)
        for key, value in entries.items()
    )


def _enrolment(entry: EnrolmentEntry) -> Enrolment:
    return Enrolment(**{name: getattr(entry, name) for name in EnrolmentEntry.model_fields})
