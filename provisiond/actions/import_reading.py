"""Which file is it that somebody imports, and what does it want the inventory to hold?"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from provisiond.actions.edits import domain_settings
from provisiond.actions.import_profiles import Profile, choose, recognise
from provisiond.actions.import_walk import Mode
from provisiond.actions.inventory_file import Source, read_inventory
from provisiond.actions.inventory_load import domain_names, load_domain
from provisiond.actions.inventory_text import ALL, Limits, Tree
from provisiond.actions.phone_csv import read_phone_csv, read_phone_table
from provisiond.actions.phone_rows import Hints
from provisiond.actions.profile_table import records_by_profile, table_by_profile
from provisiond.actions.record_csv import read_record_csv, read_record_table
from provisiond.actions.record_tables import TableKind, kind_of_table, told_kind
from provisiond.actions.table_records import (
    objects_in,
    read_records,
    records_of_objects,
)
from provisiond.actions.workbook_reading import is_workbook
from provisiond.catalog.family import model_key
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.admission import DEFAULT_HOURS
from provisiond.inventory.errors import NotFound, Refused
from provisiond.store.database import Read

NO_PROFILE = "none"
"""As a profile's name: the columns are ours, whatever they look like."""

_LEAST_END = 3  # letters of a model's name that tell it

_OWN_NAMES = frozenset({"domain", "domains", "server"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportInventory:
    """The command: a file's bytes and what to do with them.

    `filename` tells JSON, YAML and CSV apart by its suffix; without one the content does. `table`
    is what a table holds (None: its columns tell), `domain` whose that is (None: the store's only
    one); of an inventory file it takes that domain alone. `dry_run` finds everything and changes
    nothing. `profiles` are other systems' ways to write rows; `profile` names one, None is the one
    that knows the headings. `limits` are how much the file may hold.
    """

    content: bytes
    filename: str = ""
    mode: Mode = Mode.UPDATE
    dry_run: bool = False
    domain: str | None = None
    table: TableKind | None = None
    profiles: tuple[Profile, ...] = ()
    profile: str | None = None
    enrolment_hours: int = DEFAULT_HOURS
    limits: Limits = ALL


async def read_source(read: Read, shelf: Shelf, command: ImportInventory) -> Source:
    """The records of the file. Raises RejectedAll where it cannot be read at all, NotFound for a
    domain that a table's phones cannot go to or a profile that there is not."""
    names = await domain_names(read)
    tree = await asyncio.to_thread(_foreign_tree, command)
    if tree is None and not is_table(command):
        source = await asyncio.to_thread(read_inventory, *_file_of(command))
        return _only(source, command.domain.lower()) if command.domain else source
    domain = _domain_of_table(command.domain, names)
    contents = await load_domain(read, domain)
    settings = await domain_settings(read, contents.domain)
    country = (settings.tone_country or "US").upper()
    hints = Hints(
        extensions=frozenset(contents.users),
        mac_prefixes=_mac_prefixes(shelf),
        model_of=_ModelNames(shelf).find,
    )
    return await asyncio.to_thread(_read_rows, command, tree, domain, hints, country)


def is_table(command: ImportInventory) -> bool:
    """Whether the file is a table: by its suffix, else by its first line."""
    if command.table is not None:
        return True
    suffix = command.filename.rpartition(".")[2].lower()
    if suffix in ("csv", "tsv", "tab", "xlsx") or is_workbook(command.content):
        return True
    if suffix in ("json", "yaml", "yml"):
        return False
    start = command.content[:4096]
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    lines = [line for line in start.decode(encoding, errors="replace").splitlines() if line.strip()]
    if not lines or lines[0].lstrip()[:1] in "{[#":
        return False
    if command.profile not in (None, NO_PROFILE):
        return True
    line = lines[1] if lines[0].lower().startswith("sep=") and len(lines) > 1 else lines[0]
    cells = re.split(r"[,;\t|]", line)
    if len(cells) < 2:
        return False
    known = command.profile is None and recognise(command.profiles, cells) is not None
    return known or told_kind(cells) is not None


def _foreign_tree(command: ImportInventory) -> Tree:
    """The tree of a JSON file of another system's records, or None where it is none."""
    suffix = command.filename.rpartition(".")[2].lower()
    start = command.content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    if suffix not in ("json", "") or start[:1] not in (b"{", b"[") or not command.profiles:
        return None
    named = command.profile not in (None, NO_PROFILE)
    if command.profile == NO_PROFILE or (start[:1] == b"{" and not named and _is_own(command)):
        return None
    tree = objects_in(*_file_of(command))
    if isinstance(tree, dict) and _OWN_NAMES & tree.keys():
        return None
    return tree


def _file_of(command: ImportInventory) -> tuple[bytes, str, Limits]:
    return command.content, command.filename, command.limits


def _is_own(command: ImportInventory) -> bool:
    """Whether the first name in the file is one of ours: then it need not be read twice."""
    first = re.match(rb'[\xef\xbb\xbf\s]*\{\s*"([a-z_]+)"', command.content[:4096])
    return first is not None and first.group(1).decode() in _OWN_NAMES


def _read_rows(
    command: ImportInventory, tree: Tree, domain: str, hints: Hints, country: str
) -> Source:
    wanted = command.profile
    profile = None
    if wanted not in (None, NO_PROFILE):
        profile = choose(command.profiles, str(wanted))
    if tree is not None:
        profile = profile or _of_objects(command.profiles, tree)
        if profile is None:
            return read_inventory(*_file_of(command))
        records = records_by_profile(tree, profile)
    else:
        records = read_records(command.content, command.limits)
        if profile is None and wanted is None and command.table is None:
            profile = recognise(command.profiles, records.header)
        if profile is None:
            kind = command.table or kind_of_table(list(records.header))
            if kind is TableKind.PHONES:
                return read_phone_csv(command.content, domain, hints, command.limits)
            return read_record_csv(command.content, domain, kind, country, command.limits)
    table = table_by_profile(records, profile)
    if profile.file.rows in ("phones", "users"):
        needed = profile.file.mac_needed and profile.file.rows == "phones"
        return read_phone_table(table, domain, hints, mac_needed=needed)
    return read_record_table(table, domain, TableKind(profile.file.rows), country)


def _of_objects(profiles: Sequence[Profile], tree: Tree) -> Profile | None:
    """The profile whose list the tree has, with the names that it asks for."""
    for profile in profiles:
        rule = profile.file
        found = tree.get(rule.records) if rule.records and isinstance(tree, dict) else tree
        if bool(rule.records) is isinstance(tree, dict) and isinstance(found, list):
            header = records_of_objects(found[:100], "record").header
            if profile.recognises(header):
                return profile
    return None


def _mac_prefixes(shelf: Shelf) -> tuple[str, ...]:
    families = shelf.families.values()
    return tuple(prefix for family in families for prefix in family.manifest.mac_prefixes)


class _ModelNames:
    """What the box says for a vendor and what another system calls the model."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._found: dict[tuple[str, str], str | None] = {}
        self._makers: set[str] = set()
        self._by_end: dict[str, set[tuple[str, str]]] = {}
        for family in shelf.families.values():
            maker = model_key(family.manifest.vendor)
            self._makers.add(maker)
            for rule in family.manifest.model:
                key = model_key(rule.name)
                named = (maker, f"{family.manifest.vendor} {rule.name}")
                for at in range(len(key) - _LEAST_END + 1):
                    self._by_end.setdefault(key[at:], set()).add(named)

    def find(self, vendor: str, model: str) -> str | None:
        """The only model of the vendor whose name ends so: `T46S` is a SIP-T46S."""
        key = (vendor, model)
        if key not in self._found:
            self._found[key] = self._look_up(vendor, model)
        return self._found[key]

    def _look_up(self, vendor: str, model: str) -> str | None:
        text = model if model.casefold().startswith(vendor.casefold()) else f"{vendor} {model}"
        if self._shelf.find_model(text) is not None:
            return None
        wanted = model_key(text)
        names = {
            name
            for start in ("", *self._makers)
            if wanted.startswith(start) and (start or not vendor)
            for maker, name in self._by_end.get(wanted[len(start) :], ())
            if maker == start or (not start and not wanted.startswith(maker))
        }
        return names.pop() if len(names) == 1 else None


def _domain_of_table(wanted: str | None, names: Sequence[str]) -> str:
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted is None:
        there = f"The store has {', '.join(names[:10])}." if names else "The store has none yet."
        raise Refused(f"a table does not say whose it is; name the domain. {there}")
    if wanted.lower() not in names:
        raise NotFound(
            f"there is no domain {wanted}; import a file with "
            f'{{"domain": "{wanted}", "settings": {{"sip_server": "…"}}}} first.'
        )
    return wanted.lower()


def _only(source: Source, domain: str) -> Source:
    chosen = [
        (entry, root)
        for entry, root in zip(source.entry.domains, source.roots, strict=True)
        if entry.domain == domain
    ]
    if not chosen:
        held = ", ".join(entry.domain for entry in source.entry.domains) or "none"
        raise NotFound(f"the file holds no domain {domain}; it holds {held}.")
    entry = source.entry.model_copy(
        update={"domains": tuple(one for one, _ in chosen), "server": type(source.entry)().server}
    )
    return replace(source, entry=entry, roots=tuple(root for _, root in chosen))
