"""Whose is an emergency address? Given to users, phones and sites, or made the domain's."""

from dataclasses import dataclass, replace
from datetime import datetime

from provisiond.actions.edits import Editing, editing
from provisiond.actions.emergency_addresses import put_address
from provisiond.actions.inventory_text import Tree
from provisiond.inventory.access import Actor
from provisiond.inventory.emergency import EmergencyAddress
from provisiond.inventory.errors import Rejected
from provisiond.inventory.mac import Mac
from provisiond.store.database import Database
from provisiond.store.emergency import default_address, find_addresses
from provisiond.store.emergency_uses import assign


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignAddress:
    """The command: the address called `name` is that of these users, phones and sites; None takes
    theirs away, and what is handed down holds. `for_domain` makes it the domain's default, or
    takes the default away."""

    domain: str
    name: str | None
    users: tuple[str, ...] = ()
    phones: tuple[Mac, ...] = ()
    sites: tuple[str, ...] = ()
    for_domain: bool = False
    dry_run: bool = False


async def assign_address(db: Database, actor: Actor, command: AssignAddress, at: datetime) -> int:
    """Do it; answers how many records changed. Raises NotFound, Rejected where the address is not
    there, and RejectedAll with every user, phone and site that is not: then nothing changed."""
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        names = [command.name] if command.name is not None else []
        found = await find_addresses(edit.write, edit.domain_id, names)
        if command.name is not None and command.name not in found:
            message = f"there is no emergency address {command.name!r}."
            raise Rejected("name", message, "Add it first, or correct the name.")
        changed = await assign(
            edit.write,
            edit.domain_id,
            command.name,
            users=command.users,
            phones=command.phones,
            sites=command.sites,
        )
        stood = await default_address(edit.write, edit.domain_id)
        moves = command.for_domain and (stood.name if stood is not None else None) != command.name
        if changed or moves:
            await edit.note(
                "assign emergency address", command.name or "none", after=_told(command)
            )
        if moves:
            given = found[command.name] if command.name is not None else None
            changed += await _default(edit, stood, given)
    return changed


async def _default(
    edit: Editing, stood: EmergencyAddress | None, given: EmergencyAddress | None
) -> int:
    """The address given is the default instead of the one that stood: edits, as by hand, so that
    they are undone as such. One record for whoever asked: the one that was named, or had it."""
    if given is not None:
        await put_address(edit, given.name, given, replace(given, is_default=True))
    elif stood is not None:
        await put_address(edit, stood.name, stood, replace(stood, is_default=False))
    return 1


def _told(command: AssignAddress) -> dict[str, Tree]:
    tree: dict[str, Tree] = {
        "users": [*command.users[:50]],
        "phones": [str(mac) for mac in command.phones[:50]],
        "sites": [*command.sites[:50]],
    }
    tree["domain"] = "default" if command.for_domain else None
    return {name: listed for name, listed in tree.items() if listed}
