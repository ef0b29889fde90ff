"""JSON and YAML become one tree; what would be misread or is meant to harm is refused in words."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisiond.actions import inventory_text
from provisiond.actions.inventory_text import (
    MAX_DEPTH,
    Path,
    Repeated,
    lines_of,
    parse_document,
    written,
)
from provisiond.inventory.errors import RejectedAll

JSON = """{
 "domain": "pbx.example.test",
 "users": [
  {"extension": "101"},
  {"extension": "102",
   "first_name": "a \\"quoted\\" [name], {and} : more"}
 ],
 "phones": []
}
"""
YAML = """domain: pbx.example.test
users:
  - extension: '101'
  - extension: '102'
    first_name: |
      two
      lines
phones: []
"""


def refused(content: bytes, filename: str = "") -> str:
    with pytest.raises(RejectedAll) as caught:
        parse_document(content, filename)
    return str(caught.value)


@pytest.mark.parametrize(("text", "name"), [(JSON, "x.json"), (YAML, "x.yaml")])
def test_every_place_has_its_line(text: str, name: str) -> None:
    document = parse_document(text.encode(), name)
    rows = text.splitlines()
    wanted: dict[Path, str] = {
        ("domain",): "domain",
        ("users", 1, "extension"): "102",
        ("users", 1, "first_name"): "first_name",
        ("phones",): "phones",
    }
    found = lines_of(document, wanted)
    assert {path: text in rows[found[path] - 1] for path, text in wanted.items()} == dict.fromkeys(
        wanted, True
    )


def test_a_place_the_file_lacks_has_the_line_of_what_it_is_in() -> None:
    document = parse_document(JSON.encode())
    assert lines_of(document, [("users", 1, "site"), ("sites", 0)]) == {
        ("users", 1, "site"): 5,
        ("sites", 0): 1,
    }


def test_places_are_written_as_people_read_them() -> None:
    assert written(("phones", 3, "lines", 0, "extension")) == "phones[3].lines[0].extension"
    assert written(()) == "file"


def test_what_is_unquoted_in_yaml_keeps_its_letters() -> None:
    text = b"a: 0101\nb: no\nc: 10:15:59:11:22:33\nd: 1e3\ne: ~\nf: 2026-01-01\ng:\nh: 'null'\n"
    assert parse_document(text, "x.yaml").tree == {
        "a": "0101",
        "b": "no",
        "c": "10:15:59:11:22:33",
        "d": "1e3",
        "e": None,
        "f": "2026-01-01",
        "g": None,
        "h": "null",
    }


def test_the_kind_is_told_by_the_suffix_and_else_by_the_first_letter() -> None:
    assert parse_document(b' {"a": 1}').is_json
    assert parse_document(b"{a: b}", "x.yml").tree == {"a": "b"}
    assert not parse_document(b"a: 1").is_json
    assert "no JSON" in refused(b"a: 1", "x.json")


def test_a_byte_order_mark_and_utf_16_are_read() -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        assert parse_document(JSON.encode(encoding)).tree == json.loads(JSON)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b" \n ", "the file is empty"),
        (b'{"a": 1,\n "b": }', "file:2: it is no JSON"),
        (b'{"a": "\xff"}', "byte 0xff is not UTF-8"),
        (b'{"a":\n\n"\xc3\x28"}', "file:3"),
        (b"\xff\xfe\x00", "is none"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a number in it cannot be read"),
        (b"[" * 100_000, "nested deeper"),
        (b"[" * 30 + b"]" * 30, f"nested deeper than {MAX_DEPTH} levels"),
        (b"- " * 30 + b"x", "nested deeper"),
        (b"a: [1\n", "it is no YAML"),
        (b"a: 1\n b: 2\n", "file:2: it is no YAML"),
        (b"a: *97\n", "quotes"),
        (b"a: &x [1]\nb: *x\n", "anchor or alias"),
        (b"a: !!python/object:os.system x\n", "uses a tag"),
        (b"a: 1\n---\nb: 2\n", "several YAML documents"),
        (b"? [a]\n: 1\n", "is a list or map"),
        (b"a: '\x07'\n", "it is no YAML"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(content: bytes, says: str) -> None:
    assert says in refused(content)


def test_a_laughing_file_stays_small() -> None:
    """Aliases of aliases would make a tree of a billion nodes out of a few lines."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert "anchor or alias" in refused("\n".join(lines).encode(), "x.yaml")


def test_a_file_beyond_the_bound_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory_text, "MAX_BYTES", 100)
    assert "has more than" in refused(b"{" + b" " * 100 + b"}")


@pytest.mark.parametrize("content", [b'{"a": {"b": 1, "b": 2}}', b"a:\n  b: 1\n  b: 2\n"])
def test_a_name_that_is_given_twice_is_known(content: bytes) -> None:
    tree = parse_document(content).tree
    assert isinstance(tree, dict)
    assert isinstance(tree["a"], Repeated)
    assert tree["a"].names == ("b",)


TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=4), below),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text(max_size=4), TREES, max_size=5))
def test_any_json_is_read_as_it_stands_and_each_place_is_found(tree: object) -> None:
    text = json.dumps(tree, indent=1, ensure_ascii=False)
    document = parse_document(text.encode("utf-8", "surrogatepass"), "x.json")
    assert document.tree == tree
    places = list(_places(tree, ()))
    found = lines_of(document, places)
    assert [found[place] for place in places] == sorted(found[place] for place in places)


def _places(tree: object, path: Path) -> list[Path]:
    below = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree)
        if isinstance(tree, list)
        else ()
    )
    return [path, *(place for key, each in below for place in _places(each, (*path, key)))]


def test_a_large_file_is_read_in_seconds_not_minutes() -> None:
    """Not a clock's test: 200,000 nodes with lines must not be quadratic, or this never ends."""
    tree = {"users": [{"extension": str(n), "first_name": "x"} for n in range(100_000)]}
    document = parse_document(json.dumps(tree).encode())
    last: Path = ("users", 99_999, "extension")
    assert lines_of(document, [last])[last] == 1
