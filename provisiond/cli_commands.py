"""Which command stands where? Each is loaded when it is asked for.

Twenty modules and a hundred commands cost 0.15 s and 5 MiB, which `serve` would keep for good.
"""

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

PLACES = {
    "serve": "cli_server:serve",
    "init": "cli_server:init",
    "check": "cli_server:check",
    "migrate": "cli_server:migrate",
    "import": "cli_imports:import_file",
    "import-profiles": "cli_imports:import_profiles",
    "export": "cli_inventory:export",
    "render": "cli_inventory:render",
    "compare": "cli_compare:compare",
    "resync": "cli_resync:resync",
    "simulate": "simulator:simulate",
    "doctor": "doctor:doctor",
    "dhcp-snippet": "cli_dhcp:dhcp_snippet",
    "phones": "cli_phones:app",
    "models": "cli_models:app",
    "layouts": "cli_layouts:app",
    "pending": "cli_pending:app",
    "numbers": "cli_numbers:app",
    "sms": "cli_sms:app",
    "timeframes": "cli_timeframes:app",
    "destinations": "cli_destinations:app",
    "users": "cli_users:app",
    "directories": "cli_directories:app",
    "sites": "cli_sites:app",
    "domains": "cli_domains:app",
    "emergency": "cli_emergency:app",
    "families": "cli_families:app",
    "people": "cli_people:app",
    "tokens": "cli_tokens:app",
    "audit": "cli_audit:app",
    "webhooks": "cli_webhooks:app",
    "admin": "cli_people:admin",
}
"""Each command's module and name, in the order of the help."""


class Commands(TyperGroup):
    """The root of the command tree."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Loaded()

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """The names, without loading what they name."""
        del ctx
        return list(self.commands)


class _Loaded(MutableMapping[str, Any]):
    """Commands by name, imported where they are taken out."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = _load(name, PLACES[name])
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        raise TypeError("a command is not taken away")

    def __contains__(self, name: object) -> bool:
        return name in PLACES

    def __iter__(self) -> Iterator[str]:
        return iter(PLACES)

    def __len__(self) -> int:
        return len(PLACES)


def _load(name: str, place: str) -> Any:
    module, _, attribute = place.partition(":")
    found = getattr(import_module(f"provisiond.{module}"), attribute)
    if isinstance(found, typer.Typer):
        group = get_group(found)
        group.name = name
        return group
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    return get_command(alone)
