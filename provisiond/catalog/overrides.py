"""Which hand-set parameters apply to a phone, and which must not be set?

Overrides are layered: server, domain, site, phone; the nearest scope wins, and within a scope one
for the model beats one for the whole family.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from provisiond.catalog.cleaning import clean, is_clean
from provisiond.catalog.manifest import Manifest
from provisiond.catalog.syntax import KEY_SHAPE, fits
from provisiond.inventory.dial_plan_reading import DialSyntax
from provisiond.inventory.dial_plans import plan_findings
from provisiond.inventory.domains import BUILT_IN
from provisiond.inventory.errors import Finding
from provisiond.inventory.near import near
from provisiond.inventory.phones import Override

_SCOPES = {"server": 0, "domain": 1, "site": 2, "phone": 3}
_ABOUT_DIALLING = re.compile(r"dial|digit|emergency|hot_?line|block_?out", re.IGNORECASE)
_BETWEEN_WORDS = re.compile(r"[ _-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """An override that applies to one phone; `value` None means "do not print this key".

    `layer` is the scope it comes from, `domain`; with `/model` where it is for one model only.
    """

    key: str
    value: str | None
    layer: str
    author: str = ""


def choose(
    overrides: Sequence[Override],
    family: str,
    model: str,
    site: str | None,
    phone: Sequence[tuple[str, str | None]],
) -> tuple[Applied, ...]:
    """The overrides that apply, one a key, sorted by key; values are cleaned.

    `overrides` are the rows of scope server, domain and site, `phone` the phone's own map.
    `model` is the model with or without its vendor; rows may spell it either way.
    """
    best: dict[str, tuple[int, Applied]] = {}
    for row in overrides:
        if row.family != family or row.scope not in _SCOPES:
            continue
        if row.scope == "site" and (site is None or row.site != site):
            continue
        if row.model is not None and not _same_model(row.model, model):
            continue
        rank = 2 * _SCOPES[row.scope] + (row.model is not None)
        layer = row.scope if row.model is None else f"{row.scope}/model"
        if row.key not in best or best[row.key][0] <= rank:
            best[row.key] = rank, _applied(row.key, row.value, layer, row.author)
    for key, value in phone:
        best[key] = 99, _applied(key, value, "phone", "")
    return tuple(applied for _, (_, applied) in sorted(best.items()))


def findings(
    values: Iterable[tuple[str, str | None]],
    manifest: Manifest,
    patterns: Iterable[str],
    *,
    admin: bool,
    where: str = "overrides",
    emergency: Sequence[str] | None = None,
    stood: Iterable[tuple[str, str | None]] = (),
) -> tuple[Finding, ...]:
    """What is wrong with these overrides of one family.

    A dial plan must let the `emergency` numbers out whole; None are those of a domain that says
    nothing.

    `patterns` are the family's literal `param` patterns (`Renderer.keys`). A key that neither
    they nor the manifest know is a warning with near misses; a protected one is an error unless
    `admin`, and so is what decides about dialled numbers and cannot be judged; so is always a
    key or value that would break the file. What `stood` like this before is nobody's fault now:
    what it does to dialled numbers is a warning.
    """
    printed = tuple(patterns)
    known = _known(printed, manifest.known_keys)
    numbers = (BUILT_IN.emergency_numbers if emergency is None else emergency) or ()
    settled = frozenset(stood)
    found: list[Finding] = []
    for key, value in values:
        place = f"{where}.{key}" if KEY_SHAPE.fullmatch(key) else where
        fault = _unwritable(key, value, manifest)
        if fault:
            found.append(Finding(where=place, message=fault[0], remedy=fault[1]))
            continue
        stands = (key, value) in settled
        trusted = admin or stands
        unjudged = _is_unjudged(key, manifest, known)
        if unjudged:
            told: Iterable[Finding] = (_unchecked(key, trusted=trusted),)
        else:
            told = _judged(key, value, manifest, numbers, printed=printed, trusted=trusted)
            if not trusted and is_protected(key, manifest):
                message = f"{key!r} is protected."
                remedy = "Only an admin may set it; it decides whom the phone obeys."
                found.append(Finding(where=place, message=message, remedy=remedy))
            elif not matches(key, known):
                found.append(_unknown(place, key, known))
        found += [
            replace(one, where=place, severity="warning" if stands else one.severity)
            for one in told
        ]
    return tuple(found)


def dial_plan_findings(
    key: str, value: str, manifest: Manifest, emergency: Sequence[str], *, trusted: bool = True
) -> tuple[Finding, ...]:
    """What a value does to emergency numbers, where its key holds a dial plan. One that cannot be
    read is an error unless who set it is `trusted`."""
    for pattern, syntax in manifest.dial_plans.items():
        if matches(key, (pattern,)):
            return plan_findings(key, value, DialSyntax(syntax), emergency, trusted=trusted)
    return ()


def is_protected(key: str, manifest: Manifest) -> bool:
    """Whether only an admin may override the key: it decides whom the phone obeys, or what becomes
    of a dialled number in a way that nothing can judge."""
    return matches(key, manifest.protected) or _is_unjudged(key, manifest, (key,))


def matches(key: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns covers the key, without regard to case: `{}` is any index,
    `*` at the end anything below."""
    return any(_compiled(pattern).fullmatch(key) for pattern in patterns)


