"""How do programs see numbers, SMS numbers and call destinations?"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from provisiond.actions.inventory_schema import Entry
from provisiond.actions.number_schema import NumberTerms, SmsTerms
from provisiond.actions.numbers import NumberView
from provisiond.inventory.destinations import Destination, DestinationKind
from provisiond.inventory.numbers import Announcement, Handling, Number, NumberRule
from provisiond.inventory.routing import Considered
from provisiond.inventory.routing import Route as CallRoute
from provisiond.inventory.sms import SmsNumber, SmsTreatment
from provisiond.web.api.bulk import ManyBody
from provisiond.web.api.shapes import Fault, Record, SearchQuery, Shape
from provisiond.web.api.users import UseShown

_Short = Annotated[str | None, Field(max_length=255)]


class DestinationChange(Entry):
    """What to change of a call destination."""

    extension: str
    kind: DestinationKind | None = None
    name: str = ""
    enabled: bool = True


class NumbersBody(ManyBody):
    """What many numbers are to do. Of `default` the fields that are given change, and another
    treatment forgets what only the old one had; `rules` that are given replace all."""

    changes: NumberTerms


class SmsNumbersBody(ManyBody):
    """What many SMS numbers are to do; another treatment forgets the old destination."""

    changes: SmsTerms


class HandlingShown(Shape):
    """What happens to a call; `name` is whose the destination is."""

    treatment: str
    destination: str
    name: str | None
    caller_id_prefix: str
    announcement: Announcement
    enhanced_voicemail: bool


class RuleShown(HandlingShown):
    """What happens instead while a time frame holds."""

    frame: str


class ConsideredShown(Shape):
    """A rule on the way to the answer; `frame` null is the default."""

    frame: str | None
    wins: bool
    reason: str


class CallShown(Shape):
    """Where a call goes; `handling` null is nowhere, and `reason` says why."""

    handling: HandlingShown | None
    reason: str
    considered: list[ConsideredShown]


class NumberShown(Record):
    """A telephone number, and where a call goes now."""

    number: str
    national: str
    default: HandlingShown
    rules: list[RuleShown]
    notes: str
    language: str | None
    time_zone: str | None
    enabled: bool
    enable_on: date | None
    disable_on: date | None
    now: CallShown | None = None


class RouteShown(Shape):
    """Where a call would go at a moment (`at`, as the clocks of `time_zone` show it), what is wrong
    with the rules, and when in the two years after it nothing answers (`holes`, in UTC)."""

    number: str
    at: datetime
    time_zone: str
    call: CallShown
    findings: list[Fault]
    holes: list[tuple[datetime, datetime]]


class SmsShown(Record):
    """An SMS number; `name` is whose the destination is."""

    number: str
    national: str
    treatment: SmsTreatment
    destination: str
    name: str | None
    carrier: str
    mms: bool
    group_mms: bool
    notes: str


class DestinationShown(Record):
    """A call destination, and what leads there."""

    kind: DestinationKind
    extension: str
    name: str
    enabled: bool
    uses: list[UseShown] = Field(default_factory=list)


class SuggestionShown(Shape):
    """A destination to choose."""

    extension: str
    name: str


class Suggestions(Shape):
    """Destinations to choose from."""

    items: list[SuggestionShown]


class NumbersQuery(SearchQuery):
    """Which numbers. `q` is found in the number (its digits in any format), notes, caller ID
    prefix, and in the extension or name of any of its destinations."""

    treatment: _Short = None
    destination: _Short = None
    frame: _Short = None
    enabled: bool | None = None
    sort: Literal[
        "number", "-number", "treatment", "-treatment", "destination", "-destination",
        "notes", "-notes",
    ] = "number"  # fmt: skip


class SmsQueryShape(SearchQuery):
    """Which SMS numbers; `q` as of telephone numbers, and in the carrier."""

    treatment: SmsTreatment | None = None
    destination: _Short = None
    carrier: _Short = None
    mms: bool | None = None
    sort: Literal[
        "number", "-number", "treatment", "-treatment", "destination", "-destination",
        "carrier", "-carrier", "notes", "-notes",
    ] = "number"  # fmt: skip


class DestinationsQuery(SearchQuery):
    """Which call destinations; `q` is found in extension and name."""

    kind: DestinationKind | None = None
    enabled: bool | None = None
    sort: Literal["extension", "-extension", "name", "-name", "kind", "-kind"] = "extension"


class RouteQuery(Entry):
    """When; now where it is left out."""

    at: datetime | None = Field(
        default=None,
        description="A moment. Without an offset it is on the clocks of the number's time zone, as "
        "`provisiond numbers route --at` has it.",
    )


class SuggestQuery(Entry):
    """What for, and what was typed of the extension or name."""

    treatment: Annotated[str, Field(max_length=64)] = "user"
    q: Annotated[str, Field(max_length=200)] = ""
    limit: Annotated[int, Field(ge=1, le=100)] = 20


def number_view_shown(view: NumberView) -> NumberShown:
    """A number with where a call goes now."""
    shown = number_shown(view.number, view.names)
    return shown.model_copy(update={"now": call_shown(view.now, view.names)})


def number_shown(number: Number, names: Mapping[str, str] | None = None) -> NumberShown:
    """A number as programs see it."""
    names = names or {}
    return NumberShown(
        revision=number.revision,
        number=number.number.text,
        national=number.number.national,
        default=_handling(number.default, names),
        rules=[_rule(rule, names) for rule in number.rules],
        notes=number.notes,
        language=number.language,
        time_zone=number.time_zone,
        enabled=number.enabled,
        enable_on=number.enable_on,
        disable_on=number.disable_on,
    )


def sms_shown(number: SmsNumber, name: str | None = None) -> SmsShown:
    """An SMS number as programs see it."""
    return SmsShown(
        revision=number.revision,
        number=number.number.text,
        national=number.number.national,
        treatment=number.treatment,
        destination=number.destination,
        name=name or None,
        carrier=number.carrier,
        mms=number.mms,
        group_mms=number.group_mms,
        notes=number.notes,
    )


def destination_shown(one: Destination) -> DestinationShown:
    """A call destination as programs see it."""
    return DestinationShown(
        revision=one.revision,
        kind=one.kind,
        extension=one.extension,
        name=one.name,
        enabled=one.enabled,
    )


def call_shown(route: CallRoute, names: Mapping[str, str]) -> CallShown:
    """Where a call goes."""
    handling = _handling(route.handling, names) if route.handling is not None else None
    considered = [_considered(one) for one in route.considered]
    return CallShown(handling=handling, reason=route.reason, considered=considered)


def _handling(handling: Handling, names: Mapping[str, str]) -> HandlingShown:
    return HandlingShown(
        treatment=handling.treatment,
        destination=handling.destination,
        name=names.get(handling.destination),
        caller_id_prefix=handling.caller_id_prefix,
        announcement=handling.announcement,
        enhanced_voicemail=handling.enhanced_voicemail,
    )


def _rule(rule: NumberRule, names: Mapping[str, str]) -> RuleShown:
    shown = _handling(rule.handling, names)
    return RuleShown(frame=rule.frame, **shown.model_dump())


def _considered(one: Considered) -> ConsideredShown:
    frame = one.rule.frame if one.rule is not None else None
    return ConsideredShown(frame=frame, wins=one.wins, reason=one.reason)
