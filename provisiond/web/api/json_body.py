"""What does a body say? Read within bounds: its size, its depth, names that stand twice."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from provisiond.actions.inventory_text import Path, written
from provisiond.inventory.errors import Finding
from provisiond.web.api.route import Unprocessable, Upload

MAX_DEPTH = 32
LARGE = 64 << 10
"""bytes of a body that is read beside the loop"""
_ZERO = "Take it out."
_IN_TEXT = "the character U+0000 stands in it."
_TYPES = ("application/json", "application/merge-patch+json")
# A text that never ends is taken as a whole too, so that no byte is looked at twice.
_BRACKETS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)


async def read_json(request: web.Request, most: int) -> tuple[Any, bytes]:
    """The body as plain values and as bytes. Raises Unprocessable: 413, 415 or 400."""
    if request.content_type not in _TYPES:
        raise Unprocessable(
            415,
            "unsupported_media_type",
            "send JSON, with Content-Type: application/json.",
            {"Accept": ", ".join(_TYPES)},
        )
    content = await read_at_most(request, most)
    if len(content) > LARGE:
        return await asyncio.to_thread(parse_json, content), content
    return parse_json(content), content


async def read_upload(request: web.Request, kinds: tuple[str, ...], most: int) -> Upload:
    """The body as the file that it is, one of these media types. Raises Unprocessable: 413, 415 or
    400 where there is none."""
    if request.content_type not in kinds:
        said = f"send the file as the body, with one of these as Content-Type: {', '.join(kinds)}."
        headers = {"Accept": ", ".join(kinds)}
        raise Unprocessable(415, "unsupported_media_type", said, headers)
    content = await read_at_most(request, most)
    if not content:
        raise Unprocessable(400, "no_file", "the body is empty; send the file as the body.")
    return Upload(content=content, media=request.content_type)


async def read_at_most(request: web.Request, most: int) -> bytes:
    """The body, of which never more than `most` bytes are held. Raises Unprocessable: 413, or 415
    for one that is packed."""
    if "Content-Encoding" in request.headers:
        raise Unprocessable(415, "unsupported_encoding", "send the body as it is, unpacked.")
    if (request.content_length or 0) > most:
        raise too_large(most)
    held = bytearray()
    async for chunk in request.content.iter_any():
        held += chunk
        if len(held) > most:
            raise too_large(most)
    return bytes(held)


def parse_json(content: bytes) -> Any:
    """Plain values. Raises Unprocessable(400) that says what is wrong, and where."""
    if deeper_than(content, MAX_DEPTH):
        raise _bad(f"it is nested deeper than {MAX_DEPTH} levels.")
    try:
        return json.loads(content, object_pairs_hook=read_object, parse_constant=_no_number)
    except UnicodeDecodeError as fault:
        raise _bad(f"byte {fault.start} is not UTF-8.") from fault
    except json.JSONDecodeError as fault:
        raise _bad(f"{fault.msg} (line {fault.lineno}, column {fault.colno}).") from fault
    except (ValueError, RecursionError) as fault:  # a number of thousands of digits
        raise _bad(f"{str(fault).partition(';')[0]}.") from fault


def deeper_than(content: bytes, most: int) -> bool:
    """Whether brackets outside of texts are nested deeper; linear, whatever the bytes are."""
    depth = 0
    for match in _BRACKETS.finditer(content):
        mark = match[0]
        if mark in (b"[", b"{"):
            depth += 1
            if depth > most:
                return True
        elif mark in (b"]", b"}"):
            depth -= 1
    return False


def too_large(most: int) -> Unprocessable:
    """The answer to a body that is too large."""
    return Unprocessable(
        413,
        "too_large",
        f"the body is larger than the {most:,} bytes that this path takes.",
        {"Connection": "close"},
    )


def read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of these pairs. Raises ValueError for a name that is given twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        times = Counter([name for name, _ in pairs])
        twice = next(name for name, count in times.items() if count > 1)
        raise ValueError(f"{twice[:100]!r} is given twice")
    return found


def zeros(given: Any) -> Iterator[tuple[Path, Finding]]:
    """Every text of a body with U+0000, which PostgreSQL cannot even look for, in its order. Who
    takes the first of them has not paid for the others."""
    if isinstance(given, str) and "\0" in given:
        yield (), Finding(where="", message=_IN_TEXT, remedy=_ZERO)
    inside: list[tuple[Path, Iterator[tuple[str | int, Any]]]] = [((), _parts(given))]
    while inside:
        place, parts = inside[-1]
        for part, each in parts:
            if isinstance(part, str) and "\0" in part:
                where = written(place) if place else ""
                message = f"U+0000 stands in the name {part[:100]!r}."
                yield (*place, part), Finding(where=where, message=message, remedy=_ZERO)
            elif isinstance(each, str):
                if "\0" in each:
                    path = (*place, part)
                    yield path, Finding(where=written(path), message=_IN_TEXT, remedy=_ZERO)
            elif isinstance(each, list | dict):
                inside.append(((*place, part), _parts(each)))
                break
        else:
            inside.pop()


def _parts(given: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(given, dict):
        return iter(given.items())
    return iter(enumerate(given)) if isinstance(given, list) else iter(())


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")


def _bad(detail: str) -> Unprocessable:
    return Unprocessable(400, "no_json", f"the body is no JSON: {detail}")
