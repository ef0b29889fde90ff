"""Can every command that writes be tried without writing, and read by programs?"""

from collections.abc import Iterator
from typing import Any

import pytest

READS = frozenset(
    {"list", "show", "next", "route", "where", "pidf", "validation", "deliveries", "password"}
)
"""Last words of commands that change nothing."""

READERS = frozenset(
    {"check", "render", "compare", "doctor", "dhcp-snippet", "import-profiles", "families check",
     "emergency readiness", "audit export"}
)  # fmt: skip
"""Commands that change nothing, by their whole name."""

WITHOUT_DRY_RUN = {
    "serve": "it runs until it is stopped",
    "init": "it leaves alone what exists, and makes what is missing",
    "migrate": "it backs up first, and nothing else opens an older store to look at it",
    "export": "it changes no record; one with secrets is journaled before a byte of it leaves",
    "simulate": "it asks as phones do, and whom it asks decides what is written",
    "emergency fake-provider": "it runs until it is stopped, and keeps nothing",
    "webhooks test": "it posts to another system, and keeps nothing",
}
"""Commands that write, or run, and cannot be tried first, each with its reason."""


def commands() -> Iterator[tuple[str, frozenset[str]]]:
    """Every command's whole name, and its options."""
    cli = pytest.importorskip("provisiond.cli")
    typer = pytest.importorskip("typer")

    def walk(group: Any, path: tuple[str, ...]) -> Iterator[tuple[str, frozenset[str]]]:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from walk(command, (*path, name))
            else:
                options = frozenset(option for p in command.params for option in p.opts)
                yield " ".join((*path, name)), options

    yield from walk(typer.main.get_command(cli.app), ())


def test_every_command_that_writes_can_be_tried_first() -> None:
    unsafe = [
        name
        for name, options in commands()
        if "--dry-run" not in options
        and name.rpartition(" ")[2] not in READS
        and name not in READERS
        and name not in WITHOUT_DRY_RUN
    ]
    assert unsafe == []


def test_every_command_answers_programs() -> None:
    assert [name for name, options in commands() if "--json" not in options] == []


def test_no_exception_is_of_a_command_that_is_gone_or_needs_none() -> None:
    options = dict(commands())
    named = READERS | set(WITHOUT_DRY_RUN)
    assert named - options.keys() == set()
    assert [name for name in named if "--dry-run" in options[name]] == []
    assert {name.rpartition(" ")[2] for name in options} >= READS
