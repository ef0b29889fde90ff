"""What would an import change? Every record of a file beside what stands."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from provisiond.actions.import_emergency import EmergencyPlan, plan_emergency
from provisiond.actions.import_merge import (
    arranged,
    merge_directory,
    merge_layout,
    merge_overrides,
    merge_phone,
    merge_settings,
    merge_site,
    merge_user,
)
from provisiond.actions.import_numbers import NumberPlan, plan_numbers
from provisiond.actions.import_walk import Item, Mode, Step, Terms, Walk
from provisiond.actions.inventory_file import Fault
from provisiond.actions.inventory_schema import (
    DomainEntry,
    OverrideEntry,
    PhoneEntry,
    SiteEntry,
)
from provisiond.actions.inventory_state import DomainContents
from provisiond.actions.inventory_text import Path
from provisiond.actions.people_schema import UserEntry
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.admission import opened
from provisiond.inventory.directory import Directory
from provisiond.inventory.domains import BUILT_IN, Domain, Settings, Site, inherit
from provisiond.inventory.faults import MASK
from provisiond.inventory.people import User
from provisiond.inventory.phones import Layout, Override, Phone
from provisiond.inventory.secret import new_password, new_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The overrides of the domain (`site` None) or a site, replaced whole."""

    path: Path
    site: str | None
    rows: tuple[Override, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainPlan:
    """All that an import does to one domain. `generated` are the extensions that get a password."""

    before: DomainContents
    after: DomainContents
    path: Path
    step: Step
    sites: tuple[Item[Site], ...]
    users: tuple[Item[User], ...]
    directories: tuple[Item[Directory], ...]
    layouts: tuple[Item[Layout], ...]
    phones: tuple[Item[Phone], ...]
    numbered: NumberPlan
    emergency: EmergencyPlan
    overrides: tuple[Rows, ...]
    generated: tuple[str, ...]
    faults: tuple[Fault, ...]


def plan_domain(
    entry: DomainEntry, root: Path, before: DomainContents, shelf: Shelf, terms: Terms
) -> DomainPlan:
    """Lay the file's domain over what stands. `faults` has records given twice, and in mode fail
    those that exist; what the records themselves have wrong is `import_check`'s."""
    return _Planner(entry, root, before, shelf, terms).plan()


class _Planner:
    """Walks through one domain of the file."""

    def __init__(
        self, entry: DomainEntry, root: Path, before: DomainContents, shelf: Shelf, terms: Terms
    ) -> None:
        self._entry = entry
        self._root = root
        self._before = before
        self._shelf = shelf
        self._terms = terms
        self._walk = Walk(root, terms.mode)
        self._generated: list[str] = []

    def plan(self) -> DomainPlan:
        entry, before, over = self._entry, self._before, self._walk.over
        step, domain = self._domain()
        sites = over("sites", entry.sites, before.sites, lambda e: e.name, self._site)
        users = over("users", entry.users, before.users, lambda e: e.extension, self._user)
        directories = over(
            "directories", entry.directories, before.directories, lambda e: e.name, merge_directory
        )
        layouts = over("layouts", entry.layouts, before.layouts, lambda e: e.name, merge_layout)
        phones = over("phones", entry.phones, before.phones, lambda e: e.mac, self._phone)
        rows = tuple(self._overrides(sites))
        replaced = {each.site for each in rows}
        kept = [row for row in before.overrides if row.site not in replaced]
        after = DomainContents(
            domain=domain,
            domain_id=before.domain_id,
            sites={**before.sites, **{i.after.name: i.after for i in sites}},
            users={**before.users, **{i.after.extension: i.after for i in users}},
            directories={**before.directories, **{i.after.name: i.after for i in directories}},
            layouts={**before.layouts, **{i.after.name: i.after for i in layouts}},
            phones={**before.phones, **{i.after.mac: i.after for i in phones}},
            overrides=(*kept, *(row for each in rows for row in each.rows)),
        )
        numbered = self._numbers(after)
        emergency = plan_emergency(
            entry, self._root, before, self._country(after), self._terms, self._walk
        )
        return DomainPlan(
            before=before,
            after=emergency.over(before, numbered.over(before, after)),
            path=self._root,
            step=step,
            sites=sites,
            users=users,
            directories=directories,
            layouts=layouts,
            phones=phones,
            numbered=numbered,
            emergency=emergency,
            overrides=rows,
            generated=tuple(self._generated),
            faults=tuple(self._walk.faults),
        )

    def _numbers(self, after: DomainContents) -> NumberPlan:
        country = self._country(after)
        return plan_numbers(self._entry, self._root, self._before, after.users, country, self._walk)

    def _country(self, after: DomainContents) -> str:
        settings = inherit(BUILT_IN, self._terms.server, after.domain.settings)
        return (settings.tone_country or "US").upper()

    def _domain(self) -> tuple[Step, Domain]:
        domain = self._before.domain
        settings = merge_settings(domain.settings, self._entry.settings)
        settings = boxed_firmware(settings, self._shelf)
        if self._before.domain_id is None:
            admin = "phone_admin_password" in self._entry.settings.model_fields_set
            given = self._entry.settings.phone_admin_password
            if not admin or (given is not None and given.reveal() == MASK):
                settings = replace(settings, phone_admin_password=new_password())
            return Step.ADDED, replace(domain, settings=settings)
        if settings == domain.settings:
            return Step.UNCHANGED, domain
        if self._terms.mode is Mode.SKIP:
            return Step.SKIPPED, domain
        if self._terms.mode is Mode.FAIL:
            self._walk.exists((*self._root, "settings"), f"the domain {domain.name}")
        return Step.CHANGED, replace(domain, settings=settings)

    def _site(self, before: Site | None, entry: SiteEntry) -> Site:
        after = merge_site(before, entry)
        return replace(after, settings=boxed_firmware(after.settings, self._shelf))

    def _user(self, before: User | None, entry: UserEntry) -> User:
        after = merge_user(before, entry, names_joined=self._terms.is_table)
        told = "sip_password" in entry.model_fields_set and entry.sip_password.reveal() != MASK
        if before is None and not told:
            self._generated.append(entry.extension)
            return replace(after, sip_password=new_password())
        return after

    def _phone(self, before: Phone | None, entry: PhoneEntry) -> Phone:
        after = merge_phone(before, entry, is_table=self._terms.is_table)
        found = self._shelf.find_model(after.model) if after.model else None
        if found is not None:
            family, model = found
            after = replace(after, model=f"{family.manifest.vendor} {model.name}")
        after = replace(after, settings=boxed_firmware(after.settings, self._shelf))
        if before is not None:
            return before if arranged(after) == arranged(before) else after
        if not after.token:
            after = replace(after, token=new_token())
        if entry.enrolment is None:
            enrolment = opened(self._terms.at, self._terms.enrolment_hours)
            after = replace(after, enrolment=enrolment)
        return after

    def _overrides(self, sites: Iterable[Item[Site]]) -> Iterable[Rows]:
        if "overrides" in self._entry.model_fields_set:
            yield self._rows("domain", None, self._entry.overrides, self._root)
        steps = {item.path: item for item in sites}
        for index, entry in enumerate(self._entry.sites):
            path = (*self._root, "sites", index)
            item = steps.get(path)
            if item is None or item.step is Step.SKIPPED:
                continue
            if "overrides" in entry.model_fields_set:
                yield self._rows("site", entry.name, entry.overrides, path)

    def _rows(
        self, scope: str, site: str | None, entries: tuple[OverrideEntry, ...], path: Path
    ) -> Rows:
        before = tuple(row for row in self._before.overrides if row.site == site)
        known = [replace_model(entry, self._shelf) for entry in entries]
        rows = merge_overrides(
            before, known, scope=scope, site=site, author=self._terms.actor.name, at=self._terms.at
        )
        if self._terms.mode is Mode.SKIP and before:
            rows = before
        elif self._terms.mode is Mode.FAIL and before and rows != before:
            self._walk.exists((*path, "overrides"), "a set of overrides")
        self._twice(known, path)
        return Rows(path=(*path, "overrides"), site=site, rows=rows)

    def _twice(self, entries: list[OverrideEntry], path: Path) -> None:
        seen: set[tuple[str, str | None, str]] = set()
        for index, entry in enumerate(entries):
            key = (entry.family, entry.model, entry.key)
            if key in seen:
                self._walk.faults.append(
                    Fault(
                        path=(*path, "overrides", index),
                        message=f"{entry.key!r} is overridden twice for "
                        f"{entry.model or entry.family}.",
                        remedy="Keep one of them.",
                    )
                )
            seen.add(key)


def boxed_firmware(settings: Settings, shelf: Shelf) -> Settings:
    """The settings with firmware's models as on the box, where the catalogue knows them."""
    if not settings.firmware:
        return settings
    files: dict[str, str] = {}
    for text, file in settings.firmware:
        found = shelf.find_model(text)
        files[f"{found[0].manifest.vendor} {found[1].name}" if found else text] = file
    return replace(settings, firmware=tuple(sorted(files.items())))


def replace_model(entry: OverrideEntry, shelf: Shelf) -> OverrideEntry:
    """The override with its model as on the box, where the catalogue knows it."""
    found = shelf.find_model(entry.model) if entry.model else None
    if found is None:
        return entry
    family, model = found
    return entry.model_copy(update={"model": f"{family.manifest.vendor} {model.name}"})


def layer_settings(contents: DomainContents, phone: Phone) -> tuple[Settings, ...]:
    """The domain's, the site's and the phone's own layer, farthest first."""
    site = contents.sites.get(phone.site or "")
    middle = (site.settings,) if site is not None else ()
    return (contents.domain.settings, *middle, phone.settings)
