"""How is a place told to emergency services? As a PIDF-LO document, held against its schema."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from provisiond.actions.emergency_report import EffectiveView
from provisiond.inventory.emergency import CIVIC_ELEMENTS, EmergencyAddress
from provisiond.inventory.errors import Finding, NotFound, RejectedAll

if TYPE_CHECKING:
    from lxml import etree

SCHEMAS = Path(__file__).parent / "pidf_schema"
CONTENT_TYPE = "application/pidf+xml"

_PIDF = "urn:ietf:params:xml:ns:pidf"
_GEOPRIV = "urn:ietf:params:xml:ns:pidf:geopriv10"
_POLICY = "urn:ietf:params:xml:ns:pidf:geopriv10:basicPolicy"
_CIVIC = "urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"
_NAMESPACES = {None: _PIDF, "gp": _GEOPRIV, "gbp": _POLICY, "ca": _CIVIC}
_ORDER = (
    *("country", "A1", "A2", "A3", "PRD", "RD", "STS", "POD", "HNO", "HNS", "LOC", "FLR", "NAM"),
    *("PC", "BLD", "UNIT", "ROOM"),
)
_KEPT = timedelta(days=1)


def pidf_lo(address: EmergencyAddress, domain: str, who: str, at: datetime) -> bytes:
    """The document of an address (RFC 4119 with the civic address of RFC 5139, the rules of
    RFC 5491), in UTF-8. `who` is the user part of whose location it is: an extension or callback
    number; `at` is when it is told. It may be kept for a day and passed on to nobody else.

    Reads the schema files. Raises RejectedAll where the address does not make a valid one.
    """
    from lxml import etree

    root = etree.Element(
        f"{{{_PIDF}}}presence", nsmap=_NAMESPACES, entity=f"pres:{quote(who)}@{domain}"
    )
    place = etree.SubElement(root, f"{{{_PIDF}}}tuple", id="location")
    status = etree.SubElement(place, f"{{{_PIDF}}}status")
    geopriv = etree.SubElement(status, f"{{{_GEOPRIV}}}geopriv")
    info = etree.SubElement(geopriv, f"{{{_GEOPRIV}}}location-info")
    civic = etree.SubElement(info, f"{{{_CIVIC}}}civicAddress")
    said = _elements(address)
    for name in _ORDER:
        if said.get(name):
            etree.SubElement(civic, f"{{{_CIVIC}}}{name}").text = said[name]
    rules = etree.SubElement(geopriv, f"{{{_GEOPRIV}}}usage-rules")
    etree.SubElement(rules, f"{{{_POLICY}}}retransmission-allowed").text = "false"
    etree.SubElement(rules, f"{{{_POLICY}}}retention-expiry").text = _instant(at + _KEPT)
    etree.SubElement(geopriv, f"{{{_GEOPRIV}}}method").text = "Manual"
    etree.SubElement(place, f"{{{_PIDF}}}timestamp").text = _instant(at)
    _check(root, address.name)
    document: bytes = etree.tostring(
        root, xml_declaration=True, encoding="UTF-8", pretty_print=True
    )
    return document


async def address_document(address: EmergencyAddress, domain: str, at: datetime) -> bytes:
    """The document of an address that is told of nobody. Raises as `pidf_lo`."""
    return await asyncio.to_thread(pidf_lo, address, domain, "location", at)


def pidf_lo_of(view: EffectiveView, who: str, at: datetime) -> bytes:
    """The document of the address that holds for a user or phone. Raises NotFound where there is
    none, and as `pidf_lo`."""
    if view.address is None:
        raise NotFound(f"no emergency address is set for {who}, nor for the site or the domain.")
    return pidf_lo(view.address, view.domain, who, at)


def _check(root: "etree._Element", what: str) -> None:
    from lxml import etree

    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    schema = etree.XMLSchema(etree.parse(str(SCHEMAS / "pidf-lo.xsd"), parser))
    if schema.validate(root):
        return
    found = [Finding(where=what, line=one.line, message=one.message) for one in schema.error_log]
    raise RejectedAll(tuple(found), f"{what} makes no valid PIDF-LO document.")


def _elements(address: EmergencyAddress) -> dict[str, str]:
    """Element and text; a token of XML Schema has no blanks around it and none doubled."""
    civic = address.civic
    said = {element: getattr(civic, name) for name, element in CIVIC_ELEMENTS}
    said["LOC"] = ", ".join(part for part in (civic.line2, civic.location) if part)
    said["NAM"] = address.caller_name
    return {element: " ".join(text.split()) for element, text in said.items()}


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
