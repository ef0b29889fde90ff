"""Another server's files are fetched within limits of time, size and failures."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from provisiond.inventory.errors import OutsideUnavailable, Refused
from provisiond.outbound.other_server import MAX_FILE, FolderOfFiles, HttpFiles

Serve = Callable[[web.Application], Awaitable[object]]


async def answer(request: web.Request) -> web.StreamResponse:
    name = request.match_info["name"]
    if name == "big.cfg":
        return web.Response(body=b"x" * (MAX_FILE + 1))
    if name == "agent.cfg":
        return web.Response(text=request.headers.get("User-Agent", ""))
    if name == "broken.cfg":
        return web.Response(status=500)
    if name == "loop.cfg":
        raise web.HTTPFound("/p/loop.cfg")
    return web.Response(status=404)


@pytest.fixture
async def base(aiohttp_server: Callable[..., Awaitable[object]]) -> str:
    app = web.Application()
    app.router.add_get("/p/{name}", answer)
    server = await aiohttp_server(app)
    return str(server.make_url("/p"))  # type: ignore[attr-defined]


async def test_a_file_comes_or_is_absent(base: str) -> None:
    async with HttpFiles(base, user_agent="Acme D-6") as files:
        assert await files.fetch("agent.cfg") == b"Acme D-6"
        assert await files.fetch("none.cfg") is None


@pytest.mark.parametrize(
    ("name", "said"),
    [("big.cfg", "larger than 4 MiB"), ("broken.cfg", "500"), ("loop.cfg", "loop")],
)
async def test_what_is_no_file_is_told(base: str, name: str, said: str) -> None:
    async with HttpFiles(base) as files:
        with pytest.raises(OutsideUnavailable, match=said):
            await files.fetch(name)


async def test_a_server_that_only_fails_is_given_up(base: str) -> None:
    async with HttpFiles(base) as files:
        for _ in range(20):
            with pytest.raises(OutsideUnavailable, match="500"):
                await files.fetch("broken.cfg")
        with pytest.raises(OutsideUnavailable, match="gave up"):
            await files.fetch("agent.cfg")


async def test_nobody_listening_is_told(unused_tcp_port: int) -> None:
    async with HttpFiles(f"http://127.0.0.1:{unused_tcp_port}/") as files:
        with pytest.raises(OutsideUnavailable, match=r"x\.cfg cannot be fetched"):
            await files.fetch("x.cfg")


async def test_a_folder_is_searched_whatever_the_case(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "ONE.cfg").write_bytes(b"1")
    (tmp_path / "big.cfg").write_bytes(b"x" * (MAX_FILE + 1))
    files = await FolderOfFiles.open(tmp_path)
    assert await files.fetch("one.CFG") == b"1"
    assert await files.fetch("a/one.cfg") == b"1"
    assert await files.fetch("elsewhere/one.cfg") == b"1"
    assert await files.fetch("two.cfg") is None
    with pytest.raises(OutsideUnavailable, match="4 MiB"):
        await files.fetch("big.cfg")
    with pytest.raises(Refused, match="no folder"):
        await FolderOfFiles.open(tmp_path / "none")
