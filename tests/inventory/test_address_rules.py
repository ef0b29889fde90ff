"""Does the offline check find what cannot be, and claim no more than it can know?"""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisiond.inventory.address_rules import (
    address_faults,
    civic_findings,
    civic_level,
    endpoint_faults,
    tidied,
)
from provisiond.inventory.emergency import (
    CIVIC_FIELDS,
    AddressLevel,
    Civic,
    EmergencyAddress,
    EmergencyEndpoint,
)
from provisiond.inventory.telephone import E164

US = Civic(
    country="US",
    state="NY",
    city="New York",
    postcode="10118",
    house_number="350",
    street="Fifth Ave",
)


@pytest.mark.parametrize(
    ("civic", "level"),
    [
        (US, AddressLevel.POSTAL_CONSISTENT),
        (replace(US, state="new york"), AddressLevel.POSTAL_CONSISTENT),
        (replace(US, state="CA"), AddressLevel.WELL_FORMED),
        (replace(US, street=""), AddressLevel.DRAFT),
        (Civic(), AddressLevel.DRAFT),
        (
            Civic(
                country="CA",
                state="ON",
                city="Toronto",
                postcode="M5V 2T6",
                house_number="1",
                street="Blue Jays Way",
            ),
            AddressLevel.POSTAL_CONSISTENT,
        ),
        (  # of Germany the data know how a postcode looks, and not which town has it
            Civic(
                country="DE",
                city="Berlin",
                postcode="10117",
                house_number="5",
                street="Unter den Linden",
            ),
            AddressLevel.WELL_FORMED,
        ),
    ],
)
def test_the_rung_is_what_the_data_can_tell(civic: Civic, level: AddressLevel) -> None:
    assert civic_level(civic) is level


@pytest.mark.parametrize(
    ("changes", "where", "words"),
    [
        ({"country": "XX"}, "country", "no country"),
        ({"country": ""}, "country", "missing"),
        ({"state": ""}, "state", "United States need it"),
        ({"postcode": ""}, "postcode", "missing"),
        ({"postcode": "1234"}, "postcode", "no postcode of United States"),
        ({"city": ""}, "city", "missing"),
        ({"street": "", "house_number": ""}, "street", "the street is missing"),
        ({"house_number": ""}, "house_number", "along the whole street"),
        ({"house_number": "", "street": "350 Fifth Ave"}, "street", "house number stands in"),
        ({"state": "AE", "postcode": "09001"}, "state", "armed forces"),
        ({"city": "New\nYork"}, "city", "line break"),
        ({"street": "x" * 200}, "street", "128 are the most"),
    ],
)
def test_faults_of_form_are_told_at_their_field(
    changes: dict[str, str], where: str, words: str
) -> None:
    found = civic_findings(replace(US, **changes))
    assert [words in str(one) for one in found if one.where == where] == [True]
    assert civic_level(replace(US, **changes)) is AddressLevel.DRAFT


@pytest.mark.parametrize(
    "text",
    [
        "PO Box 12",
        "P.O. Box 12",
        "p o box 12",
        "Post Office Box 9",
        "Postfach 1234",
        "Packstation 101",
        "Boîte postale 5",
        "BP 123",
        "Apartado Postal 7",
        "General Delivery",
        "Poste restante",
        "PMB 44",
        "Postbus 8",
        "PO-Box 12",
        "P.O.-Box 12",
        "P/O Box 12",
        "POBox12",
        "POB 12",
        "Post Box 12",
        "Post-Office Box 9",
        "Postbox No. 4",
        "PO Drawer 5",
        "P.O. Drawer 5",
        "Drawer 5",
        "Caller Service 12",
        "BP12",
        "Box 12",
        "\uff30\uff2f \uff22\uff4f\uff58 12",
    ],
)
@pytest.mark.parametrize("field", ["street", "line2"])
def test_a_post_office_box_is_no_place(text: str, field: str) -> None:
    civic = replace(US, **{field: text})
    assert any("post office box" in one.message for one in civic_findings(civic))
    assert civic_level(civic) is AddressLevel.DRAFT


@pytest.mark.parametrize(
    "street",
    [
        "Post Office Road",
        "Boxwood St",
        "Boxwood Lane",
        "Box Hill Road",
        "Box Street",
        "Postbridge Lane",
        "Postbox Lane",
        "Post Box Road",
        "Post Road",
        "Postal Way",
        "Po River Road",
        "Casillas Ave",
        "Lockbox Way",
        "Drawbridge St",
        "Drawers Lane",
        "Naples St",
        "Unknown Soldier Ave",
        "None Such Place",
        "5th",
    ],
)
def test_a_street_may_sound_like_one(street: str) -> None:
    assert civic_findings(replace(US, street=street)) == ()


