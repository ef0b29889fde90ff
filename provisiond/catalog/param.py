"""What does one assignment of a rendered file become, and who decided its value?

`param` prints assignments in the syntax of the file and records them; `remaining_overrides`
prints the overrides that no `param` claimed. The record says for every key what was printed, from
which template line, and by whose override; the structure check compares the bytes with it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from jinja2 import Undefined
from markupsafe import Markup

from provisiond.catalog.cleaning import is_clean, to_ascii
from provisiond.catalog.overrides import Applied
from provisiond.catalog.syntax import KEY_SHAPE, Pairs, Writer, split_index, writer_for
from provisiond.inventory.errors import TemplateFault

_INDEX = re.compile(r"[A-Za-z0-9_.:\-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place in a template that calls `param` or `remaining_overrides`.

    `pattern` is the literal one, `holes` how many indexes it takes, `format` fills them in.
    """

    pattern: str
    file: str
    line: int
    holes: int
    format: Callable[..., str]

    @classmethod
    def at(cls, pattern: str, file: str, line: int) -> "Site":
        """The site of a literal pattern; each `{}` in it is an index."""
        return cls(
            pattern=pattern,
            file=file,
            line=line,
            holes=pattern.count("{}"),
            format=pattern.format,
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


Raw = tuple[str | None, Site, Applied | None, Pairs]


class Record:
    """What `param` printed into one file, in order; entries are made when somebody asks."""

    __slots__ = ("_entries", "_raw", "leftovers")

    def __init__(self, raw: dict[str, Raw], leftovers: tuple[Applied, ...] = ()) -> None:
        self._raw = raw
        self._entries: Mapping[str, Entry] | None = None
        self.leftovers = leftovers
        """overrides that neither `param` nor `remaining_overrides` printed"""

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Key to entry, in the order printed."""
        if self._entries is None:
            self._entries = MappingProxyType(
                {key: _entry(key, raw) for key, raw in self._raw.items()}
            )
        return self._entries

    def printed(self) -> dict[str, tuple[str, Pairs]]:
        """Key to (value, attributes) of what stands in the bytes."""
        return {key: (raw[0], raw[3]) for key, raw in self._raw.items() if raw[0] is not None}

    def __len__(self) -> int:
        return len(self._raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What one render lends to its templates: the two functions, and the record they fill."""

    param: Callable[..., str]
    remaining_overrides: Callable[..., str]
    record: Callable[[], Record]


def open_session(
    *,
    family: str,
    sites: Sequence[Site],
    syntax: str,
    overrides: Sequence[Applied],
    ascii_only: bool,
) -> Session:
    """`param` and `remaining_overrides` for one file, bound to a fresh record.

    Faults are TemplateFault(family, file, line): a key printed twice, a value that is neither
    text nor a whole number, a value or index that would break the line, `param` in a syntax
    that has none.
    """
    writer = writer_for(syntax)
    if writer is None:
        return _without_param(family, sites, syntax, overrides)
    page = _Page(
        family=family,
        sites=sites,
        writer=writer,
        chosen={applied.key: applied for applied in overrides},
        raw={},
        ascii_only=ascii_only,
    )
    return Session(
        param=_bind_param(page),
        remaining_overrides=_bind_remaining(page),
        record=lambda: Record(page.raw, tuple(page.chosen.values())),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """A file being written: `chosen` shrinks as overrides are used, `raw` grows."""

    family: str
    sites: Sequence[Site]
    writer: Writer
    chosen: dict[str, Applied]
    raw: dict[str, Raw]
    ascii_only: bool


def _bind_param(page: _Page) -> Callable[..., str]:
    # Called some 300 times a file: locals of a closure, and no call that is not needed.
    sites, chosen, raw, ascii_only = page.sites, page.chosen, page.raw, page.ascii_only
    write = page.writer.write

    def param(number: int, value: object, *indexes: object, **attributes: object) -> str:
        site = sites[number]
        for index in indexes:
            if type(index) is not int:
                _check_index(page, site, index)
        key = site.format(*indexes) if indexes else site.pattern
        if key in raw:
            raise _twice(page, site, key)
        kind = type(value)
        if kind is str:
            text: str = value  # type: ignore[assignment]
        else:
            text = str(value) if kind is int else _text_of(page, site, key, value)
        applied = None
        if chosen and key in chosen:
            applied = chosen.pop(key)
            if applied.value is None:
                raw[key] = (None, site, applied, ())
                return ""
            text = applied.value
        if ascii_only or not text.isprintable():
            text = _checked(page, site, key, text)
        if attributes or key[-1] == "]":
            extra = _attributes(page, site, key, attributes)
            raw[key] = (text, site, applied, extra)
            return page.writer.write_full(key, text, extra)
        raw[key] = (text, site, applied, ())
        return write(key, text)

    return param


def _bind_remaining(page: _Page) -> Callable[..., str]:
    def remaining_overrides(number: int, section: str = "") -> str:
        site = page.sites[number]
        printed = []
        for key in page.writer.remaining(page.chosen, section):
            applied = page.chosen.pop(key)
            if key in page.raw:
                raise _twice(page, site, key)
            if applied.value is None:
                page.raw[key] = (None, site, applied, ())
                continue
            if KEY_SHAPE.fullmatch(key) is None:
                raise _fault(page, site, f"the override {key!r} cannot be a key")
            text = _checked(page, site, key, applied.value)
            page.raw[key] = (text, site, applied, ())
            printed.append(page.writer.write_full(key, text, ()))
        return page.writer.between.join(printed)

    return remaining_overrides


def _without_param(
    family: str, sites: Sequence[Site], syntax: str, overrides: Sequence[Applied]
) -> Session:
    def refuse(number: int, *_values: object, **_attributes: object) -> str:
        site = sites[number]
        raise TemplateFault(
            family, site.file, site.line, f"a file of syntax {syntax!r} has no assignments"
        )

    return Session(
        param=refuse, remaining_overrides=refuse, record=lambda: Record({}, tuple(overrides))
    )


def _entry(key: str, raw: Raw) -> Entry:
    value, site, applied, attributes = raw
    return Entry(
        key=key,
        printed_value=value,
        layer=applied.layer if applied else "template",
        author=applied.author if applied else "",
        file=site.file,
        line=site.line,
        attributes=attributes,
    )


def _text_of(page: _Page, site: Site, key: str, value: object) -> str:
    """A value that is neither a plain str nor int: Markup out of a macro, or a fault."""
    if isinstance(value, Markup):
        return value.unescape() if page.writer.escapes else str(value)
    if isinstance(value, bool) or value is None:
        said = f"{value}: say in the template what this vendor writes for it"
    elif isinstance(value, Undefined):
        return str(value)  # raises with the name that is undefined
    else:
        said = f"of type {type(value).__name__}; a value is text or a whole number"
    raise _fault(page, site, f"the value of {key!r} is {said}")


def _checked(page: _Page, site: Site, key: str, text: str) -> str:
    if not is_clean(text):
        raise _fault(page, site, f"the value of {key!r} holds a line break or control character")
    return to_ascii(text) if page.ascii_only else text


def _check_index(page: _Page, site: Site, index: object) -> None:
    if isinstance(index, str) and _INDEX.fullmatch(index):
        return
    if isinstance(index, Undefined):
        str(index)
    raise _fault(
        page,
        site,
        f"an index of {site.pattern!r} is {index!r}; an index is a whole number or a short word",
    )


def _attributes(page: _Page, site: Site, key: str, attributes: Mapping[str, object]) -> Pairs:
    if not attributes:
        return ()
    if not page.writer.takes_attributes:
        raise _fault(page, site, f"{key!r}: this syntax has no further attributes")
    if "idx" in attributes and split_index(key)[1] is not None:
        raise _fault(page, site, f"{key!r} would have two idx attributes")
    pairs = []
    for name, value in attributes.items():
        place = f"{key} {name}"
        kind = type(value)
        text = str(value) if kind in (int, str) else _text_of(page, site, place, value)
        pairs.append((name, _checked(page, site, place, text)))
    return tuple(pairs)


def _twice(page: _Page, site: Site, key: str) -> TemplateFault:
    before = page.raw[key][1]
    return _fault(page, site, f"{key!r} is printed twice, first at {before.file}:{before.line}")


def _fault(page: _Page, site: Site, message: str) -> TemplateFault:
    return TemplateFault(page.family, site.file, site.line, message)
