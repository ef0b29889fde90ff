"""What of a planned import cannot stand? Records, references, models and overrides, all at once."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain

from provisiond.actions.import_check_emergency import check_emergency_plan
from provisiond.actions.import_check_lines import check_lines_plan
from provisiond.actions.import_check_numbers import Owners, check_numbers_plan
from provisiond.actions.import_plan import DomainPlan, layer_settings
from provisiond.actions.import_walk import Item, Step
from provisiond.actions.inventory_file import Fault, path_below
from provisiond.actions.inventory_state import DomainContents
from provisiond.actions.inventory_text import Path
from provisiond.catalog.fit import fit
from provisiond.catalog.overrides import findings as override_findings
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor
from provisiond.inventory.directory import COMPANY
from provisiond.inventory.domains import BUILT_IN, Settings, inherit
from provisiond.inventory.emergency_numbers import left_out
from provisiond.inventory.errors import Finding
from provisiond.inventory.faults import (
    MASK,
    directory_faults,
    domain_faults,
    layout_faults,
    override_faults,
    phone_faults,
    settings_faults,
    site_faults,
    user_faults,
)
from provisiond.inventory.look_ahead import LookAhead
from provisiond.inventory.mac import Mac
from provisiond.inventory.near import near
from provisiond.inventory.phones import Override, Phone

_LAYOUT_KEYS = 2_000_000
"""keys of layouts that are looked at, counted on each phone: some seconds"""

_FINDING = 10
"""keys for which a phone's finding counts: it takes so much longer than a key without one"""


def check_plan(
    plan: DomainPlan,
    shelf: Shelf,
    *,
    server: Settings,
    owners: Owners,
    actor: Actor,
    ahead: LookAhead,
) -> Iterator[Fault]:
    """Every fault and warning of the plan, looked for as they are taken.

    `server` is the server's layer of settings, `owners` the other domains' phones and numbers
    among the plan's: an admin is told which domain has one, others only to ask their provider.
    """
    admin = actor.is_admin
    numbers = owners.numbers
    return chain(
        plan.faults,
        _domain(plan, shelf),
        _people_and_places(plan),
        _phones(plan, shelf, server, owners.phones, admin=admin),
        check_lines_plan(plan),
        _layouts_of_others(plan, shelf, server),
        _overrides(plan, shelf, admin=admin),
        () if admin else _sites_left_out(plan, server),
        check_emergency_plan(plan, numbers, admin=admin),
        check_numbers_plan(plan, server=server, owners=numbers, admin=admin, ahead=ahead),
    )


def phone_findings(
    phone: Phone,
    contents: DomainContents,
    shelf: Shelf,
    *,
    server: Settings,
    admin: bool,
    stood: Phone | None = None,
) -> tuple[Finding, ...]:
    """Every fault and warning of one phone in its domain; `where` is a field below the phone.
    `stood` is what it takes the place of."""
    own = phone_faults(phone)
    broken = {finding.where for finding in own}
    found = [*own, *_references(phone, contents)]
    layers = (BUILT_IN, server, *layer_settings(contents, phone))
    if not admin:
        below = inherit(*layers[:-1])
        found += left_out(phone.settings, stood.settings if stood is not None else None, below)
    known = shelf.find_model(phone.model) if phone.model else None
    if known is None:
        if phone.model:
            found.append(unknown_model(phone.model, shelf))
        return tuple(found)
    family, model = known
    settings = inherit(*layers)
    codes = dict(settings.feature_codes or ())
    merged, of_layout = _with_layout(phone, contents)
    for finding in fit(family, model, merged, codes, contents.users):
        if finding.where in broken:
            continue
        found.append(_told_of_layout(finding, len(phone.buttons), phone, of_layout))
    values = tuple(pair for pair in phone.overrides if f"overrides.{pair[0]}" not in broken)
    if values and "overrides" not in broken:
        found += override_findings(
            values,
            family.manifest,
            family.renderer.keys(),
            admin=admin,
            emergency=settings.emergency_numbers,
            stood=stood.overrides if stood is not None else (),
        )
    return tuple(found)


def _domain(plan: DomainPlan, shelf: Shelf) -> Iterator[Fault]:
    name = plan.after.domain.name
    yield from _faults(plan.path, domain_faults(name))
    if plan.step is not Step.SKIPPED:
        below = settings_faults(plan.after.domain.settings)
        yield from _faults((*plan.path, "settings"), below)
        for model, _ in plan.after.domain.settings.firmware or ():
            if shelf.find_model(model) is None:
                unknown = replace(unknown_model(model, shelf), severity="warning")
                unknown = replace(unknown, where=f"firmware.{model}")
                yield from _faults((*plan.path, "settings"), [unknown])
    settings = inherit(plan.after.domain.settings)
    if plan.step is Step.ADDED and not settings.sip_server:
        yield Fault(
            path=(*plan.path, "settings"),
            message=f"no sip_server is set; phones of {name} would not know where to register.",
            remedy="Set settings.sip_server.",
            severity="warning",
        )


