"""How does a family's template become code that knows its own lines?

Every template of the folder is parsed once. A call of `param` must be by name, with a literal
pattern; the pattern, file and line become a numbered `Site`, and the number takes the pattern's
place in the compiled code, so that knowing the line costs nothing.
"""

import keyword
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from jinja2 import BaseLoader, Environment, Template, TemplateNotFound, TemplateSyntaxError, nodes
from jinja2.meta import find_referenced_templates

from provisiond.catalog.param import Site
from provisiond.catalog.sandbox import PRINTING, Sandbox, prints
from provisiond.catalog.syntax import KEY_SHAPE
from provisiond.inventory.errors import Finding, TemplateRejected

SUFFIX = ".j2"
_Node = TypeVar("_Node", bound=nodes.Node)
MAX_TEMPLATE = 1024 * 1024
"""bytes of one template's source"""


def read_sources(family: str, folder: Path) -> dict[str, str]:
    """The templates of a family's folder, file name to text.

    Raises TemplateRejected for one that cannot be read, is no UTF-8 or longer than MAX_TEMPLATE.
    """
    sources, found = {}, []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            data = path.read_bytes()
            if len(data) > MAX_TEMPLATE:
                raise ValueError(f"{len(data)} bytes are more than {MAX_TEMPLATE}")
            sources[path.name] = data.decode()
        except (OSError, ValueError) as fault:
            found.append(Finding(where=path.name, message=f"cannot be read: {fault}."))
    if found:
        raise TemplateRejected(family, tuple(found))
    return sources


class Compiled:
    """A family's templates as code, for files that are escaped as XML or not."""

    def __init__(
        self, family: str, sources: Mapping[str, str], starts: Iterable[tuple[str, bool]]
    ) -> None:
        """Compile all of them. Raises TemplateRejected with every fault's file and line.

        `starts` are the templates that files begin with and whether those are escaped: each is
        compiled so, with what it includes, and not both ways. What no file comes to is, too.
        """
        self.sites: list[Site] = []
        found: dict[tuple[str, int | None, str], Finding] = {}
        references: set[str] = set()
        wanted = set(starts)
        self._templates: dict[bool, dict[str, Template]] = {}
        for escaped in (True, False):
            environment = _Environment(sources, self.sites, autoescape=escaped)
            names = [name for name in sources if (name, escaped) in wanted]
            if not escaped:
                names += [name for name in sources if name not in self._templates[True]]
            self._templates[escaped] = environment.compile_all(names)
            references |= environment.references
            for finding in environment.findings:
                found[finding.where, finding.line, finding.message] = finding
        if found:
            raise TemplateRejected(family, tuple(found.values()))
        self.references = frozenset(references)
        """templates that another one includes, imports or extends"""

    def template(self, name: str, *, escaped: bool) -> Template:
        """The compiled template; KeyError where none of the starts comes to it so."""
        return self._templates[escaped][name]

    @property
    def names(self) -> frozenset[str]:
        """The file names of all templates."""
        return frozenset().union(*self._templates.values())


