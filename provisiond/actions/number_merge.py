"""What does a number or time frame become when a file's fields go over it?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from provisiond.actions.frame_edits import kind_of, parse_own_day
from provisiond.actions.number_schema import (
    DestinationEntry,
    FrameEntry,
    FrameParts,
    HandlingEntry,
    NumberEntry,
    NumberTerms,
    SmsEntry,
    SmsTerms,
)
from provisiond.actions.stand_ins import is_stand_in
from provisiond.inventory.destinations import (
    KIND_OF_TREATMENT,
    PEOPLES_TREATMENTS,
    Destination,
)
from provisiond.inventory.errors import Rejected
from provisiond.inventory.numbers import Handling, Number, NumberRule, Treatment
from provisiond.inventory.people import User
from provisiond.inventory.sms import SmsNumber
from provisiond.inventory.telephone import E164
from provisiond.inventory.texts import is_extension
from provisiond.inventory.timeframes import (
    DateRange,
    FrameKind,
    HolidayCalendar,
    Part,
    TimeFrame,
    WeeklyHours,
    arranged,
)

_PARTS = tuple(FrameParts.model_fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Reads destinations: extensions stand as they are, a name that one user or destination alone
    has is its extension, and numbers outside are of `country`."""

    country: str
    people: Mapping[str, Sequence[str]] = field(default_factory=dict)
    others: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)

    @classmethod
    def none(cls) -> "Names":
        """Nobody's: destinations stay as they are written, for an action that looks them up."""
        return cls(country="ZZ")

    def extension(self, treatment: str, written: str) -> str:
        """The destination as it is stored; what cannot be read stays, and is found later."""
        if treatment == Treatment.PSTN.value and written:
            try:
                return E164.parse(written, self.country).text
            except Rejected:
                return written
        if not written or is_extension(written):
            return written
        name = written.casefold()
        found: Sequence[str] = ()
        if treatment in PEOPLES_TREATMENTS:
            found = self.people.get(name, ())
        elif treatment in KIND_OF_TREATMENT:
            found = self.others.get((treatment, name), ())
        return found[0] if len(found) == 1 else written


def names_of(
    users: Mapping[str, User], destinations: Mapping[str, Destination], country: str
) -> Names:
    """The names of all that numbers can lead to."""
    people: dict[str, list[str]] = {}
    for user in users.values():
        if is_stand_in(user.extension):
            continue  # it may be one that has its name already
        people.setdefault(user.display_name.casefold(), []).append(user.extension)
    others: dict[tuple[str, str], list[str]] = {}
    for one in destinations.values():
        if is_stand_in(one.extension):
            continue
        key = (one.kind.value, one.name.casefold())
        others.setdefault(key, []).append(one.extension)
    return Names(country=country, people=people, others=others)


def merge_destination(existing: Destination | None, entry: DestinationEntry) -> Destination:
    """The destination."""
    if existing is None:
        existing = Destination(kind=entry.kind, extension=entry.extension)
    return replace(existing, **_given(entry, "kind", "name", "enabled"))


def merge_frame(existing: TimeFrame | None, entry: FrameEntry) -> TimeFrame:
    """The time frame; parts of any sort that are given replace all of them."""
    frame = existing or TimeFrame(name=entry.name, kind=FrameKind.ALWAYS, owner=entry.owner)
    changes = _given(entry, "time_zone")
    given = entry.model_fields_set
    if any(sort in given for sort in _PARTS) or entry.kind is FrameKind.ALWAYS:
        changes["parts"] = parts_of(entry)
        changes["kind"] = kind_of(changes["parts"])
    if entry.kind is not None:
        changes["kind"] = entry.kind
    return arranged(replace(frame, **changes))


def merge_number(existing: Number | None, entry: NumberEntry, number: E164, names: Names) -> Number:
    """The number: of its default the fields that are given, of its rules all or none."""
    return merge_number_terms(existing or Number(number=number), entry, names)


def merge_number_terms(record: Number, entry: NumberTerms, names: Names) -> Number:
    """The number with what it is to do, as `merge_number`."""
    changes = _given(entry, "notes", "language", "time_zone", "enabled", "enable_on", "disable_on")
    if "default" in entry.model_fields_set:
        changes["default"] = merge_handling(record.default, entry.default, names)
    if "rules" in entry.model_fields_set:
        changes["rules"] = tuple(
            NumberRule(frame=rule.frame, handling=merge_handling(Handling(), rule, names))
            for rule in entry.rules
        )
    return replace(record, **changes)


def merge_handling(existing: Handling, entry: HandlingEntry, names: Names) -> Handling:
    """The handling; another treatment forgets what only the old one had."""
    given = entry.model_fields_set
    if "treatment" in given and entry.treatment != existing.treatment:
        existing = Handling(treatment=entry.treatment)
    changes = _given(entry, "caller_id_prefix", "announcement", "enhanced_voicemail")
    if "destination" in given:
        changes["destination"] = names.extension(existing.treatment, entry.destination)
    return replace(existing, **changes)


def merge_sms(existing: SmsNumber | None, entry: SmsEntry, number: E164, names: Names) -> SmsNumber:
    """The SMS number; another treatment forgets the old destination."""
    return merge_sms_terms(existing or SmsNumber(number=number), entry, names)


def merge_sms_terms(record: SmsNumber, entry: SmsTerms, names: Names) -> SmsNumber:
    """The SMS number with what it is to do, as `merge_sms`."""
    changes = _given(entry, "treatment", "carrier", "mms", "group_mms", "notes")
    treatment = changes.get("treatment", record.treatment)
    if "destination" in entry.model_fields_set:
        changes["destination"] = names.extension(treatment.value, entry.destination)
    elif treatment is not record.treatment:
        changes["destination"] = ""
    return replace(record, **changes)


def parts_of(entry: FrameParts) -> tuple[Part, ...]:
    """The parts that are given, sort by sort."""
    hours = [WeeklyHours(weekdays=e.days, start=e.start, end=e.end) for e in entry.hours]
    dates = [
        DateRange(start=e.start, end=e.end, repeat=e.repeat, every=e.every, until=e.until)
        for e in entry.dates
    ]
    calendars = [
        HolidayCalendar(
            country=e.country.upper(),
            region=e.region or None,
            names=None if e.names is None else frozenset(e.names),
            observance=e.observance,
        )
        for e in entry.calendars
    ]
    days = [
        replace(parse_own_day(e.date), name=e.name, observance=e.observance) for e in entry.holidays
    ]
    return (*hours, *dates, *calendars, *days)


def _given(entry: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in names if name in entry.model_fields_set}
