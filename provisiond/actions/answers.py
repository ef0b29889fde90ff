"""Which answers are still true? A cache of rendered files, bounded in bytes."""

import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from provisiond.inventory.errors import Refused
from provisiond.inventory.mac import Mac

_OVERHEAD = 900  # bytes an entry costs beside its body
_LEVEL = 3  # of zlib: 40 µs for a phone's file that is like another, a thirtieth of its size
_WINDOW = 32 * 1024  # how far back zlib looks
_KINDS = 512  # kinds of file with a pattern; 16 MiB at the worst, some KiB each as a rule
_UNPACKED_SHARE = 4  # at most a quarter of the bound goes to bodies at hand unpacked
_OTHER_ENTRIES = 4096

QueryPairs = tuple[tuple[str, str], ...]


class EpochReader(Protocol):
    """The process copy of the epochs; a plain read, no statement."""

    @property
    def catalog(self) -> int: ...

    @property
    def server(self) -> int: ...

    @property
    def world(self) -> int: ...

    def domain(self, domain_id: int) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The epochs under which an answer holds; `domain_id` None means that no tenant is in it.

    `world` is set on negative answers only: any change anywhere may turn them.
    """

    catalog: int
    server: int
    year: int
    domain_id: int | None = None
    domain: int = 0
    world: int | None = None

    def holds(self, epochs: EpochReader, year: int) -> bool:
        """Whether nothing has changed since."""
        if self.world is not None:
            return self.world == epochs.world
        return (
            self.catalog == epochs.catalog
            and self.server == epochs.server
            and self.year == year
            and (self.domain_id is None or self.domain == epochs.domain(self.domain_id))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a name gets, before admission: a rendered body, or the refusal `refusal` that stands.

    `body` is a fresh answer's; one that is kept has it in `packed`, compressed against `pattern`,
    another body of the same `kind` (family, model and file). `size` is its length as sent.
    `shown` is the name for journals, without its token. `phone_id`, `domain_id` and `mac` are of
    the phone that the name is of, None where it is of none. `query_names` are the parameters the
    rule reads. `keep` is False where another asker may get another answer.
    """

    stamp: Stamp
    file: str
    shown: str
    body: bytes = b""
    packed: bytes = b""
    pattern: bytes = b""
    kind: str = ""
    size: int = 0
    etag: str = ""
    content_type: str = ""
    conditional: bool = False
    secret: bool = False
    proves: bool = False
    by_token: bool = False
    by_old_token: bool = False
    query_names: tuple[str, ...] = ()
    domain_id: int | None = None
    phone_id: int | None = None
    mac: Mac | None = None
    refusal: Callable[[], Refused] | None = None
    keep: bool = True