def _sites_left_out(plan: DomainPlan, server: Settings) -> Iterator[Fault]:
    below = inherit(BUILT_IN, server, plan.after.domain.settings)
    for site in _touched(plan.sites):
        stood = site.before.settings if site.before is not None else None
        found = left_out(site.after.settings, stood, below)
        yield from _faults(site.path, (replace(f, where="emergency_numbers") for f in found))


def _people_and_places(plan: DomainPlan) -> Iterator[Fault]:
    for site in _touched(plan.sites):
        findings = site_faults(site.after)
        bare = (replace(f, where=f.where.removeprefix("settings.")) for f in findings)
        yield from _faults(site.path, bare)
    for user in _touched(plan.users):
        yield from _faults(user.path, user_faults(user.after))
        if user.after.site is not None and user.after.site not in plan.after.sites:
            missing = _missing("site", user.after.site, plan.after.sites)
            yield from _faults(user.path, (replace(missing, where="site"),))
        if user.step is Step.ADDED and not user.after.sip_password:
            yield Fault(
                path=user.path,
                message=f"user {user.after.extension} has no SIP password.",
                remedy="Set sip_password, or leave it out and one is made.",
                severity="warning",
            )
    for directory in _touched(plan.directories):
        yield from _faults(directory.path, directory_faults(directory.after))
    for layout in _touched(plan.layouts):
        yield from _faults(layout.path, layout_faults(layout.after))


def _phones(
    plan: DomainPlan,
    shelf: Shelf,
    server: Settings,
    owners: Mapping[Mac, str],
    *,
    admin: bool,
) -> Iterator[Fault]:
    tokens = {p.token.reveal(): p.mac for p in plan.before.phones.values() if p.token}
    keys = _LAYOUT_KEYS
    contents = plan.after
    for item in _touched(plan.phones):
        phone = item.after
        layout = contents.layouts.get(phone.layout or "")
        keys -= len(layout.buttons) if layout is not None else 0
        if layout is not None and keys < 0 and contents is plan.after:
            contents = _without_keys(contents)
            message = f"more than {_LAYOUT_KEYS:,} keys of layouts are on the phones of this file."
            remedy = "They are looked at up to this phone; `provisiond check` looks at all."
            place = (*item.path, "layout")
            yield Fault(path=place, message=message, remedy=remedy, severity="warning")
        found = phone_findings(
            phone, contents, shelf, server=server, admin=admin, stood=item.before
        )
        keys -= _FINDING * len(found) if layout is not None else 0
        if item.before is not None and phone.model == item.before.model:
            # What the store has already is not this file's fault.
            found = tuple(
                replace(f, severity="warning") if f.where == "model" else f for f in found
            )
        yield from _faults(item.path, found)
        if phone.mac in owners:
            owner = f"a phone of {owners[phone.mac]}" if admin else "in use"
            yield Fault(
                path=(*item.path, "mac"),
                message=f"{phone.mac} is {owner} already.",
                remedy="Delete it there first." if admin else "Ask your provider.",
            )
        token = phone.token.reveal()
        if not item.is_nobodys and tokens.setdefault(token, phone.mac) != phone.mac:
            yield Fault(
                path=(*item.path, "token"),
                message=f"it is the token of {tokens[token]}.",
                remedy="Leave it out; one is made.",
            )


def _without_keys(contents: DomainContents) -> DomainContents:
    layouts = {name: replace(one, buttons=()) for name, one in contents.layouts.items()}
    return replace(contents, layouts=layouts)


def _layouts_of_others(plan: DomainPlan, shelf: Shelf, server: Settings) -> Iterator[Fault]:
    """Phones outside the file that a changed layout no longer fits: a warning each."""
    changed = {i.after.name: i.path for i in plan.layouts if i.step is Step.CHANGED}
    listed = {item.after.mac for item in plan.phones}
    for phone in plan.after.phones.values():
        if phone.layout not in changed or phone.mac in listed:
            continue
        for finding in phone_findings(phone, plan.after, shelf, server=server, admin=True):
            if finding.where == "layout":
                message = f"on {phone.mac} ({phone.model}): {finding.message}"
                path = changed[phone.layout]
                yield Fault(path=path, message=message, remedy=finding.remedy, severity="warning")


def _overrides(plan: DomainPlan, shelf: Shelf, *, admin: bool) -> Iterator[Fault]:
    for rows in plan.overrides:
        for row in rows.rows:
            found = override_row_findings(
                row,
                shelf,
                admin=admin,
                emergency=_numbers(plan, row),
                stands=row in plan.before.overrides,
            )
            yield from _faults(rows.path, found)
    for item in _touched(plan.phones):
        for key, value in item.after.overrides:
            if value == MASK:
                yield Fault(path=(*item.path, "overrides", key), message=_UNTOLD, remedy=_TELL)


