"""What does every command share? Where its settings come from, who runs it, and the open store."""

import asyncio
import os
import pwd
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from provisiond.inventory.access import SYSTEM, Actor, Role
from provisiond.inventory.errors import NotFound, Refused, Rejected

if TYPE_CHECKING:
    from provisiond.catalog.shelf import Shelf
    from provisiond.inventory.mac import Mac
    from provisiond.settings import Settings
    from provisiond.store.database import Database

_T = TypeVar("_T")
_MOST_READ = (64 << 20) + 1  # bytes; imports refuse what has more than 64 MiB
_OWN_FOLDER = Path("/var/lib/provisiond")
_OWN_USER = "provisiond"
_NOWHERE = "https://provisioning.invalid/"  # RFC 6761 §6.4: stands for a URL that is not needed

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="Settings file; else $PROVISIOND_CONFIG, else /etc/provisiond/provisiond.toml.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
DomainName = Annotated[
    str | None,
    typer.Option(
        "--domain", "-d", metavar="NAME", help="The domain; not needed where it is clear."
    ),
]
MacArgument = Annotated[str, typer.Argument(metavar="MAC", help="In any notation.")]


def given_mac(written: str) -> "Mac":
    """The MAC of an argument; one that is none was asked wrongly, which ends with 2."""
    from provisiond.inventory.mac import Mac

    try:
        return Mac.parse(written)
    except Rejected as fault:
        raise typer.BadParameter(f"{fault.message} {fault.remedy}".strip()) from fault


@dataclass(slots=True, kw_only=True)
class Session:
    """One run of the command line; commands fill in what stands behind them."""

    environ: Mapping[str, str]
    config: Path | None = None
    as_json: bool = False

    def begin(self, config: Path | None, as_json: bool) -> "Session":
        """Take a command's own options over the global ones."""
        self.config = config or self.config
        self.as_json = as_json or self.as_json
        return self

    @property
    def actor(self) -> Actor:
        """Who runs the command: the user who called sudo, else the process's own."""
        return Actor(kind="cli", name=self._name(), role=Role.ADMIN)

    def settings(self) -> "Settings":
        """The settings. Raises BadSettings with every fault."""
        from provisiond.settings import find_file, load

        return load(find_file(self.config, self.environ), self.environ)

    def shelf(self, settings: "Settings") -> "Shelf":
        """The catalogue. Raises BadSettings where not one family can be loaded."""
        from provisiond.daemon_setup import load_shelf

        return load_shelf(settings)

    def models(self, settings: "Settings") -> "Shelf":
        """The catalogue for commands that render nothing: no template is compiled for them, which
        takes longer than all else that they do."""
        from provisiond.daemon_setup import load_shelf

        return load_shelf(settings, compiled=False)

    def families(self) -> "Shelf":
        """The catalogue for those who write templates: without a settings file none is needed."""
        from provisiond.settings import find_file, load

        if find_file(self.config, self.environ) is not None:
            return self.shelf(self.settings())
        environ = {"PROVISIOND_PUBLIC_URL__HTTPS": _NOWHERE, **self.environ}
        return self.shelf(load(None, environ))

    @asynccontextmanager
    async def store(
        self, settings: "Settings", *, rehearsed: bool = False
    ) -> AsyncIterator["Database"]:
        """The open store; what is rehearsed is undone at the end of the block."""
        from provisiond.daemon_setup import open_store

        async with open_store(settings) as database:
            if not rehearsed:
                yield database
                return
            async with database.rehearsal() as stage:
                yield stage

    def _name(self) -> str:
        sudo = self.environ.get("SUDO_USER")
        if sudo:
            return sudo
        try:
            return pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            return f"uid {os.getuid()}"


def session_of(context: typer.Context, config: Path | None, as_json: bool) -> Session:
    """The run's session with the command's own options."""
    session: Session = context.obj
    return session.begin(config, as_json)


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a command's work to its end."""
    return asyncio.run(work)


def now() -> datetime:
    """This instant."""
    return datetime.now(UTC)


def read_input(file: str) -> tuple[bytes, str]:
    """A file's bytes and name; `-` is standard input, whose name is empty.

    Of a file that is larger than any import may be, no more is read than tells so.
    """
    if file == "-":
        return sys.stdin.buffer.read(_MOST_READ), ""
    try:
        with Path(file).open("rb") as opened:
            return opened.read(_MOST_READ), Path(file).name
    except OSError as fault:
        raise Refused(f"{file} cannot be read: {fault.strerror}.") from fault


async def one_domain(database: "Database", wanted: str | None) -> str:
    """The domain that was named, or the store's only one. Raises NotFound and Refused."""
    from provisiond.actions.inventory_load import domain_names

    async with database.read() as read:
        names = await domain_names(read)
    if wanted is not None:
        if wanted.lower() not in names:
            raise NotFound(f"there is no domain {wanted}; there are {_listed(names)}.")
        return wanted.lower()
    if len(names) == 1:
        return names[0]
    if not names:
        raise NotFound("the store has no domain yet; `provisiond import` brings one.")
    raise Refused(f"say which domain with --domain; there are {_listed(names)}.")


async def phone_domain(database: "Database", wanted: str | None, mac: "Mac") -> str:
    """The domain of a phone: the one that was named, or the one that has it."""
    from provisiond.actions.phone_domain import domain_of_phone

    if wanted is not None:
        return await one_domain(database, wanted)
    try:
        return await domain_of_phone(database, SYSTEM, mac)
    except NotFound as fault:
        raise NotFound(
            f"{fault} `provisiond phones list` shows those there are, `provisiond pending list` "
            "those that ask and that nobody has."
        ) from None


def become_owner(folder: Path) -> None:
    """Where root runs the command, go on as the owner of the data folder for good.

    Files that root made there would shut the daemon out of its own store. Where the folder does
    not exist yet, the service's own user makes it, if it is the service's own place.
    """
    if os.geteuid() != 0:
        return
    if folder.is_dir():
        status = folder.stat()
        user, group = status.st_uid, status.st_gid
    elif folder == _OWN_FOLDER:
        try:
            entry = pwd.getpwnam(_OWN_USER)
        except KeyError:
            return
        user, group = entry.pw_uid, entry.pw_gid
        folder.mkdir(mode=0o750, parents=True)
        os.chown(folder, user, group)
    else:
        return
    if user == 0:
        return
    try:
        os.initgroups(pwd.getpwuid(user).pw_name, group)
    except KeyError:
        os.setgroups([group])
    os.setgid(group)
    os.setuid(user)
    for module in (os, typer):
        file = str(module.__file__)
        if not os.access(file, os.R_OK):
            raise Refused(
                f"{folder} belongs to user {user}, who may not read {file}. Install provisiond "
                f"where that user can read it, or run: chown -R root: {folder}"
            )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:10]) + (", …" if len(names) > 10 else "") if names else "none"
