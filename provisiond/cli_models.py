"""How is the model of a phone found at a prompt?"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisiond.cli_output import emit, table
from provisiond.cli_records import Descending, Search
from provisiond.cli_session import Config, Json, session_of
from provisiond.inventory.lists import ModelOrder

if TYPE_CHECKING:
    from provisiond.actions.models import ModelView

app = typer.Typer(help="The models that a phone can be.", no_args_is_help=True)


@app.command("list")
def list_models(
    context: typer.Context,
    search: Search = "",
    sort: Annotated[ModelOrder, typer.Option("--sort", help="What to sort by.")] = ModelOrder.MODEL,
    descending: Descending = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the models that a phone can be; case, blanks and dashes of the text do not count."""
    from provisiond.actions.models import find_models

    session = session_of(context, config, as_json)
    shelf = session.models(session.settings())
    found = find_models(shelf, search.strip(), order=sort, descending=descending)
    if session.as_json:
        emit([_tree(model) for model in found])
        return
    rows = [
        (
            model.name,
            model.family,
            model.lines,
            model.keys,
            [f"{one.most} × {one.type}" for one in model.sidecars],
        )
        for model in found
    ]
    table(("model", "family", "lines", "keys", "sidecars"), rows)


def _tree(model: "ModelView") -> dict[str, Any]:
    """By the names that the API has for it."""
    return {
        "model": model.name,
        "vendor": model.vendor,
        "family": model.family,
        "lines": model.lines,
        "keys": model.keys,
        "handsets": model.handsets,
        "sidecars": model.sidecars,
        "unavailable": model.unavailable,
    }
