"""What does a file name mean? It is parsed once, then matched against the families' rules."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from provisiond.catalog.family import Family
from provisiond.catalog.manifest import FileRule
from provisiond.inventory.errors import UnknownFile
from provisiond.inventory.mac import Mac
from provisiond.inventory.secret import is_token, masked_tokens

MAX_SEGMENTS = 6
_SEGMENT = re.compile(r"[A-Za-z0-9._:%-]{1,96}")
_SPLIT = re.compile(r"[/\\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedName:
    """A name taken apart: the token cut off (lower case), the rest joined by single slashes.

    `asset` is the path below `assets/`, where the name asks for one.
    """

    path: str
    token: str | None = None
    asset: str | None = None

    @property
    def canonical(self) -> str:
        """The one spelling under which answers are kept, among all that mean the same."""
        return f"p/{self.token}/{self.path}" if self.token else self.path

    @property
    def masked(self) -> str:
        """The name for journals and logs, without the token."""
        path = masked_tokens(self.path)
        return f"p/***/{path}" if self.token else path


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule of a family that the name fits. `words` are the captured `{word}` values."""

    family: Family
    rule: FileRule | None
    mac: Mac | None
    words: Mapping[str, str]


def parse_name(name: str) -> ParsedName:
    """Take a file name apart.

    Splits on `/` and `\\`, drops empty segments; a leading `p/<token>/` is the token. Raises
    UnknownFile for `.` and `..`, more than six segments, or any character outside
    `[A-Za-z0-9._:%-]`.
    """
    segments = [segment for segment in _SPLIT.split(name) if segment]
    token: str | None = None
    if len(segments) >= 2 and segments[0].lower() == "p" and is_token(segments[1]):
        token = segments[1].lower()
        segments = segments[2:]
    if not segments:
        raise UnknownFile("the request names no file")
    if len(segments) > MAX_SEGMENTS:
        raise UnknownFile(f"a name of {len(segments)} segments; {MAX_SEGMENTS} are the most")
    for segment in segments:
        if segment in (".", "..") or _SEGMENT.fullmatch(segment) is None:
            raise UnknownFile(f"{masked_tokens(segment)[:96]!r} is no segment of a file name")
    asset = None
    if segments[0].lower() == "assets" and len(segments) > 1:
        asset = "/".join(segments[1:])
    return ParsedName(path="/".join(segments), token=token, asset=asset)


def masked(name: str) -> str:
    """A raw name for journals and logs, at most 256 characters.

    Masked are all that looks like a token, wherever it stands, and whatever follows `p/`.
    """
    segments = [segment for segment in _SPLIT.split(masked_tokens(name)) if segment]
    if len(segments) >= 2 and segments[0].lower() == "p":
        segments[1] = "***"
    return "/".join(segments)[:256]


def candidates(families: Iterable[Family], path: str) -> tuple[Match, ...]:
    """Every rule that the name fits, family by family in the manifest's order.

    Twelve zeros are never a MAC, so `000000000000.cfg` fits no rule with `{mac}`.
    """
    found: list[Match] = []
    for family in families:
        if family.any_rule.fullmatch(path) is None:
            continue
        for compiled in family.rules:
            match = _match(family, compiled.rule, compiled.pattern, path)
            if match is not None:
                found.append(match)
    return tuple(found)


def upload(families: Iterable[Family], path: str) -> Match | None:
    """The family that lists this name as one its phones PUT, or None."""
    for family in families:
        for pattern in family.puts:
            match = _match(family, None, pattern, path)
            if match is not None:
                return match
    return None


def _match(
    family: Family, rule: FileRule | None, pattern: re.Pattern[str], path: str
) -> Match | None:
    found = pattern.fullmatch(path)
    if found is None:
        return None
    groups = found.groupdict()
    mac = None
    if "mac" in groups:
        mac = Mac.from_hex(groups["mac"])
        if mac is None:
            return None
    words = {name[2:]: value for name, value in groups.items() if name.startswith("w_")}
    return Match(family=family, rule=rule, mac=mac, words=words)
