"""What may a template do? Read its context, call `param`, and little else.

Jinja's immutable sandbox keeps templates from Python; it bounds neither memory nor time. Here
methods, filters, tests and globals are allow-lists, operators that multiply are bounded, and
nothing builds a text longer than `MAX_TEXT`. Uploaded templates render in a jail on top of this.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from itertools import islice
from types import MappingProxyType
from typing import Any, TypeGuard, cast

from jinja2 import Environment, StrictUndefined, nodes, pass_eval_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS, do_join
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS
from jinja2.utils import Namespace
from markupsafe import Markup

from provisiond.catalog import context as contexts
from provisiond.inventory.time_zone import Transition, ZoneRule

MAX_TEXT = 64 * 1024
"""characters that one operator, method or filter may make"""
MAX_BODY = 4 * 1024 * 1024
"""characters of a file, or of one that it includes"""
MAX_RANGE = 10_000
MAX_NUMBER = 1 << 64
PRINTING = frozenset({"param", "remaining_overrides"})
"""names that templates may only call, and only by name"""

FILTERS_ALLOWED = (
    "join", "length", "count", "upper", "lower", "capitalize", "title", "replace", "default", "d",
    "first", "last", "min", "max", "sum", "list", "sort", "unique", "reverse", "items", "dictsort",
    "int", "string", "abs", "round", "select", "reject", "map", "selectattr", "rejectattr",
    "batch", "e", "escape", "trim", "truncate", "urlencode",
)  # fmt: skip
_TESTS = (
    "odd", "even", "divisibleby", "defined", "undefined", "none", "boolean", "false", "true",
    "integer", "lower", "upper", "string", "mapping", "number", "sequence", "iterable", "in", "==",
    "eq", "equalto", "!=", "ne", ">", "gt", "greaterthan", "ge", ">=", "<", "lt", "lessthan", "<=",
    "le",
)  # fmt: skip
_TEXT_METHODS = frozenset(
    {
        "lower", "upper", "strip", "lstrip", "rstrip", "startswith", "endswith", "split",
        "partition", "rpartition", "removeprefix", "removesuffix", "find", "rfind", "count",
        "isdigit", "isalpha", "isalnum", "isascii", "capitalize", "title", "replace", "zfill",
        "ljust", "rjust", "center",
    }
)  # fmt: skip
_PADDING = frozenset({"zfill", "ljust", "rjust", "center"})
_MAPPING_METHODS = frozenset({"get", "items", "keys", "values"})
_SEQUENCE_METHODS = frozenset({"index", "count"})
_LOOP_NAMES = frozenset(
    {
        "index", "index0", "revindex", "revindex0", "first", "last", "length", "cycle", "depth",
        "depth0", "previtem", "nextitem", "changed",
    }
)  # fmt: skip

FIELDS: Mapping[type, frozenset[str]] = {
    record: frozenset(field.name for field in fields(record))
    for record in (
        *(value for value in vars(contexts).values() if hasattr(value, "__dataclass_fields__")),
        Transition,
        ZoneRule,
    )
}
"""The records a template reads, with the names it may read of them."""

_OWNERS: Mapping[str, frozenset[type]] = {
    name: frozenset(record for record, names in FIELDS.items() if name in names)
    for name in sorted(frozenset().union(*FIELDS.values()))
}
_DICTS = frozenset({dict, MappingProxyType})
_OPENED = " opened contexts"  # no name that a template could say
_PIECES = 4096


class TemplateContext(Context):
    """A context that `set_free` can empty: its macros hold it and it holds them."""

    def __init__(
        self, environment: Environment, parent: dict[str, Any], *rest: Any, **more: Any
    ) -> None:
        super().__init__(environment, parent, *rest, **more)
        parent.get(_OPENED, []).append(self)


def list_contexts(names: dict[str, Any]) -> list[TemplateContext]:
    """A list that will hold every context that a render with these names opens."""
    opened: list[TemplateContext] = []
    names[_OPENED] = opened
    return opened


def set_free(opened: list[TemplateContext]) -> None:
    """Undo the circles of a finished render, 500 objects, that only the collector could end."""
    for context in opened:
        context.vars.clear()
    opened.clear()


class TemplateCode(CodeGenerator):
    """Compiles templates so that `param` and a record's fields cost next to nothing."""

    def visit_Template(  # noqa: N802 - jinja2 finds it by the node's name
        self, node: nodes.Template, frame: Frame | None = None
    ) -> None:
        for name in _OWNERS:
            self.writeline(f"has_{name} = environment.owners[{name!r}]")
        for call in node.find_all(nodes.Call):
            if prints(call) and call.args:
                number = call.args[0].as_const()
                self.writeline(f"site_{number} = environment.sites[{number}]")
        super().visit_Template(node, frame)

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802
        if node.attr not in _OWNERS:
            super().visit_Getattr(node, frame)
            return
        self.write(f"(record.{node.attr} if (record := ")
        self.visit(node.node, frame)
        self.write(f").__class__ in has_{node.attr} else ")
        self.write(f"environment.getattr(record, {node.attr!r}))")

    def visit_Include(self, node: nodes.Include, frame: Frame) -> None:  # noqa: N802
        """Included text in one piece, not line by line through every template above."""
        self.writeline("template = environment.get_template(", node)
        self.visit(node.template, frame)
        self.write(f", {self.name!r})")
        names = f"context.get_all(), True, {self.dump_local_context(frame)}"
        piece = f"environment.whole(template.root_render_func(template.new_context({names})))"
        self.simple_write(piece, frame)

    def visit_Call(  # noqa: N802 - jinja2 finds it by the node's name
        self, node: nodes.Call, frame: Frame, forward_caller: bool = False
    ) -> None:
        if not prints(node) or not node.args:  # without them it is a fault that was noted
            super().visit_Call(node, frame, forward_caller=forward_caller)
            return
        # What is no direct output passes through escaping later and must survive it.
        marked = frame.eval_ctx.autoescape and not getattr(node, "direct", False)
        self.write("Markup(" if marked else "")
        self.visit(node.node, frame)
        number, *rest = node.args
        site = f"site_{number.as_const()}"
        filled = getattr(node, "filled", None)  # set where a call of `param` got its number
        if filled:
            self._write_put(node.node, site, filled, rest, frame)
        else:
            self.write(f"{'' if filled is None else '.full'}({site}, ")
            for argument in (*rest, *node.kwargs):
                self.visit(argument, frame)
                self.write(", ")
            self.write(")")
        self.write(")" if marked else "")

    def _write_put(
        self, param: nodes.Expr, site: str, filled: str, rest: list[nodes.Expr], frame: Frame
    ) -> None:
        """`.put(site, key, value)`, the key made on the spot: no call but this one."""
        value, *indexes = rest
        self.write(f".put({site}, {filled if indexes else filled % ()!r}")
        self.write(" % (" if indexes else "")
        for index in indexes:
            self.write("(index if (index := ")
            self.visit(index, frame)
            self.write(").__class__ is int else ")
            self.visit(param, frame)
            self.write(f".checked({site}, index)), ")
        self.write("), " if indexes else ", ")
        self.visit(value, frame)
        self.write(")")

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if prints(node):
            node.direct = True  # type: ignore[attr-defined]
        else:
            super()._output_child_pre(node, frame, finalize)

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if not prints(node):
            super()._output_child_post(node, frame, finalize)

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802
        self.write("environment.bounded(")
        super().visit_Concat(node, frame)
        self.write(")")


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment of phone templates; immutable once its templates are compiled."""

    code_generator_class = TemplateCode
    context_class = TemplateContext
    owners = _OWNERS
    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self, *, autoescape: bool) -> None:
        super().__init__(
            autoescape=autoescape,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
            cache_size=-1,
        )
        self.sites: list[Any] = []  # of `param` and `remaining_overrides`, by number
        self.globals = {"range": _small_range, "namespace": Namespace}
        self.filters = {name: FILTERS[name] for name in FILTERS_ALLOWED}
        self.filters["replace"] = _bounded_filter("replace", _check_replace_filter)
        self.filters["join"] = _join
        self.filters["batch"] = _bounded_filter("batch", _check_batch)
        self.filters["round"] = _bounded_filter("round", _check_round)
        self.tests = {name: TESTS[name] for name in _TESTS}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A field of a record, an item of a mapping, or what the allow-lists know."""
        names = FIELDS.get(type(obj))
        if names is not None and attribute in names:
            return getattr(obj, attribute)
        if (type(obj) in _DICTS or isinstance(obj, Mapping)) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """As Jinja does, but a record's field without failing as an item first."""
        if type(argument) is str and argument in FIELDS.get(type(obj), ()):
            return getattr(obj, argument)
        return super().getitem(obj, argument)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Allow-list by type; everything else reads as undefined and fails when it is used."""
        if isinstance(obj, Namespace):
            return not attr.startswith("_")
        allowed: frozenset[str] = frozenset()
        if isinstance(obj, str):
            allowed = _TEXT_METHODS
        elif isinstance(obj, Mapping):
            allowed = _MAPPING_METHODS
        elif isinstance(obj, tuple | list):
            allowed = _SEQUENCE_METHODS
        elif isinstance(obj, LoopContext):
            allowed = _LOOP_NAMES
        return attr in allowed or attr in FIELDS.get(type(obj), ())

    def wrap_str_format(self, value: Any) -> None:
        """No `str.format`: Jinja would wrap it before the allow-list is asked."""

    def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """Macros directly; methods of texts with their sizes checked; the rest as Jinja does."""
        if type(__obj) is Macro:
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
            return __obj(*args, **kwargs)
        owner = getattr(__obj, "__self__", None)
        if isinstance(owner, str):
            _check_text_method(owner, __obj.__name__, args)
        return super().call(__context, __obj, *args, **kwargs)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic within bounds; `%` on texts is refused, for it formats."""
        if isinstance(left, str) and operator == "%":
            raise SecurityError("texts are put together with ~, not with %")
        if operator == "*":
            for sized, times in ((left, right), (right, left)):
                if isinstance(sized, str | list | tuple):
                    _check_size(len(sized) * max(times, 0) if isinstance(times, int) else 0)
        if operator == "**" and (abs(right) > 64 or abs(left) > MAX_NUMBER):
            raise SecurityError("the power is too large")
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, int) and abs(result) > MAX_NUMBER:
            raise SecurityError("the number is too large")
        return self.bounded(result)

    @staticmethod
    def whole(pieces: Iterator[str]) -> str:
        """All that a template prints; stops early where it grows beyond `MAX_BODY`."""
        parts, size = [], 0
        while chunk := list(islice(pieces, _PIECES)):
            part = "".join(chunk)
            size += len(part)
            if size > MAX_BODY:
                raise SecurityError(f"the file exceeds {MAX_BODY} bytes")
            parts.append(part)
        return "".join(parts)

    @staticmethod
    def bounded(value: Any) -> Any:
        """`value`, unless it is a text or list beyond the bound."""
        if isinstance(value, str | list | tuple):
            _check_size(len(value))
        return value


