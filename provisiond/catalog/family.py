"""What is a family? A folder of files: manifest, templates, expected outputs, read once."""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from provisiond.catalog.manifest import FileRule, Manifest, ModelRule
from provisiond.catalog.render import Renderer
from provisiond.catalog.toml_lines import line_of
from provisiond.inventory.errors import Finding, TemplateRejected
from provisiond.inventory.mac import Mac

MANIFEST = "family.toml"
_TEMPLATE_SUFFIX = ".j2"
_WORD = re.compile(r"\{([a-z_]+)\}")
_GROUP = re.compile(r"\(\?P<\w+>")
_MAC = r"(?P<mac>[0-9a-f]{2}(?:[-:._]?[0-9a-f]{2}){5})"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRule:
    """A file rule with its anchored pattern; `pattern` has the groups mac and the rule's words."""

    rule: FileRule
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A loaded family; immutable. `name` is `vendor-folder/family-folder`.

    `models` is by `model_key` of every name and alias. `digest` is of the manifest and templates:
    the same digest renders the same bytes. `any_rule` fits what a pattern of `rules` fits.
    """

    name: str
    folder: Path
    manifest: Manifest
    digest: str
    renderer: Renderer
    rules: tuple[CompiledRule, ...]
    any_rule: re.Pattern[str]
    puts: tuple[re.Pattern[str], ...]
    models: Mapping[str, ModelRule]
    user_agents: tuple[re.Pattern[str], ...]

    def rule(self, rule_id: str) -> FileRule:
        """The file rule of this id. Raises KeyError."""
        return next(r.rule for r in self.rules if r.rule.id == rule_id)

    def rules_for(self, model: ModelRule) -> tuple[FileRule, ...]:
        """The served files of a model, in the manifest's order."""
        return tuple(
            r.rule for r in self.rules if r.rule.template is not None and allows(r.rule, model)
        )


def allows(rule: FileRule, model: ModelRule) -> bool:
    """Whether the rule is for this model."""
    return not rule.models or model.name in rule.models


@lru_cache(maxsize=4096)
def model_key(text: str) -> str:
    """A model's name as people write it: case, blanks, dashes, dots do not count."""
    return re.sub(r"[\s\-_./]+", "", text).casefold()


def load_family(folder: Path, name: str, *, compiled: bool = True) -> Family:
    """Read a family's folder. Raises TemplateRejected with every fault and its line; what is wrong
    inside templates only where they are `compiled` now."""
    manifest, text = _read_manifest(folder, name)
    findings = _references(folder, manifest, text)
    if findings:
        raise TemplateRejected(name, tuple(findings))
    rules = tuple(
        CompiledRule(rule=rule, pattern=compile_path(rule.path, manifest)) for rule in manifest.file
    )
    return Family(
        name=name,
        folder=folder,
        manifest=manifest,
        digest=_digest(folder, text),
        renderer=Renderer(name, folder, manifest, at_once=compiled),
        rules=rules,
        any_rule=_any_of([rule.pattern for rule in rules]),
        puts=tuple(compile_path(path, manifest) for path in manifest.puts),
        models=MappingProxyType(_index_models(manifest)),
        user_agents=tuple(re.compile(rule.pattern) for rule in manifest.user_agent),
    )


def compile_path(path: str, manifest: Manifest) -> re.Pattern[str]:
    """A rule's path as an anchored, case-blind pattern with the groups `mac` and `w_<word>`."""
    parts: list[str] = []
    at = 0
    for found in _WORD.finditer(path):
        parts.append(re.escape(path[at : found.start()]))
        word = found.group(1)
        if word == "mac":
            parts.append(_MAC)
        else:
            values = sorted({m.names[word] for m in manifest.model if word in m.names})
            parts.append(f"(?P<w_{word}>{'|'.join(map(re.escape, values))})")
        at = found.end()
    parts.append(re.escape(path[at:]))
    return re.compile("".join(parts), re.IGNORECASE | re.ASCII)


def _any_of(patterns: Sequence[re.Pattern[str]]) -> re.Pattern[str]:
    """One pattern for all, without their groups: most names are no family's, or another's."""
    bare = [_GROUP.sub("(?:", pattern.pattern) for pattern in patterns]
    return re.compile("|".join(f"(?:{one})" for one in bare), re.IGNORECASE | re.ASCII)


