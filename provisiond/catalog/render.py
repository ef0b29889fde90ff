"""Which bytes does a file of a family have for this phone?

One `Renderer` a family: its templates are compiled once, and it never changes afterwards.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from types import MappingProxyType, TracebackType

from jinja2 import TemplateError

from provisiond.catalog.cleaning import to_ascii
from provisiond.catalog.compiling import SUFFIX, Compiled, read_sources
from provisiond.catalog.context import Context, FamilyContext
from provisiond.catalog.manifest import FileRule, Manifest
from provisiond.catalog.overrides import Applied
from provisiond.catalog.param import Record, open_session
from provisiond.catalog.sandbox import MAX_BODY, Sandbox, list_contexts, set_free
from provisiond.inventory.errors import Finding, TemplateFault, TemplateRejected

_ESCAPED = frozenset({"elements", "attributes", "indexed", "named", "xml"})
_WITH_RECORD = frozenset({"lines", "sections", "elements", "attributes", "indexed", "named"})
_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in (Context, FamilyContext)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A file's bytes and the record of what `param` printed into them."""

    body: bytes
    record: Record


class Renderer:
    """The compiled templates of one family folder."""

    def __init__(
        self, family_name: str, folder: Path, manifest: Manifest, *, at_once: bool = True
    ) -> None:
        """Compile every template of the folder, or only when one of them is asked for.

        Raises TemplateRejected with file and line of every syntax error, of every `param` whose
        pattern is no literal, and of every rule whose template is missing. Where they are not
        compiled at once, the first two of these come from whatever asks first.
        """
        self._family = family_name
        sources = read_sources(family_name, folder)
        missing = tuple(
            Finding(
                where="family.toml",
                message=f"file {rule.id!r} has the template {rule.template!r}, "
                f"which is not in the folder (templates end in {SUFFIX}).",
            )
            for rule in manifest.file
            if rule.template is not None and rule.template not in sources
        )
        if missing:
            raise TemplateRejected(family_name, missing)
        self._sources = sources
        self._starts = {
            (rule.template, rule.syntax in _ESCAPED)
            for rule in manifest.file
            if rule.template is not None
        }
        if at_once:
            self.keys()

    def keys(self) -> Mapping[str, tuple[str, int]]:
        """The literal `param` patterns of all templates, to (file, line) of the first place."""
        return self._keys

    @cached_property
    def _compiled(self) -> Compiled:
        return Compiled(self._family, self._sources, self._starts)

    @cached_property
    def _keys(self) -> Mapping[str, tuple[str, int]]:
        keys: dict[str, tuple[str, int]] = {}
        for site in sorted(self._compiled.sites, key=lambda site: (site.file, site.line)):
            if site.pattern:
                keys.setdefault(site.pattern, (site.file, site.line))
        return MappingProxyType(keys)

    @property
    def templates(self) -> frozenset[str]:
        """File names of the family's templates."""
        return self._compiled.names

    @property
    def references(self) -> frozenset[str]:
        """Those of them that another one includes, imports or extends."""
        return self._compiled.references

    def render(
        self,
        rule: FileRule,
        context: Context | FamilyContext,
        overrides: Sequence[Applied] = (),
    ) -> Rendered:
        """The file of `rule` for this context, at most MAX_BODY bytes.

        `overrides` has at most one a key. Raises TemplateFault(family, file, line) for whatever
        fails: an undefined name, a key printed twice, a division by zero, too long an output.
        """
        if rule.template is None:
            raise TemplateFault(self._family, rule.id, None, "this file is never served")
        session = open_session(family=self._family, rule=rule, overrides=overrides)
        template = self._compiled.template(rule.template, escaped=rule.syntax in _ESCAPED)
        names: dict[str, object] = {name: getattr(context, name) for name in _FIELDS[type(context)]}
        names["param"] = session.param
        names["remaining_overrides"] = session.remaining_overrides
        opened = list_contexts(names)
        try:
            text = Sandbox.whole(template.root_render_func(template.new_context(names)))
        except TemplateFault:
            raise
        except Exception as fault:
            raise self._fault(rule.template, fault) from fault
        finally:
            set_free(opened)
        if rule.ascii_only and rule.syntax not in _WITH_RECORD:
            text = to_ascii(text)
        if rule.newline == "crlf":
            text = text.replace("\r\n", "\n").replace("\n", "\r\n")
        try:
            body = text.encode()
        except UnicodeEncodeError as fault:
            raise self._fault(rule.template, fault) from fault
        if len(body) > MAX_BODY:
            raise self._too_long(rule)
        return Rendered(body=body, record=session.record)

    def _too_long(self, rule: FileRule) -> TemplateFault:
        file = rule.template or rule.id
        return TemplateFault(self._family, file, None, f"the file exceeds {MAX_BODY} bytes")

    def _fault(self, template: str, fault: Exception) -> TemplateFault:
        """A fault of any kind with the innermost template line that it passed through."""
        file, line = template, getattr(fault, "lineno", None)
        trace: TracebackType | None = fault.__traceback__
        while trace is not None:
            source = trace.tb_frame.f_globals.get("__jinja_template__")
            if source is not None:
                file, line = source.name, source.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        return TemplateFault(self._family, file, line, _words(fault))


def _words(fault: Exception) -> str:
    if isinstance(fault, TemplateError):
        return fault.message or type(fault).__name__
    return f"{type(fault).__name__}: {fault}"