class _Sources(BaseLoader):
    """Templates out of memory; their file names stand in tracebacks."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, None]:
        if template not in self._sources:
            raise TemplateNotFound(template)
        return self._sources[template], template, None


class _Environment(Sandbox):
    """The sandbox while it compiles: checks each syntax tree and numbers its sites."""

    def __init__(self, sources: Mapping[str, str], sites: list[Site], *, autoescape: bool) -> None:
        super().__init__(autoescape=autoescape)
        self.loader = _Sources(sources)
        self.findings: list[Finding] = []
        self.references: set[str] = set()
        self._known = frozenset(sources)
        self.sites = sites

    def fault(self, file: str, line: int | None, message: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(where=file, line=line, message=message))

    def compile_all(self, names: Iterable[str]) -> dict[str, Template]:
        """These templates and what they refer to, by name; faults become findings."""
        done: dict[str, Template] = {}
        waiting, seen = list(names), set(names)
        for name in waiting:
            try:
                done[name] = self.get_template(name)
            except TemplateSyntaxError as fault:
                self.fault(
                    fault.name or name,
                    fault.lineno,
                    fault.message or "cannot be read as a template",
                )
            except (SyntaxError, ValueError, RecursionError, MemoryError) as fault:
                message = f"cannot be compiled: {fault}: it is nested too deeply"
                self.fault(name, None, message)
            more = sorted((self.references & self._known) - seen)
            waiting += more
            seen |= set(more)
        return done

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        file = name or ""
        every = list(tree.find_all(nodes.Node))
        for line, message in _faults(every, self._known):
            self.fault(file, line, message)
        self.references |= {found for found in find_referenced_templates(tree) if found}
        for call in _of(every, nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in PRINTING:
                self._number(call, call.node.name, file)
        for output in _of(every, nodes.Output):
            output.nodes = list(self._joined(output.nodes))
        return tree

    def _joined(self, parts: list[nodes.Expr]) -> Iterator[nodes.Expr]:
        """The parts of an output, without the literal texts that `param` will print itself."""
        printed: int | None = None
        for part in parts:
            if printed is not None and isinstance(part, nodes.TemplateData):
                self.sites[printed] = replace(self.sites[printed], tail=part.data)
                printed = None
                continue
            printed = part.args[0].as_const() if prints(part) and part.args else None
            yield part

    def _number(self, call: nodes.Call, function: str, file: str) -> None:
        pattern = ""
        if function == "param":
            message = _param_fault(call)
            if message:
                self.fault(file, call.lineno, message)
                call.args, call.kwargs = [], []
                return
            pattern = call.args[0].value  # type: ignore[attr-defined]
            call.args = call.args[1:]
        site = Site.at(pattern, file, call.lineno)
        if function == "param":
            plain = not call.kwargs and not pattern.endswith("]")
            call.filled = site.filled if plain else ""  # type: ignore[attr-defined]
        self.sites.append(site)
        number = nodes.Const(len(self.sites) - 1, lineno=call.lineno)
        call.args = [number, *call.args]


def _param_fault(call: nodes.Call) -> str:
    """What is wrong with a call of `param`, or nothing."""
    if call.dyn_args is not None or call.dyn_kwargs is not None:
        return "param takes no * and ** arguments"
    if not call.args or not isinstance(call.args[0], nodes.Const):
        return "param's first argument is the pattern of the key, written as a literal"
    pattern = call.args[0].value
    if not isinstance(pattern, str) or not KEY_SHAPE.fullmatch(pattern.replace("{}", "0")):
        return f"{pattern!r} cannot be a key"
    if len(call.args) < 2:
        return f"param({pattern!r}) has no value"
    holes, given = pattern.count("{}"), len(call.args) - 2
    if holes != given:
        return f"{pattern!r} has {holes} index(es), {given} given"
    for attribute in call.kwargs:
        if keyword.iskeyword(attribute.key) or not attribute.key.isascii():
            return f"{attribute.key!r} cannot be an attribute here"
    return ""


def _of(every: Iterable[nodes.Node], *kinds: type[_Node]) -> Iterator[_Node]:
    return (node for node in every if isinstance(node, kinds))


def _faults(every: Sequence[nodes.Node], known: frozenset[str]) -> Iterator[tuple[int, str]]:
    """What no template of a family may do, with the line."""
    yield from _misuses(every)
    for modifier in _of(every, nodes.ScopedEvalContextModifier, nodes.EvalContextModifier):
        yield modifier.lineno, "escaping follows the file's syntax and cannot be switched"
    for imported in _of(every, nodes.Import, nodes.FromImport):
        if not imported.with_context:  # type: ignore[attr-defined]
            yield imported.lineno, "macros are imported `with context`, or param fails in them"
    for other in _of(every, nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends):
        wanted = other.template  # type: ignore[attr-defined]
        if not isinstance(wanted, nodes.Const) or not isinstance(wanted.value, str):
            yield other.lineno, "the name of another template is written as a literal"
        elif wanted.value not in known:
            yield other.lineno, f"there is no template {wanted.value!r} in this folder"


def _misuses(every: Sequence[nodes.Node]) -> Iterator[tuple[int, str]]:
    """Every use of `param` and `remaining_overrides` that is no plain call by name."""
    called = set()
    for call in _of(every, nodes.Call):
        if isinstance(call.node, nodes.Name):
            called.add(id(call.node))
    for name in _of(every, nodes.Name):
        if name.name in PRINTING and (name.ctx != "load" or id(name) not in called):
            yield name.lineno, f"{name.name} can only be called, and by its own name"
    for macro in _of(every, nodes.Macro):
        if macro.name in PRINTING:
            yield macro.lineno, f"{macro.name} cannot be redefined"
    for block in _of(every, nodes.CallBlock):
        if isinstance(block.call.node, nodes.Name) and block.call.node.name in PRINTING:
            yield block.lineno, f"{block.call.node.name} takes no body"
    for imported in _of(every, nodes.FromImport):
        for each in imported.names:
            if PRINTING & set(each if isinstance(each, tuple) else (each,)):
                yield imported.lineno, "param and remaining_overrides cannot be imported"