def _numbers(plan: DomainPlan, row: Override) -> tuple[str, ...] | None:
    """The emergency numbers where an override holds; None where nobody set any."""
    site = plan.after.sites.get(row.site or "")
    layers = (plan.after.domain.settings, *((site.settings,) if site is not None else ()))
    return inherit(*layers).emergency_numbers


_UNTOLD = "*** stands for a secret that this file does not tell, and none is stored."
_TELL = "Write the value, or take the line out."


def override_row_findings(
    row: Override,
    shelf: Shelf,
    *,
    admin: bool,
    emergency: tuple[str, ...] | None = None,
    stands: bool = False,
) -> Iterator[Finding]:
    """What is wrong with an override of server, domain or site; `emergency` as
    `overrides.findings` has it. One that `stands` in the store was let in before."""
    faults = override_faults(row)
    yield from (replace(f, where="") for f in faults)
    if row.value == MASK:
        yield Finding(where="", message=f"{row.key}: {_UNTOLD}", remedy=_TELL)
    family = shelf.families.get(row.family)
    if family is None:
        close = near(row.family, shelf.families, cutoff=0.5)
        there = " or ".join(close) or ", ".join(sorted(shelf.families))
        message = f"{row.key}: there is no family {row.family!r}."
        yield Finding(where="", message=message, remedy=f"There is {there or 'none'}.")
        return
    known = shelf.find_model(row.model) if row.model else None
    if row.model and (known is None or known[0].name != family.name):
        message = f"{row.key}: the family {row.family} has no model {row.model!r}."
        like = " or ".join(shelf.near_models(row.model))
        remedy = f"Did you mean {like}?" if like else "`provisiond families list` shows them."
        yield Finding(where="", message=message, remedy=remedy)
    if not faults:
        values = ((row.key, row.value),)
        found = override_findings(
            values,
            family.manifest,
            family.renderer.keys(),
            admin=admin,
            emergency=emergency,
            stood=values if stands else (),
        )
        yield from (replace(f, where="") for f in found)


def _references(phone: Phone, contents: DomainContents) -> Iterator[Finding]:
    for field, names in (
        ("site", contents.sites),
        ("layout", contents.layouts),
        ("directory", {COMPANY, *contents.directories}),
    ):
        name = getattr(phone, field)
        if name is not None and name not in names:
            yield _missing(field, name, names)
    for index, line in enumerate(phone.lines):
        if not line.extension:
            where, remedy = f"lines[{index}].extension", "Give the extension of a user."
            message = f"line {line.line} has no extension."
            yield Finding(where=where, message=message, remedy=remedy)
        elif line.extension not in contents.users:
            missing = _missing("extension", line.extension, contents.users)
            yield replace(missing, where=f"lines[{index}].extension")


def _missing(field: str, name: str, names: Collection[str]) -> Finding:
    what = "user with the extension" if field == "extension" else field
    close = near(name, names)
    like = f"Did you mean {' or '.join(close)}? " if close else ""
    add = "Add the user first" if field == "extension" else f"Add the {field} first"
    return Finding(
        where=field, message=f"there is no {what} {name!r}.", remedy=f"{like}{add}, or correct it."
    )


def unknown_model(text: str, shelf: Shelf) -> Finding:
    """That the catalogue has no such model, with those that it may have been."""
    like = shelf.near_models(text)
    return Finding(
        where="model",
        message=f"{text!r} is no model we know.",
        remedy=f"Did you mean {' or '.join(like)}?"
        if like
        else '`provisiond families list` shows the models; write "Vendor Model".',
    )


def _with_layout(phone: Phone, contents: DomainContents) -> tuple[Phone, int]:
    """The phone with its layout's buttons behind its own, and how many those are."""
    layout = contents.layouts.get(phone.layout or "")
    if layout is None:
        return phone, 0
    own = {(button.module, button.key) for button in phone.buttons}
    shared = tuple(b for b in layout.buttons if (b.module, b.key) not in own)
    return replace(phone, buttons=(*phone.buttons, *shared)), len(shared)


def _told_of_layout(finding: Finding, own: int, phone: Phone, of_layout: int) -> Finding:
    """A finding about a layout's button is told of the phone's layout. Layouts are for phones of
    any model, so it is a warning: the key stays empty."""
    path = path_below(finding.where)
    if of_layout and len(path) > 1 and path[0] == "buttons" and int(path[1]) >= own:
        message = f"layout {phone.layout!r}: {finding.message}"
        return replace(finding, where="layout", message=message, severity="warning")
    return finding


def _touched(items: Iterable[Item]) -> Iterator[Item]:  # type: ignore[type-arg]
    return (item for item in items if item.step is not Step.SKIPPED)


def _faults(path: Path, findings: Iterable[Finding]) -> Iterator[Fault]:
    for finding in findings:
        yield Fault(
            path=(*path, *path_below(finding.where)),
            message=finding.message,
            remedy=finding.remedy,
            severity=finding.severity,
        )
