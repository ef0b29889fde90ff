"""How do programs see emergency addresses, endpoints, validations and the readiness report?"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from provisiond.actions.emergency_addresses import AddressView
from provisiond.actions.emergency_checks import Validation
from provisiond.actions.emergency_endpoints import EndpointView
from provisiond.actions.emergency_report import EffectiveView, Problem, Readiness
from provisiond.actions.emergency_schema import AddressFields, CivicFields, EndpointEntry
from provisiond.actions.inventory_schema import Entry
from provisiond.actions.inventory_values import MacText, Text
from provisiond.inventory.emergency import (
    CIVIC_FIELDS,
    AddressLevel,
    Civic,
    EmergencyAddress,
    EmergencyEndpoint,
    Standing,
    Status,
)
from provisiond.web.api.kept import faults
from provisiond.web.api.shapes import Fault, Record, SearchQuery, Shape
from provisiond.web.api.users import UseShown, uses_shown


class AddressBody(AddressFields):
    """An emergency address. `validation` takes the place that was accepted of it; parts of the
    place that are given beside it must be its own."""

    validation: Annotated[int, Field(ge=1, lt=1 << 63)] | None = None


class EndpointBody(EndpointEntry):
    """An emergency endpoint; the address is one of the domain's."""


class EndpointChange(Entry):
    """What to change of an emergency endpoint."""

    number: str
    address: str | None = None
    caller_name: Text = ""
    location: Text = ""
    site: str | None = None


class ValidationBody(CivicFields):
    """A place to ask about. `caller_name` is told to the provider with it."""

    caller_name: str = ""


class AcceptanceBody(Entry):
    """Which of a validation's places is meant, from 1; it may be left out where there is one."""

    choice: int | None = None


class AssignmentBody(Entry):
    """Whose an emergency address is; `name` null takes theirs away. `default` is the domain's."""

    name: str | None = None
    users: tuple[str, ...] = ()
    phones: tuple[MacText, ...] = ()
    sites: tuple[str, ...] = ()
    default: bool = False


class CallerIdBody(Entry):
    """Which endpoint's number users send to emergency services; null is none. `extensions` null is
    every user."""

    number: str | None = None
    extensions: tuple[str, ...] | None = None


class AddressesQuery(SearchQuery):
    """Which emergency addresses. `q` is found in the name and in any part of the place."""

    sort: Literal[
        "name", "-name", "city", "-city", "street", "-street", "postcode", "-postcode"
    ] = "name"


class EndpointsQuery(SearchQuery):
    """Which emergency endpoints. `q` is found in number, address, site, names and location."""

    sort: Literal["number", "-number", "address", "-address", "site", "-site"] = "number"


class ReadinessQuery(Entry):
    """Which rows of the report, and whether as a tree or as the table that the prompt writes."""

    problems: Annotated[bool, Field(description="only what is not as it should be")] = True
    format: Literal["json", "csv"] = "json"


class PlaceShown(Shape):
    """A place; parts that it has none of are empty. `line` is all of it in one line."""

    country: str
    state: str
    county: str
    city: str
    postcode: str
    house_number: str
    house_number_suffix: str
    pre_directional: str
    street: str
    street_suffix: str
    post_directional: str
    line2: str
    building: str
    unit: str
    floor: str
    room: str
    location: str
    line: str


class AddressShown(Record, PlaceShown):
    """An emergency address. `status` says in words how it stands, `users` how many users have it,
    by all that is handed down; `uses` are those who name it."""

    name: str
    caller_name: str
    multi_floor: bool
    default: bool
    level: AddressLevel | None = None
    standing: Standing | None = None
    status: str | None = None
    validated_by: str | None = None
    looked_at: datetime | None
    valid_until: datetime | None = None
    users: int | None = None
    uses: list[UseShown] = Field(default_factory=list)


class EndpointShown(Record):
    """An emergency endpoint. `status` is of its address, `users` how many send its number."""

    number: str
    national: str
    address: str
    caller_name: str
    location: str
    site: str | None
    status: str | None = None
    users: int | None = None
    uses: list[UseShown] = Field(default_factory=list)


class ValidationShown(Shape):
    """An answer about a place. `choices` may be accepted by their number from 1; `accepted` is the
    one that was. `answer` is what the provider sent, as it came."""

    id: int
    outcome: Literal["valid", "corrected", "candidates", "rejected", "checked", "impossible"]
    provider: str
    level: AddressLevel
    words: str
    asked: PlaceShown
    choices: list[PlaceShown]
    accepted: PlaceShown | None
    until: datetime | None
    reference: str
    answer: str
    findings: list[Fault]


