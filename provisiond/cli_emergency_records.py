"""What do the commands for emergency data share? Who checks addresses, and an address's parts."""

import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from provisiond.cli_session import Session, become_owner, run

if TYPE_CHECKING:
    from provisiond.actions.emergency_checks import AddressDesk
    from provisiond.inventory.emergency import Civic
    from provisiond.store.database import Database

_T = TypeVar("_T")

_PARTS = {
    "country": "Two letters (ISO 3166).",
    "state": "State or province.",
    "county": "County.",
    "city": "City.",
    "postcode": "Postcode.",
    "house_number": "House number.",
    "house_number_suffix": "What follows it: A, 1/2.",
    "pre_directional": "Before the street: N, SW.",
    "street": "Street, without the number.",
    "street_suffix": "Ave, St, where told apart.",
    "post_directional": "Behind the street: NW.",
    "line2": "Second line of the address.",
    "building": "Building.",
    "unit": "Suite or apartment.",
    "floor": "Floor.",
    "room": "Room.",
    "location": "Where in words: second floor, room 203.",
}
"""An option for each field of `Civic`."""

CallerName = Annotated[str | None, typer.Option("--caller-name", help="Who is said to call.")]


def with_civic(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each part of an address; `context.params` has them."""

    @functools.wraps(command)
    def taking(*arguments: Any, **given: Any) -> None:
        command(*arguments, **{name: text for name, text in given.items() if name not in _PARTS})

    options = {
        name: Annotated[str | None, typer.Option(f"--{name.replace('_', '-')}", help=words)]
        for name, words in _PARTS.items()
    }
    own = list(inspect.signature(command).parameters.values())
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=option)
        for name, option in options.items()
    ]
    vars(taking)["__signature__"] = inspect.Signature([*own, *more])
    taking.__annotations__ = {**command.__annotations__, **options}
    return taking


def ask_desk(
    session: Session,
    work: Callable[["Database", "AddressDesk"], Awaitable[_T]],
    *,
    rehearsed: bool = False,
) -> _T:
    """Do something with the open store and whoever checks addresses; what is rehearsed is undone
    at its end, and asks nobody outside: the store is locked meanwhile."""
    settings = session.settings()
    become_owner(settings.data_dir)
    from provisiond.daemon_setup import address_desk

    desk = address_desk(settings)

    async def inside() -> _T:
        async with session.store(settings, rehearsed=rehearsed) as database:
            return await work(database, desk)

    return run(inside())


def civic_changes(given: Mapping[str, Any]) -> dict[str, str]:
    """The parts of an address that options named."""
    return {name: given[name] for name in _PARTS if given.get(name) is not None}


def civic_of(given: Mapping[str, Any], stood: "Civic | None" = None) -> "Civic":
    """The address that options name, over the one that stood."""
    from dataclasses import replace

    from provisiond.inventory.emergency import Civic

    return replace(stood or Civic(), **civic_changes(given))
