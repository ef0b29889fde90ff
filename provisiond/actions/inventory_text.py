"""What does an inventory file say, and on which line? JSON or YAML made into one plain tree.

In YAML an unquoted scalar keeps its letters (`0101`, `no`, `12:34:56` are texts): whoever reads
the tree knows what a field is to hold. Anchors, aliases and tags are refused, so that a small file
cannot become a huge tree.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

import yaml

from provisiond.inventory.errors import Finding, RejectedAll

MAX_BYTES = 64 << 20
MAX_DEPTH = 24
MAX_FAULTS = 20_000
"""of one file that are all told, and as many warnings; what is behind is not looked for"""

Path = tuple[str | int, ...]
Tree = dict[str, "Tree"] | list["Tree"] | str | int | float | bool | None

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SPLIT = "Split it: one file a domain, or phones and people apart."
_LONG_NAME = 255  # characters of a name that a place tells
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+|\n', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one file may hold: a tree, and what is planned with it, take many times its text.

    `values` are fields and list items, `objects` records and what they hold (lines, buttons,
    entries, rules), `rows` a table's (None: as many as a sheet has), `elements` a workbook's (a
    cell is two or three). `larger` says who takes more.
    """

    values: int = 6_000_000
    objects: int = 1_000_000
    rows: int | None = None
    elements: int = 8_000_000
    larger: str = ""

    def remedy(self, text: str) -> str:
        """What to do about a file that holds more."""
        return f"{text} {self.larger}".strip()


ALL = Limits()
"""Those of whoever runs a command on the server itself."""


class Repeated(dict[str, Tree]):
    """An object that gives a name twice; `names` are those."""

    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A file's tree; `is_json` and `text` let `lines_of` find a line when one is asked for."""

    tree: Tree
    text: str
    is_json: bool


def parse_document(content: bytes, filename: str = "", limits: Limits = ALL) -> Document:
    """Read JSON or YAML: by the suffix, else by the first letter.

    Within 64 MiB, 24 levels and the limits. Raises RejectedAll with the line where the text breaks
    off.
    """
    text = _decode(content)
    suffix = filename.rpartition(".")[2].lower()
    is_json = suffix == "json" or (suffix not in ("yaml", "yml") and text.lstrip()[:1] in "{[")
    if not text.strip():
        _refuse("the file is empty.", "Give a JSON or YAML file; `provisiond export` shows one.")
    values = sum(text.count(sign) for sign in (",{[" if is_json else ":,-"))
    if values > limits.values:
        _refuse(f"it holds more than {limits.values:,} values.", limits.remedy(_SPLIT))
    if is_json and text.count("{") > limits.objects:
        _too_many(limits)
    tree = _json(text) if is_json else _YamlReader(text, limits).read()
    return Document(tree, text, is_json)


def lines_of(document: Document, paths: Iterable[Path]) -> Mapping[Path, int]:
    """The line, from 1, of each of these places; places that the file lacks have their parent's.

    One pass over the text; asked only when there is a fault to report.
    """
    asked = tuple(paths)
    if not asked:
        return {}
    wanted = {path[:length] for path in asked for length in range(len(path) + 1)}
    found: dict[Path, int] = {(): 1}
    every = _json_lines(document.text) if document.is_json else _yaml_lines(document.text)
    for path, line in every:
        if path in wanted:
            found.setdefault(path, line)
    answer: dict[Path, int] = {}
    for path in asked:
        near = path
        while near not in found:
            near = near[:-1]
        answer[path] = found[near]
    return answer


