"""Which asset is this? Firmware and ringtones from one folder, by safe names."""

import asyncio
import mimetypes
import stat
from pathlib import Path

from provisiond.actions.file_messages import FileReply
from provisiond.inventory.errors import UnknownFile


async def find_asset(folder: Path, path: str) -> FileReply:
    """The reply that sends `path` below `folder`; its segments were checked when it was parsed.

    A regular file only, no way out through a symbolic link. Raises UnknownFile.
    """
    return await asyncio.to_thread(_find, folder, path)


def _find(folder: Path, path: str) -> FileReply:
    root = folder.resolve()
    try:
        found = (root / path).resolve(strict=True)
        status = found.stat()
    except (OSError, ValueError):
        raise UnknownFile(f"there is no asset {path!r}") from None
    if not found.is_relative_to(root) or not stat.S_ISREG(status.st_mode):
        raise UnknownFile(f"the asset {path!r} is no regular file of the folder")
    content_type, _ = mimetypes.guess_type(found.name)
    return FileReply(
        asset=found,
        size=status.st_size,
        etag=f'"{status.st_mtime_ns:x}-{status.st_size:x}"',
        content_type=content_type or "application/octet-stream",
        conditional=True,
    )
