"""How do programs learn which models a phone can be, and put layouts on phones of any model?"""

from provisiond.actions.layout_apply import ApplyLayout, apply_layout
from provisiond.actions.models import ModelView, find_models, model_place
from provisiond.inventory.access import Noun, Verb
from provisiond.inventory.lists import ModelOrder
from provisiond.web.api.kept import faults, listing, ordered, part_of
from provisiond.web.api.model_shapes import (
    AppliedShown,
    ApplyBody,
    ModelShown,
    ModelsQuery,
    PhoneWithLayoutShown,
    SidecarShown,
)
from provisiond.web.api.route import Call, Reply, Route
from provisiond.web.api.shapes import Listing


async def list_models(call: Call) -> Reply:
    """The models whose name holds `q`; case, blanks and dashes do not count."""
    query: ModelsQuery = call.query
    found = find_models(call.desk.shelf(), query.q.strip())
    sort = ordered(ModelOrder, query.sort)
    page = part_of(
        call,
        found,
        lambda model: model_place(model, sort["order"]),
        descending=sort["descending"],
    )
    return listing(call, page, _model_shown, ModelShown)


async def post_layout_to_phones(call: Call) -> Reply:
    """Put a layout on phones; with `dry_run` what does not fit is told, and nothing changes."""
    body: ApplyBody = call.body
    command = ApplyLayout(
        domain=call.of("domain"),
        name=call.of("name"),
        phones=tuple(dict.fromkeys(body.phones)),
        replace_own=body.replace,
        dry_run=body.dry_run,
    )
    done = await apply_layout(call.desk.db, call.desk.shelf(), call.actor, command, call.at)
    phones = [
        PhoneWithLayoutShown(
            mac=str(one.mac),
            model=one.model,
            changed=one.changed,
            warnings=faults(one.warnings),
        )
        for one in done.phones
    ]
    return Reply(body=AppliedShown(layout=done.name, dry_run=body.dry_run, phones=phones))


def _model_shown(model: ModelView) -> ModelShown:
    return ModelShown(
        model=model.name,
        vendor=model.vendor,
        family=model.family,
        lines=model.lines,
        keys=model.keys,
        handsets=model.handsets,
        sidecars=[
            SidecarShown(type=one.type, keys=one.keys, most=one.most) for one in model.sidecars
        ],
        unavailable=dict(model.unavailable),
    )


ROUTES = (
    Route(
        method="GET",
        path="/models",
        summary="List the models that a phone can be",
        noun=Noun.FAMILIES,
        handler=list_models,
        query=ModelsQuery,
        answer=Listing[ModelShown],
    ),
    Route(
        method="POST",
        path="/domains/{domain}/layouts/{name}/application",
        summary="Put a layout on phones of any model",
        noun=Noun.PHONES,
        verb=Verb.EDIT,
        handler=post_layout_to_phones,
        request=ApplyBody,
        answer=AppliedShown,
    ),
)
