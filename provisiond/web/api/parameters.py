"""What may stand in a path, and what does it mean? What cannot be a key names nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from provisiond.inventory.errors import NotFound, Rejected
from provisiond.inventory.mac import Mac
from provisiond.inventory.telephone import E164
from provisiond.inventory.texts import first_unprintable, shown

_LONGEST = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A name in paths: what it is, an example, and how it is read."""

    what: str
    meaning: str
    example: str
    read: Callable[[str], str] = str


def _mac(text: str) -> str:
    return Mac.parse(text).text


def _number(text: str) -> str:
    return E164.parse(text if text.startswith("+") else f"+{text}", "ZZ").text


def _id(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ValueError
    return str(int(text))


PARAMETERS: Mapping[str, Parameter] = {
    "domain": Parameter(
        what="domain",
        meaning="a domain's name",
        example="pbx.example.test",
        read=str.lower,
    ),
    "mac": Parameter(
        what="phone", meaning="a MAC address in any notation", example="001565aabbcc", read=_mac
    ),
    "number": Parameter(
        what="number",
        meaning="a telephone number with its country code",
        example="+18005550100",
        read=_number,
    ),
    "extension": Parameter(what="extension", meaning="an extension", example="101"),
    "name": Parameter(what="record", meaning="a name", example="HQ"),
    "token_id": Parameter(what="token", meaning="a token's id", example="k3x7q2ab"),
    "validation": Parameter(
        what="validation", meaning="the number of a validation", example="17", read=_id
    ),
    "entry": Parameter(what="entry", meaning="the number of an entry", example="17", read=_id),
    "delivery": Parameter(
        what="delivery",
        meaning="the number of a delivery",
        example="17",
        read=_id,
    ),
}


def cleaned(name: str, text: str) -> str:
    """The key that stands in a path. Raises NotFound for what cannot be one."""
    parameter = PARAMETERS[name]
    try:
        if not text or len(text) > _LONGEST or first_unprintable(text) is not None:
            raise ValueError
        return parameter.read(text)
    except (Rejected, ValueError) as fault:
        raise NotFound(f"there is no {parameter.what} {shown(text[:60])}.") from fault
