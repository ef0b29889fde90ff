"""The bytes must hold exactly what `param` recorded: whatever was printed around it is caught."""

from pathlib import Path

import pytest

from provisiond.catalog.manifest import FileRule
from provisiond.catalog.structure import check_structure
from provisiond.inventory.errors import Finding
from tests.catalog.made_up import override, rendered, rule


def checked(
    folder: Path, template: str, file: FileRule | None = None, *overrides: tuple[str, str | None]
) -> tuple[Finding, ...]:
    file = file or rule()
    layers = tuple(override(key, value) for key, value in overrides)
    out = rendered(folder, template, file, layers)
    return check_structure(out.body, file, out.record)


@pytest.mark.parametrize(
    ("syntax", "template"),
    [
        ("lines", '#!head\n{{ param("a", "x") }}\n\n{{ param("p[{}]", "1", "q") }}\n'
         '{{ param("p[{}]", "2", "r") }}\n{{ remaining_overrides() }}'),
        ("elements", '<?xml version="1.0"?>\n<f><!-- c -->{{ param("a", "x", ua="rw") }}<s>'
         '{{ param("s/b", "") }}</s>{{ remaining_overrides() }}</f>'),
        ("elements", '<d><f>{{ param("a", "x") }}{{ param("b", "") }}{{ remaining_overrides() }}'
         "</f></d>"),
        ("attributes", '<f>\n<g{{ param("a", "x") }}{{ remaining_overrides() }}/></f>'),
        ("indexed", '<f>{{ param("a", "x") }}{{ param("k[{}]", "1", 1, perm="R") }}'
         '{{ param("k[{}]", "2", 2) }}{{ remaining_overrides() }}</f>'),
        ("named", '<f><g>{{ param("a", "x") }}{{ param("b.{}", "", 1) }}'
         '{{ remaining_overrides() }}</g></f>'),
        ("indexed", '<f>{{ param("a", "x") }}<g idx="1">{{ param("g[{}]/b", "1", 1) }}</g>'
         '{{ remaining_overrides() }}</f>'),
        ("sections", '<<F>>\n{{ remaining_overrides() }}\n<S T>\n{{ param("S_T/a", "x") }}\n'
         '--L M--  :\n{{ param("S_T/L_M/b{}_c", " y ", 1) }}\n<<E>>\n'),
    ],
)  # fmt: skip
def test_a_faithful_template_has_no_findings(tmp_path: Path, syntax: str, template: str) -> None:
    assert checked(tmp_path, template, rule(syntax)) == ()
    assert checked(tmp_path, template, rule(syntax), ("a", "o"), ("z.z", "1"), ("b", None)) == ()


@pytest.mark.parametrize(
    ("syntax", "template", "line", "said"),
    [
        ("lines", '{{ param("a", 1) }}\nb = 2\n', 2, "'b' stands in the file, but no param"),
        ("lines", '{{ param("a", 1) }}\na = 2\n', 1, "stands 2 times in the file"),
        ("lines", '{{ param("a", 1) }} {{ param("b", 2) }}\n', 1, "two assignments"),
        ("lines", '{{ param("a", 1) }}{{ param("b", 2) }}\n', 1, "two assignments"),
        ("lines", '{{ param("a", 1) }}  \n', 1, "blanks follow"),
        ("lines", '{{ param("a", 1) }}x\n', 1, "is not the one that was printed"),
        ("lines", '\n{{ param("a", "x") | upper }}\n', 2, "'A' stands in the file"),
        ("lines", '# {{ param("a", 1) }}\n', None, "is not in the file"),
        ("lines", '{% set x = param("a", 1) %}\n', None, "is not in the file"),
        ("lines", '{{ param("a", 1) }}\nfree text\n', 2, "neither an assignment"),
        ("elements", "<f><b>1</b></f>", 1, "'b' stands in the file"),
        ("elements", '<f>{{ param("a", 1) }}\n<c/></f>', 2, "'c' stands in the file"),
        ("elements", '<f>{{ param("a", 1) }}<a>2</a></f>', 1, "stands 2 times"),
        ("elements", '<f>{{ param("a", 1) }}text</f>', 1, "text stands beside"),
        ("elements", '<f>{{ param("s/a", 1) }}</f>', 1, "'a' stands in the file"),
        ("elements", '<f><s>{{ param("a", 1) }}</s><t>{{ param("b", 1) }}</t></f>', 1, "'t/b'"),
        ("elements", '<f>{{ param("a", 1) }}<f>', 1, "not well-formed"),
        ("elements", '<f><!-- {{ param("a", 1) }} --></f>', None, "is not in the file"),
        ("attributes", '<f{{ param("a", 1) }} b="2"/>', 1, "'b' stands in the file"),
        ("attributes", '<f{{ param("a", 1) }} a="2"/>', 1, "redefined"),
        ("attributes", '<f{{ param("a", 1) }}><g a="1"/></f>', 1, "stands 2 times"),
        ("named", '<f>{{ param("a", 1) }}<item name="b">1</item></f>', 1, "'b' stands in"),
        ("named", '<f>{{ param("a", 1) }}<item name="a">2</item></f>', 1, "stands 2 times"),
        ("named", '<f>{{ param("a", 1) }}\n<b>1</b></f>', 2, "text stands beside"),
        ("indexed", '<f>{{ param("k[{}]", 1, 2) }}<k idx="3">1</k></f>', 1, "'k[3]' stands"),
        ("indexed", '<f><g>{{ param("k[{}]", 1, 2) | replace("2", "3") }}</g></f>', None, "'k[2]'"),
    ],
)  # fmt: skip
def test_what_is_printed_around_param_is_caught(
    tmp_path: Path, syntax: str, template: str, line: int | None, said: str
) -> None:
    found = checked(tmp_path, template, rule(syntax))
    assert any(said in f.message and f.line == line and f.where == "main" for f in found), found


def test_a_wrong_attribute_is_caught(tmp_path: Path) -> None:
    file = rule("indexed")
    out = rendered(tmp_path, '<f>{{ param("k[{}]", "v", 1, perm="R") }}</f>', file)
    tampered = out.body.replace(b'perm="R"', b'perm="RW"')
    assert len(check_structure(tampered, file, out.record)) == 1


def test_values_are_not_quoted_for_they_may_be_secret(tmp_path: Path) -> None:
    found = checked(tmp_path, '{{ param("a", "hunter2") }}x\nb = hunter2\n')
    assert found
    assert "hunter2" not in str(found)


def test_an_override_that_nobody_printed_is_a_warning(tmp_path: Path) -> None:
    template = '<f>{{ param("a", 1) }}{{ remaining_overrides() }}</f>'
    found = checked(tmp_path, template, rule("elements"), ("s/K", "1"))
    assert [(f.severity, f.message) for f in found] == [
        ("warning", "the override 's/K' (phone) was not printed.")
    ]
    assert 'remaining_overrides("s")' in found[0].remedy


def test_documents_are_only_well_formed(tmp_path: Path) -> None:
    assert checked(tmp_path, "<a><b>1</b></a>", rule("xml")) == ()
    assert "not well-formed" in checked(tmp_path, "<a>", rule("xml"))[0].message
    assert checked(tmp_path, "anything = 1", rule("text")) == ()


def test_a_text_that_is_no_utf8_is_a_finding(tmp_path: Path) -> None:
    out = rendered(tmp_path, "x", rule("text"))
    assert check_structure(b"\xff", rule("text"), out.record)[0].message == "is no UTF-8."
