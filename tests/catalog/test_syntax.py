"""What the writers print, the readers read back: for any key, value and attribute."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisiond.catalog.cleaning import clean
from provisiond.catalog.syntax import fits, split_index, writer_for
from provisiond.catalog.syntax_lines import read_lines, read_sections
from provisiond.catalog.syntax_xml import read_attributes, read_elements, read_named

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
    read, findings = read_elements(f"<f>{body}</f>".encode(), where="f", index="idx")
    assert [(a.key, a.value, a.attributes) for a in read] == [(f"{name}[{index}]", value, pairs)]
    assert findings == ()


@given(KEYS, HOSTILE, st.dictionaries(KEYS, HOSTILE, max_size=3))
def test_named_elements_come_back_as_written(
    name: str, value: str, attributes: dict[str, str]
) -> None:
    attributes.pop("key", None)
    writer = writer_for("named", holder="set@key")
    assert writer is not None
    pairs = tuple(attributes.items())
    body = writer.write("a.b", value, "\n") + writer.write_full(name, value, pairs)
    read, findings = read_named(
        f"<f>\n<g>{body}</g></f>".encode(), where="f", element="set", attribute="key"
    )
    assert [(a.key, a.value, a.attributes) for a in read] == [
        ("a.b", value, ()),
        (name, value, pairs),
    ]
    assert findings == ()


@pytest.mark.parametrize(
    "stray", ["<mac>1</mac>", "<set/>", "<set key='b'><x/></set>", "<g>text</g>", "text"]
)
def test_whatever_stands_beside_named_elements_is_a_finding(stray: str) -> None:
    body = f"<f><set key='a'>1</set>\n{stray}</f>".encode()
    read, findings = read_named(body, where="f", element="set", attribute="key")
    assert (read[0].key, read[0].value, read[0].line) == ("a", "1", 1)
    assert findings


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


def test_a_section_of_which_nothing_is_left_is_no_assignment() -> None:
    read, findings = read_elements(b"<f><s>\n\n</s><T> </T>\n</f>", where="f")
    assert [(a.key, a.value) for a in read] == [("T", " ")]
    assert findings == ()
    read, findings = read_named(b"<f><s>\n</s></f>", where="f", element="set", attribute="key")
    assert (read, findings) == ((), ())


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


@given(st.lists(st.tuples(st.integers(0, 99), KEYS, HOSTILE), min_size=1, max_size=5))
def test_indexes_inside_of_a_path_come_back_as_written(
    given_values: list[tuple[int, str, str]],
) -> None:
    writer = writer_for("indexed", index="index")
    assert writer is not None
    keys = [f"sip/line[{n}]/{at}/{name}" for at, (n, name, _) in enumerate(given_values, 1)]
    keys = [key.replace(f"/{at}/", f"/key[{at}]/") for at, key in enumerate(keys, 1)]
    body = "".join(
        f'<line index="{n}"><key index="{at}">{writer.write(key, value, "")}</key></line>'
        for at, (key, (n, _, value)) in enumerate(zip(keys, given_values, strict=True), 1)
    )
    read, findings = read_elements(f"<f><sip>{body}</sip></f>".encode(), where="f", index="index")
    assert [(a.key, a.value) for a in read] == [
        (key, value) for key, (_, _, value) in zip(keys, given_values, strict=True)
    ]
    assert findings == ()
    assert all(fits(key, "indexed") for key in keys)


WORDS = st.from_regex(r"[A-Za-z][A-Za-z0-9.\-]{0,12}(_[A-Za-z0-9]{1,6}){0,2}", fullmatch=True)


@given(
    st.lists(
        st.tuples(WORDS, st.one_of(st.just(""), WORDS), WORDS, HOSTILE),
        min_size=1,
        max_size=5,
    )
)
def test_sections_come_back_as_written(lines: list[tuple[str, str, str, str]]) -> None:
    writer = writer_for("sections")
    assert writer is not None
    body, wanted = ["<<A FILE>>Version:1.2   "], []
    for section, item, name, value in lines:
        body.append(f"<{section.replace('_', ' ')}>")
        if item:
            body.append(f"--{item.replace('_', ' ')}--  :")
        key = "/".join(word for word in (section, item, name) if word)
        assert fits(key, "sections")
        body.append(writer.write(key, value, ""))
        wanted.append((key, value))
    body.append("<<END OF FILE>>")
    read, findings = read_sections("\r\n".join(body).encode(), where="f", crlf=True)
    assert [(a.key, a.value) for a in read] == wanted
    assert findings == ()


def test_a_name_of_a_section_fills_its_columns() -> None:
    writer = writer_for("sections")
    assert writer is not None
    assert writer.write("A_B/Enable_SNTP", "1", "\n") == "Enable SNTP        :1\n"
    assert writer.write_full("A_B/A_name_of_more_than_that[x]", "", ()) == (
        "A name of more than that:"
    )


def test_lines_of_a_section_that_are_none_are_findings() -> None:
    body = b"<<A>>\n\n<B C>\nX :1\nnothing\n-- D --:\nY  Z :a:b\n<<END>>\n"
    read, findings = read_sections(body, where="f")
    assert [(a.key, a.value, a.line) for a in read] == [("B_C/X", "1", 4), ("B_C/D/Y__Z", "a:b", 7)]
    assert [f.line for f in findings] == [5]


@pytest.mark.parametrize("body", [b"", b"<<A>>\n", b"X :1\n<<END>>\n", b"<<A>>\nX :1\n"])
def test_sections_stand_between_two_marks(body: bytes) -> None:
    assert read_sections(body, where="f")[1]


def test_a_key_fits_where_the_file_can_say_it() -> None:
    assert fits("a/b[1]/c", "indexed")
    assert not fits("a[1]/c", "elements")
    assert fits("a[1]", "lines")
    assert not fits("a/b:c", "sections")
    assert fits("a/b:c", "elements")