class AnswerCache:
    """Least recently used answers, bounded in bytes. Keys are names with their declared query.

    Answers that are of no phone (unknown ones, files of a family) are kept apart and bounded by
    count: a scan cannot push out the answers of real phones.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._answers: OrderedDict[tuple[str, QueryPairs], Answer] = OrderedDict()
        self._others: OrderedDict[str, Answer] = OrderedDict()
        self._queries: dict[str, tuple[str, ...]] = {}
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._bodies_bytes = 0
        self._patterns: dict[str, bytes] = {}
        self._stamps: dict[int | None, Stamp] = {}
        self.hits = 0
        self.misses = 0
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._answers)

    @property
    def held_bytes(self) -> int:
        """Bytes held, with an estimate of the overhead."""
        return self._bytes + self._bodies_bytes

    def get(self, name: str, query: QueryPairs, epochs: EpochReader, year: int) -> Answer | None:
        """A fresh answer or None; stale ones are dropped."""
        key: tuple[str, QueryPairs] = (name, ())
        if query and name in self._queries:
            key = (name, declared(query, self._queries[name]))
        answer = self._answers.get(key)
        if answer is not None and answer.query_names and query and not key[1]:
            key = (name, declared(query, answer.query_names))
            answer = self._answers.get(key)
        if answer is None:
            return self._get_other(name, epochs, year)
        if not answer.stamp.holds(epochs, year):
            self._drop(key)
            self.misses += 1
            return None
        self._answers.move_to_end(key)
        self.hits += 1
        return answer

    def body(self, answer: Answer) -> bytes:
        """The answer's body, `size` bytes; kept ones asked for lately are at hand unpacked."""
        if not answer.packed:
            return answer.body
        body = self._bodies.get(answer.etag)
        if body is not None:
            self._bodies.move_to_end(answer.etag)
            return body
        body = zlib.decompressobj(zdict=answer.pattern).decompress(answer.packed)
        self._bodies[answer.etag] = body
        self._bodies_bytes += len(body)
        while self._bodies_bytes > self._max_bytes // _UNPACKED_SHARE:
            _, oldest = self._bodies.popitem(last=False)
            self._bodies_bytes -= len(oldest)
        return body

    def put(self, name: str, query: QueryPairs, answer: Answer) -> None:
        """Keep an answer; the least recently used go when the bound is passed."""
        if self._max_bytes == 0:
            return
        if answer.body:
            answer = self._packed(name, answer)
        if answer.phone_id is None:
            self._others[name] = answer
            if len(self._others) > _OTHER_ENTRIES:
                self._others.popitem(last=False)
            return
        if answer.query_names:
            if len(self._queries) >= _OTHER_ENTRIES:
                self._queries.clear()
            self._queries[name] = answer.query_names
        key = (name, declared(query, answer.query_names))
        self._drop(key)
        size = _size(answer)
        if size > self._max_bytes:
            return
        self._answers[key] = answer
        self._bytes += size
        while self._bytes > self._max_bytes - self._max_bytes // _UNPACKED_SHARE:
            oldest, _ = next(iter(self._answers.items()))
            self._drop(oldest)
            self.evicted += 1

    def _shared(self, stamp: Stamp) -> Stamp:
        """One stamp for all answers that have an equal one: ten thousand of them are a MiB."""
        kept = self._stamps.get(stamp.domain_id)
        if kept != stamp:
            kept = self._stamps[stamp.domain_id] = stamp
        return kept

    def _packed(self, name: str, answer: Answer) -> Answer:
        """The answer as it is kept: of the files of one model, only what sets them apart."""
        pattern = self._patterns.get(answer.kind, b"")
        if not pattern and answer.kind and len(self._patterns) < _KINDS:
            pattern = self._patterns[answer.kind] = answer.body[-_WINDOW:]
        packer = zlib.compressobj(_LEVEL, zdict=pattern)
        packed = packer.compress(answer.body) + packer.flush()
        return replace(
            answer,
            stamp=self._shared(answer.stamp),
            shown=name if name == answer.shown else answer.shown,  # one text, not two
            kind="",
            body=b"",
            packed=packed,
            pattern=pattern,
        )

    def _get_other(self, name: str, epochs: EpochReader, year: int) -> Answer | None:
        answer = self._others.get(name)
        if answer is not None and answer.stamp.holds(epochs, year):
            self.hits += 1
            return answer
        self._others.pop(name, None)
        self.misses += 1
        return None

    def _drop(self, key: tuple[str, QueryPairs]) -> None:
        answer = self._answers.pop(key, None)
        if answer is not None:
            self._bytes -= _size(answer)


def declared(query: QueryPairs, names: tuple[str, ...]) -> QueryPairs:
    """The query parameters that a rule reads, sorted; the first of a repeated one counts."""
    if not query or not names:
        return ()
    first: dict[str, str] = {}
    for name, value in query:
        if name in names and value:
            first.setdefault(name, value[:128])
    return tuple(sorted(first.items()))


def _size(answer: Answer) -> int:
    return len(answer.packed) + 2 * len(answer.shown) + _OVERHEAD
