"""How are the tokens kept by which programs ask, at a prompt?"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from provisiond.cli_output import emit, moment, say, table
from provisiond.cli_records import Descending, DryRun, Search, every
from provisiond.cli_session import Config, Json, Session, become_owner, now, run, session_of
from provisiond.inventory.access import Role
from provisiond.inventory.accounts import ApiToken
from provisiond.inventory.lists import MOST_ROWS, TokenOrder, TokenQuery

if TYPE_CHECKING:
    from provisiond.actions.api_tokens import MadeToken, MakeToken
    from provisiond.settings import Settings

app = typer.Typer(help="The tokens by which programs ask.", no_args_is_help=True)


@app.command("list")
def list_command(
    context: typer.Context,
    search: Search = "",
    sort: Annotated[TokenOrder, typer.Option("--sort", help="What to sort by.")] = TokenOrder.ID,
    descending: Descending = False,
    revoked: Annotated[bool, typer.Option("--all", help="Revoked and ended ones too.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the tokens; what each opens, and when it was last used."""
    session = session_of(context, config, as_json)
    settings = session.settings()
    become_owner(settings.data_dir)
    at = now()
    query = TokenQuery(text=search, order=sort, descending=descending, limit=MOST_ROWS)
    found = [one for one in run(_list(session, settings, query)) if revoked or one.lives(at)]
    if session.as_json:
        emit(found)
        return
    table(
        ("id", "label", "role", "domain", "read-only", "ends", "last used"),
        [
            (
                one.token_id,
                one.label,
                one.role.value,
                one.domain,
                one.read_only,
                "revoked" if one.revoked_at is not None else one.expires_at or "never",
                one.used_at or "never",
            )
            for one in found
        ],
    )


@app.command("create")
def create(
    context: typer.Context,
    label: Annotated[str, typer.Argument(metavar="LABEL", help="What it is for.")],
    role: Annotated[Role, typer.Option("--role", "-r", help="What it may do.")],
    domain: Annotated[
        str | None, typer.Option("--domain", "-d", metavar="NAME", help="Its only domain.")
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="It changes nothing.")] = False,
    days: Annotated[int, typer.Option("--days", min=0, help="When it ends; 0 is never.")] = 365,
    dry_run: DryRun = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make a token; its text is printed now and never again."""
    from provisiond.actions.api_tokens import MakeToken

    session = session_of(context, config, as_json)
    settings = session.settings()
    become_owner(settings.data_dir)
    command = MakeToken(
        label=label, role=role, domain=domain, read_only=read_only, days=days or None
    )
    made = run(_create(session, settings, command, dry_run))
    if session.as_json:
        emit(
            {
                "text": None if dry_run else made.text.reveal(),
                "token": made.token,
                "dry_run": dry_run,
            }
        )
        return
    if dry_run:
        say(f"a token {label} would be made: this was a dry run.")
        return
    say(made.text.reveal())
    ends = made.token.expires_at
    say(f"It ends {moment(ends)}." if ends is not None else "It never ends by itself.")


@app.command("revoke")
def revoke(
    context: typer.Context,
    token_id: Annotated[str, typer.Argument(metavar="ID", help="As the list shows it.")],
    dry_run: DryRun = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Let a token open nothing any more, from now on."""
    session = session_of(context, config, as_json)
    settings = session.settings()
    become_owner(settings.data_dir)
    token = run(_revoke(session, settings, token_id, dry_run))
    if session.as_json:
        emit(token)
    elif dry_run:
        say(f"{token.token_id} ({token.label}) would be revoked: this was a dry run.")
    else:
        say(f"revoked {token.token_id} ({token.label})")


async def _list(session: Session, settings: "Settings", query: TokenQuery) -> list[ApiToken]:
    from provisiond.actions.api_tokens import list_tokens

    async with session.store(settings) as db:
        return await every(
            lambda after: list_tokens(db, session.actor, replace(query, after=after))
        )


async def _create(
    session: Session, settings: "Settings", command: "MakeToken", dry_run: bool
) -> "MadeToken":
    from provisiond.actions.api_tokens import make_token

    async with session.store(settings, rehearsed=dry_run) as db:
        return await make_token(db, session.actor, command, now())


async def _revoke(session: Session, settings: "Settings", token_id: str, dry_run: bool) -> ApiToken:
    from provisiond.actions.api_tokens import revoke_token

    async with session.store(settings, rehearsed=dry_run) as db:
        return await revoke_token(db, session.actor, token_id, now())
