"""What would an import change for all domains? The server's settings and overrides."""

from dataclasses import dataclass, replace

from provisiond.actions.import_check import override_row_findings
from provisiond.actions.import_merge import merge_overrides, merge_settings
from provisiond.actions.import_plan import boxed_firmware, replace_model
from provisiond.actions.import_walk import Mode, Terms
from provisiond.actions.inventory_file import Fault, path_below
from provisiond.actions.inventory_schema import ServerEntry
from provisiond.actions.inventory_state import ServerContents
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.faults import settings_faults


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPlan:
    """The server's layer before and after."""

    before: ServerContents
    after: ServerContents
    faults: tuple[Fault, ...] = ()

    @property
    def is_changed(self) -> bool:
        """Whether anything is to be written."""
        return self.before != self.after


def plan_server(
    entry: ServerEntry, before: ServerContents, shelf: Shelf, terms: Terms
) -> ServerPlan:
    """Lay the file's server part over what stands; only an admin may bring one."""
    if not entry.model_fields_set:
        return ServerPlan(before=before, after=before)
    settings = boxed_firmware(merge_settings(before.settings, entry.settings), shelf)
    after = replace(before, settings=settings)
    if "overrides" in entry.model_fields_set:
        rows = merge_overrides(
            before.overrides,
            [replace_model(one, shelf) for one in entry.overrides],
            scope="server",
            site=None,
            author=terms.actor.name,
            at=terms.at,
        )
        after = replace(after, overrides=rows)
    faults: list[Fault] = []
    if not terms.actor.is_admin:
        message = "what holds for all domains is the provider's."
        faults.append(Fault(path=("server",), message=message, remedy="Take it out of the file."))
    if after != before and terms.mode is Mode.SKIP and before.settings != type(before)().settings:
        return ServerPlan(before=before, after=before, faults=tuple(faults))
    for finding in settings_faults(after.settings):
        path = ("server", "settings", *path_below(finding.where))
        faults.append(Fault(path=path, message=finding.message, remedy=finding.remedy))
    for row in after.overrides:
        faults += (
            Fault(
                path=("server", "overrides"),
                message=finding.message,
                remedy=finding.remedy,
                severity=finding.severity,
            )
            for finding in override_row_findings(row, shelf, admin=terms.actor.is_admin)
        )
    return ServerPlan(before=before, after=after, faults=tuple(faults))
