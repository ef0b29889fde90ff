"""A MAC in any common form is the same MAC; anything else is refused in words."""

import pytest

from provisiond.inventory.errors import Rejected
from provisiond.inventory.mac import Mac


@pytest.mark.parametrize(
    "written",
    [
        "001565aabbcc",
        "00:15:65:AA:BB:CC",
        "00-15-65-aa-bb-cc",
        "0015.65aa.bbcc",
        "0015:65aa:bbcc",
        " 00 15 65 AA BB CC ",
        "00_15_65_aa_bb_cc",
    ],
)
def test_every_common_form_is_the_same_mac(written: str) -> None:
    assert Mac.parse(written) == Mac("001565aabbcc")


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("001565aabbc", "11 hex digits"),
        ("001565aabbccd", "13 hex digits"),
        ("", "0 hex digits"),
        ("001565aabbcg", "'g' is no hex digit"),
        ("O01565aabbcc", "'o' is no hex digit"),
        ("000000000000", "placeholder"),
        ("ff:ff:ff:ff:ff:ff", "placeholder"),
        ("01:00:5e:00:00:01", "multicast"),
    ],
)
def test_a_typo_is_refused_with_what_is_wrong(written: str, says: str) -> None:
    with pytest.raises(Rejected, match=says) as refused:
        Mac.parse(written, "phones[3].mac")
    assert refused.value.field == "phones[3].mac"


def test_prints_as_on_the_label_and_shifts_for_a_second_port() -> None:
    mac = Mac("001565aabbff")
    assert str(mac) == "00:15:65:aa:bb:ff"
    assert mac.shifted(1) == Mac("001565aabc00")
    assert mac.shifted(1).shifted(-1) == mac


def test_twelve_zeros_in_a_file_name_are_no_mac() -> None:
    assert Mac.from_hex("000000000000") is None
    assert Mac.from_hex("00-15-65-aa-bb-cc") == Mac("001565aabbcc")
    assert Mac.from_hex("y00000000000") is None
