"""How are webhooks kept at a prompt, tried, and what they were told looked at?"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from provisiond.cli_output import emit, moment, pairs, say, table
from provisiond.cli_records import (
    Ascending,
    Descending,
    DryRun,
    Search,
    Yes,
    ask,
    confirm,
    every,
    tell_deleted,
)
from provisiond.cli_session import Config, Json, Session, now, session_of
from provisiond.inventory.errors import OutsideUnavailable
from provisiond.inventory.lists import (
    MOST_ROWS,
    DeliveryQuery,
    Page,
    WebhookOrder,
    WebhookQuery,
)
from provisiond.inventory.webhooks import Delivery, DeliveryState, Webhook

if TYPE_CHECKING:
    from provisiond.store.database import Database

app = typer.Typer(help="Who is told of changes by HTTP.", no_args_is_help=True)

HookName = Annotated[str, typer.Argument(metavar="NAME", help="The webhook.")]
Enabled = Annotated[
    bool | None, typer.Option("--enable/--disable", help="Whether it is told anything.")
]


@app.command("list")
def list_command(
    context: typer.Context,
    search: Search = "",
    sort: Annotated[
        WebhookOrder, typer.Option("--sort", help="What to sort by.")
    ] = WebhookOrder.NAME,
    descending: Descending = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the webhooks."""
    session = session_of(context, config, as_json)
    query = WebhookQuery(text=search, order=sort, descending=descending, limit=MOST_ROWS)

    async def work(database: "Database") -> list[Webhook]:
        from provisiond.actions.webhooks import keep_webhooks

        return await every(
            lambda after: keep_webhooks(database, session.actor, replace(query, after=after))
        )

    found = ask(session, work)
    if session.as_json:
        emit(found)
        return
    table(
        ("name", "url", "domain", "enabled", "made by"),
        [(one.name, one.url, one.domain or "all", one.enabled, one.created_by) for one in found],
    )


@app.command("show")
def show(
    context: typer.Context, name: HookName, config: Config = None, as_json: Json = False
) -> None:
    """Show one webhook."""
    session = session_of(context, config, as_json)

    async def work(database: "Database") -> Webhook:
        from provisiond.actions.webhooks import show_webhook

        return await show_webhook(database, session.actor, name)

    hook = ask(session, work)
    if session.as_json:
        emit(hook)
        return
    pairs(
        [
            ("name", hook.name),
            ("url", hook.url),
            ("domain", hook.domain or "all"),
            ("enabled", hook.enabled),
            ("made by", hook.created_by),
        ]
    )


