"""A renderer compiles a folder once, refuses what cannot work, and names the line of a fault."""

from contextlib import suppress
from itertools import product
from pathlib import Path

import pytest

from provisiond.catalog.compiling import Compiled
from provisiond.catalog.context import DirectoryContext, FamilyContext, FileContext, UrlContext
from provisiond.catalog.sandbox import MAX_BODY
from provisiond.inventory.errors import TemplateFault, TemplateRejected
from tests.catalog.made_up import context, override, rendered, renderer, rule


def fault(folder: Path, template: str, syntax: str = "lines") -> TemplateFault:
    with pytest.raises(TemplateFault) as refused:
        rendered(folder, template, rule(syntax))
    return refused.value


def rejected(folder: Path, **sources: str) -> TemplateRejected:
    with pytest.raises(TemplateRejected) as refused:
        renderer(folder, {f"{name}.j2": text for name, text in sources.items()})
    return refused.value


def test_renders_the_same_bytes_again_and_again(tmp_path: Path) -> None:
    made = renderer(
        tmp_path, {"main.j2": '{{ param("a", phone.name) }}\n{{ remaining_overrides() }}'}
    )
    first = made.render(rule(), context(), (override("b", "1"),))
    assert first.body == b"a = Desk\nb = 1"
    assert made.render(rule(), context()).body == b"a = Desk\n"
    assert made.render(rule(), context(), (override("b", "1"),)).body == first.body


def test_literal_patterns_are_known_without_rendering(tmp_path: Path) -> None:
    made = renderer(
        tmp_path,
        {"main.j2": '\n{% if false %}{{ param("a.{}.b", 1, 2) }}{% endif %}{{ param("c", 1) }}'},
    )
    assert dict(made.keys()) == {"a.{}.b": ("main.j2", 2), "c": ("main.j2", 2)}


def test_macros_imported_with_context_print_with_their_own_line(tmp_path: Path) -> None:
    made = renderer(
        tmp_path,
        {
            "main.j2": '{% from "key.j2" import key with context %}\n'
            "{% for k in keys %}{{ key(k) }}{% endfor %}",
            "key.j2": '{% macro key(k) %}\n{{ param("key.{}", k.kind, k.number) }}\n{% endmacro %}',
        },
    )
    out = made.render(rule(), context())
    assert out.body == b"key.1 = line\nkey.2 = blf\n"
    entry = out.record.entries["key.2"]
    assert (entry.file, entry.line) == ("key.j2", 2)
    assert made.references == {"key.j2"}


def test_includes_and_blocks_work(tmp_path: Path) -> None:
    made = renderer(
        tmp_path,
        {
            "main.j2": '{% extends "frame.j2" %}{% block b %}{% include "part.j2" %}{% endblock %}',
            "frame.j2": "#head\n{% block b %}{% endblock %}",
            "part.j2": '{{ param("a", phone.mac) }}\n',
        },
    )
    assert made.render(rule(), context()).body == b"#head\na = 02ac3eaabbcc\n"


def test_a_template_is_compiled_the_way_files_come_to_it_and_no_other() -> None:
    sources = {
        "a.j2": "{% include 'b.j2' %}",
        "b.j2": "{% include 'shared.j2' %}",
        "c.j2": "{% include 'shared.j2' %}",
        "lone.j2": "{{ 1 }}",
        "shared.j2": "{{ '&' }}",
    }
    made = Compiled("acme/desk", sources, {("a.j2", True), ("c.j2", False)})
    assert made.names == sources.keys()
    ways: dict[str, list[str]] = {name: [] for name in sources}
    for name, escaped in product(sources, (True, False)):
        with suppress(KeyError):
            ways[name].append("".join(made.template(name, escaped=escaped).generate()))
    assert ways == {
        "a.j2": ["&amp;"],
        "b.j2": ["&amp;"],
        "c.j2": ["&"],
        "lone.j2": ["1"],
        "shared.j2": ["&amp;", "&"],
    }


def test_crlf_and_no_double_conversion(tmp_path: Path) -> None:
    out = rendered(tmp_path, 'x\n{{ param("a", 1) }}\n', rule(newline="crlf"))
    assert out.body == b"x\r\na = 1\r\n"


def test_xml_documents_escape_by_the_syntax_not_the_file_name(tmp_path: Path) -> None:
    directory = DirectoryContext(name="company", entries=(("A & <B>", "1"),))
    template = "<d>{% for name, number in directory.entries %}<n>{{ name }}</n>{% endfor %}</d>"
    out = rendered(tmp_path, template, rule("xml"), directory=directory)
    assert out.body == b"<d><n>A &amp; &lt;B&gt;</n></d>"
    plain = rendered(tmp_path, template, rule("text"), directory=directory)
    assert plain.body == b"<d><n>A & <B></n></d>"


def test_a_text_file_in_ascii_is_transliterated_whole(tmp_path: Path) -> None:
    out = rendered(tmp_path, "Jörg", rule("text", ascii_only=True))
    assert out.body == b"Jorg"


