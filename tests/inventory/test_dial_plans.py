"""Do emergency numbers go out whole, by each syntax's own rules?"""

import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisiond.inventory.dial_plan_reading import Alternative, DialSyntax, read_plan
from provisiond.inventory.dial_plans import CHECKED, Fate, Outcome, outcome, plan_findings
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


# The model: every text that a plan may send is kept, however many there are.


def exact_texts(one: Alternative, dialled: str) -> dict[int, set[str]]:
    places: dict[int, set[str]] = {0: {""}}
    for item in one.items:
        if not item.keys:
            places = {at: {text + item.sends for text in sent} for at, sent in places.items()}
            continue
        found = {at: set(sent) for at, sent in places.items()} if item.many else {}
        for start, sent in places.items():
            for at in range(start, len(dialled) if item.many else min(start + 1, len(dialled))):
                if dialled[at] not in item.keys:
                    break
                sent = {text + (dialled[at] if item.echoes else "") for text in sent}
                found.setdefault(at + 1, set()).update(sent)
        places = found
    return places


def exact_output(one: Alternative, dialled: str) -> set[str]:
    return exact_texts(one, dialled).get(len(dialled), set())


def takes_more(one: Alternative, dialled: str) -> bool:
    """Whether some key of all that there are could follow."""
    return any(
        len(dialled) in exact_texts(replace(one, items=one.items[: index + item.many]), dialled)
        for index, item in enumerate(one.items)
        if item.keys
    )


def exact_outcome(plan: str, syntax: DialSyntax, number: str) -> tuple[Fate, set[str]]:
    """What becomes of the number, and the texts of which one may be told."""
    alternatives = read_plan(plan, syntax)
    for end in range(len(number)):
        dialled = number[:end]
        complete = [one for one in alternatives if exact_output(one, dialled)]
        if syntax is D:
            goes = any(not one.waits for one in complete)
        else:
            goes = any(one.at_once for one in complete)
            goes |= bool(end and complete) and not any(takes_more(o, dialled) for o in alternatives)
        if goes:
            return C, {dialled}
    complete = [one for one in alternatives if exact_output(one, number)]
    if not complete or any(one.rejects for one in complete):
        return R, {""}
    sent = {text for one in complete for text in exact_output(one, number)}
    right = {number, "911"} if number == "9911" else {number}
    wrong = {text for text in sent if text.partition("@")[0] not in right}
    return (X, wrong) if wrong else (W, right)


PIECES = {
    S: ("9", "1", "x", "x.", "[19].", "<9:>", "<:9>", "<1.:91>", "<:@g>", "S0", "!", "|", "|"),
    D: ("9", "1", "x", "x.", "[19].", "R9RR", "RR9R", "R1.R91R", "RR@R", "T", "T", "|", "|"),
    B: ("9", "1", "x", "x+", "x.", "<9=>", "<=9>", "<1.=91>", "<=@g>", "^", "|", "|"),
}


@given(syntax=st.sampled_from(DialSyntax), number=st.sampled_from(("911", "9911")), data=st.data())
@settings(max_examples=1500, deadline=None)
def test_what_is_kept_of_a_number_tells_its_fate_as_all_of_it_would(
    syntax: DialSyntax, number: str, data: st.DataObject
) -> None:
    plan = "".join(data.draw(st.lists(st.sampled_from(PIECES[syntax]), max_size=10)))
    plan = f"({plan})" if syntax is S else plan
    try:
        fate, texts = exact_outcome(plan, syntax, number)
    except Rejected:
        return
    found = outcome(plan, syntax, number)
    assert found.fate is fate
    assert not texts or found.sent in texts


def steps(work: Callable[[], object]) -> int:
    """How many calls of Python functions the work takes."""
    count = 0

    def count_calls(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(count_calls)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    ("once", "syntax"),
    [
        ("x.RR0Rx.RR1R", D),
        ("x.", D),
        ("x.T|", D),
        ("x.<=a>x.<=b>", B),
        ("x.<=9>x.<=1>", B),
        ("x.<:9>x.<:1>", S),
        ("<x.:1>", S),
        ("<", B),
        ("R", D),
        ("R<", D),
        ("[", D),
    ],
)
def test_work_grows_with_a_plans_length_and_with_nothing_else(
    once: str, syntax: DialSyntax
) -> None:
    def tried(length: int) -> int:
        inside = (once * length)[: length - 2]
        plan = f"({inside})" if syntax is S else inside
        return steps(lambda: plan_findings("key", plan, syntax, ("911",)))

    short, long = tried(512), tried(4096)
    assert long < 400_000
    assert long < 10 * short + 1000


@pytest.mark.parametrize("syntax", DialSyntax)
def test_a_plan_that_is_too_long_is_not_read(syntax: DialSyntax) -> None:
    [found] = plan_findings("key", "(" + "9|" * 2048 + ")", syntax, ("911",))
    assert "cannot be told" in found.message
    assert "longer than 4096 characters" in found.message


def test_a_long_wrong_text_is_told_by_its_beginning() -> None:
    found = plan_findings("key", "x.T" + "RR0R" * 900, D, ("911",))
    assert found[0].message == f"key: 911 goes out as 911{'0' * 61}…."
