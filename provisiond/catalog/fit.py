"""What of a phone's record does not fit its model? Listed before saving, and by `check`."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from provisiond.catalog.accounts import is_kept
from provisiond.catalog.family import Family
from provisiond.catalog.manifest import ButtonRule, ModelRule
from provisiond.catalog.placing import KeySlot, phone_slots, sidecar_slots
from provisiond.inventory.buttons import CODE_NEEDED, VALUE_NEEDED, Button, ButtonKind
from provisiond.inventory.errors import Finding
from provisiond.inventory.people import User
from provisiond.inventory.phones import Phone

_NOBODY: Mapping[str, User] = MappingProxyType({})


def fit(
    family: Family,
    model: ModelRule,
    phone: Phone,
    feature_codes: Mapping[str, str],
    users: Mapping[str, User] = _NOBODY,
) -> tuple[Finding, ...]:
    """Every finding about the phone on this model; errors cannot be served, warnings can.

    `phone.buttons` are checked as they stand (a layout's buttons are to be merged in by the
    caller). `users` are the domain's, by extension, with their SIP passwords, of which nothing is
    told; left out, log-ins are not looked at. `where` is a field below the phone: `lines[1]`,
    `sidecars[0]`, `buttons[3]`.
    """
    return (
        *_lines(family, model, phone),
        *_logins(family, model, phone, users),
        *_handsets(family, model, phone),
        *_sidecars(family, model, phone),
        *_buttons(family, model, phone, feature_codes),
    )


def _boxed(family: Family, model: ModelRule) -> str:
    return f"{family.manifest.vendor} {model.name}"


def _lines(family: Family, model: ModelRule, phone: Phone) -> Iterable[Finding]:
    most = model.accept_accounts or model.accounts
    for index, line in enumerate(phone.lines):
        where = f"lines[{index}]"
        if not 1 <= line.line <= most:
            yield Finding(
                where=where,
                message=f"line {line.line} does not exist on the {_boxed(family, model)}, "
                f"which has {most} line(s).",
                remedy="Use a lower line or another model.",
            )
        elif line.line > model.accounts:
            yield Finding(
                where=where,
                severity="warning",
                message=f"sources disagree whether the {_boxed(family, model)} has more than "
                f"{model.accounts} line(s); line {line.line} may not work.",
            )


def _logins(
    family: Family, model: ModelRule, phone: Phone, users: Mapping[str, User]
) -> Iterable[Finding]:
    """Users and passwords that the phone's file cannot say as they stand."""
    rules = [
        rule
        for rule in family.rules_for(model)
        if rule.scope == "phone" and rule.secret and rule.template and rule.syntax != "xml"
    ]
    for index, line in enumerate(phone.lines):
        user = users.get(line.extension)
        if user is None:
            continue
        for what, text in (
            ("SIP user", user.sip_user),
            ("SIP authentication user", user.sip_auth_user),
            ("SIP password", user.sip_password.reveal()),
        ):
            if all(is_kept(rule, text) for rule in rules):
                continue
            yield Finding(
                where=f"lines[{index}]",
                severity="warning",
                message=f"line {line.line}: the file of a {_boxed(family, model)} cannot say the "
                f"{what} of {line.extension} as it stands; the phone would log in with something "
                "else.",
                remedy="Set another one of ASCII letters and digits, here and at the registrar.",
            )


def _handsets(family: Family, model: ModelRule, phone: Phone) -> Iterable[Finding]:
    for index, handset in enumerate(phone.handsets):
        if handset.handset > model.handsets:
            has = f"{model.handsets} handset(s)" if model.handsets else "no handsets"
            yield Finding(
                where=f"handsets[{index}]",
                message=f"handset {handset.handset} does not exist on the "
                f"{_boxed(family, model)}, which has {has}.",
                remedy="Use a lower handset or another model.",
            )


def _sidecars(family: Family, model: ModelRule, phone: Phone) -> Iterable[Finding]:
    for index, name in enumerate(phone.sidecars):
        if name not in model.sidecars:
            offered = ", ".join(model.sidecars) or "none"
            yield Finding(
                where=f"sidecars[{index}]",
                message=f"the {_boxed(family, model)} takes no sidecar {name!r}.",
                remedy=f"It takes: {offered}.",
            )
    kinds = sorted(set(phone.sidecars) & set(model.sidecars))
    for name in kinds:
        count = phone.sidecars.count(name)
        if count > model.sidecars[name]:
            yield Finding(
                where="sidecars",
                message=f"{count} × {name}; the {_boxed(family, model)} takes at most "
                f"{model.sidecars[name]}.",
                remedy="Remove what is too many.",
            )
    if len(kinds) > 1 and not model.mixed_sidecars:
        yield Finding(
            where="sidecars",
            message=f"{' and '.join(kinds)} cannot be mixed on one {_boxed(family, model)}.",
            remedy="Use one type of sidecar.",
        )


