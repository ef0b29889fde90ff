"""`param` prints one assignment, applies the override, records who decided, refuses the rest."""

from pathlib import Path
from typing import Any

import pytest

from provisiond.catalog.context import PhoneContext
from provisiond.inventory.errors import TemplateFault
from tests.catalog.made_up import override, rendered, rule


def fault(folder: Path, template: str, syntax: str = "lines", **changes: Any) -> TemplateFault:
    with pytest.raises(TemplateFault) as refused:
        rendered(folder, template, rule(syntax), **changes)
    return refused.value


def test_prints_a_line_and_records_its_value_file_and_line(tmp_path: Path) -> None:
    out = rendered(tmp_path, '#head\n{{ param("account.{}.label", "Al", 3) }}\n')
    assert out.body == b"#head\naccount.3.label = Al\n"
    entry = out.record.entries["account.3.label"]
    assert (entry.printed_value, entry.layer, entry.author) == ("Al", "template", "")
    assert (entry.file, entry.line) == ("main.j2", 2)


def test_an_empty_value_leaves_no_trailing_blank(tmp_path: Path) -> None:
    assert rendered(tmp_path, '{{ param("a", "") }}').body == b"a ="


def test_a_whole_number_is_printed_as_it_is(tmp_path: Path) -> None:
    assert rendered(tmp_path, '{{ param("a", 5060) }}').body == b"a = 5060"


@pytest.mark.parametrize(
    ("syntax", "printed"),
    [
        ("lines", b"k = <a> & \"b\" 'c'"),
        ("elements", b"<k>&lt;a&gt; &amp; &#34;b&#34; &#39;c&#39;</k>"),
        ("attributes", b' k="&lt;a&gt; &amp; &#34;b&#34; &#39;c&#39;"'),
        ("named", b'<item name="k">&lt;a&gt; &amp; &#34;b&#34; &#39;c&#39;</item>'),
        ("indexed", b"<k>&lt;a&gt; &amp; &#34;b&#34; &#39;c&#39;</k>"),
    ],
)
def test_each_syntax_escapes_its_own_way(tmp_path: Path, syntax: str, printed: bytes) -> None:
    out = rendered(
        tmp_path, '{{ param("k", phone.name) }}', rule(syntax), **named("<a> & \"b\" 'c'")
    )
    assert out.body == printed
    assert out.record.entries["k"].printed_value == "<a> & \"b\" 'c'"


def named(name: str) -> dict[str, Any]:
    return {"phone": PhoneContext(mac="02ac3eaabbcc", name=name, model="D-1", site="")}


def test_an_empty_element_is_written_with_both_tags(tmp_path: Path) -> None:
    assert rendered(tmp_path, '{{ param("k", "") }}', rule("elements")).body == b"<k></k>"


def test_a_path_key_prints_its_last_part(tmp_path: Path) -> None:
    out = rendered(tmp_path, '<r>{{ param("r/Zone", "x") }}</r>', rule("elements"))
    assert out.body == b"<r><Zone>x</Zone></r>"
    assert list(out.record.entries) == ["r/Zone"]


def test_an_empty_value_is_the_vendors_word_for_nothing(tmp_path: Path) -> None:
    out = rendered(tmp_path, '{{ param("a", "") }}\n{{ param("b", 0) }}\n', rule(empty="%NULL%"))
    assert out.body == b"a = %NULL%\nb = 0\n"
    assert out.record.entries["a"].printed_value == "%NULL%"


@pytest.mark.parametrize("typed", ["%NULL%", " %null% ", "%Null%"])
def test_a_humans_text_is_never_the_vendors_word(tmp_path: Path, typed: str) -> None:
    words = rule(empty="%NULL%", reserved={"%NULL%": "NULL"})
    assert rendered(tmp_path, '{{ param("a", phone.name) }}', words, **named(typed)).body == (
        b"a = NULL"
    )


def test_an_override_may_say_the_vendors_word(tmp_path: Path) -> None:
    words = rule(reserved={"%NULL%": "NULL"})
    out = rendered(tmp_path, '{{ param("a", "x") }}', words, overrides=(override("a", "%NULL%"),))
    assert out.body == b"a = %NULL%"


