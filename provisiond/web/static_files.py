"""Which files do pages need beside them? Those that came with the program, and no other."""

import asyncio
import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
_SMALL = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """A file in memory, as gzip where it is `packed`."""

    content: bytes
    packed: bool
    content_type: str
    etag: str


def load_static() -> Mapping[str, StaticFile]:
    """The files by their path below /static/. Reads them: call it in a thread."""
    found: dict[str, StaticFile] = {}
    for path in sorted(_FOLDER.rglob("*")):
        name = path.relative_to(_FOLDER).as_posix().removesuffix(".gz")
        content_type = _TYPES.get(Path(name).suffix)
        if content_type is not None:
            found[name] = _file(path, content_type)
    return found


def _file(path: Path, content_type: str) -> StaticFile:
    """A file, which may lie there packed."""
    content = path.read_bytes()
    packed = path.suffix == ".gz"
    if not packed and len(content) > _SMALL:
        packed, content = True, gzip.compress(content, 9, mtime=0)
    return StaticFile(
        content=content,
        packed=packed,
        content_type=content_type,
        etag=hashlib.sha256(content).hexdigest()[:24],
    )


STATIC: web.AppKey[Mapping[str, StaticFile]] = web.AppKey("static", Mapping)


async def serve_static(request: web.Request) -> web.Response:
    """`/static/…`: looked up among what was loaded, so that no path leads elsewhere."""
    file = request.app[STATIC].get(request.match_info["name"])
    if file is None:
        raise web.HTTPNotFound
    headers = {"Cache-Control": "public, max-age=3600", "ETag": f'"{file.etag}"'}
    if file.etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    body = file.content
    if file.packed:
        headers["Vary"] = "Accept-Encoding"
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
        else:
            body = await asyncio.to_thread(gzip.decompress, body)
    return web.Response(body=body, content_type=file.content_type, charset="utf-8", headers=headers)
