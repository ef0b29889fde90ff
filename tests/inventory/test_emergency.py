"""How does an address stand, and whose holds?"""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from provisiond.inventory.emergency import (
    CIVIC_ELEMENTS,
    CIVIC_FIELDS,
    AddressLevel,
    Civic,
    EmergencyAddress,
    Proof,
    Scope,
    Standing,
    Terms,
    effective_address,
    months_after,
    status_of,
    with_civic,
)

NOW = datetime(2026, 11, 26, tzinfo=UTC)
PLACE = Civic(country="US", street="Fifth Ave", house_number="350", floor="2")
ASKED = Terms(provider="Example", checked_is_enough=False, recheck_months=12)
NOBODY = Terms(checked_is_enough=True)
GOOD = AddressLevel.POSTAL_CONSISTENT


def address(proof: Proof | None) -> EmergencyAddress:
    return EmergencyAddress(name="HQ", civic=PLACE, proof=proof)


BY_EXAMPLE = Proof(provider="Example", at=datetime(2026, 9, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("proof", "level", "terms", "expected"),
    [
        (BY_EXAMPLE, GOOD, ASKED, (AddressLevel.VALIDATED, Standing.GOOD, "validated by Example")),
        (
            replace(BY_EXAMPLE, until=NOW),
            GOOD,
            ASKED,
            (GOOD, Standing.EXPIRED, "by Example expired on 2026-11-26"),
        ),
        (
            replace(BY_EXAMPLE, at=datetime(2025, 11, 26, tzinfo=UTC)),
            GOOD,
            ASKED,
            (AddressLevel.VALIDATED, Standing.DUE, "check it again"),
        ),
        (
            replace(BY_EXAMPLE, is_rejected=True),
            GOOD,
            ASKED,
            (GOOD, Standing.REJECTED, "postal-consistent; rejected by Example on 2026-09-01"),
        ),
        (
            replace(BY_EXAMPLE, is_rejected=True),
            GOOD,
            NOBODY,
            (GOOD, Standing.REJECTED, "on 2026-09-01, which is not asked any more"),
        ),
        (None, GOOD, ASKED, (GOOD, Standing.UNVERIFIED, "accepted by nobody yet")),
        (
            BY_EXAMPLE,
            AddressLevel.DRAFT,
            ASKED,
            (AddressLevel.DRAFT, Standing.UNVERIFIED, "draft"),
        ),
        (Proof(at=NOW), GOOD, ASKED, (GOOD, Standing.UNVERIFIED, "not validated")),
        (Proof(at=NOW), GOOD, NOBODY, (GOOD, Standing.GOOD, "checked on 2026-11-26")),
        (
            Proof(at=NOW),
            AddressLevel.WELL_FORMED,
            NOBODY,
            (AddressLevel.WELL_FORMED, Standing.GOOD, "well-formed, checked"),
        ),
        (
            Proof(at=datetime(2025, 11, 25, tzinfo=UTC)),
            GOOD,
            NOBODY,
            (GOOD, Standing.DUE, "check it again"),
        ),
    ],
)
def test_the_status_says_what_was_looked_at_by_whom(
    proof: Proof | None,
    level: AddressLevel,
    terms: Terms,
    expected: tuple[AddressLevel, Standing, str],
) -> None:
    status = status_of(address(proof), level, terms, NOW)
    assert (status.level, status.standing) == expected[:2]
    assert expected[2] in status.words
    assert status.is_usable is (status.standing in (Standing.GOOD, Standing.DUE))


@pytest.mark.parametrize("provider", ["", "Other"])
@pytest.mark.parametrize("level", [level for level in AddressLevel if level.value != "validated"])
@pytest.mark.parametrize("proof", [None, Proof(at=NOW), BY_EXAMPLE, replace(BY_EXAMPLE, until=NOW)])
def test_nothing_is_validated_by_a_provider_that_is_not_configured(
    provider: str, level: AddressLevel, proof: Proof | None
) -> None:
    for enough in (True, False):
        terms = Terms(provider=provider, checked_is_enough=enough)
        status = status_of(address(proof), level, terms, NOW)
        assert status.level is not AddressLevel.VALIDATED
        assert "validated by" not in status.words


def test_another_place_is_a_place_nobody_looked_at() -> None:
    stood = address(BY_EXAMPLE)
    assert with_civic(stood, PLACE) == stood
    for name in CIVIC_FIELDS:
        changed = with_civic(stood, replace(PLACE, **{name: "x"}))
        assert (changed.proof, getattr(changed.civic, name)) == (None, "x")


@pytest.mark.parametrize(
    ("at", "months", "then"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-11-26", 120, "2036-11-26"),
    ],
)
def test_months_are_counted_on_the_calendar(at: str, months: int, then: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert months_after(moment, months).date().isoformat() == then


@pytest.mark.parametrize(
    ("domain", "site", "user", "phone", "name", "words"),
    [
        ("D", "S", "U", "P", "P", "from phone mac"),
        ("D", "S", "U", None, "U", "from user 101"),
        ("D", "S", None, None, "S", "from site HQ"),
        ("D", None, None, None, "D", "from the domain"),
        (None, None, None, None, None, "set nowhere"),
        ("D", None, None, "P", "P", "from phone mac"),
    ],
)
def test_the_nearest_address_holds_and_says_where_it_comes_from(
    domain: str | None,
    site: str | None,
    user: str | None,
    phone: str | None,
    name: str | None,
    words: str,
) -> None:
    found = effective_address(
        domain=("", domain), site=("HQ", site), user=("101", user), phone=("mac", phone)
    )
    assert (found.name, found.words) == (name, words)
    assert (found.scope is None) is (name is None)
    assert found.scope in (None, *Scope)


def test_every_part_of_a_place_has_its_element() -> None:
    mapped = {field for field, _ in CIVIC_ELEMENTS} | {"line2", "location"}
    assert mapped == set(CIVIC_FIELDS)
    assert len({element for _, element in CIVIC_ELEMENTS}) == len(CIVIC_ELEMENTS)
