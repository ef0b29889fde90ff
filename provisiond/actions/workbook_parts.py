"""Which elements stand in a part of a packed workbook, told one after the other?

A workbook (ECMA-376, part 2) is a packed folder of XML that a stranger may have made. No part is
ever held whole: it is unpacked piece by piece, and of each piece only what was asked for is kept.
What all pieces together may cost is bounded, too.
"""

import io
import posixpath
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn
from xml.parsers import expat

from provisiond.actions.inventory_text import ALL, MAX_BYTES
from provisiond.inventory.errors import Finding, RejectedAll

MAX_UNPACKED = 192 << 20
MAX_PARTS = 1_000
MAX_ELEMENTS = ALL.elements
MAX_TEXT = 32_767
"""characters of a cell, as spreadsheets have it"""

_MAX_CHARACTERS = MAX_BYTES  # of all cells together, as of a table that is not packed
_MAX_DEPTH = 64
_MAX_NAMES = 2_000  # different names of elements and attributes: the parser never forgets one
_MAX_MARKUP = 256 << 10  # bytes of one tag
_PIECE = 64 << 10
_MAX_RELATIONS = 10_000
_REMEDY = "Save the sheet as CSV UTF-8 and import that."
_DIRECTORY_ENTRY = b"PK\x01\x02"  # APPNOTE.TXT 4.3.12


class Element(NamedTuple):
    """An element when it ends: the names from the root to it, its attributes, and its own text.

    `path` is like `sst/si/t`, without the prefixes of namespaces; attributes have theirs.
    """

    path: str
    attributes: Mapping[str, str]
    text: str


@dataclass(slots=True, kw_only=True)
class Allowance:
    """What may still be read of one workbook: elements, and characters of text."""

    elements: int = MAX_ELEMENTS
    characters: int = _MAX_CHARACTERS

    def spend(self, text: str) -> None:
        """Count a cell's text. Raises RejectedAll where that is more than all cells may hold."""
        self.characters -= len(text)
        if self.characters < 0:
            refuse(f"its cells hold more than {_MAX_CHARACTERS} characters.")


class Package:
    """An opened workbook: its parts by name, whatever case they are written in."""

    def __init__(self, content: bytes, elements: int = MAX_ELEMENTS) -> None:
        """Raises RejectedAll for what check_workbook refuses."""
        check_workbook(content)
        self._packed = zipfile.ZipFile(io.BytesIO(content))
        self._parts = {_folded(one.filename): one for one in self._packed.infolist()}
        self.allowance = Allowance(elements=elements)

    def elements(self, name: str, *wanted: str, most: int = MAX_ELEMENTS) -> Iterator[Element]:
        """The elements of a part whose paths are wanted, each when it ends; none where there is no
        such part. Raises RejectedAll where it is no XML, or goes beyond a limit: `most` are all
        elements of this part."""
        part = self._parts.get(_folded(name))
        if part is None:
            return
        walk = _Walk(part=name, wanted=frozenset(wanted), most=most, allowance=self.allowance)
        try:
            with self._packed.open(part) as opened:
                while piece := opened.read(_PIECE):
                    yield from walk.fed(piece)
                yield from walk.fed(b"", last=True)
        except expat.ExpatError as fault:
            refuse(f"it cannot be read as a workbook: {name} is no XML.", fault)
        except (zipfile.BadZipFile, RuntimeError, OSError, EOFError, ValueError) as fault:
            refuse(f"it is packed, and {name} in it cannot be unpacked.", fault)


