"""How is an emergency address validated and accepted at a prompt?"""

from typing import TYPE_CHECKING, Annotated

import typer

from provisiond.cli_emergency_records import CallerName, ask_desk, civic_of, with_civic
from provisiond.cli_output import emit, findings, say
from provisiond.cli_records import DryRun
from provisiond.cli_session import Config, DomainName, Json, now, one_domain, session_of

if TYPE_CHECKING:
    from provisiond.actions.emergency_checks import AddressDesk, Validation
    from provisiond.cli_session import Session
    from provisiond.store.database import Database


@with_civic
def validate(
    context: typer.Context,
    address: Annotated[
        str | None, typer.Option("--address", metavar="NAME", help="A stored one; parts go over.")
    ] = None,
    caller_name: CallerName = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Ask whether an address is right: by its country's rules, then the provider.

    Nothing is saved but the answer, by a dry run not even that; `accept` takes it. Ends with 1
    where it cannot be accepted.
    """
    session = session_of(context, config, as_json)
    given = dict(context.params)

    async def work(database: "Database", desk: "AddressDesk") -> "Validation":
        from provisiond.actions.emergency_addresses import show_address
        from provisiond.actions.emergency_checks import ValidateAddress, validate_address

        home = await one_domain(database, domain)
        stood, name = None, caller_name or ""
        if address is not None:
            view = await show_address(database, desk.terms, home, address, now())
            stood, name = view.address.civic, caller_name or view.address.caller_name
        command = ValidateAddress(
            domain=home, civic=civic_of(given, stood), caller_name=name, dry_run=dry_run
        )
        return await validate_address(database, desk, session.actor, command, now())

    validation = ask_desk(session, work)
    _tell_validation(session, validation)
    if not validation.may_be_accepted:
        raise typer.Exit(1)


def show_validation(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ID", help="The validation.")],
    answer: Annotated[
        bool, typer.Option("--answer", help="What the provider answered, as it came.")
    ] = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show a validation again, with the places that may be accepted."""
    session = session_of(context, config, as_json)

    async def work(database: "Database", desk: "AddressDesk") -> "Validation":
        from provisiond.actions.emergency_checks import show_validation as shown

        return await shown(database, desk.terms, await one_domain(database, domain), number)

    validation = ask_desk(session, work)
    _tell_validation(session, validation)
    if answer and not session.as_json:
        say(validation.answer)


def accept(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ID", help="The validation.")],
    choice: Annotated[
        int | None,
        typer.Option(
            "--choice", min=1, help="Which of its places is meant; needed where it has several."
        ),
    ] = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Accept a place of a validation; then it may be saved as it stands.

    One of several candidates is asked about once more, for it is not validated yet.
    """
    session = session_of(context, config, as_json)

    async def work(database: "Database", desk: "AddressDesk") -> "Validation":
        from provisiond.actions.emergency_checks import AcceptAddress, accept_address

        home = await one_domain(database, domain)
        command = AcceptAddress(domain=home, id=number, choice=choice, dry_run=dry_run)
        return await accept_address(database, desk, session.actor, command, now())

    validation = ask_desk(session, work)
    if session.as_json:
        _tell_validation(session, validation)
        return
    assert validation.accepted is not None
    if dry_run:
        say(f"{validation.accepted.line} would be accepted: this was a dry run.")
        return
    say(f"accepted {validation.accepted.line}")
    save = f"NAME --validation {validation.id}"
    say(f"save it: provisiond emergency addresses add {save}")
    say(f"or in place of one: provisiond emergency addresses edit {save}")


def _tell_validation(session: "Session", validation: "Validation") -> None:
    if session.as_json:
        from provisiond.actions.emergency_trees import civic_tree

        emit(
            {
                "id": validation.id,
                "outcome": validation.outcome,
                "provider": validation.provider,
                "level": validation.level,
                "words": validation.words,
                "asked": civic_tree(validation.asked),
                "choices": [civic_tree(one) for one in validation.choices],
                "accepted": civic_tree(validation.accepted) if validation.accepted else None,
                "until": validation.until,
                "reference": validation.reference,
                "answer": validation.answer,
                "findings": validation.findings,
            }
        )
        return
    # What was not kept has no number, and nobody can accept it.
    say(f"{f'validation {validation.id}' if validation.id else 'dry run'}: {validation.words}.")
    findings(validation.findings)
    for index, place in enumerate(validation.choices, 1):
        changed = "" if place == validation.asked else "  (not as it was asked)"
        say(f"  {index}  {place.line}{changed}")
    if not validation.choices or not validation.id:
        return
    if validation.accepted is not None:
        say(f"accepted: {validation.accepted.line}")
        return
    more = " --choice N" if len(validation.choices) > 1 else ""
    say(f"accept it: provisiond emergency accept {validation.id}{more}")
