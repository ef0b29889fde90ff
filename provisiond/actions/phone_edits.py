"""What does an edit, as people type it, make of a phone? `2=102`, `3=blf,103,Carol`."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from provisiond.actions.import_merge import merge_settings
from provisiond.actions.inventory_schema import SettingsEntry, settings_entry
from provisiond.actions.setting_cells import LISTS, MAPS
from provisiond.actions.typed_edits import Attempts
from provisiond.inventory.buttons import Button, ButtonKind
from provisiond.inventory.domains import Settings
from provisiond.inventory.errors import Finding, Rejected, RejectedAll
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Handset, Phone, PhoneLine
from provisiond.inventory.texts import small_number

_PLACE = re.compile(r"(?:(\d{1,2})/)?(\d{1,3})")
_KIND = re.compile(r"([a-z_]+)(?:@(\d{1,2}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneEdit:
    """An edit. None leaves a field alone, the empty text clears it.

    `lines` are `N=USER[,shared]`, by extension or name, `labels` `N=TEXT`, `handsets`
    `N=NAME[,IPEI[,LINES]]` with lines as `1+2`, `buttons`
    `[SIDECAR/]KEY=KIND[@LINE][,VALUE[,LABEL]]`, `overrides` and `settings` `NAME=VALUE`; in lines,
    handsets, buttons and settings nothing behind the sign takes it away. `omitted` are override
    keys that are not to be printed, `dropped` those whose override goes.
    """

    mac: str | None = None
    model: str | None = None
    name: str | None = None
    site: str | None = None
    notes: str | None = None
    directory: str | None = None
    layout: str | None = None
    enabled: bool | None = None
    emergency_address: str | None = None
    lines: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    handsets: tuple[str, ...] = ()
    sidecars: tuple[str, ...] | None = None
    buttons: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    omitted: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


def edited(phone: Phone, edit: PhoneEdit) -> Phone:
    """The phone after the edit. Raises RejectedAll with everything that cannot be read."""
    faults: list[Finding] = []
    changes: dict[str, Any] = {
        name: getattr(edit, name)
        for name in ("model", "name", "notes", "enabled")
        if getattr(edit, name) is not None
    }
    for name in ("site", "directory", "layout", "emergency_address"):
        text = getattr(edit, name)
        if text is not None:
            changes[name] = text or None
    if edit.sidecars is not None:
        changes["sidecars"] = tuple(one for one in edit.sidecars if one)

    def attempt(work: Callable[[str, Any], Any], texts: Iterable[str], state: Any) -> Any:
        for text in texts:
            try:
                state = work(text, state)
            except Rejected as fault:
                found = Finding(where=fault.field, message=fault.message, remedy=fault.remedy)
                faults.append(found)
        return state

    if edit.mac is not None:
        changes["mac"] = attempt(lambda text, _: Mac.parse(text), [edit.mac], phone.mac)
    lines = {line.line: line for line in phone.lines}
    lines = attempt(_label, edit.labels, attempt(_line, edit.lines, lines))
    handsets = attempt(_handset, edit.handsets, {one.handset: one for one in phone.handsets})
    buttons = {(button.module, button.key): button for button in phone.buttons}
    buttons = attempt(set_button, edit.buttons, buttons)
    overrides = attempt(_override, edit.overrides, dict(phone.overrides))
    overrides |= dict.fromkeys(edit.omitted)
    overrides = attempt(_dropped, edit.dropped, overrides)
    settings = attempt(set_setting, edit.settings, phone.settings)
    if faults:
        raise RejectedAll(tuple(faults), f"{len(faults)} fault(s); nothing was changed.")
    return replace(
        phone,
        **changes,
        lines=tuple(lines[number] for number in sorted(lines)),
        handsets=tuple(handsets[number] for number in sorted(handsets)),
        buttons=tuple(buttons[place] for place in sorted(buttons)),
        overrides=tuple(sorted(overrides.items())),
        settings=settings,
    )


def edited_buttons(buttons: Iterable[Button], texts: Iterable[str]) -> tuple[Button, ...]:
    """Buttons with those that the texts say, as `PhoneEdit.buttons` has them. Raises RejectedAll
    with everything that cannot be read."""
    attempts = Attempts()
    placed = {(button.module, button.key): button for button in buttons}
    for text in texts:
        placed = attempts.read(placed, set_button, text, placed)
    attempts.finish()
    return tuple(placed[place] for place in sorted(placed))


def _split(what: str, text: str, example: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise Rejected(what, f"{text!r} has no = in it.", f"Write it as {example}.")
    return name.strip(), value


def _number(what: str, text: str, example: str) -> int:
    number = small_number(text) or 0
    if not 1 <= number <= 999:
        raise Rejected(what, f"{text!r} is no number of a line.", f"Write it as {example}.")
    return number


def _line(text: str, lines: dict[int, PhoneLine]) -> dict[int, PhoneLine]:
    name, value = _split("line", text, "2=102")
    number = _number("line", name, "2=102")
    extension, _, more = (part.strip() for part in value.partition(","))
    if more not in ("", "shared"):
        raise Rejected("line", f"{more!r} is nothing a line can be.", "Write it as 2=102,shared.")
    if not extension:
        return {n: line for n, line in lines.items() if n != number}
    before = lines.get(number, PhoneLine(line=number, extension=extension))
    changed = replace(before, extension=extension, shared=more == "shared")
    return {**lines, number: changed}


def _label(text: str, lines: dict[int, PhoneLine]) -> dict[int, PhoneLine]:
    name, value = _split("label", text, "1=Reception")
    number = _number("label", name, "1=Reception")
    if number not in lines:
        message = f"the phone has no line {number}."
        raise Rejected("label", message, f"Add it with --line {number}=EXTENSION.")
    return {**lines, number: replace(lines[number], label=value.strip())}


def _handset(text: str, handsets: dict[int, Handset]) -> dict[int, Handset]:
    example = "1=Kitchen,0328d30001,1+2"
    name, value = _split("handset", text, example)
    number = _number("handset", name, example)
    if not value.strip():
        return {n: handset for n, handset in handsets.items() if n != number}
    called, ipei, lines = ([part.strip() for part in value.split(",", 2)] + ["", ""])[:3]
    handset = Handset(
        handset=number,
        name=called,
        ipei=ipei.lower(),
        lines=tuple(_number("handset", line, example) for line in lines.split("+") if line),
    )
    return {**handsets, number: handset}


def set_button(text: str, buttons: dict[tuple[int, int], Button]) -> dict[tuple[int, int], Button]:
    """The buttons with `[SIDECAR/]KEY=KIND[@LINE][,VALUE[,LABEL]]` among them; nothing behind the
    sign takes one away. Raises Rejected(button)."""
    example = "3=blf,103,Carol"
    name, value = _split("button", text, example)
    place = _PLACE.fullmatch(name)
    if place is None:
        remedy = f"Write it as {example}, or 1/3=… for key 3 of the first sidecar."
        raise Rejected("button", f"{name!r} is no key.", remedy)
    module, key = int(place.group(1) or 0), int(place.group(2))
    if not value.strip():
        return {at: button for at, button in buttons.items() if at != (module, key)}
    kind, dialled, label = ([part.strip() for part in value.split(",", 2)] + ["", ""])[:3]
    said = _KIND.fullmatch(kind)
    if said is None or said.group(1) not in {each.value for each in ButtonKind}:
        there = ", ".join(each.value for each in ButtonKind)
        raise Rejected("button", f"{kind!r} is no kind of button.", f"There are {there}.")
    button = Button(
        module=module,
        key=key,
        kind=ButtonKind(said.group(1)),
        line=int(said.group(2)) if said.group(2) else None,
        value=dialled,
        label=label,
    )
    return {**buttons, (module, key): button}


def _override(text: str, overrides: dict[str, str | None]) -> dict[str, str | None]:
    name, value = _split("override", text, "phone_setting.ring_type=Ring2.wav")
    return {**overrides, name: value}


def _dropped(key: str, overrides: dict[str, str | None]) -> dict[str, str | None]:
    if key not in overrides:
        there = f"It overrides {', '.join(sorted(overrides))}." if overrides else ""
        raise Rejected("no-override", f"the phone does not override {key!r}.", there)
    return {name: value for name, value in overrides.items() if name != key}


def set_setting(text: str, settings: Settings) -> Settings:
    """The settings with `NAME=VALUE` over them; nothing behind the sign unsets it. Of feature codes
    and firmware it is one of them: `feature_codes.pickup=*8{value}`. Raises Rejected(set)."""
    name, value = _split("set", text, "poll_minutes=60")
    group, dot, key = name.partition(".")
    given: Any = value.strip() or None
    if group in MAPS:
        if not dot or not key:
            message = f"{group} cannot be set with one word."
            raise Rejected("set", message, f"Set one of them: {group}.NAME=VALUE.")
        held = dict(getattr(settings, group) or ())
        held.pop(key, None)
        name, given = group, {**held, **({key: given} if given is not None else {})} or None
    elif given is not None and name in LISTS:
        given = [part.strip() for part in given.split(",")]
    entry: SettingsEntry = settings_entry({name: given}, "set")
    return merge_settings(settings, entry)
