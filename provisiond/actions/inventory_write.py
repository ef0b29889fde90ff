"""How is the inventory written into a file? Stable, sorted, and readable by `import` again."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from enum import Enum

import yaml

from provisiond.actions.emergency_trees import address_tree, endpoint_tree
from provisiond.actions.inventory_state import DomainContents, ServerContents
from provisiond.actions.inventory_text import Tree
from provisiond.actions.number_trees import (
    destination_tree,
    frame_tree,
    number_tree,
    sms_tree,
)
from provisiond.inventory.buttons import Button
from provisiond.inventory.directory import Directory
from provisiond.inventory.domains import Settings, Site
from provisiond.inventory.faults import MASK
from provisiond.inventory.people import User
from provisiond.inventory.phones import Enrolment, Handset, Layout, Override, Phone
from provisiond.inventory.secret import Secret

_SECRET_KEY = re.compile(r"pass(word|wd)?|secret|pwd|psk|(^|[._])pin($|[._])", re.IGNORECASE)
_WIDTH = 100

Object = dict[str, Tree]


def is_secret_key(key: str) -> bool:
    """Whether an override's key names a password, so that exports mask its value."""
    return _SECRET_KEY.search(key) is not None


def inventory_tree(
    domains: Sequence[DomainContents],
    server: ServerContents | None = None,
    *,
    with_secrets: bool = False,
) -> Object:
    """The inventory as a file holds it: one domain's object where it is one domain alone."""
    trees: list[Tree] = [domain_tree(d, with_secrets=with_secrets) for d in domains]
    server_part: Object = {}
    if server is not None:
        settings = settings_tree(server.settings, with_secrets=with_secrets)
        overrides = overrides_tree(server.overrides, with_secrets=with_secrets)
        server_part = _filled({"settings": settings, "overrides": overrides})
    if len(trees) == 1 and not server_part and isinstance(trees[0], dict):
        return trees[0]
    return {**_filled({"server": server_part}), "domains": trees}


def json_bytes(tree: Tree) -> bytes:
    """JSON in UTF-8: an object of plain values stands on one line."""
    return (_json(tree, 0) + "\n").encode()


def yaml_bytes(tree: Tree) -> bytes:
    """The same as YAML."""
    text: str = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text.encode()


def domain_tree(contents: DomainContents, *, with_secrets: bool = False) -> Object:
    """A domain with everything below it, sorted by natural keys."""

    def rows(site: str | None) -> list[Tree]:
        scoped = [row for row in contents.overrides if row.site == site]
        return overrides_tree(scoped, with_secrets=with_secrets)

    sites = sorted(contents.sites.values(), key=lambda site: site.name)
    users = sorted(contents.users.values(), key=lambda user: _natural(user.extension))
    directories = sorted(contents.directories.values(), key=lambda d: d.name)
    layouts = sorted(contents.layouts.values(), key=lambda layout: layout.name)
    phones = sorted(contents.phones.values(), key=lambda phone: phone.mac)
    optional: Object = {
        "settings": settings_tree(contents.domain.settings, with_secrets=with_secrets),
        "overrides": rows(None),
    }
    return {
        "domain": contents.domain.name,
        **_filled(optional),
        "sites": [site_tree(site, rows(site.name), with_secrets=with_secrets) for site in sites],
        "users": [user_tree(user, with_secrets=with_secrets) for user in users],
        "directories": [directory_tree(directory) for directory in directories],
        "layouts": [layout_tree(layout) for layout in layouts],
        "phones": [phone_tree(phone, with_secrets=with_secrets) for phone in phones],
        **_filled(_numbers(contents)),
        **_filled(_emergency(contents)),
    }


def _emergency(contents: DomainContents) -> Object:
    addresses = sorted(contents.emergency_addresses.values(), key=lambda one: one.name)
    endpoints = sorted(contents.emergency_endpoints.values(), key=lambda one: one.number)
    return {
        "emergency_addresses": [address_tree(one) for one in addresses],
        "emergency_endpoints": [endpoint_tree(one) for one in endpoints],
    }


def _numbers(contents: DomainContents) -> Object:
    destinations = sorted(contents.destinations.values(), key=lambda d: _natural(d.extension))
    frames = sorted(contents.time_frames.values(), key=lambda f: (f.name, f.owner or ""))
    calls = sorted(contents.numbers.values(), key=lambda number: number.number)
    texts = sorted(contents.sms_numbers.values(), key=lambda number: number.number)
    return {
        "destinations": [destination_tree(one) for one in destinations],
        "time_frames": [frame_tree(frame) for frame in frames],
        "numbers": [number_tree(number) for number in calls],
        "sms_numbers": [sms_tree(number) for number in texts],
    }


def phone_tree(phone: Phone, *, with_secrets: bool = False) -> Object:
    """A phone; without secrets its token and enrolment are `***`."""
    overrides: Object = {
        key: _masked(key, value, with_secrets=with_secrets)
        for key, value in sorted(phone.overrides)
    }
    settings = settings_tree(phone.settings, with_secrets=with_secrets)
    return {
        "mac": str(phone.mac),
        "model": phone.model,
        "name": phone.name,
        "site": phone.site,
        "notes": phone.notes,
        "directory": phone.directory,
        "enabled": phone.enabled,
        "lines": [
            {
                "line": line.line,
                "extension": line.extension,
                "label": line.label,
                "shared": line.shared,
            }
            for line in sorted(phone.lines, key=lambda line: line.line)
        ],
        **_filled({"handsets": _handsets(phone.handsets)}),
        "sidecars": list(phone.sidecars),
        "layout": phone.layout,
        "buttons": _buttons(phone.buttons),
        "overrides": overrides,
        **_filled({"settings": settings, "emergency_address": phone.emergency_address}),
        "token": phone.token.reveal() if with_secrets else MASK,
        "enrolment": _enrolment(phone.enrolment) if with_secrets else MASK,
    }


