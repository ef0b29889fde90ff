"""What do other systems call what we have columns for? Profiles, which are data.

A profile is a TOML file: which headings it is recognised by, and for each column of ours where its
value stands and how it is read. `docs/migrating.md` says how one is written.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, NoReturn, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from provisiond.actions.csv_table import ALIASES, folded
from provisiond.actions.record_tables import COLUMNS, TableKind
from provisiond.inventory.errors import Finding, NotFound, RejectedAll

PHONE_COLUMNS = (
    *ALIASES,
    *("enabled", "directory", "transport"),
    *("button_module", "button_key", "button_kind", "button_value", "button_label", "button_line"),
)
"""What a profile of phones or users may fill."""

Rows = Literal["phones", "users", "numbers", "sms", "destinations", "directories"]

_PLACEHOLDER = re.compile(r"\{(line|button)\}")
_Texts = Annotated[tuple[str, ...], BeforeValidator(lambda v: [v] if isinstance(v, str) else v)]


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ColumnRule(_Rule):
    """Where the value of one of our columns stands, and how it is read.

    `from` are headings, the first that is filled counts; `{line}` and `{button}` in one stand for
    the number of a line or key. `match` is a pattern whose first group is the value. `with` names a
    heading whose cell goes before the value, with a colon, when it is looked up in `values`.
    `empty` are values that say that there is none. `otherwise` is what happens to a value that
    neither `match` nor `values` knows; `pass` goes on to the next rule of the same column.
    """

    to: str
    from_: _Texts = Field(alias="from")
    empty: _Texts = ()
    match: str | None = None
    with_: str | None = Field(default=None, alias="with")
    values: Mapping[str, str] = Field(default_factory=dict)
    otherwise: Literal["keep", "leave_out", "fault", "pass"] = "keep"
    remedy: str = ""

    @field_validator("match")
    @classmethod
    def _pattern(cls, match: str | None) -> str | None:
        if match is not None:
            try:
                groups = re.compile(match).groups
            except re.error as fault:
                raise ValueError(f"it is no pattern: {fault}") from fault
            if not groups:
                raise ValueError("it has no group; put the value in parentheses")
        return match

    @cached_property
    def known(self) -> Mapping[str, str]:
        """The values, case-blind."""
        return {name.casefold(): value for name, value in self.values.items()}


class SkipRule(_Rule):
    """Rows that are passed over: those whose cell below `from` is one of `values`."""

    from_: str = Field(alias="from")
    values: _Texts
    why: str


class LostRule(_Rule):
    """Columns that have no place here: where one is filled, the import says why."""

    from_: _Texts = Field(alias="from")
    why: str


class JoinRule(_Rule):
    """Of a JSON file: objects of the list `records` whose `key` is what `on` says go into it."""

    records: str
    on: str
    key: str


class ProfileFile(_Rule):
    """A profile's file."""

    title: str
    rows: Rows = "phones"
    mac_needed: bool = True
    recognised_by: tuple[_Texts, ...] = ()
    records: str = ""
    join: JoinRule | None = None
    column: tuple[ColumnRule, ...]
    skip: tuple[SkipRule, ...] = ()
    lost: tuple[LostRule, ...] = ()

    @model_validator(mode="after")
    def _known(self) -> Self:
        known = PHONE_COLUMNS
        if self.rows not in ("phones", "users"):
            known = tuple(COLUMNS[TableKind(self.rows)].read)
        for rule in self.column:
            if rule.to not in known:
                raise ValueError(f"{rule.to!r} is none of {', '.join(known)}")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A profile and its name."""

    name: str
    file: ProfileFile

    def recognises(self, header: Iterable[str]) -> int:
        """How many of the headings that it asks for are there; 0 where one is missing."""
        there = {folded(heading) for heading in header}
        groups = self.file.recognised_by
        found = [any(_is_there(name, there) for name in group) for group in groups]
        return len(groups) if groups and all(found) else 0


def load_profiles(folder: Path) -> tuple[Profile, ...]:
    """Every profile of a folder, by name. Raises RejectedAll for one with faults."""
    return tuple(load_profile(path) for path in sorted(folder.glob("*.toml")))


def load_profile(path: Path) -> Profile:
    """One profile. Raises RejectedAll with every fault of the file."""
    try:
        file = ProfileFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as fault:
        raise NotFound(f"{path} cannot be read: {fault.strerror}.") from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        _refuse(path, [(path.name, str(fault))])
    except ValidationError as fault:
        errors = fault.errors(include_url=False)
        _refuse(path, [(".".join(map(str, e["loc"])), e["msg"]) for e in errors])
    return Profile(name=path.stem, file=file)


def choose(profiles: Sequence[Profile], name: str) -> Profile:
    """The profile of this name. Raises NotFound naming what there is."""
    for profile in profiles:
        if profile.name == name:
            return profile
    there = ", ".join(profile.name for profile in profiles)
    raise NotFound(f"there is no profile {name!r}; there are {there}.")


def recognise(profiles: Sequence[Profile], header: Sequence[str]) -> Profile | None:
    """The profile that asks for most of what is there, or None."""
    scored = [(profile.recognises(header), profile) for profile in profiles]
    best = max(scored, key=lambda one: one[0], default=(0, None))
    return best[1] if best[0] else None


def heading_pattern(name: str) -> tuple[re.Pattern[str], str]:
    """A pattern for a folded heading, and what its number counts: `line`, `button` or nothing."""
    parts = _PLACEHOLDER.split(name)
    if len(parts) == 1:
        return re.compile(re.escape(folded(name))), ""
    before, counted, after = parts
    return re.compile(rf"{re.escape(folded(before))}(\d+){re.escape(folded(after))}"), counted


def _is_there(name: str, there: set[str]) -> bool:
    pattern, counted = heading_pattern(name)
    if not counted:
        return folded(name) in there
    return any(pattern.fullmatch(heading) for heading in there)


def _refuse(path: Path, faults: Iterable[tuple[str, str]]) -> NoReturn:
    raise RejectedAll(
        tuple(
            Finding(
                where=f"{path.name}: {where}", message=f"{said}.", remedy="Correct the profile."
            )
            for where, said in faults
        ),
        f"the profile {path.name} has faults.",
    )
