"""What does one assignment of a rendered file become, and who decided its value?

`param` prints assignments in the syntax of the file and records them; `remaining_overrides`
prints the overrides that no `param` claimed. The record says for every key what was printed, from
which template line, and by whose override; the structure check compares the bytes with it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from jinja2 import Undefined
from markupsafe import Markup

from provisiond.catalog.cleaning import is_clean, to_ascii
from provisiond.catalog.manifest import FileRule
from provisiond.catalog.overrides import Applied
from provisiond.catalog.syntax import Pairs, Writer, fits, split_index, writer_for
from provisiond.inventory.errors import TemplateFault

_INDEX = re.compile(r"[A-Za-z0-9_.:\-]{1,64}")
_IN_LINES = frozenset({"lines", "sections"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place in a template that calls `param` or `remaining_overrides`.

    `pattern` is the literal one, `holes` how many indexes it takes; `filled % indexes` is the key.
    `tail` is the literal text right after it, most often the line's end.
    """

    pattern: str
    file: str
    line: int
    holes: int
    filled: str
    tail: str = ""

    @classmethod
    def at(cls, pattern: str, file: str, line: int) -> "Site":
        """The site of a literal pattern; each `{}` in it is an index."""
        return cls(
            pattern=pattern,
            file=file,
            line=line,
            holes=pattern.count("{}"),
            filled=pattern.replace("%", "%%").replace("{}", "%s"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What was printed for one key, and why.

    `printed_value` is the value before the syntax escaped it; None where an override says that
    the key is not to be printed. `layer` is `template`, or the override's. `file` and `line` are
    the template's that printed it. `attributes` are those beside the value, in order.
    """

    key: str
    printed_value: str | None
    layer: str
    author: str
    file: str
    line: int
    attributes: tuple[tuple[str, str], ...] = ()


class Record:
    """What `param` printed into one file, in order; entries are made when somebody asks."""

    __slots__ = ("_entries", "_page")

    def __init__(self, page: "Page") -> None:
        self._page = page
        self._entries: Mapping[str, Entry] | None = None

    @property
    def leftovers(self) -> tuple[Applied, ...]:
        """Overrides that neither `param` nor `remaining_overrides` printed."""
        return tuple(self._page.chosen.values())

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Key to entry, in the order printed."""
        if self._entries is None:
            page = self._page
            self._entries = MappingProxyType(
                {
                    key: _entry(key, text, site, page.applied.get(key), page.attributes.get(key))
                    for (key, text), site in zip(page.texts.items(), page.origins, strict=True)
                }
            )
        return self._entries

    def printed(self) -> dict[str, tuple[str, Pairs]]:
        """Key to (value, attributes) of what stands in the bytes."""
        attributes = self._page.attributes
        return {
            key: (text, attributes.get(key, ()))
            for key, text in self._page.texts.items()
            if text is not None
        }

    def __len__(self) -> int:
        return len(self._page.texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Printer:
    """`param`, as compiled templates call it, with the site first.

    `put` takes a key and its value; `checked` gives an index that is no whole number, if it may
    be one; `full` takes value, indexes, indexes in brackets and attributes.
    """

    put: Callable[[Site, str, object], str]
    checked: Callable[[Site, object], object]
    full: Callable[..., str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What one render lends to its templates: the two functions, and the record they fill."""

    param: Printer
    remaining_overrides: Callable[..., str]
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A file being written: `chosen` shrinks as overrides are used, the rest grows.

    `texts` has what was printed for each key (None: an override forbids it) and `origins`, in the
    same order, where; `applied` and `attributes` only have the keys that have any.
    """

    family: str
    rule: FileRule
    chosen: dict[str, Applied]
    texts: dict[str, str | None] = field(default_factory=dict)
    origins: list[Site] = field(default_factory=list)
    applied: dict[str, Applied] = field(default_factory=dict)
    attributes: dict[str, Pairs] = field(default_factory=dict)


def said_in(rule: FileRule, text: str) -> str:
    """A value as a file of this rule says it: in lines without outer blanks, no word of the
    vendor, in ASCII where the phone reads no other letters, and nothing as the rule's `empty`."""
    said = _said(rule, text)
    return to_ascii(said) if rule.ascii_only else said


def open_session(*, family: str, rule: FileRule, overrides: Sequence[Applied]) -> Session:
    """`param` and `remaining_overrides` for one file, bound to a fresh record.

    Faults are TemplateFault(family, file, line): a key printed twice, a value that is neither
    text nor a whole number, a value or index that would break the line, `param` in a syntax
    that has none.
    """
    page = Page(
        family=family,
        rule=rule,
        chosen={applied.key: applied for applied in overrides},
    )
    writer = writer_for(rule.syntax, index=rule.index, holder=rule.holder)
    if writer is None:
        return _without_param(page)
    return Session(
        param=_bind_param(page, writer),
        remaining_overrides=_bind_remaining(page, writer),
        record=Record(page),
    )


def _bind_put(page: Page, writer: Writer) -> Callable[[Site, str, object], str]:
    """The function that prints and records one plain key."""
    # Called some 300 times a file: locals of closures, and no call that is not needed.
    chosen, texts, ascii_only = page.chosen, page.texts, page.rule.ascii_only
    note, write, empty = page.origins.append, writer.write, page.rule.empty
    careful, is_line = _careful_starts(page.rule), page.rule.syntax in _IN_LINES

    def put(site: Site, key: str, value: object) -> str:
        if key in texts:
            raise _twice(page, site, key)
        kind = type(value)
        if kind is str:
            text: str = value  # type: ignore[assignment]
        else:
            text = str(value) if kind is int else _text_of(page, writer, site, key, value)
        if not text:
            text = empty
        elif text[0] in careful or (is_line and text[-1] == " "):
            text = _said(page.rule, text)
        if chosen and key in chosen:
            replaced = _take(page, site, key)
            if replaced is None:
                return site.tail
            text = replaced
        if not text.isprintable() or (ascii_only and not text.isascii()):
            text = _checked(page, site, key, text)
        texts[key] = text
        note(site)
        return write(key, text, site.tail)

    return put


def _bind_param(page: Page, writer: Writer) -> Printer:
    texts, put = page.texts, _bind_put(page, writer)

    def checked(site: Site, index: object) -> object:
        _check_index(page, site, index)
        return index

    def full(site: Site, value: object, *indexes: object, **attributes: object) -> str:
        for index in indexes:
            if type(index) is not int:
                _check_index(page, site, index)
        key = site.filled % indexes
        if not attributes and key[-1] != "]":
            return put(site, key, value)
        put(site, key, value)
        text = texts[key]
        if text is None:
            return site.tail
        extra = _attributes(page, writer, site, key, attributes)
        if extra:
            page.attributes[key] = extra
        return writer.write_full(key, text, extra) + site.tail

    return Printer(put=put, checked=checked, full=full)


def _careful_starts(rule: FileRule) -> frozenset[str]:
    """What a value may begin with for `_said` to be asked."""
    return frozenset({" ", *(word[0] for word in rule.reserved)})


def _said(rule: FileRule, text: str) -> str:
    """A value as this file can say it: in lines without outer blanks, and no word of the vendor."""
    if rule.syntax in _IN_LINES:
        text = text.strip(" ")
    return rule.reserved.get(text.strip().upper(), text) or rule.empty


def _take(page: Page, site: Site, key: str) -> str | None:
    """The override's value; None where the key is not to be printed, which is then on record."""
    applied = page.applied[key] = page.chosen.pop(key)
    if applied.value is None:
        page.texts[key] = None
        page.origins.append(site)
    return applied.value


def _bind_remaining(page: Page, writer: Writer) -> Callable[..., str]:
    def remaining_overrides(site: Site, section: str = "") -> str:
        printed = []
        for key in writer.remaining(page.chosen, section):
            if key in page.texts:
                raise _twice(page, site, key)
            value = _take(page, site, key)
            if value is None:
                continue
            if not fits(key, page.rule.syntax):
                raise _fault(page, site, f"the override {key!r} cannot be a key")
            text = page.texts[key] = _checked(page, site, key, value)
            page.origins.append(site)
            printed.append(writer.write_full(key, text, ()))
        return writer.between.join(printed) + site.tail

    return remaining_overrides


def _without_param(page: Page) -> Session:
    def refuse(site: Site, *_values: object, **_attributes: object) -> str:
        raise _fault(page, site, f"a file of syntax {page.rule.syntax!r} has no assignments")

    return Session(
        param=Printer(put=refuse, checked=refuse, full=refuse),
        remaining_overrides=refuse,
        record=Record(page),
    )


def _entry(
    key: str, text: str | None, site: Site, applied: Applied | None, attributes: Pairs | None
) -> Entry:
    return Entry(
        key=key,
        printed_value=text,
        layer=applied.layer if applied else "template",
        author=applied.author if applied else "",
        file=site.file,
        line=site.line,
        attributes=attributes or (),
    )


def _text_of(page: Page, writer: Writer, site: Site, key: str, value: object) -> str:
    """A value that is neither a plain str nor int: Markup out of a macro, or a fault."""
    if isinstance(value, Markup):
        return value.unescape() if writer.escapes else str(value)
    if isinstance(value, bool) or value is None:
        said = f"{value}: say in the template what this vendor writes for it"
    elif isinstance(value, Undefined):
        return str(value)  # raises with the name that is undefined
    else:
        said = f"of type {type(value).__name__}; a value is text or a whole number"
    raise _fault(page, site, f"the value of {key!r} is {said}")


def _checked(page: Page, site: Site, key: str, text: str) -> str:
    if not is_clean(text):
        raise _fault(page, site, f"the value of {key!r} holds a line break or control character")
    return to_ascii(text) if page.rule.ascii_only else text


def _check_index(page: Page, site: Site, index: object) -> None:
    if isinstance(index, str) and _INDEX.fullmatch(index):
        return
    if isinstance(index, Undefined):
        str(index)
    raise _fault(
        page,
        site,
        f"an index of {site.pattern!r} is {index!r}; an index is a whole number or a short word",
    )


def _attributes(
    page: Page, writer: Writer, site: Site, key: str, attributes: Mapping[str, object]
) -> Pairs:
    if not attributes:
        return ()
    if not writer.takes_attributes:
        raise _fault(page, site, f"{key!r}: this syntax has no further attributes")
    index = page.rule.index
    if index in attributes and split_index(key)[1] is not None:
        raise _fault(page, site, f"{key!r} would have two {index} attributes")
    pairs = []
    ascii_only = page.rule.ascii_only
    for name, value in attributes.items():
        kind = type(value)
        if kind is str:
            text: str = value  # type: ignore[assignment]
        elif kind is int:
            text = str(value)
        else:
            text = _text_of(page, writer, site, f"{key} {name}", value)
        if ascii_only or not text.isprintable():
            text = _checked(page, site, f"{key} {name}", text)
        pairs.append((name, text))
    return tuple(pairs)


def _twice(page: Page, site: Site, key: str) -> TemplateFault:
    before = page.origins[list(page.texts).index(key)]
    return _fault(page, site, f"{key!r} is printed twice, first at {before.file}:{before.line}")


def _fault(page: Page, site: Site, message: str) -> TemplateFault:
    return TemplateFault(page.family, site.file, site.line, message)
