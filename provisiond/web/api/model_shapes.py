"""How do programs see models, and what becomes of phones that are given a layout?"""

from typing import Annotated, Literal

from pydantic import Field

from provisiond.actions.inventory_schema import Entry
from provisiond.actions.inventory_values import MacText
from provisiond.web.api.shapes import Fault, SearchQuery, Shape


class ModelsQuery(SearchQuery):
    """Which models; by `family` those of one are together, by name."""

    sort: Literal["model", "-model", "family", "-family"] = "model"


class SidecarShown(Shape):
    """A type of sidecar: how many keys it has, and at most how many of it the model takes."""

    type: str
    keys: int
    most: int


class ModelShown(Shape):
    """A model as on the box. `unavailable` is button kind to the reason why the model cannot have
    such a button."""

    model: str
    vendor: str
    family: str
    lines: int
    keys: int
    handsets: int
    sidecars: list[SidecarShown]
    unavailable: dict[str, str]


class ApplyBody(Entry):
    """Which phones get the layout, by MAC. Their own buttons stay over it, or go with `replace`;
    `dry_run` only tells what does not fit."""

    phones: Annotated[tuple[MacText, ...], Field(max_length=1000)]
    replace: bool = False
    dry_run: bool = False


class PhoneWithLayoutShown(Shape):
    """A phone that was given the layout; `warnings` tell what does not show there."""

    mac: str
    model: str
    changed: bool
    warnings: list[Fault]


class AppliedShown(Shape):
    """What came of it."""

    layout: str
    dry_run: bool
    phones: list[PhoneWithLayoutShown]
