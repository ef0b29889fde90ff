"""Where does each setting's value come from, and how is a faulty one explained?"""

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from provisiond.inventory.errors import Finding
from provisiond.inventory.secret import Secret

PREFIX = "PROVISIOND_"
NOT_SETTINGS = frozenset({"PROVISIOND_CONFIG", "PROVISIOND_REQUIRE"})
"""Variables of the command line and of the tests, which are no settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A setting: its dotted name, what it means, its default as a person would write it."""

    name: str
    description: str
    default: object
    is_secret: bool
    is_path: bool

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return PREFIX + self.name.replace(".", "__").upper()


def keys_of(model: type[BaseModel], prefix: str = "") -> Iterator[Key]:
    """Every setting of the tree, in the order of its declaration."""
    for name, field in model.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from keys_of(annotation, f"{prefix}{name}.")
            continue
        yield Key(
            name=prefix + name,
            description=field.description or "",
            default=field.get_default(call_default_factory=True, validated_data={}),
            is_secret="Secret" in str(annotation),
            is_path="Path" in str(annotation),
        )


class Sources:
    """The file and the environment merged into one tree, every fault on the way collected.

    `tree` is what a TOML file would hold.
    """

    def __init__(self, model: type[BaseModel], path: Path | None) -> None:
        self._keys = {key.name: key for key in keys_of(model)}
        self._file = str(path) if path is not None else "the defaults"
        self._origins: dict[str, str] = {}
        self.tree: dict[str, Any] = {}
        self.faults: list[Finding] = []

    def place(self, key: str) -> str:
        """Where a person would correct this setting: its variable, or the file and the key."""
        return self._origins.get(key, f"{self._file}: {key}")

    def read_file(self, path: Path) -> None:
        """Take the TOML file as the lowest layer."""
        try:
            self.tree = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self._fault(str(path), "there is no such file.", "Give the right --config.")
        except (OSError, UnicodeDecodeError) as error:
            self._fault(str(path), f"it cannot be read: {error}.")
        except tomllib.TOMLDecodeError as error:
            self._fault(str(path), f"it is no TOML: {error}.")

    def read_environment(self, environ: Mapping[str, str]) -> None:
        """Put every PROVISIOND_… variable over the file; an unknown one is a fault."""
        for variable in sorted(environ):
            if not variable.startswith(PREFIX) or variable in NOT_SETTINGS:
                continue
            name = variable.removeprefix(PREFIX).lower().replace("__", ".")
            key = self._keys.get(name.removesuffix("_file")) if name.endswith("_file") else None
            if name not in self._keys and not (key is not None and key.is_secret):
                near = self._near(name, lambda key: key.variable)
                self._fault(variable, "there is no such setting.", near)
                continue
            value = environ[variable]
            is_path = key is not None or self._keys[name].is_path
            if is_path and value:  # relative to where the caller stands, not to the file
                value = str(Path(value).absolute())
            self._origins[name] = variable
            self._put(name, value)

    def read_secret_files(self, base: Path) -> None:
        """Replace each `<secret>_file` by the text of that file, its last newline cut off."""
        for key in [key for key in self._keys.values() if key.is_secret]:
            *tables, leaf = key.name.split(".")
            table = self._table(tables)
            file = table.pop(f"{leaf}_file", None) if table is not None else None
            if table is None or file in (None, ""):
                continue
            where = self.place(f"{key.name}_file")
            if table.get(leaf):
                other = self.place(key.name)
                self._fault(where, f"{other} is set too.", "Remove one of the two.")
                continue
            try:
                table[leaf] = (base / str(file)).read_text(encoding="utf-8").rstrip("\r\n")
                self._origins[key.name] = where
            except (OSError, UnicodeDecodeError) as error:
                self._fault(where, f"the secret cannot be read: {error}.")

    def explain(self, detail: ErrorDetails) -> Finding:
        """A pydantic error in words: where it stands, what is wrong, what would be right."""
        name = self._known_part(detail["loc"])
        if detail["type"] == "extra_forbidden":
            name = ".".join(str(part) for part in detail["loc"])
            near = self._near(name, lambda key: key.name)
            return Finding(where=self.place(name), message="there is no such setting.", remedy=near)
        if detail["type"] == "model_type":
            return Finding(
                where=self.place(name), message="this is a table.", remedy=f"Write [{name}]."
            )
        if detail["type"] == "value_error":
            message = str(detail["ctx"]["error"])
            end = "" if message.endswith("?") else "."
            return Finding(where=self.place(name), message=message + end)
        given = detail["input"]
        shown = "***" if isinstance(given, Secret) or self._is_secret(name) else repr(given)
        what = detail["msg"].removeprefix("Input ").replace("should", "it should", 1)
        key = self._keys.get(name)
        remedy = f"It means: {key.description}" if key is not None else ""
        return Finding(where=self.place(name), message=f"{shown}: {what}.", remedy=remedy)

    def _place(self, name: str) -> str:
        return self._origins.get(name, f"{self._file}: {name}")

    def drop(self, details: list[ErrorDetails]) -> frozenset[str]:
        """Take faulty values out of the tree; answers their names."""
        names = frozenset(self._known_part(detail["loc"]) for detail in details)
        for name in names:
            *tables, leaf = name.split(".")
            table = self._table(tables)
            if table is not None:
                table.pop(leaf, None)
        return names

    def _is_secret(self, name: str) -> bool:
        return name in self._keys and self._keys[name].is_secret

    def _known_part(self, location: tuple[int | str, ...]) -> str:
        """The setting of an error's location, without the list index or union arm below it."""
        parts = [str(part) for part in location]
        for end in range(len(parts), 0, -1):
            if ".".join(parts[:end]) in self._keys:
                return ".".join(parts[:end])
        return ".".join(parts)

    def _near(self, name: str, spelling: Any) -> str:
        close = difflib.get_close_matches(name, self._keys, n=1, cutoff=0.6)
        if not close:
            leaf = name.rpartition(".")[2]
            close = [key for key in self._keys if key.rpartition(".")[2] == leaf][:1]
        if close:
            return f"Did you mean {spelling(self._keys[close[0]])}?"
        return "Remove it; docs/configuration.md lists every setting."

    def _table(self, tables: list[str]) -> dict[str, Any] | None:
        table = self.tree
        for name in tables:
            found = table.get(name)
            if not isinstance(found, dict):
                return None
            table = found
        return table

    def _put(self, name: str, value: str) -> None:
        *tables, leaf = name.split(".")
        table = self.tree
        for part in tables:
            if not isinstance(table.get(part), dict):
                table[part] = {}
            table = table[part]
        table[leaf] = value

    def _fault(self, where: str, message: str, remedy: str = "") -> None:
        self.faults.append(Finding(where=where, message=message, remedy=remedy))
