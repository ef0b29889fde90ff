"""Which SIP accounts does a phone's configuration hold? Read where the manifest says they stand."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from provisiond.catalog.cleaning import cleaner_of
from provisiond.catalog.manifest import FileRule, Manifest, ModelRule
from provisiond.catalog.onboarding import AccountKeys
from provisiond.catalog.param import said_in
from provisiond.catalog.syntax import Assignment
from provisiond.inventory.secret import Secret

_FIELDS = ("user", "auth_user", "password", "server")
_WORDS = {
    "user": "SIP user",
    "auth_user": "authentication user",
    "password": "SIP password",
    "server": "SIP server",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A SIP account as the inventory has it; `number` counts from 1."""

    number: int
    user: str
    auth_user: str
    password: Secret
    server: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value that stands in a file, and the file's rule: it decides how things are written."""

    text: str = field(repr=False)
    rule: FileRule


def account_keys(manifest: Manifest, model: ModelRule) -> AccountKeys | None:
    """Where the accounts of this model stand, or None where the manifest does not say."""
    fitting = (
        keys for keys in manifest.account_keys if not keys.models or model.name in keys.models
    )
    return next(fitting, None)


def values_in(assignments: Iterable[Assignment], rule: FileRule) -> dict[str, Value]:
    """Key to value of what was read back; a key of elements without the sections above it, too.

    Where a key stands twice the later one counts, as on phones; `key[n]` is its nth place, for
    vendors that repeat a key on purpose.
    """
    values: dict[str, Value] = {}
    places: Counter[str] = Counter()
    for assignment in assignments:
        value = Value(text=assignment.value, rule=rule)
        key = assignment.key
        places[key] += 1
        values[key] = values[f"{key}[{places[key]}]"] = value
        while "/" in key:
            key = key.partition("/")[2]
            values[key] = value
    return values


def is_kept(rule: FileRule, text: str) -> bool:
    """Whether a file of this rule says a user or password as it stands.

    Otherwise the phone logs in with what its file made of it: other letters than ASCII became
    ASCII, outer blanks went, or it reads like a word of the vendor.
    """
    said = cleaner_of(ascii_only=rule.ascii_only)(text)
    return not text or said_in(rule, said) == text


def account_faults(
    keys: AccountKeys,
    values: Mapping[str, Value],
    accounts: Sequence[Account],
    most: int,
    *,
    exact: bool = True,
) -> Iterator[str]:
    """What a phone would register with otherwise than `accounts` say, in words, without secrets.

    `most` is how many accounts the model has: those that are not in `accounts` must hold neither
    user nor password. Without `exact`, a value that the file cannot say as it stands is right as
    the file says it: that is no fault of a template.
    """
    for account in accounts:
        for what in _FIELDS:
            yield from _one_fault(keys, values, account, what, exact=exact)
    used = {account.number for account in accounts}
    for number in sorted(set(range(1, most + 1)) - used):
        for what in ("user", "password"):
            value = values.get(keys.key_of(what, number))
            if value is not None and value.text not in ("", value.rule.empty):
                yield f"account {number} is nobody's, and its {_WORDS[what]} is not empty"


def _one_fault(
    keys: AccountKeys, values: Mapping[str, Value], account: Account, what: str, *, exact: bool
) -> Iterator[str]:
    key = keys.key_of(what, account.number)
    if not key:
        if what != "auth_user":
            yield f"account {account.number} has no key for its {_WORDS[what]}"
        return
    value = values.get(key)
    if value is None:
        yield f"account {account.number}: nothing says {key!r}, its {_WORDS[what]}"
    elif not _is_right(value, account, what, exact=exact):
        yield f"account {account.number}: {key!r} is not its {_WORDS[what]}"


def _is_right(value: Value, account: Account, what: str, *, exact: bool) -> bool:
    if what == "server":
        host = re.escape(account.server)
        return re.fullmatch(rf"(\[{host}\]|{host})(:\d+)?(;.*)?", value.text) is not None
    wanted: str | Secret = getattr(account, what)
    text = wanted.reveal() if isinstance(wanted, Secret) else wanted
    if exact:
        return value.text == (text or value.rule.empty)
    return value.text == said_in(value.rule, text)