@lru_cache(maxsize=64)
def _known(printed: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """Every key of a family: one tuple, which what is kept of its keys shares."""
    return printed + others


def near_misses(key: str, patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Up to three known keys that look like `key`, with its own indexes filled in."""
    indexes = re.findall(r"\d+", key)
    shapes = _shapes(patterns)
    close = near(re.sub(r"\d+", "{}", key).lower(), shapes, most=3, cutoff=0.75)
    return tuple(_filled(shapes[c], indexes) for c in close)


@lru_cache(maxsize=64)
def _shapes(patterns: tuple[str, ...]) -> Mapping[str, str]:
    """Every pattern that has no open end, by its spelling without indexes."""
    return {re.sub(r"\d+", "{}", p).lower(): p for p in patterns if not p.endswith("*")}


def _applied(key: str, value: str | None, layer: str, author: str) -> Applied:
    return Applied(
        key=key, value=None if value is None else clean(value), layer=layer, author=author
    )


@lru_cache(maxsize=1024)
def _same_model(row: str, wanted: str) -> bool:
    """Whether these are one model, either perhaps without the words before its name: a `300` is
    no `M300`."""
    ours, theirs = _spellings(row), _spellings(wanted)
    return ours[0] in theirs or theirs[0] in ours


def _spellings(model: str) -> list[str]:
    """The name as a whole, then without its first word, its first two, …"""
    words = _BETWEEN_WORDS.split(model.strip().casefold())
    return ["".join(words[start:]) for start in range(len(words))]


def _unwritable(key: str, value: str | None, manifest: Manifest) -> tuple[str, str] | None:
    if not all(fits(key, rule.syntax) for rule in manifest.file if rule.template):
        return f"{key!r} cannot be a parameter's name.", "Copy the name from the vendor's guide."
    if value is None:
        return None
    if not is_clean(value):
        return (
            f"the value of {key!r} holds a line break or a control character.",
            "A value is one line of text.",
        )
    most = manifest.limits.value_bytes
    if most is not None and len(value.encode()) > most:
        return f"the value of {key!r} is longer than {most} bytes.", "Shorten it."
    return None


def _judged(
    key: str,
    value: str | None,
    manifest: Manifest,
    emergency: Sequence[str],
    *,
    printed: Sequence[str],
    trusted: bool,
) -> Iterator[Finding]:
    """What the value does to emergency numbers: as a dial plan, in place of one, or as a code that
    the phone acts on itself."""
    if matches(key, manifest.dial_plans):
        if value is not None:
            yield from dial_plan_findings(key, clean(value), manifest, emergency, trusted=trusted)
        elif matches(key, printed):
            yield Finding(
                where="",
                message=f"{key}: without it the phone has the plan of its factory; whether "
                "emergency numbers pass cannot be told.",
                remedy="Write a plan that lets them out.",
                severity="warning" if trusted else "error",
            )
    elif value and matches(key, _codes(manifest)):
        for number in emergency:
            if number.startswith(clean(value).strip()):
                message = f"{key}: the phone takes {number} for a command."
                yield Finding(where="", message=message, remedy="Choose a code with * or #.")


def _is_unjudged(key: str, manifest: Manifest, known: Iterable[str]) -> bool:
    """Whether the key decides what becomes of a dialled number, as the manifest says or, where it
    does not know the key, by its name."""
    if matches(key, manifest.dial_plans):
        return False
    if matches(key, manifest.dial_rules):
        return True
    return _ABOUT_DIALLING.search(key) is not None and not matches(key, known)


def _unchecked(key: str, *, trusted: bool) -> Finding:
    dial = "Dial the emergency numbers on a phone that has it."
    return Finding(
        where="",
        message=f"{key!r} can block or change emergency numbers, and nothing checks it.",
        remedy=dial if trusted else "Only an admin may set it.",
        severity="warning" if trusted else "error",
    )


def _codes(manifest: Manifest) -> tuple[str, ...]:
    """Keys that hold one star code; one that several codes share switches them all."""
    keys = tuple(manifest.star_codes.values())
    return tuple([key for key in keys if keys.count(key) == 1])


def _unknown(place: str, key: str, known: tuple[str, ...]) -> Finding:
    like = near_misses(key, known)
    remedy = f"Did you mean {' or '.join(like)}?" if like else "Check it in the vendor's guide."
    return Finding(
        where=place,
        message=f"{key!r} is not known to this family; it is printed as it stands.",
        remedy=remedy,
        severity="warning",
    )


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    below = pattern.endswith("*")
    pieces = (pattern[:-1] if below else pattern).split("{}")
    # Where the name itself has no dots, an index may: `Prefer_{}_Code` covers `G722.2`.
    dot = "" if any("." in piece for piece in pieces) and not pattern.endswith("[{}]") else "."
    expression = rf"[A-Za-z0-9_:\-{dot}]+".join(re.escape(piece) for piece in pieces)
    return re.compile(expression + (".*" if below else ""), re.IGNORECASE)


def _filled(pattern: str, indexes: Sequence[str]) -> str:
    left = list(indexes)
    return re.sub(r"\{\}|\d+", lambda m: left.pop(0) if left else m.group(), pattern)
