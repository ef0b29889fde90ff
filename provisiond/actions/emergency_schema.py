"""Which fields have emergency addresses and endpoints in an inventory file?"""

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from provisiond.actions.inventory_values import Entry, Moment, Text, read_moment
from provisiond.inventory.errors import Rejected
from provisiond.inventory.telephone import E164


def read_e164(value: str | None) -> str | None:
    """A telephone number with its country code, as it is stored; empty is none."""
    if not value:
        return None
    try:
        return E164.parse(value, "ZZ").text
    except Rejected as fault:
        said = {"message": fault.message, "remedy": fault.remedy}
        raise PydanticCustomError("rejected", "{message}", said) from fault


class ProofEntry(Entry):
    """Who looked at the address, when, and whether it was rejected; no provider is the offline
    check."""

    provider: Text = ""
    at: Annotated[datetime, BeforeValidator(read_moment)]
    until: Moment = None
    reference: Text = ""
    rejected: bool = False


class CivicFields(Entry):
    """The parts of a place."""

    country: Text = ""
    state: Text = ""
    county: Text = ""
    city: Text = ""
    postcode: Text = ""
    house_number: Text = ""
    house_number_suffix: Text = ""
    pre_directional: Text = ""
    street: Text = ""
    street_suffix: Text = ""
    post_directional: Text = ""
    line2: Text = ""
    building: Text = ""
    unit: Text = ""
    floor: Text = ""
    room: Text = ""
    location: Text = ""


class AddressFields(CivicFields):
    """An emergency address without what only a file brings back."""

    name: str
    caller_name: Text = ""
    multi_floor: bool = False
    default: bool = False


class AddressEntry(AddressFields):
    """An emergency address. `proof` is an admin's to bring back."""

    proof: ProofEntry | None = None


class EndpointEntry(Entry):
    """An emergency endpoint."""

    number: str
    address: str
    caller_name: Text = ""
    location: Text = ""
    site: str | None = None


EMERGENCY_ENTRIES: dict[str, type[Entry]] = {
    "emergency_addresses": AddressEntry,
    "emergency_endpoints": EndpointEntry,
    "proof": ProofEntry,
}
"""What stands below a field of this name."""
