"""Do emergency numbers go out whole, by each syntax's own rules?"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisiond.inventory.dial_plans import (
    CHECKED,
    DialSyntax,
    Fate,
    Outcome,
    outcome,
    plan_findings,
)
from provisiond.inventory.errors import Rejected

S, D, B = DialSyntax.SEQUENCES, DialSyntax.DIGIT_MAP, DialSyntax.BRACES
W, C, R, X = Fate.WHOLE, Fate.CUT, Fate.REFUSED, Fate.REWRITTEN


@pytest.mark.parametrize(
    ("plan", "syntax", "fates"),  # of 911, 9911, 112, 933
    [
        ("(*xx.|**x.|xx.)", S, (W, W, W, W)),
        ("(911S0|9911S0|112S0|933S0|[2-9]xxxxxx)", S, (W, W, W, W)),
        ("L:10,S:3, ( 911 | 9,911 | 112 | 933 )", S, (W, W, W, W)),
        ("([3469]11|0|00|[2-9]xxxxxx|1xxx[2-9]xxxxxxS0|xxxxxxxxxxxx.)", S, (W, R, R, R)),
        ("(9S0|911|112|933)", S, (C, C, W, C)),
        ("(9|112|933)", S, (R, R, W, W)),  # 933 could follow: it waits after 9
        ("(9|112)", S, (C, C, W, C)),
        ("(<9:>xxx.|112)", S, (X, W, W, X)),
        ("(<9,:>911|911|112|933)", S, (W, W, W, W)),
        ("(<911:999>|112|933|9911)", S, (X, W, W, W)),
        ("(911!|xx.)", S, (R, W, W, W)),
        ("(P0<:911>)", S, (C, C, C, C)),
        ("(P5<:1000>|xx.)", S, (W, W, W, W)),
        ("(911<:@gw0>|9911|112|933)", S, (W, W, W, W)),
        ("(xxS0|911)", S, (C, C, C, C)),
        ("[0123456789*#].T", D, (W, W, W, W)),
        ("[2-9]11|0T|011xxx.T|[0-1][2-9]xxxxxxxxx|[2-9]xxxxxxxxx|[2-9]xxxT", D, (W, W, R, R)),
        ("911|9911|112|933", D, (W, W, W, W)),
        ("9|911|112|933", D, (C, C, W, C)),
        ("9T|911|9911|112|933", D, (W, W, W, W)),
        ("[2-9]xx|9911|112", D, (W, C, W, W)),
        ("R9RRxxx|112", D, (R, W, W, R)),
        ("R911R999R|9911|112|933", D, (X, W, W, W)),
        ("{ [*x]+ | \\+x+ }", B, (W, W, W, W)),
        ("{ x+ }", B, (W, W, W, W)),
        ("{ xx+ }", B, (W, W, W, W)),
        ("{ 911 | 112 }", B, (W, R, W, R)),
        ("{ xxx | ^911 }", B, (R, C, W, W)),
        ("{ <9=>xxx | 112 }", B, (R, W, W, R)),
        ("{ 911 | 9911 | 112 | 933 | 1[2-9]xxxxxxxxx }", B, (W, W, W, W)),
    ],
)
def test_numbers_are_dialled_digit_by_digit(
    plan: str, syntax: DialSyntax, fates: tuple[Fate, ...]
) -> None:
    assert tuple(outcome(plan, syntax, number).fate for number in CHECKED) == fates


@pytest.mark.parametrize(
    ("plan", "number", "expected"),
    [
        ("(9S0|911)", "911", Outcome(fate=C, sent="9")),
        ("(<9:>xxx.)", "9911", Outcome(fate=W, sent="911")),
        ("(<:00>xxx)", "112", Outcome(fate=X, sent="00112")),
    ],
)
def test_what_goes_out_is_told(plan: str, number: str, expected: Outcome) -> None:
    assert outcome(plan, S, number) == expected


@pytest.mark.parametrize(
    ("plan", "syntax"),
    [("911|x.", S), ("(9[11)", S), ("(<911)", S), ("(abc)", S), ("R9R", D), ("{ [] }", B)],
)
def test_a_plan_that_cannot_be_read_is_told_as_such(plan: str, syntax: DialSyntax) -> None:
    with pytest.raises(Rejected):
        outcome(plan, syntax, "911")
    [found] = plan_findings("key", plan, syntax, ("911",))
    assert (found.severity, "cannot be told" in found.message) == ("warning", True)


def test_the_domains_own_numbers_are_faults_and_the_rest_are_doubtful() -> None:
    found = plan_findings("Dial_Plan_1_", "(9S0|112)", S, ("112", "911"))
    assert [(one.message.split()[1], one.severity) for one in found] == [
        ("911", "error"),
        ("9911", "error"),
        ("933", "warning"),
    ]
    assert "9 goes out before it is dialled to its end" in found[0].message
    abroad = plan_findings("key", "(112|110)", S, ("110", "112"))
    assert {one.severity for one in abroad} == {"warning"}
    assert plan_findings("key", "(110)", S, ("110", "112"))[-1].severity in ("error", "warning")
    assert plan_findings("key", " ", S, ("911",)) == ()


@given(
    plan=st.text(alphabet="0123456789xX*#.,|()[]{}<>:=+-!STPRL^ \\", max_size=60),
    syntax=st.sampled_from(DialSyntax),
)
@settings(max_examples=400, deadline=None)
def test_whatever_is_written_it_ends_with_a_fate_or_in_words(plan: str, syntax: DialSyntax) -> None:
    try:
        found = outcome(plan, syntax, "9911")
    except Rejected:
        return
    assert found.fate in Fate
    if found.fate is Fate.WHOLE:
        assert found.sent.partition("@")[0] in ("9911", "911")


@pytest.mark.parametrize("inside", ["x." * 1000, "<x.:1>" * 300, "|".join(["xx."] * 500)])
def test_a_long_plan_takes_no_long_time(inside: str) -> None:
    """Work grows with the plan's length: this would not end if it were tried way by way."""
    assert outcome(f"({inside})", S, "9911").fate in Fate
