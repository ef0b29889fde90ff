"""Is a family fit to serve? What `families check` says of a manifest and its templates."""

import re
from collections.abc import Iterable, Iterator

from provisiond.catalog.accounts import account_keys
from provisiond.catalog.check_files import check_files
from provisiond.catalog.family import MANIFEST, Family, model_key
from provisiond.catalog.goldens import golden_differences
from provisiond.catalog.manifest import Manifest
from provisiond.catalog.overrides import matches
from provisiond.inventory.buttons import ButtonKind
from provisiond.inventory.errors import Finding, TemplateFault

_STAR_CODE = re.compile(r"[*#0-9]{1,12}")
_KINDS = {kind.value for kind in ButtonKind}


def check_family(family: Family) -> tuple[Finding, ...]:
    """Every finding about a loaded family; errors forbid serving it, warnings do not.

    The manifest against itself, its User-Agent examples, every file of every model in every
    sample (rendered, read back, linted), the provisioning URL and what would outrank it.
    Expected outputs are `check_goldens`'s.
    """
    return (
        *_buttons(family.manifest),
        *_counts(family.manifest),
        *_models(family.manifest),
        *_keys(family),
        *_star_codes(family),
        *_dial_plans(family),
        *_boot(family.manifest),
        *_user_agents(family),
        *_templates(family),
        *check_files(family),
    )


def check_goldens(family: Family) -> tuple[Finding, ...]:
    """Where the templates print other than the expected outputs say."""
    try:
        return golden_differences(family)
    except TemplateFault as fault:
        return (Finding(where=fault.file, line=fault.line, message=fault.message),)


def star_code_findings(family: Family, codes: Iterable[tuple[str, str]]) -> tuple[Finding, ...]:
    """The domain's feature codes that phones of this family would act on themselves.

    A star code whose key the templates print is taken to be switched off or moved there.
    """
    printed = tuple(family.renderer.keys())
    found = []
    for name, code in codes:
        dialled = code.partition("{value}")[0]
        for star, key in family.manifest.star_codes.items():
            if dialled.startswith(star) and not matches(key, printed):
                found.append(
                    Finding(
                        where=f"feature_codes.{name}",
                        severity="warning",
                        message=f"{code!r} begins with {star}, which phones of the family "
                        f"{family.name} act on themselves.",
                        remedy=f"Clear it on the phones with an override of {key!r}.",
                    )
                )
    return tuple(found)


def _fault(message: str, remedy: str = "", severity: str = "error") -> Finding:
    return Finding(where=MANIFEST, message=message, remedy=remedy, severity=severity)


def _buttons(manifest: Manifest) -> Iterator[Finding]:
    banks = {bank.name for layout in manifest.layouts.values() for bank in layout.banks}
    for kind in ButtonKind:
        rule = manifest.buttons.get(kind)
        if rule is None:
            yield _fault(
                f"[buttons.{kind.value}] is missing.",
                'Give its code, or say why there is none: unavailable = "…".',
            )
            continue
        if rule.unavailable and rule.code:
            yield _fault(f"[buttons.{kind.value}] is unavailable and has a code.", "Keep one.")
        for bank in rule.banks:
            if bank not in banks:
                yield _fault(
                    f"[buttons.{kind.value}] allows the bank {bank!r}, which no layout has."
                )
    for model in manifest.model:
        for kind_name, reason in model.unavailable.items():
            if kind_name not in _KINDS:
                yield _fault(f"model {model.name}: {kind_name!r} is no kind of button.")
            elif not reason:
                yield _fault(f"model {model.name}: {kind_name} is unavailable without a reason.")


def _counts(manifest: Manifest) -> Iterator[Finding]:
    for name, layout in manifest.layouts.items():
        for bank in layout.banks:
            place = f"layout {name}, bank {bank.name}"
            if bank.accept is not None and bank.accept < bank.keys:
                yield _fault(f"{place}: accept is lower than keys.")
            if bank.keys and bank.pages > bank.keys:
                yield _fault(f"{place}: more pages than keys.")
        names = [bank.name for bank in layout.banks]
        if len(set(names)) != len(names):
            yield _fault(f"layout {name}: two banks have one name.")
    for name, sidecar in manifest.sidecars.items():
        if sidecar.accept is not None and sidecar.accept < sidecar.keys:
            yield _fault(f"sidecar {name}: accept is lower than keys.")
        if not any(name in model.sidecars for model in manifest.model):
            yield _fault(f"sidecar {name}: no model takes it.", severity="warning")


def _models(manifest: Manifest) -> Iterator[Finding]:
    silent = [model.name for model in manifest.model if account_keys(manifest, model) is None]
    if silent:
        yield _fault(
            f"nothing says where the accounts of {', '.join(silent[:5])}"
            f"{f' and {len(silent) - 5} more' if len(silent) > 5 else ''} stand.",
            "Add [[account_keys]]: simulated phones register from there.",
        )
    for model in manifest.model:
        if model.accept_accounts is not None and model.accept_accounts < model.accounts:
            yield _fault(f"model {model.name}: accept_accounts is lower than accounts.")
        if model.confidence == "conflict" and not model.note:
            yield _fault(f"model {model.name}: sources conflict, and `note` does not say how.")
    used = {model.layout for model in manifest.model}
    for name in manifest.layouts:
        if name not in used:
            yield _fault(f"layout {name}: no model has it.", severity="warning")


