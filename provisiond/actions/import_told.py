"""What does the journal keep of a record that an import adds or changes? What it keeps of the same
change by hand."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from provisiond.actions.changes import differing
from provisiond.actions.directories import directory_trees, entries_told
from provisiond.actions.domains import record_tree
from provisiond.actions.emergency_trees import address_tree, endpoint_tree
from provisiond.actions.inventory_write import (
    Object,
    layout_tree,
    overrides_tree,
    phone_tree,
    settings_tree,
    site_tree,
)
from provisiond.actions.number_trees import destination_tree, frame_tree, number_tree, sms_tree
from provisiond.actions.users import user_trees
from provisiond.inventory.directory import COMPANY, Directory
from provisiond.inventory.domains import Domain, Settings
from provisiond.inventory.faults import MASK
from provisiond.inventory.people import User
from provisiond.inventory.phones import Override
from provisiond.store.timeframes import shown

_ANOTHER = f"{MASK} (a new one)"
Trees = tuple[Object | None, Object | None]
"""What stood, None where nothing did, and what stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A noun of the journal: what a record is called, and what is told of it. Fields that do not
    differ are left out, but those that are `kept`; both None is nothing to tell."""

    noun: str
    name: Callable[[Any], str]
    trees: Callable[[Any, Any], Trees]
    kept: tuple[str, ...] = ()

    def told(self, before: object, after: object) -> Trees:
        """What the journal keeps of it."""
        return apart(self.trees(before, after), self.kept)


def apart(trees: Trees, kept: tuple[str, ...] = ()) -> Trees:
    """Of two trees the fields that differ."""
    before, after = trees
    if before is None or after is None:
        return trees
    told_before, told_after = differing(before, after, kept=kept)
    assert isinstance(told_before, dict)
    assert isinstance(told_after, dict)
    return told_before, told_after


def domain_trees(before: Domain | None, after: Domain) -> Trees:
    """A domain's own record; no `before` is one that is added."""
    return _with_secrets(lambda one, *, open_: record_tree(one, with_secrets=open_))(before, after)


def settings_trees(before: Settings, after: Settings) -> Trees:
    """The server's layer of settings."""
    tree = _with_secrets(lambda one, *, open_: settings_tree(one, with_secrets=open_))
    return apart(tree(before, after))


def rows_trees(before: Iterable[Override], after: Iterable[Override]) -> Trees:
    """The overrides of a scope that went and came."""
    old, new = set(before), set(after)
    return {"overrides": overrides_tree(old - new)}, {"overrides": overrides_tree(new - old)}


def _plain(tree: Callable[[Any], Object]) -> Callable[[Any, Any], Trees]:
    """The trees of records without secrets."""
    return lambda before, after: (None if before is None else tree(before), tree(after))


def _with_secrets(tree: Callable[..., Object]) -> Callable[[Any, Any], Trees]:
    """The trees of records with secrets: one in the place of another is said to be so."""

    def trees(before: object, after: object) -> Trees:
        told = tree(after, open_=False)
        if before is None:
            return None, told
        stood = tree(before, open_=False)
        return stood, _marked(stood, told, tree(before, open_=True), tree(after, open_=True))

    return trees


def _marked(before: Object, after: Object, was: Object, now: Object) -> Object:
    """The tree after, those of its secrets marked that were others before."""
    told: Object = {}
    for name, value in after.items():
        stood, old, new = before.get(name), was.get(name), now.get(name)
        told[name] = value
        if isinstance(value, dict) and isinstance(old, dict) and isinstance(new, dict):
            told[name] = _marked(stood if isinstance(stood, dict) else {}, value, old, new)
        elif stood == value and old != new:
            told[name] = _ANOTHER
    return told


def _user_trees(before: User | None, after: User) -> Trees:
    stood, told = user_trees(before or after, after)
    return (stood if before is not None else None), told


def _directory_trees(before: Directory | None, after: Directory) -> Trees:
    """A new domain has its directory `company` from the start: there it is changed, not added."""
    if before is None and after.name == COMPANY:
        if not after.entries:
            return None, None
        before = Directory(name=COMPANY)
    if before is None:
        return None, {"entries": entries_told(after.entries)}
    return directory_trees(before, after)


TOLD: Mapping[str, Told] = {
    "emergency_addresses": Told(
        noun="emergency address", name=lambda one: one.name, trees=_plain(address_tree)
    ),
    "sites": Told(
        noun="site",
        name=lambda one: one.name,
        trees=_with_secrets(lambda one, *, open_: site_tree(one, [], with_secrets=open_)),
    ),
    "emergency_endpoints": Told(
        noun="emergency endpoint", name=lambda one: one.number.text, trees=_plain(endpoint_tree)
    ),
    "users": Told(noun="user", name=lambda one: one.extension, trees=_user_trees),
    "destinations": Told(
        noun="destination", name=lambda one: one.extension, trees=_plain(destination_tree)
    ),
    "time_frames": Told(
        noun="time frame",
        name=lambda one: shown((one.name, one.owner)),
        trees=_plain(frame_tree),
        kept=("owner",),
    ),
    "numbers": Told(noun="number", name=lambda one: one.number.text, trees=_plain(number_tree)),
    "sms_numbers": Told(
        noun="SMS number", name=lambda one: one.number.text, trees=_plain(sms_tree)
    ),
    "directories": Told(noun="directory", name=lambda one: one.name, trees=_directory_trees),
    "layouts": Told(noun="layout", name=lambda one: one.name, trees=_plain(layout_tree)),
    "phones": Told(
        noun="phone",
        name=lambda one: str(one.mac),
        trees=_with_secrets(lambda one, *, open_: phone_tree(one, with_secrets=open_)),
    ),
}
"""The kinds of a domain's records, in the order in which an import writes them."""
