"""How is one assignment written in each syntax of configuration files?

The writers escape; the readers that turn bytes back into assignments are in `syntax_lines` and
`syntax_xml` and share nothing with them, so that one checks the other.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

_NAME, _INDEX = r"[A-Za-z0-9_.:/!%$+\-]", r"\[[A-Za-z0-9_.:\-]{1,64}\]"
KEY_SHAPE = re.compile(rf"[A-Za-z_]{_NAME}*({_INDEX}/{_NAME}+)*({_INDEX})?")
"""What a key may look like in any syntax; a bracketed index at its end is not part of the name
that is printed: `static.security.user_password[admin]`."""

_FLAT = re.compile(rf"[A-Za-z_]{_NAME}*({_INDEX})?")
_WORDS = re.compile(rf"[A-Za-z_][A-Za-z0-9_.!%$+\-]*(/[A-Za-z0-9_.!%$+\-]+)*({_INDEX})?")
_SHAPES = {"indexed": KEY_SHAPE, "sections": _WORDS, "xml": KEY_SHAPE, "text": KEY_SHAPE}
NAME_WIDTH = 19
"""columns that a name of syntax `sections` fills before its colon, as phones export their files"""

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One assignment read back from bytes; `line` counts from 1, in the file's own lines."""

    key: str
    value: str
    line: int
    attributes: Pairs = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """A syntax's way to print.

    `write(key, value, tail)` is for a plain key and the text that follows it at once;
    `write_full(key, value, attributes)` is for any key. `remaining(keys, section)` chooses which
    left-over overrides belong at this place, `between` stands between them. `escapes` says that
    values are escaped as in XML.
    """

    write: Callable[[str, str, str], str]
    write_full: Callable[[str, str, Pairs], str]
    remaining: Callable[[Iterable[str], str], list[str]]
    between: str
    escapes: bool
    takes_attributes: bool


def writer_for(syntax: str, *, index: str = "idx", holder: str = "") -> Writer | None:
    """The writer of a syntax, or None where the syntax has no assignments (`xml`, `text`).

    `index` is the attribute that syntax `indexed` keeps an index in, `holder` syntax `named`'s
    `element@attribute`.
    """
    if syntax == "named":
        return _named(*split_holder(holder))
    return _indexed(index) if syntax == "indexed" else _WRITERS.get(syntax)


def split_holder(holder: str) -> tuple[str, str]:
    """`element@attribute` to (element, attribute)."""
    element, _, attribute = holder.partition("@")
    return element, attribute


def fits(key: str, syntax: str) -> bool:
    """Whether the key can be one of this syntax: only `indexed` has indexes inside of a path, and
    in `sections` a colon ends the name. A syntax without assignments takes any."""
    return _SHAPES.get(syntax, _FLAT).fullmatch(key) is not None


def split_index(key: str) -> tuple[str, str | None]:
    """`name[index]` to (name, index); (key, None) where there is none."""
    if key.endswith("]") and "[" in key:
        name, _, index = key[:-1].partition("[")
        return name, index
    return key, None


def _escaped(text: str) -> str:
    # Five replacements are a third of the cost of markupsafe.escape, which makes Markup.
    return (
        text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&#34;")
        .replace("'", "&#39;")
    )


def _line(key: str, value: str, tail: str = "") -> str:
    return f"{key} = {value}{tail}" if value else f"{key} ={tail}"


def _line_full(key: str, value: str, _attributes: Pairs) -> str:
    return _line(split_index(key)[0], value)


def _element(key: str, value: str, tail: str) -> str:
    # An empty value is written with both tags: one vendor reads <key/> as "leave what you have".
    if "/" in key:
        key = key.rpartition("/")[2]
    return f"<{key}>{_escaped(value)}</{key}>{tail}"


def _element_full(key: str, value: str, attributes: Pairs) -> str:
    name = split_index(key)[0].rpartition("/")[2]
    return f"<{name}{_attribute_list(attributes)}>{_escaped(value)}</{name}>"


@cache
def _indexed(attribute: str) -> Writer:
    def write_full(key: str, value: str, attributes: Pairs) -> str:
        name, index = split_index(key)
        first = "" if index is None else f' {attribute}="{_escaped(index)}"'
        name = name.rpartition("/")[2]
        return f"<{name}{first}{_attribute_list(attributes)}>{_escaped(value)}</{name}>"

    return Writer(
        write=_element,
        write_full=write_full,
        remaining=_remaining_here,
        between="\n",
        escapes=True,
        takes_attributes=True,
    )


def _named_line(key: str, value: str, tail: str = "") -> str:
    # Names are words with blanks between them; keys have an underscore for each.
    name = key.rpartition("/")[2].replace("_", " ")
    return f"{name:<{NAME_WIDTH}}:{value}{tail}"


def _named_line_full(key: str, value: str, _attributes: Pairs) -> str:
    return _named_line(split_index(key)[0], value)


def _attribute(key: str, value: str, tail: str = "") -> str:
    return f' {key}="{_escaped(value)}"{tail}'


def _attribute_full(key: str, value: str, _attributes: Pairs) -> str:
    return _attribute(split_index(key)[0], value)


def _named(element: str, attribute: str) -> Writer:
    opening, closing = f'<{element} {attribute}="', f"</{element}>"

    def write(key: str, value: str, tail: str) -> str:
        return f'{opening}{key}">{_escaped(value)}{closing}{tail}'

    def write_full(key: str, value: str, attributes: Pairs) -> str:
        name = split_index(key)[0]
        return f'{opening}{name}"{_attribute_list(attributes)}>{_escaped(value)}{closing}'

    return Writer(
        write=write,
        write_full=write_full,
        remaining=_all_remaining,
        between="\n",
        escapes=True,
        takes_attributes=True,
    )


def _attribute_list(attributes: Pairs) -> str:
    return "".join(f' {name}="{_escaped(value)}"' for name, value in attributes)


def _all_remaining(keys: Iterable[str], section: str) -> list[str]:
    return [] if section else sorted(keys)


def _remaining_here(keys: Iterable[str], section: str) -> list[str]:
    """Those directly in the section; without one, those in no section."""
    start = f"{section}/" if section else ""
    return sorted(k for k in keys if k.startswith(start) and "/" not in k[len(start) :])


_WRITERS = {
    "lines": Writer(
        write=_line,
        write_full=_line_full,
        remaining=_all_remaining,
        between="\n",
        escapes=False,
        takes_attributes=False,
    ),
    "elements": Writer(
        write=_element,
        write_full=_element_full,
        remaining=_remaining_here,
        between="\n",
        escapes=True,
        takes_attributes=True,
    ),
    "attributes": Writer(
        write=_attribute,
        write_full=_attribute_full,
        remaining=_all_remaining,
        between="",
        escapes=True,
        takes_attributes=False,
    ),
    "sections": Writer(
        write=_named_line,
        write_full=_named_line_full,
        remaining=_remaining_here,
        between="\n",
        escapes=False,
        takes_attributes=False,
    ),
}