def prints(node: nodes.Node) -> TypeGuard[nodes.Call]:
    """Whether this is a call of `param` or `remaining_overrides`."""
    return (
        isinstance(node, nodes.Call)
        and isinstance(node.node, nodes.Name)
        and node.node.name in PRINTING
    )


def _check_size(size: int) -> None:
    if size > MAX_TEXT:
        raise SecurityError(f"a text or list of {size} is longer than {MAX_TEXT}")


def _small_range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise SecurityError(f"a range of {len(numbers)} is longer than {MAX_RANGE}")
    return numbers


def _check_text_method(owner: str, name: str, args: tuple[Any, ...]) -> None:
    if name in _PADDING and args and isinstance(args[0], int):
        _check_size(args[0])
    if name == "replace" and len(args) > 1:
        _check_replace(owner, *args[:2])


def _check_replace(text: str, old: Any, new: Any) -> None:
    times = str(text).count(str(old))
    _check_size(len(text) + times * max(len(str(new)) - len(str(old)), 0))


def _check_replace_filter(value: Any, old: Any = "", new: Any = "", *_: Any) -> None:
    # Escaping may make five characters of one before the replacement.
    _check_replace(str(value), old, Markup.escape(new) if new else new)


@pass_eval_context
def _join(
    eval_ctx: EvalContext, value: Iterable[Any], d: str = "", attribute: str | int | None = None
) -> str:
    """Jinja's own, of a list that is counted while it is made: a generator may be endless."""
    items: list[Any] = []
    size = 0
    for item in value:
        size += len(d) + (len(item) if isinstance(item, str) else 1)
        _check_size(size)
        items.append(item)
    joined = cast(str, do_join(eval_ctx, items, d, attribute))
    _check_size(len(joined))
    return joined


def _check_batch(value: Any, linecount: int = 1, fill_with: Any = None) -> None:
    _check_size(linecount)


def _check_round(value: Any, precision: int = 0, method: str = "common") -> None:
    if abs(precision) > 15:
        raise SecurityError("a precision of more than 15 digits")


def _bounded_filter(name: str, check: Callable[..., None]) -> Callable[..., Any]:
    """Jinja's own filter behind a check of its arguments; the marks Jinja put on it are kept."""
    original = cast(Callable[..., Any], FILTERS[name])
    takes = getattr(original, "jinja_pass_arg", None)

    def bounded(*args: Any, **kwargs: Any) -> Any:
        check(*(args if takes is None else args[1:]), **kwargs)
        return original(*args, **kwargs)

    if takes is not None:
        bounded.jinja_pass_arg = takes  # type: ignore[attr-defined]
    return bounded
