"""Whose is an emergency address? Given to users, phones and sites, or made the domain's."""

from dataclasses import dataclass, replace
from datetime import datetime

from provisiond.actions.edits import Editing, editing
from provisiond.actions.inventory_text import Tree
from provisiond.inventory.access import Actor
from provisiond.inventory.errors import Rejected
from provisiond.inventory.mac import Mac
from provisiond.store.database import Database
from provisiond.store.emergency import all_addresses, update_addresses
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
        addresses = await all_addresses(edit.write, edit.domain_id)
        if command.name is not None and command.name not in addresses:
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
        if command.for_domain:
            changed += await _default(edit, command.name)
        if changed:
            await edit.note(
                "assign emergency address", command.name or "none", after=_told(command)
            )
    return changed


async def _default(edit: Editing, name: str | None) -> int:
    addresses = await all_addresses(edit.write, edit.domain_id)
    stood = next((one for one in addresses.values() if one.is_default), None)
    if (stood.name if stood is not None else None) == name:
        return 0
    if name is not None:
        records = [replace(addresses[name], is_default=True)]
    else:
        assert stood is not None
        records = [replace(stood, is_default=False)]
    await update_addresses(edit.write, edit.domain_id, records)
    return 1


def _told(command: AssignAddress) -> dict[str, Tree]:
    tree: dict[str, Tree] = {
        "users": [*command.users[:50]],
        "phones": [str(mac) for mac in command.phones[:50]],
        "sites": [*command.sites[:50]],
    }
    tree["domain"] = "default" if command.for_domain else None
    return {name: listed for name, listed in tree.items() if listed}
