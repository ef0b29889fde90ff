"""What is one way to ask the API? A row of the table from which all else is made.

Handlers, the OpenAPI document and the tests of access, tenants and answers read the same rows: a
route that is not in the table cannot be asked, and one that is there is covered.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from provisiond.actions.desk import Desk
from provisiond.inventory.access import Actor, Noun, Verb
from provisiond.inventory.errors import Refused
from provisiond.inventory.secret import Secret
from provisiond.web.peer import Caller

PREFIX = "/api/v1"
_MIB = 1 << 20
_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One question, checked: who asks, when, and with what. `query` and `body` are models of the
    route's, `given` is the body as it came; that of an upload is an `Upload`. `revision` is what
    If-Match named, None for any.
    """

    desk: Desk
    actor: Actor
    at: datetime
    caller: Caller
    path: Mapping[str, str] = field(default_factory=dict)
    query: Any = None
    body: Any = None
    given: Any = None
    revision: int | None = None
    session: Secret | None = None

    def of(self, name: str) -> str:
        """A parameter of the path."""
        return self.path[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A body that is a file, and what the question says it is."""

    content: bytes
    media: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer. `revision` becomes the ETag, `location` is below the API's root.

    `session` begins a session of the browser, the empty one ends it.
    """

    body: BaseModel | None = None
    revision: int | None = None
    location: str | None = None
    session: Secret | None = None


Handler = Callable[[Call], Awaitable[Reply]]
Stream = Callable[[Call, web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBy:
    """Who shows the record that a change answers: the handler of its GET, with `query` where that
    asks for more than `key`. The names are fields of the record, `key` a parameter of the path as
    well; `own` are fields that the change alone can tell."""

    handler: Handler
    key: str
    query: type[BaseModel] | None = None
    own: tuple[str, ...] = ("warnings",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A way to ask.

    `noun` and `verb` are what the actor must be allowed; None is for everybody, which the tests
    list. A `{domain}` in the path bounds it to that domain. `answer` None is an empty 204.
    `partial` takes a body whose fields may all be left out; `keyed` names the one that the path
    gives. `conditional` needs If-Match. `stream` writes its answer by itself, as one of `media`;
    of JSON `answer` may be the model.
    `uploads` are the media types of a body that is a file, of `most_bytes` as any body. Where
    `rehearsed` is given, a body with faults is tried out without them, so that the handler's are
    told, too; it is what stands for fields that cannot be left out, each `?` a digit drawn at
    random, so that no record has it. That is for handlers alone that reach nothing but the store.
    They raise Rejected, or RejectedAll as `early`, for what they look at before the rest. A
    change of a record is answered as `shown_by` has the record then.
    """

    method: str
    path: str
    summary: str
    noun: Noun | None
    verb: Verb = Verb.READ
    handler: Handler | None = None
    stream: Stream | None = None
    query: type[BaseModel] | None = None
    request: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    status: int = 200
    partial: bool = False
    keyed: str | None = None
    conditional: bool = False
    rehearsed: Mapping[str, str] | None = None
    shown_by: ShownBy | None = None
    most_bytes: int = _MIB
    media: tuple[str, ...] = ("application/json",)
    uploads: tuple[str, ...] = ()
    fails_with: tuple[int, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in the path."""
        return tuple(_PARAMETER.findall(self.path))

    @property
    def is_change(self) -> bool:
        """Whether it changes something."""
        return self.method not in ("GET", "HEAD")

    @property
    def operation(self) -> str:
        """Its name in the document: the handler's."""
        work = self.handler or self.stream
        assert work is not None
        return work.__name__


class Unprocessable(Refused):
    """A question that cannot be read; `status` is of HTTP, `headers` go into the answer."""

    def __init__(
        self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.name = code
        self.headers = dict(headers or {})