def test_a_family_file_reads_nothing_of_a_tenant(tmp_path: Path) -> None:
    made = renderer(tmp_path, {"main.j2": "{{ urls.base }}{{ phone.mac }}"})
    nothing = FamilyContext(
        urls=UrlContext(base="b/", provisioning="b/", scheme="http", firmware=""),
        file=FileContext(id="main", revision=0),
        tables={},
        names={},
        model=None,
    )
    with pytest.raises(TemplateFault) as refused:
        made.render(rule("text", scope="family"), nothing)
    assert "'phone' is undefined" in refused.value.message


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("a\nb\n{{ 1 // 0 }}", "ZeroDivisionError"),
        ("a\nb\n{{ phone.nickname }}", "nickname"),
        ("a\nb\n{{ nobody }}", "'nobody' is undefined"),
        ("a\nb\n{{ tables.language.xx }}", "xx"),
        ("a\nb\n{{ 'a' + 1 }}", "TypeError"),
        ("{% macro m() %}{{ m() }}{% endmacro %}\n\n{{ m() }}", "RecursionError"),
        ("a\nb\n{{ accounts[9].label }}", "has no element 9"),
    ],
)
def test_a_fault_names_file_line_and_reason(tmp_path: Path, template: str, said: str) -> None:
    found = fault(tmp_path, template, "text")
    assert said in found.message
    assert (found.family, found.file) == ("acme/made-up", "main.j2")
    assert found.line in (1, 3)


def test_a_fault_in_an_imported_macro_names_that_file(tmp_path: Path) -> None:
    made = renderer(
        tmp_path,
        {
            "main.j2": '{% from "m.j2" import m with context %}\n{{ m() }}',
            "m.j2": "{% macro m() %}\n\n{{ 1 / 0 }}{% endmacro %}",
        },
    )
    with pytest.raises(TemplateFault) as refused:
        made.render(rule("text"), context())
    assert (refused.value.file, refused.value.line) == ("m.j2", 3)


def test_output_beyond_the_cap_is_a_fault_before_it_is_built(tmp_path: Path) -> None:
    inner = "{% for b in range(9999) %}xxxxxxxxxxxxxxxxxxxx{% endfor %}"
    loops = "{% for a in range(9999) %}" + inner + "{% endfor %}"
    assert f"exceeds {MAX_BODY} bytes" in fault(tmp_path, loops, "text").message


def test_a_file_that_is_never_served_cannot_be_rendered(tmp_path: Path) -> None:
    made = renderer(tmp_path, {"main.j2": ""})
    with pytest.raises(TemplateFault, match="never served"):
        made.render(rule(template=None), context())


def test_a_missing_template_is_named_with_its_rule(tmp_path: Path) -> None:
    with pytest.raises(TemplateRejected, match=r"'main' has the template 'main.j2'"):
        renderer(tmp_path, {"other.j2": ""})


def test_every_syntax_error_is_told_with_its_line(tmp_path: Path) -> None:
    found = rejected(tmp_path, main="ok\n{% if %}", other="\n\n{{ x | nofilter }}").findings
    assert {(f.where, f.line) for f in found} == {("main.j2", 2), ("other.j2", 3)}


def test_a_template_that_is_no_utf8_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "bad.j2").write_bytes(b"\xff")
    with pytest.raises(TemplateRejected, match=r"bad.j2: cannot be read"):
        renderer(tmp_path, {"main.j2": ""})


def test_a_template_nested_too_deeply_is_rejected(tmp_path: Path) -> None:
    found = rejected(tmp_path, main="{% if 1 %}" * 120 + "{% endif %}" * 120).findings
    assert "nested too deeply" in found[0].message


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ('{{ param("a" ~ "b", 1) }}', "written as a literal"),
        ("{{ param(phone.name, 1) }}", "written as a literal"),
        ("{{ param() }}", "written as a literal"),
        ("{{ param(5, 1) }}", "cannot be a key"),
        ('{{ param("a b", 1) }}', "cannot be a key"),
        ('{{ param("a=b", 1) }}', "cannot be a key"),
        ('{{ param("a") }}', "has no value"),
        ('{{ param("a.{}", 1) }}', "has 1 index(es), 0 given"),
        ('{{ param("a", 1, 2) }}', "has 0 index(es), 1 given"),
        ('{{ param(*["a", 1]) }}', "takes no * and **"),
        ('{{ param("a", 1, class="x") }}', "cannot be an attribute"),
        ("{% set p = param %}", "can only be called"),
        ("{% set param = 1 %}", "can only be called"),
        ("{% macro param() %}{% endmacro %}", "cannot be redefined"),
        ("{% macro m(param) %}{% endmacro %}", "can only be called"),
        ("{{ [1] | map('x', param) }}", "can only be called"),
        ("{% call param('a', 1) %}{% endcall %}", "takes no body"),
        ('{% from "main.j2" import x %}', "with context"),
        ('{% import "main.j2" as m %}', "with context"),
        ('{% from "main.j2" import x as param with context %}', "cannot be imported"),
        ("{% include phone.name %}", "written as a literal"),
        ('{% include "../family.toml" %}', "there is no template"),
        ('{% include "/etc/passwd" %}', "there is no template"),
        ("{% autoescape false %}{% endautoescape %}", "cannot be switched"),
    ],
)
def test_what_no_template_may_do_is_rejected_with_its_line(
    tmp_path: Path, template: str, said: str
) -> None:
    found = rejected(tmp_path, main=f"\n{template}").findings
    assert any(said in f.message and f.line == 2 and f.where == "main.j2" for f in found), found