class ChangedShown(Shape):
    """How many records changed."""

    changed: int


class EffectiveShown(Shape):
    """The emergency address that holds; `origin` says where it comes from: `from site HQ`."""

    address: str | None
    origin: str
    place: PlaceShown | None
    status: str | None


class ReadinessRowShown(Shape):
    """One user, phone, address, endpoint or dial plan; `problem` null is as it should be."""

    noun: str
    key: str
    name: str
    site: str
    address: str
    origin: str
    caller_id: str
    status: str
    problem: Problem | None
    remedy: str


class ReadinessShown(Shape):
    """Whether help would find everybody. `problems` counts those that it would not."""

    domain: str
    at: datetime
    problems: int
    rows: list[ReadinessRowShown]


def place_shown(civic: Civic) -> PlaceShown:
    """A place as programs see it."""
    return PlaceShown(**_parts(civic), line=civic.line)


def address_shown(address: EmergencyAddress, view: AddressView | None = None) -> AddressShown:
    """An emergency address as programs see it; how it stands where a view tells."""
    proof = address.proof
    shown = AddressShown.model_validate(
        {
            "revision": address.revision,
            **_parts(address.civic),
            "line": address.civic.line,
            "name": address.name,
            "caller_name": address.caller_name,
            "multi_floor": address.multi_floor,
            "default": address.is_default,
            "looked_at": proof.at if proof is not None else None,
        }
    )
    return shown if view is None else shown.model_copy(update=_standing(view))


def endpoint_shown(endpoint: EmergencyEndpoint, view: EndpointView | None = None) -> EndpointShown:
    """An emergency endpoint as programs see it."""
    return EndpointShown(
        revision=endpoint.revision,
        number=endpoint.number.text,
        national=endpoint.number.national,
        address=endpoint.address,
        caller_name=endpoint.caller_name,
        location=endpoint.location,
        site=endpoint.site,
        status=view.status.words if view is not None else None,
        users=view.users if view is not None else None,
        uses=uses_shown(view.uses or ()) if view is not None else [],
    )


def validation_shown(validation: Validation) -> ValidationShown:
    """A validation as programs see it."""
    accepted = validation.accepted
    return ValidationShown.model_validate(
        {
            "id": validation.id,
            "outcome": validation.outcome,
            "provider": validation.provider,
            "level": validation.level,
            "words": validation.words,
            "asked": place_shown(validation.asked),
            "choices": [place_shown(one) for one in validation.choices],
            "accepted": place_shown(accepted) if accepted is not None else None,
            "until": validation.until,
            "reference": validation.reference,
            "answer": validation.answer,
            "findings": faults(validation.findings),
        }
    )


def effective_shown(view: EffectiveView) -> EffectiveShown:
    """The address that holds as programs see it."""
    return EffectiveShown(
        address=view.effective.name,
        origin=view.effective.words,
        place=place_shown(view.address.civic) if view.address is not None else None,
        status=view.status.words if view.status is not None else None,
    )


def readiness_shown(report: Readiness, *, problems_only: bool) -> ReadinessShown:
    """The report as programs see it."""
    rows = [
        ReadinessRowShown(
            noun=row.noun,
            key=row.key,
            name=row.name,
            site=row.site,
            address=row.address,
            origin=row.origin,
            caller_id=row.caller_id,
            status=row.status,
            problem=row.problem,
            remedy=row.remedy,
        )
        for row in (report.problems if problems_only else report.rows)
    ]
    return ReadinessShown(
        domain=report.domain, at=report.at, problems=len(report.problems), rows=rows
    )


def _parts(civic: Civic) -> dict[str, str]:
    return {name: getattr(civic, name) for name in CIVIC_FIELDS}


def _standing(view: AddressView) -> dict[str, object]:
    status: Status = view.status
    proof = view.address.proof
    validated = status.level is AddressLevel.VALIDATED and proof is not None
    has_end = proof is not None and (validated or status.standing is Standing.EXPIRED)
    return {
        "level": status.level,
        "standing": status.standing,
        "status": status.words,
        "validated_by": proof.provider if validated and proof is not None else None,
        "valid_until": proof.until if has_end and proof is not None else None,
        "users": view.associated.users,
        "uses": uses_shown(view.uses or ()),
    }