@pytest.mark.parametrize("field", ["floor", "room", "city", "street_suffix", "county", "location"])
def test_a_box_is_found_in_whatever_field_it_stands(field: str) -> None:
    found = civic_findings(replace(US, **{field: "PO Box 12"}))
    assert [one.where for one in found if "post office box" in one.message] == [field]


def test_a_box_is_found_where_only_the_fields_together_make_one() -> None:
    for changes in (
        {"house_number": "PO", "street": "Box 123 A"},
        {"pre_directional": "P.O.", "house_number": "", "street": "Box"},
        {"house_number": "Post", "street": "Office Box"},
    ):
        found = civic_findings(replace(US, **changes))
        assert "street" in [one.where for one in found if "post office box" in one.message]


def test_places_may_be_called_like_one_in_another_language() -> None:
    place = Civic(country="CO", state="Antioquia", city="Apartado", house_number="1", street="A")
    assert not any("post office box" in one.message for one in civic_findings(place))
    room = replace(US, room="BP12", building="Box 4")
    assert civic_findings(room) == ()


@pytest.mark.parametrize("city", ["APO", "FPO", "dpo", "A.P.O."])
def test_mail_to_the_armed_forces_goes_to_no_place_whatever_the_state(city: str) -> None:
    [found] = civic_findings(replace(US, city=city))
    assert (found.where, "armed forces" in found.message) == ("city", True)


@pytest.mark.parametrize("text", ["-", ".", "n/a", "N/A", "n/a n/a", "none", "TBD", "unknown", "?"])
@pytest.mark.parametrize("field", ["street", "house_number"])
def test_what_only_fills_a_field_in_is_no_address(field: str, text: str) -> None:
    assert field in [one.where for one in civic_findings(replace(US, **{field: text}))]
    assert civic_level(replace(US, **{field: text})) is AddressLevel.DRAFT


@pytest.mark.parametrize(
    ("changes", "where", "words"),
    [
        ({"state": "Nowhere"}, "state", "has no state 'Nowhere'"),
        ({"state": "CA"}, "postcode", "10118 is not in CA"),
        (
            {"country": "AU", "state": "NSW", "city": "Sydney", "postcode": "3000"},
            "postcode",
            "3000 is not in NSW",
        ),
    ],
)
def test_contradictions_are_told(changes: dict[str, str], where: str, words: str) -> None:
    [found] = civic_findings(replace(US, **changes))
    assert (found.where, words in found.message) == (where, True)
    assert civic_level(replace(US, **changes)) is AddressLevel.WELL_FORMED


def test_an_address_is_tidied_as_its_country_writes_it() -> None:
    typed = replace(US, country="us", state="New York", city=" New   York ", postcode="10118 ")
    assert tidied(typed) == US
    assert tidied(tidied(typed)) == US
    canadian = Civic(country="ca", state="ontario", postcode="m5v 2t6")
    assert (tidied(canadian).state, tidied(canadian).postcode) == ("ON", "M5V 2T6")


def test_records_tell_their_faults_where_they_stand() -> None:
    found = address_faults(EmergencyAddress(name="", civic=replace(US, city="")))
    assert [one.where for one in found] == ["name", "city"]
    endpoint = EmergencyEndpoint(number=E164("+18005550100"), address="", caller_name="x\ty")
    assert [one.where for one in endpoint_faults(endpoint)] == ["caller_name", "address"]


CIVICS = st.builds(
    Civic,
    country=st.sampled_from(["US", "CA", "DE", "CN", "IE", "ZZ", "", "us", "U5"]),
    **{
        name: st.text(max_size=12) | st.sampled_from(["NY", "10118", "1", "北京市"])
        for name in CIVIC_FIELDS
        if name != "country"
    },
)


@given(civic=CIVICS)
@settings(max_examples=300, deadline=None)
def test_nothing_that_is_typed_breaks_it_and_nothing_is_ever_validated(civic: Civic) -> None:
    assert civic_level(civic) is not AddressLevel.VALIDATED
    assert tidied(tidied(civic)) == tidied(civic)
    assert bool(civic_findings(civic)) or civic_level(civic) is not AddressLevel.DRAFT
