"""A real Kamailio on loopback: a registrar with the configuration that we ship for one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.needs import need
from tests.sipp import free_port

DOMAIN = "pbx.example.test"
_MODULES = (
    *("kex", "tm", "sl", "rr", "pv", "maxfwd", "siputils", "textops", "usrloc", "registrar"),
    "nathelper",
)
_SHIPPED = Path(__file__).parent.parent / "configs/kamailio/provisiond.cfg"
_CONFIG = """#!KAMAILIO
children=1
tcp_children=1
fork=yes
log_stderror=yes
debug=2
listen=udp:127.0.0.1:{port}
listen=tcp:127.0.0.1:{port}
alias="{domain}"
mpath="{folder}/"
{modules}
modparam("usrloc", "db_mode", 0)
modparam("nathelper", "received_avp", "$avp(RECEIVED)")
modparam("registrar", "received_avp", "$avp(RECEIVED)")
include_file "{shipped}"

request_route {{
    route(PROVISIOND);
    if (is_method("REGISTER")) {{
        fix_nated_register();
        save("location");
        exit;
    }}
    sl_send_reply("403", "Forbidden");
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kamailio:
    """A running one: SIP over UDP and TCP and JSON-RPC, all on one port."""

    port: int

    @property
    def rpc(self) -> str:
        return f"http://127.0.0.1:{self.port}/RPC"


@contextlib.asynccontextmanager
async def kamailio(folder: Path) -> AsyncIterator[Kamailio]:
    """Kamailio in `folder`, until the block ends."""
    need("kamailio")
    folder.mkdir(parents=True)
    server = Kamailio(port=free_port())
    modules = "\n".join(f'loadmodule "{name}.so"' for name in _MODULES)
    config = folder / "kamailio.cfg"
    debian = next(Path("/usr/lib").glob("*/kamailio/modules"))  # of any architecture
    text = _CONFIG.format(
        port=server.port, domain=DOMAIN, modules=modules, folder=debian, shipped=_SHIPPED
    )
    config.write_text(text)
    log = (folder / "kamailio.log").open("wb")
    process = await asyncio.create_subprocess_exec(
        "kamailio", "-DD", "-E", "-f", str(config), "-Y", str(folder),
        "-P", str(folder / "pid"), "-m", "32", "-M", "4",
        stdout=log, stderr=log,
    )  # fmt: skip
    log.close()
    try:
        await _ready(server, folder)
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _ready(server: Kamailio, folder: Path) -> None:
    question = {"jsonrpc": "2.0", "id": 1, "method": "core.version"}
    async with aiohttp.ClientSession() as session:
        for _ in range(200):
            with contextlib.suppress(aiohttp.ClientError):
                async with session.post(server.rpc, json=question) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.05)
    raise AssertionError((folder / "kamailio.log").read_text(errors="replace"))
