"""Do all files of a family hold for all of its models? Rendered, read back, and read for sense."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from provisiond.catalog.accounts import Account, Value, account_faults, account_keys
from provisiond.catalog.family import MANIFEST, Family, allows
from provisiond.catalog.goldens import golden_models
from provisiond.catalog.links import leads_to, targets
from provisiond.catalog.lint import lint
from provisiond.catalog.manifest import BootStep, FileRule, ModelRule
from provisiond.catalog.overrides import dial_plan_findings, matches
from provisiond.catalog.render import Rendered
from provisiond.catalog.samples import (
    ADMIN_PASSWORD,
    PASSWORD,
    SAMPLES,
    TOKEN,
    render_sample,
    sample_context,
    sample_mac,
)
from provisiond.catalog.structure import check_structure
from provisiond.inventory.dial_plans import CHECKED
from provisiond.inventory.errors import Finding, TemplateFault
from provisiond.inventory.secret import Secret

_SECRETS = {"a SIP password": PASSWORD, "the admin password": ADMIN_PASSWORD, "the token": TOKEN}
_Printed = Mapping[str, Mapping[str, str]]


def check_files(family: Family) -> tuple[Finding, ...]:
    """Every finding about the files of every model in every sample, each told once.

    A finding that several models share names the first and how many more.
    """
    told: dict[tuple[str, int | None, str], tuple[Finding, list[str]]] = {}
    for model in family.manifest.model:
        for place, finding in _model(family, model):
            key = (finding.where, finding.line, finding.message)
            told.setdefault(key, (finding, []))[1].append(place)
    for model in golden_models(family)[:1]:
        for finding in _needs(family, model):
            told.setdefault((finding.where, None, finding.message), (finding, [model.name]))
    return tuple(
        replace(finding, message=f"{finding.message} ({_said(places)})")
        for finding, places in told.values()
    )


def _said(places: Sequence[str]) -> str:
    return places[0] if len(places) == 1 else f"{places[0]} and {len(places) - 1} more"


def _model(family: Family, model: ModelRule) -> Iterator[tuple[str, Finding]]:
    printed: dict[str, Mapping[str, str]] = {}
    said: dict[str, dict[str, Value]] = {sample: {} for sample in SAMPLES}
    for rule in family.rules_for(model):
        for sample in SAMPLES if rule.scope != "family" else SAMPLES[:1]:
            place = f"{model.name}, {sample}"
            try:
                rendered = render_sample(family, model, sample, rule)
            except TemplateFault as fault:
                yield (
                    place,
                    Finding(where=fault.file, line=fault.line, message=fault.message),
                )
                continue
            for finding in _file(family, rule, sample, rendered):
                yield place, finding
            values = {key: value for key, (value, _) in rendered.record.printed().items()}
            if rule.scope == "phone":
                said[sample] |= {k: Value(text=v, rule=rule) for k, v in values.items()}
            if sample == "plain":
                printed[rule.id] = values
    for sample, of_sample in said.items():
        for finding in _accounts(family, model, sample, of_sample):
            yield f"{model.name}, {sample}", finding
    for finding in (
        *_provisioning(family, model, printed),
        *_outranked(family, model, printed),
        *_links(family, model, printed),
    ):
        yield model.name, finding


def _file(family: Family, rule: FileRule, sample: str, rendered: Rendered) -> Iterator[Finding]:
    yield from check_structure(rendered.body, rule, rendered.record)
    yield from lint(rendered.body, rule)
    if not rule.secret:
        text = rendered.body.decode(errors="replace")
        for what, secret in _SECRETS.items():
            if secret in text:
                yield Finding(
                    where=rule.id,
                    message=f"the file holds {what} and is not marked secret.",
                    remedy="Set secret = true, or leave it out of this file.",
                )
    for key, entry in rendered.record.entries.items():
        value = entry.printed_value or ""
        for finding in dial_plan_findings(key, value, family.manifest, CHECKED):
            yield replace(finding, where=entry.file, line=entry.line)
    most = family.manifest.limits.value_bytes
    if most is None or sample == "nasty":
        return
    for key, entry in rendered.record.entries.items():
        if len((entry.printed_value or "").encode()) > most:
            yield Finding(
                where=entry.file,
                line=entry.line,
                message=f"the value of {key!r} is longer than limits.value_bytes, {most}.",
            )


def _accounts(
    family: Family, model: ModelRule, sample: str, values: Mapping[str, Value]
) -> Iterator[Finding]:
    """Whether the accounts stand where [[account_keys]] says, and nothing where there is none."""
    keys = account_keys(family.manifest, model)
    rules = family.rules_for(model)
    if keys is None or not values:
        return
    context = sample_context(family, model, sample, rules[0])
    wanted = tuple(
        Account(
            number=account.number,
            user=account.user,
            auth_user=account.auth_user,
            password=Secret(account.password),
            server=context.settings.sip_server,
        )
        for account in context.lines
    )
    for fault in account_faults(keys, values, wanted, model.accounts, exact=False):
        yield Finding(
            where=MANIFEST,
            message=f"account_keys: {fault}.",
            remedy="Correct the key there, or what the template prints.",
        )


def _of_phone(family: Family, printed: _Printed) -> dict[str, str]:
    """Key to value over all files of scope phone."""
    values: dict[str, str] = {}
    for rule_id, record in printed.items():
        if family.rule(rule_id).scope == "phone":
            values |= record
    return values


def _provisioning(family: Family, model: ModelRule, printed: _Printed) -> Iterator[Finding]:
    wanted = family.manifest.provisioning_url
    rules = [rule for rule in family.rules_for(model) if rule.id in printed]
    if not any(rule.proves_current for rule in rules):
        return
    url = sample_context(family, model, "plain", rules[0]).urls.provisioning
    value = _of_phone(family, printed).get(wanted.key)
    if value is None:
        yield Finding(
            where=MANIFEST,
            message=f"no file of the phone prints the provisioning URL's key {wanted.key!r}.",
        )
    elif url not in value:
        yield Finding(
            where=MANIFEST,
            message=f"{wanted.key!r} does not hold urls.provisioning in the form {wanted.form!r}.",
        )
    elif len(value.encode()) > wanted.max_bytes:
        yield Finding(
            where=MANIFEST,
            message=f"{wanted.key!r} has {len(value.encode())} bytes with a short host name; the "
            f"phone keeps {wanted.max_bytes}.",
        )
    if wanted.form == "full" and not wanted.file:
        yield Finding(where=MANIFEST, message="provisioning_url: form full needs `file`.")


def _outranked(family: Family, model: ModelRule, printed: _Printed) -> Iterator[Finding]:
    """What goes before the tokened URL must be settled by the enrolled file."""
    values = _of_phone(family, printed)
    if not values:
        return
    for rival in family.manifest.outranked_by:
        if rival.file and rival.file not in printed:
            continue
        found = {key: value for key, value in values.items() if matches(key, (rival.key,))}
        if not found:
            yield Finding(
                where=MANIFEST,
                message=f"{rival.by} goes before the tokened URL, and no file of the phone prints "
                f"{rival.key!r}, which settles it.",
            )
        for key, value in found.items():
            if rival.value is None and TOKEN not in value:
                message = f"{rival.by}: {key!r} does not hold the tokened URL."
            elif rival.value is not None and value != rival.value:
                message = f"{rival.by}: {key!r} is {value!r}; {rival.value!r} switches it off."
            else:
                continue
            yield Finding(where=MANIFEST, message=message)


def _links(family: Family, model: ModelRule, printed: _Printed) -> Iterator[Finding]:
    earlier: dict[str, str] = {}
    for step in family.manifest.boot:
        rule = family.rule(step.file)
        if not allows(rule, model):
            continue
        if step.link:
            yield from _link(family, model, step, earlier)
        earlier |= printed.get(step.file, {})


def _link(
    family: Family, model: ModelRule, step: BootStep, earlier: Mapping[str, str]
) -> Iterator[Finding]:
    manifest = family.manifest
    found = [value for key, value in earlier.items() if matches(key, (step.link,)) and value]
    if not found:
        yield Finding(
            where=MANIFEST,
            message=f"[[boot]] {step.file!r}: no earlier file prints its link {step.link!r}.",
        )
    pattern = next(r.pattern for r in family.rules if r.rule.id == step.file)
    for value in found:
        names = tuple(targets(manifest, model, sample_mac(manifest), value, earlier))
        if not any(leads_to(pattern, name) for name in names):
            last = (names or (value,))[-1].partition("?")[0]
            yield Finding(
                where=MANIFEST,
                message=f"[[boot]] {step.file!r}: the link {step.link!r} leads to {last!r}, which "
                "is not the file's name.",
                remedy="Correct one of them, or say in [macros] what the vendor's own words in it "
                "stand for.",
            )


def _needs(family: Family, model: ModelRule) -> Iterator[Finding]:
    """A template that reads the directory in a file that does not say so gets an empty one."""
    for rule in family.rules_for(model):
        if rule.scope == "family" or "directory" in rule.needs:
            continue
        wanting = rule.model_copy(update={"needs": ("directory",)})
        try:
            without = render_sample(family, model, "full", rule).body
            with_it = render_sample(family, model, "full", wanting).body
        except TemplateFault:
            continue  # reported by the file itself
        if without != with_it:
            yield Finding(
                where=rule.id,
                message="the template reads the directory, and the file does not need it.",
                remedy='Add needs = ["directory"].',
            )
