"""What is granted of the options a client asks for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisiond.boot.tftp_options import Terms, TftpLimits, negotiate

LIMITS = TftpLimits()


def granted(*options: tuple[str, str], size: int | None = 1000) -> dict[str, str]:
    return dict(negotiate(options, size, LIMITS).granted)


def test_without_options_nothing_is_granted() -> None:
    assert negotiate((), 1000, LIMITS) == Terms()


def test_everything_at_once_is_granted_in_the_order_asked() -> None:
    terms = negotiate(
        (("tsize", "0"), ("windowsize", "4"), ("blksize", "1428"), ("timeout", "3")), 77, LIMITS
    )
    assert terms.granted == (
        ("tsize", "77"),
        ("windowsize", "4"),
        ("blksize", "1428"),
        ("timeout", "3"),
    )
    assert (terms.block_size, terms.window, terms.interval) == (1428, 4, 3.0)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [("8", "8"), ("512", "512"), ("65464", "65464"), ("65535", "65464"), ("0", None)]
    + [("7", None), ("-8", None), ("abc", None), ("", None), ("1e3", None), (" 512", None)]
    + [("\u0661\u0662\u0663", None), ("9" * 500, None), ("0512", "512")],
)
def test_blksize_is_granted_as_asked_or_lower(asked: str, answer: str | None) -> None:
    assert granted(("blksize", asked)).get("blksize") == answer


@pytest.mark.parametrize(
    ("asked", "answer"), [("1", "1"), ("255", "255"), ("0", None), ("256", None), ("x", None)]
)
def test_timeout_is_granted_as_asked_or_left_out(asked: str, answer: str | None) -> None:
    assert granted(("timeout", asked)).get("timeout") == answer


@pytest.mark.parametrize(
    ("asked", "answer"), [("1", "1"), ("64", "64"), ("65535", "64"), ("0", None), ("65536", None)]
)
def test_windowsize_is_granted_as_asked_or_lower(asked: str, answer: str | None) -> None:
    assert granted(("windowsize", asked)).get("windowsize") == answer


def test_a_window_of_large_blocks_fits_the_buffer() -> None:
    answer = granted(("blksize", "65464"), ("windowsize", "64"))
    assert answer == {"blksize": "65464", "windowsize": "2"}


def test_tsize_is_left_out_where_the_size_is_not_known() -> None:
    assert granted(("tsize", "0"), size=None) == {}
    assert granted(("tsize", "12345"), size=0) == {"tsize": "0"}


@pytest.mark.parametrize(("asked", "answer"), [("0", "0"), ("1", "1"), ("2", None)])
def test_rollover_is_granted_for_0_and_1(asked: str, answer: str | None) -> None:
    assert granted(("rollover", asked)).get("rollover") == answer


def test_unknown_options_are_left_out() -> None:
    assert granted(("multicast", ""), ("utimeout", "20000"), ("blksize", "600")) == {
        "blksize": "600"
    }


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["blksize", "windowsize", "timeout", "tsize", "rollover", "x"]),
        st.text(max_size=6) | st.integers(-5, 70000).map(str),
    )
)
def test_only_what_was_asked_is_granted_and_never_more(asked: dict[str, str]) -> None:
    terms = negotiate(tuple(asked.items()), 10, LIMITS)
    answer = dict(terms.granted)
    assert answer.keys() <= asked.keys()
    assert 8 <= terms.block_size <= 65464
    assert terms.window * terms.block_size <= max(LIMITS.max_window_octets, terms.block_size)
    for name in answer.keys() & {"blksize", "windowsize"}:
        assert int(answer[name]) <= int(asked[name])


def test_a_window_over_half_the_block_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match="max_windowsize"):
        TftpLimits(max_windowsize=40_000)