def _handsets(handsets: Iterable[Handset]) -> list[Tree]:
    return [
        {"handset": one.handset, "name": one.name, "ipei": one.ipei, "lines": list(one.lines)}
        for one in sorted(handsets, key=lambda one: one.handset)
    ]


def settings_tree(settings: Settings, *, with_secrets: bool = False) -> Object:
    """The settings that are set in this layer."""
    tree: Object = {}
    for field in fields(Settings):
        value = getattr(settings, field.name)
        if value is None:
            continue
        if isinstance(value, Secret):
            tree[field.name] = _secret(value, with_secrets=with_secrets)
        elif isinstance(value, Enum):
            tree[field.name] = value.value
        elif field.name in ("feature_codes", "firmware"):
            tree[field.name] = dict(sorted(value))
        elif isinstance(value, tuple):
            tree[field.name] = list(value)
        else:
            tree[field.name] = value
    return tree


def overrides_tree(rows: Iterable[Override], *, with_secrets: bool = False) -> list[Tree]:
    """Override rows of one scope; author and time only where they are known."""
    ordered = sorted(rows, key=lambda row: (row.family, row.model or "", row.key))
    return [
        {
            "family": row.family,
            **_filled({"model": row.model}),
            "key": row.key,
            "value": _masked(row.key, row.value, with_secrets=with_secrets),
            **_filled({"author": row.author, "at": _instant(row.at)}),
        }
        for row in ordered
    ]


def site_tree(site: Site, overrides: list[Tree], *, with_secrets: bool = False) -> Object:
    """A site with its settings beside its name, and the overrides of its scope."""
    settings = settings_tree(site.settings, with_secrets=with_secrets)
    more: Object = {"emergency_address": site.emergency_address, "overrides": overrides}
    return {"name": site.name, **settings, **_filled(more)}


def user_tree(user: User, *, with_secrets: bool = False) -> Object:
    """A user; without secrets the password is `***`."""
    caller_id = user.emergency_caller_id
    emergency: Object = {
        "emergency_address": user.emergency_address,
        "emergency_caller_id": caller_id.text if caller_id is not None else None,
    }
    return {
        "extension": user.extension,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "sip_user": user.sip_user,
        "sip_auth_user": user.sip_auth_user,
        "sip_password": _secret(user.sip_password, with_secrets=with_secrets),
        "site": user.site,
        "in_directory": user.in_directory,
        **_filled(emergency),
    }


def directory_tree(directory: Directory) -> Object:
    """A directory with its own entries in order."""
    return {
        "name": directory.name,
        "entries": [{"name": entry.name, "number": entry.number} for entry in directory.entries],
    }


def layout_tree(layout: Layout) -> Object:
    """A button layout."""
    return {"name": layout.name, "buttons": _buttons(layout.buttons)}


def _buttons(buttons: Iterable[Button]) -> list[Tree]:
    return [
        {
            "module": button.module,
            "key": button.key,
            **_filled({"line": button.line}),
            "kind": button.kind.value,
            "value": button.value,
            "label": button.label,
        }
        for button in sorted(buttons, key=lambda b: (b.module, b.key))
    ]


def _enrolment(enrolment: Enrolment) -> Object:
    tree: Object = {
        "opened_at": _instant(enrolment.opened_at),
        "open_until": _instant(enrolment.open_until),
        "closed_at": _instant(enrolment.closed_at),
        "held_reason": enrolment.held_reason,
        "first_address": enrolment.first_address,
        "first_user_agent": enrolment.first_user_agent,
    }
    return {name: value for name, value in tree.items() if value is not None}


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _secret(secret: Secret, *, with_secrets: bool) -> str:
    return secret.reveal() if with_secrets or not secret else MASK


def _masked(key: str, value: str | None, *, with_secrets: bool) -> str | None:
    return MASK if value and not with_secrets and is_secret_key(key) else value


def _filled(tree: Object) -> Object:
    """Without the fields that hold nothing."""
    return {name: value for name, value in tree.items() if value not in (None, "", [], {})}


def _natural(extension: str) -> tuple[int, str]:
    return len(extension), extension


def _json(tree: Tree, depth: int) -> str:
    if not isinstance(tree, dict | list) or not _has_containers(tree, depth):
        return json.dumps(tree, ensure_ascii=False)
    inner, outer = " " * (depth + 1), " " * depth
    if isinstance(tree, dict):
        parts = [
            f"{json.dumps(name, ensure_ascii=False)}: {_json(value, depth + 1)}"
            for name, value in tree.items()
        ]
        return "{\n" + ",\n".join(inner + part for part in parts) + f"\n{outer}}}"
    parts = [_json(value, depth + 1) for value in tree]
    return "[\n" + ",\n".join(inner + part for part in parts) + f"\n{outer}]"


def _has_containers(tree: dict[str, Tree] | list[Tree], depth: int) -> bool:
    """Whether it needs several lines: it holds filled objects or lists, or is the file."""
    below = tree.values() if isinstance(tree, dict) else tree
    return depth == 0 or any(isinstance(value, dict | list) and value for value in below)
