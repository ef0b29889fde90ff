"""Can every family be rendered? Its files for a made-up phone of each key layout, read back."""

from collections.abc import Iterator

from provisiond.catalog.accounts import account_keys
from provisiond.catalog.family import Family
from provisiond.catalog.goldens import golden_models
from provisiond.catalog.lint import lint
from provisiond.catalog.samples import render_sample
from provisiond.catalog.shelf import Shelf
from provisiond.catalog.structure import check_structure
from provisiond.doctor_notes import Note, fault, well
from provisiond.inventory.errors import TemplateFault


def look_at_families(shelf: Shelf) -> Iterator[Note]:
    """Those that could not be loaded, and how the others render."""
    for rejected in shelf.rejected:
        for finding in rejected.findings:
            line = f":{finding.line}" if finding.line is not None else ""
            yield fault(
                f"family {rejected.family}",
                f"left out: {finding.where}{line}: {finding.message}",
                finding.remedy or "Correct that line; SIGHUP makes the daemon read it again.",
            )
    for family in shelf.families.values():
        faults = list(dict.fromkeys(_faults(family)))
        for text in faults:
            yield fault(
                f"family {family.name}",
                text,
                f"Correct it; this says more: provisiond families check {family.name}",
            )
        if not faults:
            models = len(family.manifest.model)
            yield well(f"family {family.name}", f"{models} models, their files render")


def _faults(family: Family) -> Iterator[str]:
    for model in golden_models(family):
        if account_keys(family.manifest, model) is None:
            yield "family.toml: nothing says where accounts stand ([[account_keys]])"
        for rule in family.rules_for(model):
            try:
                rendered = render_sample(family, model, "plain", rule, small=True)
            except TemplateFault as error:
                line = f":{error.line}" if error.line is not None else ""
                yield f"{error.file}{line}: {error.message}"
                continue
            for finding in (
                *check_structure(rendered.body, rule, rendered.record),
                *lint(rendered.body, rule),
            ):
                yield f"{rule.template}: {finding}"
