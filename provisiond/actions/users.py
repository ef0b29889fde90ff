"""What can be done with a user? Listed, shown with what is theirs, added, changed, deleted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from provisiond.actions.bulk_edits import BulkNoun, ChangedMany, ChangeMany, Check, change_many
from provisiond.actions.edits import (
    Editing,
    Saved,
    accepted,
    check_seen,
    domain_record,
    editing,
)
from provisiond.actions.emergency_references import EmergencyNames, emergency_names
from provisiond.actions.inventory_text import Tree
from provisiond.actions.inventory_write import user_tree
from provisiond.inventory.access import Actor
from provisiond.inventory.errors import Finding, NotFound
from provisiond.inventory.faults import MASK, user_faults
from provisiond.inventory.lists import Page, UserQuery
from provisiond.inventory.people import User
from provisiond.inventory.secret import Secret, new_password
from provisiond.inventory.uses import Use
from provisiond.store.database import Database, Read
from provisiond.store.destinations import find_destinations
from provisiond.store.sites import list_sites
from provisiond.store.users import delete_user as delete_stored
from provisiond.store.users import (
    find_users,
    insert_users,
    query_users,
    update_user,
    update_users,
    user_uses,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserView:
    """A user as people look at one; `uses` are the phones and numbers that have the user. The
    password is `***`, which a change leaves alone."""

    domain: str
    user: User
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddUser:
    """The command. Without a SIP password one is made."""

    domain: str
    user: User
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeUser:
    """The command: the record in place of the one that has `extension`, which it may change;
    `user.revision` is the one that was seen. The password `***` leaves it alone."""

    domain: str
    extension: str
    user: User
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteUser:
    """The command; `revision` None deletes whatever stands."""

    domain: str
    extension: str
    revision: int | None = None
    dry_run: bool = False


async def list_domain_users(db: Database, domain: str, query: UserQuery) -> Page[User]:
    """Users that match, their passwords masked. Raises NotFound."""
    async with db.read() as read:
        domain_id, _ = await domain_record(read, domain)
        page = await query_users(read, domain_id, query)
    return replace(page, rows=tuple([_masked(user) for user in page.rows]))


async def show_user(db: Database, domain: str, extension: str) -> UserView:
    """One user. Raises NotFound."""
    async with db.read() as read:
        domain_id, record = await domain_record(read, domain)
        user = await _stored(read, domain_id, domain, extension)
        uses = await user_uses(read, domain_id, extension)
    return UserView(domain=record.name, user=_masked(user), uses=uses)


async def add_user(db: Database, actor: Actor, command: AddUser, at: datetime) -> Saved[User]:
    """Add a user. Raises RejectedAll with every fault, and NotFound.

    The answer's record has the password, which the registrar must learn.
    """
    user = replace(command.user, revision=1)
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        findings = [*user_faults(user), *await _references(edit, user, None)]
        if user.sip_password.reveal() in ("", MASK):
            user = replace(user, sip_password=new_password())
            message = "a SIP password was made; the registrar must learn it."
            findings.append(Finding(where="sip_password", message=message, severity="warning"))
        warnings = accepted(findings, user.extension)
        await insert_users(edit.write, edit.domain_id, [user])
        await edit.note("add user", user.extension, after=user_tree(user))
    return Saved(domain=edit.domain.name, record=user, warnings=warnings)


async def change_user(db: Database, actor: Actor, command: ChangeUser, at: datetime) -> Saved[User]:
    """Change a user; lines and numbers follow the extension. Raises RejectedAll with every fault,
    NotFound, and Conflict where it was changed meanwhile."""
    key, user = command.extension, command.user
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, key)
        check_seen(stood.revision, user.revision, f"user {key}")
        if user.sip_password.reveal() == MASK:
            user = replace(user, sip_password=stood.sip_password)
        findings = [*user_faults(user), *await _references(edit, user, stood)]
        warnings = accepted(findings, key)
        changed = user != stood
        if changed:
            await update_user(edit.write, edit.domain_id, key, user)
            before, after = user_trees(stood, user)
            await edit.note("edit user", key, before=before, after=after)
            user = replace(user, revision=stood.revision + 1)
    record = _masked(user) if command.user.sip_password.reveal() == MASK else user
    return Saved(domain=edit.domain.name, record=record, warnings=warnings, changed=changed)


async def change_users(
    db: Database, actor: Actor, command: ChangeMany[str, User], at: datetime
) -> ChangedMany:
    """Change many users, who keep extension and password; raises as `change_many`."""

    async def ready(edit: Editing, users: Sequence[User]) -> Check[User]:
        there = await _there(edit, users)
        return lambda user, _: (user, [*user_faults(user), *there.findings(user)])

    noun = BulkNoun(
        name="user",
        find=lambda edit, extensions: find_users(edit.write, edit.domain_id, extensions),
        ready=ready,
        put=lambda edit, users: update_users(edit.write, edit.domain_id, users),
        tree=user_tree,
    )
    return await change_many(db, actor, noun, command, at)


async def delete_user(db: Database, actor: Actor, command: DeleteUser, at: datetime) -> User:
    """Delete a user; answers who it was. Raises NotFound, and Conflict naming phones and numbers
    that have the user."""
    key = command.extension
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, key)
        check_seen(stood.revision, command.revision, f"user {key}")
        await edit.note("delete user", key, before=user_tree(stood))
        await delete_stored(edit.write, edit.domain_id, key, revision=stood.revision)
    return _masked(stood)


def user_trees(stood: User, user: User) -> tuple[dict[str, Tree], dict[str, Tree]]:
    """Both as the journal keeps them: a new password is said to be one, and not told."""
    before, after = user_tree(stood), user_tree(user)
    if user.sip_password != stood.sip_password:
        after["sip_password"] = f"{MASK} (a new one)" if user.sip_password else ""
    return before, after


def _masked(user: User) -> User:
    return replace(user, sip_password=Secret(MASK if user.sip_password else ""))


async def _stored(read: Read, domain_id: int, domain: str, extension: str) -> User:
    found = await find_users(read, domain_id, [extension])
    if extension not in found:
        raise NotFound(f"there is no extension {extension} in {domain}.")
    return found[extension]


@dataclass(frozen=True, slots=True, kw_only=True)
class _There:
    """What users of a domain can name."""

    sites: tuple[str, ...]
    emergency: EmergencyNames

    def findings(self, user: User) -> list[Finding]:
        """A site, emergency address or emergency endpoint that is not there."""
        findings = []
        if user.site is not None and user.site not in self.sites:
            message = f"there is no site {user.site!r}."
            there = ", ".join(self.sites)
            remedy = f"There are {there}." if there else "Add the site first."
            findings.append(Finding(where="site", message=message, remedy=remedy))
        return findings + self.emergency.findings(user.emergency_address, user.emergency_caller_id)


async def _there(edit: Editing, users: Sequence[User]) -> _There:
    sites = await list_sites(edit.write, edit.domain_id)
    caller_ids = {user.emergency_caller_id for user in users} - {None}
    return _There(
        sites=tuple([site.name for site in sites]),
        emergency=await emergency_names(
            edit.write, edit.domain_id, [one for one in caller_ids if one is not None]
        ),
    )


async def _references(edit: Editing, user: User, stood: User | None) -> list[Finding]:
    """A site or emergency address that is not there, and an extension that is taken."""
    findings = (await _there(edit, [user])).findings(user)
    key = user.extension
    if stood is None or stood.extension != key:
        users = await find_users(edit.write, edit.domain_id, [key])
        others = await find_destinations(edit.write, edit.domain_id, [key])
        owner = ""
        if key in users:
            owner = f"the user {users[key].display_name}"
        elif key in others:
            owner = f"the {others[key].kind.value.replace('_', ' ')} {others[key].name}".rstrip()
        if owner:
            message = f"{key} is the extension of {owner}."
            remedy = "Choose another."
            findings.append(Finding(where="extension", message=message, remedy=remedy))
    return findings