def written(path: Path) -> str:
    """A place as messages write it: `phones[3].lines[0].extension`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if len(part) <= _LONG_NAME else f"{part[:_LONG_NAME]}…"
            text += f".{name}" if text else name
    return text or "file"


def _decode(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        _refuse(
            f"the file has more than {MAX_BYTES >> 20} MiB.",
            "Split it: one file a domain.",
        )
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError:
            _refuse("the file begins as UTF-16 and is none.", "Save it as UTF-8.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        _refuse(
            f"byte {content[fault.start]:#04x} is not UTF-8.",
            "Save the file as UTF-8 and try again.",
            line,
        )


def _refuse(message: str, remedy: str, line: int | None = None) -> NoReturn:
    raise RejectedAll((Finding(where="file", message=message, remedy=remedy, line=line),))


def _too_many(limits: Limits) -> NoReturn:
    _refuse(
        f"it holds more than {limits.objects:,} records, with their lines, buttons and entries.",
        limits.remedy(_SPLIT),
    )


def _json(text: str) -> Tree:
    try:
        tree: Tree = json.loads(text, object_pairs_hook=_object, parse_constant=str)
    except json.JSONDecodeError as fault:
        _refuse(
            f"it is no JSON: {fault.msg} (column {fault.colno}).",
            "Correct it there; often a comma is missing or too many.",
            fault.lineno,
        )
    except RecursionError:
        _refuse(f"it is nested deeper than {MAX_DEPTH} levels.", "No inventory is.")
    except ValueError as fault:
        _refuse(f"a number in it cannot be read: {fault}.", "Correct the number.")
    if _depth(tree) > MAX_DEPTH:
        _refuse(f"it is nested deeper than {MAX_DEPTH} levels.", "No inventory is.")
    return tree


def _object(pairs: list[tuple[str, Tree]]) -> dict[str, Tree]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    times = Counter(name for name, _ in pairs)
    repeated = Repeated(made)
    repeated.names = tuple(sorted(name for name, count in times.items() if count > 1))
    return repeated


def _depth(tree: Tree) -> int:
    depth, level = 0, [tree]
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            break
        below: list[Tree] = []
        for node in level:
            if isinstance(node, dict):
                below.extend(node.values())
            elif isinstance(node, list):
                below.extend(node)
        level = below
    return depth


def _json_lines(text: str) -> Iterable[tuple[Path, int]]:
    """Every place of a JSON text with its line; the text was read before and is well formed."""
    line = 1
    path: list[str | int] = []
    in_object: list[bool] = []
    name_next = False
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token == "\n":
            line += 1
        elif token in "{[":
            yield tuple(path), line
            in_object.append(token == "{")
            name_next = token == "{"
            path.append("" if name_next else 0)
        elif token in "}]":
            in_object.pop()
            path.pop()
        elif token == ",":
            name_next = in_object[-1]
            last = path[-1]
            if isinstance(last, int):
                path[-1] = last + 1
        elif token == ":":
            name_next = False
        elif name_next:
            path[-1] = json.loads(token)
            yield tuple(path), line
        else:
            yield tuple(path), line
            line += token.count("\n")


class _YamlReader:
    """Builds the tree from a parser's events."""

    def __init__(self, text: str, limits: Limits) -> None:
        self._text = text
        self._limits = limits
        self._objects = 0
        self._depth = 0

    def read(self) -> Tree:
        """The only document of the text. Raises RejectedAll."""
        events = iter(self._checked())
        try:
            first = next(events, None)
            tree = _yaml_tree(first, events) if first is not None else None
            for _ in events:
                pass
        except yaml.YAMLError as fault:
            mark = getattr(fault, "problem_mark", None)
            problem = getattr(fault, "problem", None) or str(fault).splitlines()[0]
            _refuse(
                f"it is no YAML: {problem}.",
                "Correct it there; mind the blanks at the line's begin, and quote values that "
                "begin with *, &, !, % or @.",
                mark.line + 1 if mark is not None else None,
            )
        return tree

    def _checked(self) -> Iterable[yaml.Event]:
        """The events between the document's ends, refusing what only hides or multiplies."""
        documents = 0
        for event in yaml.parse(self._text, Loader=_Loader):
            line = _line(event)
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    remedy = "List them below `domains:`."
                    _refuse("it holds several YAML documents.", remedy, line)
            elif isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                _refuse(
                    "it uses an anchor or alias (& or *).",
                    'Write the value out; put one that begins with * or & in quotes: "*97".',
                    line,
                )
            elif getattr(event, "tag", None) not in (None, "!"):
                _refuse("it uses a tag (!).", 'Leave tags out; quote values such as "!1".', line)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._depth += 1
                if self._depth > MAX_DEPTH:
                    message = f"it is nested deeper than {MAX_DEPTH} levels."
                    _refuse(message, "No inventory is.", line)
                self._objects += isinstance(event, yaml.MappingStartEvent)
                if self._objects > self._limits.objects:
                    _too_many(self._limits)
                yield event
            elif isinstance(event, yaml.CollectionEndEvent):
                self._depth -= 1
                yield event
            elif isinstance(event, yaml.ScalarEvent):
                yield event


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark is not None else 1


def _yaml_tree(event: yaml.Event, events: Iterator[yaml.Event]) -> Tree:
    if isinstance(event, yaml.ScalarEvent):
        plain = event.style in (None, "")
        return None if plain and event.value in _NULLS else str(event.value)
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Tree] = []
        for below in events:
            if isinstance(below, yaml.SequenceEndEvent):
                break
            items.append(_yaml_tree(below, events))
        return items
    pairs: list[tuple[str, Tree]] = []
    for name in events:
        if isinstance(name, yaml.MappingEndEvent):
            break
        if not isinstance(name, yaml.ScalarEvent):
            _refuse("a name in it is a list or map.", "Names are texts.", _line(name))
        pairs.append((str(name.value), _yaml_tree(next(events), events)))
    return _object(pairs)


def _yaml_lines(text: str) -> Iterable[tuple[Path, int]]:
    """Every place of a YAML text with its line; the text was read before and is well formed."""
    path: list[str | int] = []
    kinds: list[str] = []
    for event in yaml.parse(text, Loader=_Loader):
        line = _line(event)
        if isinstance(event, yaml.CollectionEndEvent):
            kinds.pop()
            path.pop()
            _step(path, kinds)
        elif isinstance(event, yaml.ScalarEvent) and kinds and kinds[-1] == "name":
            path[-1] = str(event.value)
            kinds[-1] = "value"
            yield tuple(path), line
        elif isinstance(event, yaml.ScalarEvent):
            yield tuple(path), line
            _step(path, kinds)
        elif isinstance(event, yaml.CollectionStartEvent):
            yield tuple(path), line
            is_map = isinstance(event, yaml.MappingStartEvent)
            kinds.append("name" if is_map else "item")
            path.append("" if is_map else 0)


def _step(path: list[str | int], kinds: list[str]) -> None:
    """A value ended: the next is a name again, or the next item."""
    if not kinds:
        return
    if kinds[-1] == "value":
        kinds[-1] = "name"
    elif kinds[-1] == "item":
        last = path[-1]
        path[-1] = last + 1 if isinstance(last, int) else last