def _keys(family: Family) -> Iterator[Finding]:
    """Known and protected keys that name nothing, or what is known already."""
    manifest = family.manifest
    printed = tuple(family.renderer.keys())
    repeated = [key for key in manifest.known_keys if key in printed]
    if repeated:
        yield _fault(
            f"known_keys repeats what the templates print: {', '.join(repeated)}.",
            "Remove them there.",
            "warning",
        )
    for key in sorted({k for k in manifest.known_keys if manifest.known_keys.count(k) > 1}):
        yield _fault(f"known_keys has {key!r} twice.", "Remove one.", "warning")
    known = (*printed, *manifest.known_keys)
    for key in manifest.protected:
        stem = key.removesuffix("*")
        if not any(_covers(key, other) or other.startswith(stem) for other in known):
            yield _fault(
                f"protected has {key!r}, which no template prints and nothing knows.",
                "Correct its spelling, or add it to known_keys.",
            )
    wanted = manifest.provisioning_url.key
    if not matches(wanted, manifest.protected):
        yield _fault(
            f"the provisioning URL's key {wanted!r} is not protected.",
            "Add it to `protected`: who sets it owns the phone.",
        )


def _covers(pattern: str, other: str) -> bool:
    return matches(other.replace("{}", "1"), (pattern,)) or matches(
        pattern.replace("{}", "1").removesuffix("*"), (other,)
    )


def _star_codes(family: Family) -> Iterator[Finding]:
    known = (*family.renderer.keys(), *family.manifest.known_keys)
    for code, key in family.manifest.star_codes.items():
        if _STAR_CODE.fullmatch(code) is None:
            yield _fault(f"star_codes: {code!r} cannot be dialled.")
        if not any(_covers(key, other) for other in known):
            yield _fault(
                f"star_codes: {code} is set by {key!r}, which nothing knows.",
                "Add the key to known_keys.",
            )


def _dial_plans(family: Family) -> Iterator[Finding]:
    known = (*family.renderer.keys(), *family.manifest.known_keys)
    for key in family.manifest.dial_plans:
        if not any(_covers(key, other) for other in known):
            yield _fault(
                f"dial_plans: {key!r} is a parameter that nothing knows.",
                "Correct its spelling, or add it to known_keys.",
            )


def _boot(manifest: Manifest) -> Iterator[Finding]:
    rules = {rule.id: rule for rule in manifest.file}
    if not any(rule.proves_current for rule in manifest.file):
        yield _fault("no file proves a phone current.", "Mark one with proves_current = true.")
    if not manifest.boot:
        yield _fault("there are no [[boot]] steps.", "List what the phone asks for, in order.")
    asked = {step.file for step in manifest.boot}
    for step in manifest.boot:
        rule = rules[step.file]
        if (rule.template is None) != (step.expect == 404):
            yield _fault(
                f"[[boot]] expects {step.expect} for {step.file!r}, which is "
                f"{'never served' if rule.template is None else 'served'}."
            )
    for rule in manifest.file:
        if rule.proves_current and rule.id not in asked:
            yield _fault(f"{rule.id!r} proves a phone current, but no [[boot]] step asks for it.")


def _user_agents(family: Family) -> Iterator[Finding]:
    manifest = family.manifest
    spellings = {model_key(text) for model in manifest.model for text in model.user_agents}
    spellings |= set(family.models)
    if not manifest.user_agent:
        yield _fault("there is no [[user_agent]].", "Add one with a real example.", "warning")
    for rule, pattern in zip(manifest.user_agent, family.user_agents, strict=True):
        for example in rule.examples:
            found = pattern.search(example.text)
            if found is None:
                yield _fault(f"the User-Agent pattern does not match {example.text!r}.")
                continue
            groups = found.groupdict()
            given = (groups.get("version") or "", _bare_mac(groups.get("mac") or ""))
            if groups["model"] != example.model:
                yield _fault(f"{example.text!r}: the model is read as {groups['model']!r}.")
            elif model_key(example.model) not in spellings:
                yield _fault(
                    f"{example.text!r}: no model of the family is spelt {example.model!r}.",
                    "Add it to the model's user_agents.",
                )
            if given != (example.version, _bare_mac(example.mac)):
                yield _fault(f"{example.text!r}: version and MAC are read as {given!r}.")


def _bare_mac(text: str) -> str:
    return re.sub(r"[^0-9a-f]", "", text.lower())


def _templates(family: Family) -> Iterator[Finding]:
    wanted = {rule.template for rule in family.manifest.file} | family.renderer.references
    for name in sorted(family.renderer.templates - wanted):
        yield Finding(where=name, severity="warning", message="no file and no template uses it.")