def test_a_line_keeps_no_blanks_around_a_value(tmp_path: Path) -> None:
    for syntax, printed in (("lines", b"a = x"), ("elements", b"<a> x </a>")):
        out = rendered(tmp_path, '{{ param("a", phone.name) }}', rule(syntax), **named(" x "))
        assert out.body == printed


def test_the_text_after_param_stays_where_the_key_is_left_out(tmp_path: Path) -> None:
    out = rendered(tmp_path, '{{ param("a", 1) }}\n#end\n', overrides=(override("a", None),))
    assert out.body == b"\n#end\n"


def test_an_indexed_element_has_its_index_and_attributes(tmp_path: Path) -> None:
    template = '{{ param("fkey[{}]", "blf 103", 3, label="A & B", perm="") }}'
    out = rendered(tmp_path, template, rule("indexed"))
    assert out.body == b'<fkey idx="3" label="A &amp; B" perm="">blf 103</fkey>'
    assert out.record.entries["fkey[3]"].attributes == (("label", "A & B"), ("perm", ""))


def test_an_unprinted_index_keeps_repeated_names_apart(tmp_path: Path) -> None:
    out = rendered(
        tmp_path,
        '{{ param("password[{}]", "admin:x", "admin") }}\n'
        '{{ param("password[{}]", "var:y", "var") }}',
    )
    assert out.body == b"password = admin:x\npassword = var:y"
    assert list(out.record.entries) == ["password[admin]", "password[var]"]


def test_a_key_printed_twice_is_a_fault_that_names_both_lines(tmp_path: Path) -> None:
    found = fault(tmp_path, '{{ param("a.{}", 1, 2) }}\n\n{{ param("a.2", 1) }}\n')
    assert (found.file, found.line) == ("main.j2", 3)
    assert "'a.2' is printed twice, first at main.j2:1" in found.message


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("none", "None: say in the template"),
        ("true", "True: say in the template"),
        ("1.5", "of type float"),
        ("[1]", "of type list"),
    ],
)
def test_only_text_and_whole_numbers_are_values(tmp_path: Path, value: str, said: str) -> None:
    assert said in fault(tmp_path, f'{{{{ param("a", {value}) }}}}').message


@pytest.mark.parametrize("syntax", ["lines", "elements", "attributes", "indexed"])
@pytest.mark.parametrize("bad", ["a\\nb", "a\\rb", "a\\x00b", "a\\u2028b", "a\\u0085b", "a\\tb"])
def test_a_value_with_a_line_break_is_a_fault(tmp_path: Path, syntax: str, bad: str) -> None:
    found = fault(tmp_path, f'\n{{{{ param("a", "{bad}") }}}}', syntax)
    assert "line break" in found.message
    assert found.line == 2


@pytest.mark.parametrize("index", ["'a b'", "'a=b'", "none", "'x\\n'", "1.5", "'<'"])
def test_an_index_is_a_number_or_a_short_word(tmp_path: Path, index: str) -> None:
    assert "an index of" in fault(tmp_path, f'{{{{ param("a.{{}}", 1, {index}) }}}}').message


def test_an_undefined_value_names_itself(tmp_path: Path) -> None:
    found = fault(tmp_path, '{{ param("a", phone.nickname) }}')
    assert "nickname" in found.message
    assert found.line == 1


def test_markup_of_a_macro_is_escaped_once(tmp_path: Path) -> None:
    template = (
        "{% macro code(v) %}sub={{ v }}{% endmacro %}<r>"
        '{{ param("k", code(phone.name)) }}{% set kept = param("m", phone.name) %}{{ kept }}</r>'
    )
    out = rendered(tmp_path, template, rule("elements"), **named("a<b"))
    assert out.body == b"<r><k>sub=a&lt;b</k><m>a&lt;b</m></r>"
    assert out.record.entries["k"].printed_value == "sub=a<b"


def test_attributes_are_refused_where_the_syntax_has_none(tmp_path: Path) -> None:
    assert "no further attributes" in fault(tmp_path, '{{ param("a", 1, ua="rw") }}').message