def _buttons(
    family: Family, model: ModelRule, phone: Phone, codes: Mapping[str, str]
) -> Iterable[Finding]:
    slots = {(0, s.position): s for s in phone_slots(family.manifest.layouts[model.layout])}
    for unit, name in enumerate(phone.sidecars, 1):
        rule = family.manifest.sidecars.get(name)
        if rule is not None:
            slots |= {(unit, s.position): s for s in sidecar_slots(rule)}
    seen: dict[tuple[int, int], int] = {}
    for index, button in enumerate(phone.buttons):
        where = f"buttons[{index}]"
        place = (button.module, button.key)
        if place in seen:
            yield Finding(
                where=where,
                message=f"{_key(button)} is given twice, by buttons[{seen[place]}] too.",
                remedy="Remove one of them.",
            )
        seen[place] = index
        slot = slots.get(place)
        if slot is None:
            yield _no_key(family, model, phone, button, where, slots)
            continue
        if slot.beyond:
            yield Finding(
                where=where,
                severity="warning",
                message=f"sources disagree whether the {_boxed(family, model)} has "
                f"{_key(button)}; it may not show.",
            )
        yield from _kind(family, model, phone, button, where, slot, codes)


def _key(button: Button) -> str:
    return f"key {button.key}" + (f" of sidecar {button.module}" if button.module else "")


def _no_key(
    family: Family,
    model: ModelRule,
    phone: Phone,
    button: Button,
    where: str,
    slots: Mapping[tuple[int, int], KeySlot],
) -> Finding:
    if not 0 <= button.module <= len(phone.sidecars):
        return Finding(
            where=where,
            message=f"{_key(button)}: the phone has {len(phone.sidecars)} sidecar(s).",
            remedy="Add the sidecar first or use module 0, the phone itself.",
        )
    last = max((key for module, key in slots if module == button.module), default=0)
    what = phone.sidecars[button.module - 1] if button.module else _boxed(family, model)
    return Finding(
        where=where,
        message=f"{_key(button)} is beyond the last key of the {what}, which is {last}.",
        remedy="Use a lower key, or a sidecar." if last else "This model has no such keys.",
    )


def _kind(
    family: Family,
    model: ModelRule,
    phone: Phone,
    button: Button,
    where: str,
    slot: KeySlot,
    codes: Mapping[str, str],
) -> Iterable[Finding]:
    kind = button.kind
    if kind is ButtonKind.NONE:
        return
    rule = family.manifest.buttons[kind]
    reason = _unavailable(rule, model, button, slot)
    if reason:
        yield Finding(
            where=where,
            severity="warning",
            message=f"{_key(button)}: {kind.value} is not available on the "
            f"{_boxed(family, model)}: {reason}.",
            remedy="The key stays empty.",
        )
        return
    code = CODE_NEEDED.get(kind)
    if code is not None and code not in codes:
        yield Finding(
            where=where,
            severity="warning",
            message=f"{_key(button)}: {kind.value} dials the feature code {code!r}, which the "
            "domain has not set.",
            remedy=f"Set feature_codes.{code}; the key stays empty until then.",
        )
    if kind in VALUE_NEEDED and not button.value:
        yield Finding(
            where=where,
            message=f"{_key(button)}: {kind.value} needs a value.",
            remedy="Give a number.",
        )
    if rule.max_value is not None and len(button.value) > rule.max_value:
        yield Finding(
            where=where,
            message=f"{_key(button)}: the value is longer than the {rule.max_value} characters the "
            "phone keeps.",
        )
    if button.line is not None and button.line not in {line.line for line in phone.lines}:
        yield Finding(
            where=where,
            message=f"{_key(button)} works on line {button.line}, which the phone does not have.",
            remedy="Assign an extension to that line or use another line.",
        )


def _unavailable(rule: ButtonRule, model: ModelRule, button: Button, slot: KeySlot) -> str:
    """Why the button cannot be on this key of this model, or nothing."""
    reason = rule.unavailable or model.unavailable.get(button.kind.value, "")
    if not reason and button.module and not rule.sidecar:
        reason = "this kind is not possible on a sidecar"
    if not reason and not button.module and not rule.allows(slot.bank):
        reason = f"this kind is possible on {', '.join(rule.banks)} keys only"
    return reason