@app.command("add")
def add(
    context: typer.Context,
    name: HookName,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where changes are posted to.")],
    domain: Annotated[
        str | None,
        typer.Option("--domain", "-d", metavar="NAME", help="Only this domain's changes."),
    ] = None,
    enable: Enabled = None,
    dry_run: DryRun = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Add a webhook; the secret that its deliveries are signed with is printed now and never
    again."""
    session = session_of(context, config, as_json)
    hook = Webhook(
        name=name,
        url=url,
        domain=domain.lower() if domain else None,
        enabled=enable is not False,
    )
    networks = session.settings().web.webhook_networks

    async def work(database: "Database") -> Webhook:
        from provisiond.actions.webhooks import add_webhook

        return await add_webhook(database, session.actor, hook, networks, now())

    made = ask(session, work, rehearsed=dry_run)
    _told(session, made, "added", has_secret=True, dry_run=dry_run)


@app.command("edit")
def edit(
    context: typer.Context,
    name: HookName,
    new_name: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="Another URL.")] = None,
    domain: Annotated[
        str | None,
        typer.Option("--domain", "-d", metavar="NAME", help='Only its changes; "" for all.'),
    ] = None,
    enable: Enabled = None,
    new_secret: Annotated[
        bool, typer.Option("--new-secret", help="Sign with another secret, which is printed.")
    ] = False,
    dry_run: DryRun = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Change a webhook; what waits for it goes to where it says then."""
    from provisiond.actions.webhooks import WebhookEdit, change_webhook

    session = session_of(context, config, as_json)
    change = WebhookEdit(
        name=new_name, url=url, domain=domain, enabled=enable, new_secret=new_secret
    )
    networks = session.settings().web.webhook_networks

    async def work(database: "Database") -> Webhook:
        return await change_webhook(database, session.actor, name, change, networks, now())

    hook = ask(session, work, rehearsed=dry_run)
    _told(session, hook, "saved", has_secret=new_secret, dry_run=dry_run)


@app.command("delete")
def delete(
    context: typer.Context,
    name: HookName,
    yes: Yes = False,
    dry_run: DryRun = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Delete a webhook; what waits for it goes, too."""
    session = session_of(context, config, as_json)
    confirm(session, f"Delete the webhook {name}?", yes=yes, dry_run=dry_run)

    async def work(database: "Database") -> None:
        from provisiond.actions.webhooks import remove_webhook

        await remove_webhook(database, session.actor, name, now())

    ask(session, work, rehearsed=dry_run)
    tell_deleted(session, None, "webhook", name, dry_run=dry_run)


@app.command("deliveries")
def deliveries(
    context: typer.Context,
    name: HookName,
    state: Annotated[
        DeliveryState | None, typer.Option("--state", help="Only those that stand so.")
    ] = None,
    search: Search = "",
    ascending: Ascending = False,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=MOST_ROWS, help="The first so many.")
    ] = 100,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List what a webhook was and is to be told, the newest first unless they are to ascend, and
    what it answered."""
    session = session_of(context, config, as_json)
    query = DeliveryQuery(text=search, state=state, descending=not ascending, limit=limit)

    async def work(database: "Database") -> Page[Delivery]:
        from provisiond.actions.webhooks import show_deliveries

        return await show_deliveries(database, session.actor, name, query)

    found = ask(session, work).rows
    if session.as_json:
        emit(found)
        return
    table(
        ("id", "change", "action", "subject", "state", "tries", "next or done", "said"),
        [
            (
                one.delivery_id,
                one.change_id,
                one.action,
                one.subject,
                one.state.value,
                one.tries,
                moment(one.due_at if one.state is DeliveryState.WAITING else one.done_at),
                one.said,
            )
            for one in found
        ],
    )


@app.command("retry")
def retry(
    context: typer.Context,
    name: HookName,
    delivery: Annotated[int, typer.Argument(metavar="ID", min=1, help="The delivery.")],
    dry_run: DryRun = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Let a delivery be tried anew, a dead one too; the running daemon sends it."""
    session = session_of(context, config, as_json)

    async def work(database: "Database") -> None:
        from provisiond.actions.webhooks import retry_delivery

        await retry_delivery(database, session.actor, name, delivery, now())

    ask(session, work, rehearsed=dry_run)
    if session.as_json:
        emit({"delivery": delivery, "dry_run": dry_run})
    elif dry_run:
        say(f"delivery {delivery} would be tried again: this was a dry run.")
    else:
        say(f"delivery {delivery} is tried again in a few seconds.")


@app.command("test")
def try_out(
    context: typer.Context, name: HookName, config: Config = None, as_json: Json = False
) -> None:
    """Post a signed trial to a webhook now, from this machine, and print what it answers.

    Its action is `test webhook`; nothing is kept of it. Ends with 1 where it is not taken.
    """
    session = session_of(context, config, as_json)
    networks = session.settings().web.webhook_networks

    async def work(database: "Database") -> str:
        from provisiond.actions.webhooks import try_webhook

        trial = await try_webhook(database, session.actor, name, networks, now())
        if not trial.taken:
            raise OutsideUnavailable(f"webhook {name} was not told: {trial.said}.")
        return trial.said

    said = ask(session, work)
    if session.as_json:
        emit({"webhook": name, "said": said})
    else:
        say(f"{name} {said}.")


def _told(session: Session, hook: Webhook, done: str, *, has_secret: bool, dry_run: bool) -> None:
    secret = hook.secret.reveal() if has_secret and not dry_run else "***"
    if session.as_json:
        tree = {
            "name": hook.name,
            "url": hook.url,
            "domain": hook.domain,
            "enabled": hook.enabled,
            "secret": secret,
            "revision": hook.revision,
        }
        emit({"webhook": tree, "dry_run": dry_run})
        return
    if dry_run:
        say(f"webhook {hook.name} would be {done}: this was a dry run.")
        return
    say(f"{done} webhook {hook.name}.")
    if has_secret:
        say(f"Its deliveries are signed with {secret}")
