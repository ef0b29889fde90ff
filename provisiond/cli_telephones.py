"""Which number does a command mean, and whose is it?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from provisiond.cli_session import one_domain
from provisiond.inventory.errors import Rejected

if TYPE_CHECKING:
    from provisiond.inventory.telephone import E164
    from provisiond.store.database import Database

NumberArguments = Annotated[
    list[str],
    typer.Argument(metavar="NUMBER...", help="In any form; several change at once, - reads them."),
]
NumberArgument = Annotated[
    str,
    typer.Argument(
        metavar="NUMBER", help="In any form; without +, as the domain's country writes it."
    ),
]


async def meant(database: "Database", domain: str | None, written: str) -> "tuple[str, E164]":
    """The domain and the number. Where the store has several domains and none is named, the one
    that has the number. A number that is none was asked wrongly, which ends with 2."""
    from provisiond.actions.inventory_load import domain_names
    from provisiond.actions.telephones import domain_of_number, meant_number

    try:
        if domain is None and written.lstrip().startswith("+"):
            async with database.read() as read:
                several = len(await domain_names(read)) > 1
            if several:
                domain = await domain_of_number(database, written)
        name = await one_domain(database, domain)
        return name, await meant_number(database, name, written)
    except Rejected as fault:
        raise typer.BadParameter(f"{fault.message} {fault.remedy}".strip()) from fault


async def meant_ones(
    database: "Database", domain: str | None, written: Sequence[str]
) -> "tuple[str, tuple[E164, ...]]":
    """The domain and the numbers, as `meant`; the first says the domain."""
    from provisiond.actions.telephones import meant_numbers

    name, _ = await meant(database, domain, written[0])
    try:
        return name, await meant_numbers(database, name, written)
    except Rejected as fault:
        raise typer.BadParameter(f"{fault.message} {fault.remedy}".strip()) from fault


async def new_number(database: "Database", domain: str | None, written: str) -> "tuple[str, E164]":
    """The domain and the number of one that is to be added, whoever may have it."""
    from provisiond.actions.telephones import meant_number

    name = await one_domain(database, domain)
    try:
        return name, await meant_number(database, name, written)
    except Rejected as fault:
        raise typer.BadParameter(f"{fault.message} {fault.remedy}".strip()) from fault