def check_workbook(content: bytes, most: int = MAX_UNPACKED) -> None:
    """Raise RejectedAll for a packed file that is none or unpacks to more than `most` bytes;
    nothing of it is unpacked."""
    if content.count(_DIRECTORY_ENTRY) > 10 * MAX_PARTS:
        refuse(f"it has very many parts; {MAX_PARTS} are the most.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError) as fault:
        refuse("it is packed, and cannot be unpacked.", fault)
    size = sum(part.file_size for part in parts)
    if len(parts) > MAX_PARTS or size > most:
        refuse(
            f"it unpacks to {len(parts)} parts of {size} bytes; {MAX_PARTS} parts and "
            f"{most >> 20} MiB are the most."
        )
    for part in parts:  # ECMA-376 part 2, annex B: there are no others
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            refuse(f"{part.filename[:128]!r} in it is packed in a way that workbooks never are.")


def relations(package: Package, part: str) -> Mapping[str, tuple[str, str]]:
    """What a part (empty: the package) refers to: by its id, the last word of the type and the
    name of the other part."""
    folder, name = posixpath.split(part)
    found = {}
    at = f"{folder}/_rels/{name}.rels".lstrip("/")
    path = "Relationships/Relationship"
    for element in package.elements(at, path, most=_MAX_RELATIONS):
        told = element.attributes
        if told.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, told.get("Target", "")))
            kind = told.get("Type", "").rpartition("/")[2]
            found[told.get("Id", "")] = (kind, target.lstrip("/"))
    return found


def refuse(message: str, cause: BaseException | None = None, remedy: str = _REMEDY) -> NoReturn:
    """Raise RejectedAll of the file."""
    raise RejectedAll((Finding(where="file", message=message, remedy=remedy),)) from cause


@dataclass(slots=True, kw_only=True)
class _Walk:
    """One walk through a part: what is open (an empty path leads to nothing that is wanted), and
    what has ended since the last piece."""

    part: str
    wanted: frozenset[str]
    most: int
    allowance: Allowance
    _towards: dict[tuple[str, str], str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)
    _attributes: list[Mapping[str, str]] = field(default_factory=list)
    _text: str = ""
    _ended: list[Element] = field(default_factory=list)
    _fed: int = 0
    _parser: expat.XMLParserType = field(init=False)

    def __post_init__(self) -> None:
        for path in self.wanted:
            names = path.split("/")
            for at, name in enumerate(names):
                self._towards["/".join(names[:at]), name] = "/".join(names[: at + 1])
        self._parser = expat.ParserCreate(None, None, self._names)
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.CharacterDataHandler = self._characters
        self._parser.EndElementHandler = self._end

    def fed(self, piece: bytes, *, last: bool = False) -> list[Element]:
        """What ended in this piece. Raises ExpatError, and RejectedAll beyond a limit."""
        self._ended = []
        self._parser.Parse(piece, last)
        self._fed += len(piece)
        if len(self._names) > _MAX_NAMES:
            refuse(f"{self.part} in it has more than {_MAX_NAMES} different names.")
        if self._fed - self._parser.CurrentByteIndex > _MAX_MARKUP:
            refuse(f"{self.part} in it has a tag of more than {_MAX_MARKUP >> 10} KiB.")
        return self._ended

    def _doctype(self, *_: object) -> None:
        refuse(f"{self.part} in it declares a document type.")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self.most -= 1
        self.allowance.elements -= 1
        if self.most < 0 or self.allowance.elements < 0:
            refuse(f"{self.part} in it has more elements than a table needs.")
        if len(self._open) >= _MAX_DEPTH:
            refuse(f"{self.part} in it has more than {_MAX_DEPTH} levels.")
        path = self._towards.get(
            (self._open[-1] if self._open else "", name.rpartition(":")[2]), ""
        )
        self._open.append(path)
        self._text = ""
        if path in self.wanted:
            self._attributes.append(attributes)

    def _characters(self, text: str) -> None:
        if self._open[-1] in self.wanted:
            self._text += text
            if len(self._text) > MAX_TEXT:
                refuse(f"a text in it has more than {MAX_TEXT} characters.")

    def _end(self, _: str) -> None:
        path = self._open.pop()
        if path in self.wanted:
            told = self._attributes.pop()
            self._ended.append(Element(path, told, self._text))
        self._text = ""


def _folded(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
