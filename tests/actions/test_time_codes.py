"""The codes are those of RFC 6238."""

import base64
from datetime import UTC, datetime

import pytest

from provisiond.actions.time_codes import code_step, key_uri, new_time_key
from provisiond.inventory.secret import Secret

KEY = Secret(base64.b32encode(b"12345678901234567890").decode())
# RFC 6238, appendix B, SHA-1: the last six of its eight digits.
VECTORS = [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_the_vectors_of_the_rfc_hold(seconds: int, code: str) -> None:
    assert code_step(KEY, code, datetime.fromtimestamp(seconds, UTC)) == seconds // 30


@pytest.mark.parametrize(("shift", "counts"), [(-30, True), (30, True), (61, False), (-61, False)])
def test_a_clock_may_be_half_a_minute_off(shift: int, counts: bool) -> None:
    at = datetime.fromtimestamp(1111111109 + shift, UTC)
    assert (code_step(KEY, "081804", at) is not None) is counts


@pytest.mark.parametrize("code", ["", "08180", "0818044", "o81804", "٠٨١٨٠٤", "\0" * 6, "081804\n"])
def test_what_is_no_code_is_of_no_step(code: str) -> None:
    assert code_step(KEY, code, datetime.fromtimestamp(1111111109, UTC)) is None


def test_a_code_may_be_typed_with_a_blank() -> None:
    assert code_step(KEY, "081 804", datetime.fromtimestamp(1111111109, UTC)) is not None


def test_a_new_key_is_160_bits_and_goes_into_a_uri() -> None:
    key = new_time_key()
    assert len(base64.b32decode(key.reveal())) == 20
    assert key.reveal() in key_uri(key, "tess").reveal()