def file_name(rule: FileRule, model: ModelRule, mac: Mac) -> str:
    """The name under which this phone asks for the file, below its base URL."""
    words = {"mac": mac.text, **model.names}
    return _WORD.sub(lambda found: words.get(found.group(1), found.group(0)), rule.path)


def _read_manifest(folder: Path, name: str) -> tuple[Manifest, str]:
    path = folder / MANIFEST
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except FileNotFoundError:
        raise TemplateRejected(
            name, (Finding(where=str(path), message="the family has no family.toml."),)
        ) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        where = re.search(r"line (\d+)", str(fault))
        raise TemplateRejected(
            name,
            (
                Finding(
                    where=MANIFEST, message=str(fault), line=int(where.group(1)) if where else None
                ),
            ),
        ) from fault
    try:
        return Manifest.model_validate(raw), text
    except ValidationError as fault:
        findings = tuple(
            Finding(
                where=MANIFEST,
                line=line_of(text, error["loc"]),
                message=f"{'.'.join(map(str, error['loc'])) or 'manifest'}: {error['msg']}",
            )
            for error in fault.errors()
        )
        raise TemplateRejected(name, findings) from fault


def _references(folder: Path, manifest: Manifest, text: str) -> list[Finding]:
    """Faults that a schema cannot see: names that point nowhere, names given twice."""
    return [
        Finding(where=MANIFEST, line=line_of(text, loc), message=message)
        for loc, message in (
            *_rule_faults(folder, manifest),
            *_pointer_faults(manifest),
            *_model_faults(manifest),
        )
    ]


_Fault = tuple[tuple[int | str, ...], str]


def _rule_faults(folder: Path, manifest: Manifest) -> Iterable[_Fault]:
    rule_ids = [rule.id for rule in manifest.file]
    words = {word for model in manifest.model for word in model.names}
    model_names = {model.name for model in manifest.model}
    for index, rule in enumerate(manifest.file):
        if rule_ids.index(rule.id) != index:
            yield ("file", index, "id"), f"the file id {rule.id!r} is given twice."
        if rule.template is not None and not (folder / rule.template).is_file():
            yield (
                ("file", index, "template"),
                f"there is no template {rule.template!r} in the folder.",
            )
        for word in set(_WORD.findall(rule.path)) - {"mac"} - words:
            yield ("file", index, "path"), f"no model has names.{word} for {{{word}}}."
        if rule.scope == "family" and "{mac}" in rule.path:
            yield ("file", index, "path"), "a file of scope family cannot have {mac} in its path."
        for name in sorted(set(rule.models) - model_names):
            yield ("file", index, "models"), f"there is no model {name!r}."


def _pointer_faults(manifest: Manifest) -> Iterable[_Fault]:
    rule_ids = {rule.id for rule in manifest.file}
    model_names = {model.name for model in manifest.model}
    for index, keys in enumerate(manifest.account_keys):
        for name in sorted(set(keys.models) - model_names):
            yield ("account_keys", index, "models"), f"there is no model {name!r}."
    for index, step in enumerate(manifest.boot):
        if step.file not in rule_ids:
            yield ("boot", index, "file"), f"there is no file rule {step.file!r}."
    for index, rival in enumerate(manifest.outranked_by):
        if rival.file and rival.file not in rule_ids:
            yield ("outranked_by", index, "file"), f"there is no file rule {rival.file!r}."


def _model_faults(manifest: Manifest) -> Iterable[_Fault]:
    seen: dict[str, str] = {}
    for index, model in enumerate(manifest.model):
        if model.layout not in manifest.layouts:
            yield ("model", index, "layout"), f"there is no layout {model.layout!r}."
        for sidecar in sorted(set(model.sidecars) - set(manifest.sidecars)):
            yield ("model", index, "sidecars"), f"there is no sidecar {sidecar!r}."
        for spelling in (model.name, *model.aliases):
            other = seen.setdefault(model_key(spelling), model.name)
            if other != model.name:
                yield ("model", index, "name"), f"{spelling!r} is also a name of {other!r}."


def _index_models(manifest: Manifest) -> dict[str, ModelRule]:
    return {
        model_key(spelling): model
        for model in manifest.model
        for spelling in (model.name, *model.aliases)
    }


def _digest(folder: Path, manifest_text: str) -> str:
    digest = hashlib.sha256(manifest_text.encode())
    for path in sorted(folder.glob(f"*{_TEMPLATE_SUFFIX}")):
        digest.update(b"\0" + path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
