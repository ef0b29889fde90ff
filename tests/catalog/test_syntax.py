"""What the writers print, the readers read back: for any key, value and attribute."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisiond.catalog.cleaning import clean
from provisiond.catalog.syntax import split_index, writer_for
from provisiond.catalog.syntax_lines import read_lines
from provisiond.catalog.syntax_xml import read_attributes, read_elements

HOSTILE = st.text(
    alphabet=st.one_of(
        st.sampled_from(list("=;#,|<>&\"'[]{}%$!\\/ \t\r\n\x00\x85\u2028\ufeff")),
        st.characters(codec="utf-8"),
    ),
    max_size=40,
).map(clean)
KEYS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.\-]{0,20}", fullmatch=True)


def test_an_index_is_split_off_the_end_only() -> None:
    assert split_index("a.b[admin]") == ("a.b", "admin")
    assert split_index("a.b") == ("a.b", None)


@pytest.mark.parametrize("syntax", ["xml", "text"])
def test_documents_have_no_writer(syntax: str) -> None:
    assert writer_for(syntax) is None


@given(st.lists(st.tuples(KEYS, HOSTILE), min_size=1, max_size=5, unique_by=lambda p: p[0]))
def test_lines_come_back_as_written(pairs: list[tuple[str, str]]) -> None:
    writer = writer_for("lines")
    assert writer is not None
    body = "\n".join(writer.write(key, value, "") for key, value in pairs).encode()
    read, findings = read_lines(body, where="f")
    assert [(a.key, a.value) for a in read] == pairs
    assert findings == ()


@given(st.lists(st.tuples(KEYS, HOSTILE), min_size=1, max_size=5, unique_by=lambda p: p[0]))
def test_elements_come_back_as_written(pairs: list[tuple[str, str]]) -> None:
    writer = writer_for("elements")
    assert writer is not None
    body = "".join(writer.write(key, value, "") for key, value in pairs)
    read, findings = read_elements(f"<f>\n{body}\n</f>".encode(), where="f")
    assert [(a.key, a.value) for a in read] == pairs
    assert findings == ()


@given(st.lists(st.tuples(KEYS, HOSTILE), min_size=1, max_size=5, unique_by=lambda p: p[0]))
def test_attributes_come_back_as_written(pairs: list[tuple[str, str]]) -> None:
    writer = writer_for("attributes")
    assert writer is not None
    body = "".join(writer.write(key, value, "") for key, value in pairs)
    read, findings = read_attributes(f"<f{body}/>".encode(), where="f")
    assert [(a.key, a.value) for a in read] == pairs
    assert findings == ()


@given(KEYS, st.integers(0, 99), HOSTILE, st.dictionaries(KEYS, HOSTILE, max_size=3))
def test_indexed_elements_come_back_as_written(
    name: str, index: int, value: str, attributes: dict[str, str]
) -> None:
    attributes.pop("idx", None)
    writer = writer_for("indexed")
    assert writer is not None
    pairs = tuple(attributes.items())
    body = writer.write_full(f"{name}[{index}]", value, pairs)
    read, findings = read_elements(f"<f>{body}</f>".encode(), where="f", indexed=True)
    assert [(a.key, a.value, a.attributes) for a in read] == [(f"{name}[{index}]", value, pairs)]
    assert findings == ()


def test_lines_allow_comments_blank_lines_and_the_header() -> None:
    body = b"[ cfg:x ]\n# note = 1\n\na = 1\nb =\n"
    read, findings = read_lines(body, where="f", header="[ cfg:x ]")
    assert [(a.key, a.value, a.line) for a in read] == [("a", "1", 4), ("b", "", 5)]
    assert findings == ()


@pytest.mark.parametrize(
    "line", ["a=1", "a =1", "a", " a = 1", "a b = 1", "= 1", "[ cfg:x ]", "a = 1\r", "a = \x0b1"]
)
def test_lines_that_are_no_assignment_are_findings_with_their_line(line: str) -> None:
    read, findings = read_lines(f"x = 1\n{line}\n".encode(), where="f", header="[ cfg:x ]")
    assert [a.key for a in read] == ["x"]
    assert [f.line for f in findings] == [2]


def test_crlf_lines_are_read_where_the_file_has_them() -> None:
    read, findings = read_lines(b"a = 1\r\nb = 2\r\n", where="f", crlf=True)
    assert [(a.key, a.value) for a in read] == [("a", "1"), ("b", "2")]
    assert findings == ()


def test_bytes_that_are_no_utf8_are_a_finding() -> None:
    read, findings = read_lines(b"a = 1\nb = \xff\n", where="f")
    assert read == ()
    assert [(f.line, f.message) for f in findings] == [(2, "is no UTF-8.")]


def test_elements_below_sections_are_paths() -> None:
    read, _ = read_elements(b"<f>\n<s><T>1</T></s>\n<U></U></f>", where="f")
    assert [(a.key, a.value, a.line) for a in read] == [("s/T", "1", 2), ("U", "", 3)]


def test_text_and_comments_around_values_are_findings() -> None:
    _, findings = read_elements(b"<f>x<T>1</T>\n<U>a<!-- b -->c</U></f>", where="f")
    assert [f.line for f in findings] == [1, 2]
    _, findings = read_attributes(b"<f a='1'>x</f>", where="f")
    assert len(findings) == 1


def test_attributes_of_a_namespace_are_the_frame() -> None:
    body = b'<f xmlns:x="urn:x" x:schema="s" a="1"><g b="2"/></f>'
    read, findings = read_attributes(body, where="f")
    assert [(a.key, a.value) for a in read] == [("a", "1"), ("b", "2")]
    assert findings == ()
