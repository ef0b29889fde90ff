"""How are emergency addresses and endpoints written into a file or the journal?"""

from datetime import UTC, datetime

from provisiond.actions.inventory_text import Tree
from provisiond.inventory.emergency import (
    CIVIC_FIELDS,
    Civic,
    EmergencyAddress,
    EmergencyEndpoint,
    Proof,
)

Object = dict[str, Tree]


def civic_tree(civic: Civic) -> Object:
    """The parts of a place that hold something."""
    return {name: text for name in CIVIC_FIELDS if (text := getattr(civic, name))}


def address_tree(address: EmergencyAddress) -> Object:
    """An emergency address, with what was proved of it."""
    tree: Object = {
        "name": address.name,
        "caller_name": address.caller_name,
        **civic_tree(address.civic),
        "multi_floor": address.multi_floor,
        "default": address.is_default,
    }
    if address.proof is not None:
        tree["proof"] = proof_tree(address.proof)
    return tree


def endpoint_tree(endpoint: EmergencyEndpoint) -> Object:
    """An emergency endpoint."""
    return {
        "number": endpoint.number.text,
        "address": endpoint.address,
        "caller_name": endpoint.caller_name,
        "location": endpoint.location,
        "site": endpoint.site,
    }


def proof_tree(proof: Proof) -> Object:
    """Who looked at an address, when, and whether it was rejected; no provider is the offline
    check."""
    tree: Object = {
        "provider": proof.provider,
        "at": instant(proof.at),
        "until": instant(proof.until) if proof.until is not None else None,
        "reference": proof.reference,
        "rejected": proof.is_rejected or None,
    }
    return {name: value for name, value in tree.items() if value not in ("", None)}


def instant(at: datetime) -> str:
    """A moment as files have it."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