def test_a_second_idx_is_refused(tmp_path: Path) -> None:
    assert "two idx" in fault(tmp_path, '{{ param("a[{}]", 1, 2, idx=3) }}', "indexed").message


@pytest.mark.parametrize("syntax", ["xml", "text"])
def test_a_file_without_assignments_refuses_param(tmp_path: Path, syntax: str) -> None:
    assert "has no assignments" in fault(tmp_path, '{{ param("a", 1) }}', syntax).message


def test_an_override_takes_the_place_of_the_value(tmp_path: Path) -> None:
    out = rendered(tmp_path, '{{ param("a", "x") }}', overrides=(override("a", "y"),))
    assert out.body == b"a = y"
    entry = out.record.entries["a"]
    assert (entry.printed_value, entry.layer, entry.author) == ("y", "phone", "tech")


def test_an_override_of_nothing_leaves_the_key_out(tmp_path: Path) -> None:
    out = rendered(tmp_path, '{{ param("a", "x") }}\n', overrides=(override("a", None),))
    assert out.body == b"\n"
    assert out.record.entries["a"].printed_value is None


def test_an_overridden_element_keeps_its_other_attributes(tmp_path: Path) -> None:
    out = rendered(
        tmp_path,
        '{{ param("k[{}]", "x", 1, perm="R") }}',
        rule("indexed"),
        overrides=(override("k[1]", "y"),),
    )
    assert out.body == b'<k idx="1" perm="R">y</k>'


def test_what_no_param_claimed_is_printed_once_at_the_end(tmp_path: Path) -> None:
    out = rendered(
        tmp_path,
        '{{ param("a", 1) }}\n{{ remaining_overrides() }}\n',
        overrides=(override("z.b", "2"), override("z.a", "3"), override("n", None)),
    )
    assert out.body == b"a = 1\nz.a = 3\nz.b = 2\n"
    assert out.record.entries["z.a"].line == 2
    assert out.record.entries["n"].printed_value is None
    assert out.record.leftovers == ()


def test_sections_print_their_own_remaining_overrides(tmp_path: Path) -> None:
    out = rendered(
        tmp_path,
        '<f>{{ remaining_overrides() }}<s>{{ remaining_overrides("s") }}</s></f>',
        rule("elements"),
        overrides=(override("s/K", "1"), override("T", "2"), override("u/V", "3")),
    )
    assert out.body == b"<f><T>2</T><s><K>1</K></s></f>"
    assert [left.key for left in out.record.leftovers] == ["u/V"]


def test_remaining_attributes_stand_in_one_element(tmp_path: Path) -> None:
    out = rendered(
        tmp_path,
        '<P{{ param("a", 1) }}{{ remaining_overrides() }}/>',
        rule("attributes"),
        overrides=(override("c.d", '"<'), override("b", "2")),
    )
    assert out.body == b'<P a="1" b="2" c.d="&#34;&lt;"/>'


@pytest.mark.parametrize("key", ["a b", "a=b", "#a", "a\nb", "<a", "", "1a"])
def test_an_override_that_cannot_be_a_key_is_a_fault(tmp_path: Path, key: str) -> None:
    found = fault(tmp_path, "{{ remaining_overrides() }}", overrides=(override(key, "1"),))
    assert "cannot be a key" in found.message


def test_an_override_with_a_newline_is_a_fault_wherever_it_lands(tmp_path: Path) -> None:
    bad = (override("a", "x\nb = y"),)
    assert "line break" in fault(tmp_path, '{{ param("a", 1) }}', overrides=bad).message
    assert "line break" in fault(tmp_path, "{{ remaining_overrides() }}", overrides=bad).message


def test_letters_become_ascii_where_the_vendor_knows_no_others(tmp_path: Path) -> None:
    out = rendered(tmp_path, '{{ param("a", "Jörg – 日") }}', rule(ascii_only=True))
    assert out.body == b"a = Jorg - ?"
    assert out.record.entries["a"].printed_value == "Jorg - ?"
