"""What would this phone get? One file rendered from facts; the same for phones and people."""

from dataclasses import dataclass

from provisiond.catalog.build import build_context
from provisiond.catalog.family import Family
from provisiond.catalog.manifest import FileRule, ModelRule
from provisiond.catalog.overrides import choose
from provisiond.catalog.render import Rendered
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.errors import NotFound, TemplateFault
from provisiond.inventory.facts import PhoneFacts
from provisiond.inventory.urls import PublicUrls


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a phone stands in the catalogue."""

    family: Family
    model: ModelRule


def place_of(shelf: Shelf, model: str) -> Place:
    """The family and model of a phone whose record says "Vendor Model".

    Raises TemplateFault where the catalogue has lost it (a family removed or rejected).
    """
    found = shelf.find_model(model)
    if found is None:
        raise TemplateFault(
            "no family",
            model,
            None,
            "no loaded family has this model; `provisiond families list` shows what is loaded "
            "and why a family is rejected",
        )
    return Place(family=found[0], model=found[1])


def current_rule(place: Place) -> FileRule:
    """The file that proves the phone current. Raises NotFound where the family has none."""
    for rule in place.family.rules_for(place.model):
        if rule.proves_current:
            return rule
    raise NotFound(f"{place.family.name} has no file that proves a {place.model.name} current")


def render_phone_file(
    *,
    place: Place,
    rule: FileRule,
    facts: PhoneFacts,
    urls: PublicUrls,
    year: int,
    revision: int = 1,
    query: tuple[tuple[str, str], ...] = (),
) -> Rendered:
    """Render one file of scope phone or site, with the overrides that are nearest.

    `revision` is the number of a file that counts its versions. Raises TemplateFault.
    """
    context = build_context(
        family=place.family,
        model=place.model,
        facts=facts,
        rule=rule,
        urls=urls,
        year=year,
        revision=revision,
        query=query,
    )
    applied = choose(
        facts.domain.overrides,
        place.family.name,
        place.model.name,
        facts.phone.site,
        facts.phone.overrides,
    )
    return place.family.renderer.render(rule, context, applied)
