"""What does the address provider say of a place? The protocol, and an adapter for HTTP and JSON."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from provisiond.inventory.emergency import CIVIC_FIELDS, Civic
from provisiond.inventory.errors import OutsideUnavailable
from provisiond.inventory.secret import Secret

if TYPE_CHECKING:  # HTTP is loaded by whoever asks, not by all who may
    from provisiond.outbound.guarded_http import Guard

MAX_CANDIDATES = 20
MAX_REASONS = 20
MAX_TEXT = 512
_SECONDS = re.compile(r"[0-9]{9,11}(\.[0-9]+)?")  # of 1973 and later; 20261231 is a date


class Verdict(Enum):
    """How a provider answered; values are the stored spelling."""

    VALID = "valid"
    CORRECTED = "corrected"
    CANDIDATES = "candidates"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckAnswer:
    """A provider's answer. `places` are those that it stands for: the one asked about, corrected
    or not, or several to choose from; none where it was rejected. `raw` is the answer as it came.
    """

    verdict: Verdict
    places: tuple[Civic, ...] = ()
    reasons: tuple[str, ...] = ()
    reference: str = ""
    until: datetime | None = None
    raw: str = ""


class AddressChecker(Protocol):
    """Whoever can tell whether emergency services know a place."""

    @property
    def name(self) -> str:
        """The name under which its answers are kept and shown."""

    async def check(self, civic: Civic, caller_name: str) -> CheckAnswer:
        """Ask about one place. Raises OutsideUnavailable where there is no answer to go by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a provider spells question and answer; every place is a dotted path into its JSON.

    `fields` pairs our field names (and `caller_name`) with its own, `constants` adds what never
    changes. `verdict` leads to the word that decides: one of `valid`, `corrected` or `candidates`;
    any other is a rejection.
    """

    fields: tuple[tuple[str, str], ...] = tuple((name, name) for name in CIVIC_FIELDS)
    constants: tuple[tuple[str, str], ...] = ()
    verdict: str = "result"
    valid: tuple[str, ...] = ("valid",)
    corrected: tuple[str, ...] = ("corrected",)
    candidates: tuple[str, ...] = ("candidates",)
    address_at: str = "address"
    candidates_at: str = "candidates"
    reasons_at: str = "reasons"
    reference_at: str = "reference"
    until_at: str = "until"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpChecker:
    """A provider that is asked by POST with a JSON object, and answers with one.

    2xx with a verdict is an answer; 400, 404 and 422 with a reason are a rejection; anything else
    is no answer, for a wrong URL must not reject what stands: OutsideUnavailable. `header` is
    how it knows us, `Authorization: Bearer {token}`.
    """

    name: str
    url: str
    guard: "Guard"
    dialect: Dialect
    token: Secret = Secret("")
    header: str = "Authorization: Bearer {token}"

    async def check(self, civic: Civic, caller_name: str) -> CheckAnswer:
        """As `AddressChecker.check`."""
        question = _question(self.dialect, civic, caller_name)
        answer = await self.guard.post_json(self.url, question, self._headers(), self.name)
        is_rejection = answer.status in (400, 404, 422)
        if not is_rejection and not 200 <= answer.status < 300:
            raise OutsideUnavailable(
                f"{self.name} answered with status {answer.status}; {_what_to_do(answer.status)}"
            )
        raw = answer.body.decode("utf-8", errors="backslashreplace").replace("\x00", "\\x00")
        try:
            tree = json.loads(answer.body)
        except (ValueError, RecursionError):
            tree = None
        if is_rejection and not (isinstance(tree, dict) and _says_why(self.dialect, tree)):
            raise OutsideUnavailable(
                f"{self.name} answered with status {answer.status} and no reason; check "
                "emergency.provider.url and emergency.provider.reasons_at."
            )
        if not isinstance(tree, dict):
            message = f"{self.name} sent no JSON object; check emergency.provider.url."
            raise OutsideUnavailable(message)
        return _read(self.dialect, tree, civic, raw, is_rejection=is_rejection)

    def _headers(self) -> Mapping[str, str]:
        headers = {"Accept": "application/json"}
        if self.token:
            name, _, value = self.header.partition(":")
            headers[name.strip()] = value.strip().replace("{token}", self.token.reveal())
        return headers


def _question(dialect: Dialect, civic: Civic, caller_name: str) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for ours, theirs in dialect.fields:
        value = caller_name if ours == "caller_name" else getattr(civic, ours)
        if value:
            _put(tree, theirs, value)
    for theirs, value in dialect.constants:
        _put(tree, theirs, value)
    return tree


def _read(
    dialect: Dialect, tree: dict[str, Any], asked: Civic, raw: str, *, is_rejection: bool
) -> CheckAnswer:
    word = _text(_at(tree, dialect.verdict)).casefold()
    answer = CheckAnswer(
        verdict=Verdict.REJECTED,
        reasons=_reasons(_at(tree, dialect.reasons_at)),
        reference=_text(_at(tree, dialect.reference_at)),
        raw=raw,
    )
    if is_rejection:
        return answer
    if not word:
        raise OutsideUnavailable(
            "the provider's answer has no verdict; check emergency.provider.verdict."
        )
    if _is_one_of(word, dialect.candidates):
        listed = _at(tree, dialect.candidates_at)
        some = listed[:MAX_CANDIDATES] if isinstance(listed, list) else []
        places = tuple([_civic(dialect, one, asked) for one in some if isinstance(one, dict)])
        verdict = Verdict.CANDIDATES if places else Verdict.REJECTED
        return replace(answer, verdict=verdict, places=places)
    if not _is_one_of(word, (*dialect.valid, *dialect.corrected)):
        return answer
    found = _at(tree, dialect.address_at)
    place = _civic(dialect, found, asked) if isinstance(found, dict) else asked
    verdict = Verdict.VALID if place == asked else Verdict.CORRECTED
    until = _moment(_at(tree, dialect.until_at))
    return replace(answer, verdict=verdict, places=(place,), until=until)


def _says_why(dialect: Dialect, tree: dict[str, Any]) -> bool:
    return bool(_text(_at(tree, dialect.verdict)) or _reasons(_at(tree, dialect.reasons_at)))


def _civic(dialect: Dialect, tree: dict[str, Any], asked: Civic) -> Civic:
    """A place of the answer. What the provider says nothing of stays as it was asked: floor, room
    and description are ours."""
    prefix = _common_prefix([theirs for ours, theirs in dialect.fields if ours != "caller_name"])
    said: dict[str, str] = {}
    for ours, theirs in dialect.fields:
        if ours == "caller_name":
            continue
        value = _at(tree, theirs.removeprefix(prefix))
        if value is None:
            value = _at(tree, theirs)
        if isinstance(value, str | int) and not isinstance(value, bool):
            said[ours] = _text(value)
    return replace(asked, **said)


def _common_prefix(paths: Sequence[str]) -> str:
    """`address.` where every field stands below `address`."""
    heads = {path.rpartition(".")[0] for path in paths}
    return f"{heads.pop()}." if len(heads) == 1 and "" not in heads else ""


def _put(tree: dict[str, Any], path: str, value: str) -> None:
    *above, leaf = path.split(".")
    for name in above:
        below = tree.setdefault(name, {})
        if not isinstance(below, dict):
            return
        tree = below
    tree[leaf] = value


def _at(tree: Any, path: str) -> Any:
    if not path:
        return None
    for name in path.split("."):
        if isinstance(tree, list) and name.isdigit() and int(name) < len(tree):
            tree = tree[int(name)]
        elif isinstance(tree, dict):
            tree = tree.get(name)
        else:
            return None
    return tree


def _text(value: Any) -> str:
    """A text of a provider as it may be kept: one line of printable letters, bounded."""
    if isinstance(value, bool):
        value = str(value).lower()
    if not isinstance(value, str | int | float):
        return ""
    printable = "".join(c if c.isprintable() else " " for c in str(value))
    return " ".join(printable.split())[:MAX_TEXT]


def _reasons(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    texts = []
    for one in listed[:MAX_REASONS]:
        if isinstance(one, dict):
            one = one.get("message") or one.get("detail") or one.get("title")
        texts.append(_text(one))
    return tuple([text for text in texts if text])


def _moment(value: Any) -> datetime | None:
    """A moment as RFC 3339, ISO 8601 or seconds since 1970 have it; none where nothing is said.

    Raises OutsideUnavailable for anything else: a proof whose end is lost would never expire.
    """
    written = "" if value is None else str(value).strip()
    if not written and not isinstance(value, list | dict):
        return None
    try:
        if not isinstance(value, bool) and _SECONDS.fullmatch(written):
            return datetime.fromtimestamp(float(written), UTC)
        at = datetime.fromisoformat(written)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError, OSError) as fault:
        message = f"the end of validity {_text(value)!r} cannot be read as a moment"
        raise OutsideUnavailable(f"{message}; check emergency.provider.until_at.") from fault


def _is_one_of(word: str, words: Sequence[str]) -> bool:
    return word in [one.casefold() for one in words]


def _what_to_do(status: int) -> str:
    if status in (401, 403):
        return "check emergency.provider.token."
    if 300 <= status < 400:
        return "it redirects, which is not followed; check emergency.provider.url."
    return "try again later."
