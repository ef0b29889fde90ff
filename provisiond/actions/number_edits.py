"""What does an edit, as people type it, make of a number? `Holidays=voicemail,101`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from provisiond.actions.typed_edits import Attempts, choice, day
from provisiond.inventory.errors import Rejected
from provisiond.inventory.numbers import Announcement, Handling, Number, NumberRule, Treatment
from provisiond.inventory.sms import SmsNumber, SmsTreatment
from provisiond.inventory.texts import small_number

_EXAMPLE = "Write it as Holidays=voicemail,101 or Office=call_queue,300,Main,callers_ahead."
_ENHANCED = "enhanced"


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberEdit:
    """An edit. None leaves a field alone, the empty text clears it.

    `rules` are `FRAME=TREATMENT[,DESTINATION[,PREFIX[,MORE]]]`, MORE an announcement or
    `enhanced`: the rule for that frame, at the bottom where there is none yet; nothing behind the
    sign takes it away. `moves` are `FRAME=PLACE`, 1 the top. `without_rules` takes all away
    before.
    """

    treatment: str | None = None
    destination: str | None = None
    caller_id_prefix: str | None = None
    announcement: str | None = None
    enhanced_voicemail: bool | None = None
    rules: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    without_rules: bool = False
    notes: str | None = None
    language: str | None = None
    time_zone: str | None = None
    enabled: bool | None = None
    enable_on: str | None = None
    disable_on: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsEdit:
    """An edit of an SMS number. None leaves a field alone, the empty text clears it."""

    treatment: str | None = None
    destination: str | None = None
    carrier: str | None = None
    mms: bool | None = None
    group_mms: bool | None = None
    notes: str | None = None


def edited_number(number: Number, edit: NumberEdit) -> Number:
    """The number after the edit. Raises RejectedAll with everything that cannot be read.

    Another treatment forgets what only the old one had: destination, announcement, enhanced
    voicemail, and a prefix that nobody would see.
    """
    attempts = Attempts()
    changes: dict[str, Any] = {}
    for name in ("notes", "enabled"):
        if getattr(edit, name) is not None:
            changes[name] = getattr(edit, name)
    for name in ("language", "time_zone"):
        if getattr(edit, name) is not None:
            changes[name] = getattr(edit, name) or None
    for name in ("enable_on", "disable_on"):
        text = getattr(edit, name)
        if text is not None:
            changes[name] = attempts.read(None, day, text, name) if text else None
    changes["default"] = _default(attempts, number.default, edit)
    rules = () if edit.without_rules else number.rules
    for text in edit.rules:
        rules = attempts.read(rules, _ruled, text, rules)
    for text in edit.moves:
        rules = attempts.read(rules, _moved, text, rules)
    attempts.finish()
    return replace(number, **changes, rules=tuple(rules))


def edited_sms(number: SmsNumber, edit: SmsEdit) -> SmsNumber:
    """The SMS number after the edit. Raises RejectedAll with everything that cannot be read."""
    attempts = Attempts()
    changes: dict[str, Any] = {
        name: getattr(edit, name)
        for name in ("destination", "carrier", "mms", "group_mms", "notes")
        if getattr(edit, name) is not None
    }
    if edit.treatment is not None:
        written = edit.treatment or SmsTreatment.AVAILABLE.value
        treatment = attempts.read(number.treatment, choice, SmsTreatment, written, "treatment")
        changes["treatment"] = treatment
        if treatment is not number.treatment:
            changes.setdefault("destination", "")
    attempts.finish()
    return replace(number, **changes)


def parse_handling(written: str, field: str = "rule") -> Handling:
    """`call_queue,300,Main,callers_ahead`. Raises Rejected(field)."""
    parts = [part.strip() for part in written.split(",")]
    if len(parts) > 4:
        raise Rejected(field, f"{written!r} has too many parts.", _EXAMPLE)
    treatment, destination, prefix, more = (*parts, "", "", "")[:4]
    handling = Handling(
        treatment=treatment_of(treatment, field), destination=destination, caller_id_prefix=prefix
    )
    if more == _ENHANCED:
        return replace(handling, enhanced_voicemail=True)
    if more:
        return replace(handling, announcement=choice(Announcement, more, field))
    return handling


def treatment_of(written: str, field: str) -> str:
    """The stored spelling of a treatment; nothing is available. Raises Rejected(field)."""
    return choice(Treatment, written or Treatment.AVAILABLE.value, field).value


def _default(attempts: Attempts, handling: Handling, edit: NumberEdit) -> Handling:
    given = edit.treatment
    if given is not None and given != handling.treatment:
        treatment = attempts.read(handling.treatment, treatment_of, given, "treatment")
        if treatment != handling.treatment:
            shown = treatment not in (Treatment.AVAILABLE.value, Treatment.FAX_SERVER.value)
            prefix = handling.caller_id_prefix if shown else ""
            handling = Handling(treatment=treatment, caller_id_prefix=prefix)
    changes: dict[str, Any] = {
        name: getattr(edit, name)
        for name in ("destination", "caller_id_prefix", "enhanced_voicemail")
        if getattr(edit, name) is not None
    }
    announced = edit.announcement
    if announced is not None:
        changes["announcement"] = attempts.read(
            handling.announcement,
            choice,
            Announcement,
            announced or Announcement.NONE.value,
            "announcement",
        )
    return replace(handling, **changes)


def _ruled(text: str, rules: Sequence[NumberRule]) -> tuple[NumberRule, ...]:
    frame, sign, value = text.partition("=")
    frame = frame.strip()
    if not sign or not frame:
        raise Rejected("rule", f"{text!r} has no = in it.", _EXAMPLE)
    if not value.strip():
        if all(rule.frame != frame for rule in rules):
            there = ", ".join(rule.frame for rule in rules) or "none"
            raise Rejected("rule", f"there is no rule for {frame!r}.", f"There are {there}.")
        return tuple(rule for rule in rules if rule.frame != frame)
    new = NumberRule(frame=frame, handling=parse_handling(value))
    if any(rule.frame == frame for rule in rules):
        return tuple(new if rule.frame == frame else rule for rule in rules)
    return (*rules, new)


def _moved(text: str, rules: Sequence[NumberRule]) -> tuple[NumberRule, ...]:
    frame, _, place = text.rpartition("=")
    frame, place = frame.strip(), place.strip()
    here = [rule for rule in rules if rule.frame == frame]
    if not here:
        there = ", ".join(rule.frame for rule in rules) or "none"
        raise Rejected("move", f"there is no rule for {frame!r}.", f"There are {there}.")
    wanted = small_number(place) or 0
    if not 1 <= wanted <= len(rules):
        remedy = f"Write it as {frame}=1 for the top; there are {len(rules)} rules."
        raise Rejected("move", f"{place!r} is no place.", remedy)
    rest = [rule for rule in rules if rule.frame != frame]
    return (*rest[: wanted - 1], *here, *rest[wanted - 1 :])
