"""Which models can a phone be, and what does each of them have?"""

from collections.abc import Mapping
from dataclasses import dataclass

from provisiond.catalog.family import Family, model_key
from provisiond.catalog.manifest import ModelRule
from provisiond.catalog.placing import phone_slots, sidecar_slots
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.lists import ModelOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarView:
    """A type of sidecar: how many keys it has, and at most how many of it a phone takes."""

    type: str
    keys: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelView:
    """A model: `name` is "Vendor Model" as on the box, `lines` how many accounts it has.

    `unavailable` is button kind → the reason why no key of it can be such a button.
    """

    name: str
    vendor: str
    family: str
    lines: int
    keys: int
    handsets: int
    sidecars: tuple[SidecarView, ...]
    unavailable: Mapping[str, str]


def find_models(
    shelf: Shelf,
    text: str = "",
    *,
    order: ModelOrder = ModelOrder.MODEL,
    descending: bool = False,
) -> tuple[ModelView, ...]:
    """Models whose name holds the text, sorted; case, blanks and dashes do not count."""
    wanted = model_key(text)
    found = [
        _view(family, model)
        for family in shelf.families.values()
        for model in family.manifest.model
        if wanted in model_key(f"{family.manifest.vendor} {model.name}")
    ]
    return tuple(sorted(found, key=lambda view: model_place(view, order), reverse=descending))


def model_place(view: ModelView, order: ModelOrder) -> tuple[str, ...]:
    """Where a model stands in a list of this order."""
    return (view.family, view.name) if order is ModelOrder.FAMILY else (view.name,)


def _view(family: Family, model: ModelRule) -> ModelView:
    manifest = family.manifest
    kinds = {kind.value: rule.unavailable for kind, rule in manifest.buttons.items()}
    reasons = {kind: reason for kind, reason in kinds.items() if reason}
    slots = phone_slots(manifest.layouts[model.layout])
    return ModelView(
        name=f"{manifest.vendor} {model.name}",
        vendor=manifest.vendor,
        family=family.name,
        lines=model.accounts,
        keys=sum(not slot.beyond for slot in slots),
        handsets=model.handsets,
        sidecars=tuple(
            SidecarView(
                type=name,
                keys=sum(not slot.beyond for slot in sidecar_slots(manifest.sidecars[name])),
                most=most,
            )
            for name, most in sorted(model.sidecars.items())
        ),
        unavailable=dict(sorted({**reasons, **model.unavailable}.items())),
    )
