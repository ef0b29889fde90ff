"""How do programs keep a domain's users and its directories?"""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from provisiond.actions.directories import (
    AddDirectory,
    ChangeDirectory,
    DeleteDirectory,
    add_directory,
    change_directory,
    delete_directory,
    list_domain_directories,
    show_directory,
)
from provisiond.actions.edits import Saved
from provisiond.actions.import_merge import merge_directory, merge_user, merge_user_terms
from provisiond.actions.inventory_schema import DirectoryEntry
from provisiond.actions.people_schema import UserEntry, UserTerms
from provisiond.actions.users import (
    AddUser,
    ChangeUser,
    DeleteUser,
    add_user,
    change_user,
    change_users,
    delete_user,
    list_domain_users,
    show_user,
)
from provisiond.inventory.access import Noun
from provisiond.inventory.directory import Directory
from provisiond.inventory.faults import MASK
from provisiond.inventory.lists import UserOrder, UserQuery
from provisiond.inventory.people import User
from provisiond.inventory.secret import Secret
from provisiond.inventory.uses import Use
from provisiond.web.api.bulk import ManyBody, many_of, many_reply, many_route
from provisiond.web.api.cursors import place_of
from provisiond.web.api.kept import Keeping, faults, kept, listing, named_part, ordered, seen
from provisiond.web.api.route import Call, Reply
from provisiond.web.api.shapes import NamedQuery, Record, SearchQuery, Shape


class UseShown(Shape):
    """Where a record is used: a noun with its key."""

    noun: str
    key: str


class UserShown(Record):
    """A user. `sip_password` is `***` where there is one, except in the answer to the change that
    set it; `***` in a change leaves it alone."""

    extension: str
    first_name: str
    last_name: str
    sip_user: str
    sip_auth_user: str
    sip_password: str
    site: str | None
    in_directory: bool
    emergency_address: str | None
    emergency_caller_id: str | None
    uses: list[UseShown] = Field(default_factory=list)


class UsersBody(ManyBody):
    """What many users are to have in common."""

    changes: UserTerms


class UsersQuery(SearchQuery):
    """Which users. `q` is found in the extension and in "first last"."""

    site: Annotated[str | None, Field(max_length=128)] = None
    sort: Literal[
        "extension", "-extension", "first_name", "-first_name", "last_name", "-last_name"
    ] = "extension"


class NameAndNumber(Shape):
    """A line of a directory."""

    name: str
    number: str


class DirectoryShown(Record):
    """A directory with its own entries."""

    name: str
    entries: list[NameAndNumber]


async def list_users(call: Call) -> Reply:
    """Users that match."""
    query: UsersQuery = call.query
    wanted = UserQuery(
        text=query.q.strip(),
        site=query.site,
        after=place_of(call),
        limit=query.limit,
        **ordered(UserOrder, query.sort),
    )
    page = await list_domain_users(call.desk.db, call.of("domain"), wanted)
    return listing(call, page, user_shown, UserShown)


async def get_user(call: Call) -> Reply:
    """One user, and where the extension is used."""
    view = await show_user(call.desk.db, call.of("domain"), call.of("extension"))
    shown = user_shown(view.user).model_copy(update={"uses": uses_shown(view.uses)})
    return Reply(body=shown, revision=view.user.revision)


async def post_user(call: Call) -> Reply:
    """Add a user; without a SIP password one is made, which the answer tells."""
    body: UserEntry = call.body
    command = AddUser(domain=call.of("domain"), user=merge_user(None, body))
    saved = await add_user(call.desk.db, call.actor, command, call.at)
    place = f"/domains/{saved.domain}/users/{saved.record.extension}"
    return replace(_saved_user(saved), location=place)


async def patch_user(call: Call) -> Reply:
    """Change a user; lines and numbers follow the extension."""
    body: UserEntry = call.body
    key = call.of("extension")
    stood = (await show_user(call.desk.db, call.of("domain"), key)).user
    user = replace(
        merge_user(stood, body),
        extension=body.extension,
        revision=seen(call, stood.revision),
    )
    command = ChangeUser(domain=call.of("domain"), extension=key, user=user)
    saved = await change_user(call.desk.db, call.actor, command, call.at)
    if body.sip_password.reveal() in ("", MASK):
        masked = Secret(MASK if saved.record.sip_password else "")
        saved = replace(saved, record=replace(saved.record, sip_password=masked))
    return _saved_user(saved)


async def patch_users(call: Call) -> Reply:
    """Change what many users have in common."""
    body: UsersBody = call.body
    command = many_of(call, "extension", str, lambda user: merge_user_terms(user, body.changes))
    return many_reply(call, await change_users(call.desk.db, call.actor, command, call.at))


async def remove_user(call: Call) -> Reply:
    """Delete a user."""
    command = DeleteUser(
        domain=call.of("domain"), extension=call.of("extension"), revision=call.revision
    )
    await delete_user(call.desk.db, call.actor, command, call.at)
    return Reply()


async def list_directories(call: Call) -> Reply:
    """Every directory with its own entries."""
    rows = await list_domain_directories(call.desk.db, call.of("domain"))
    page = named_part(call, rows, lambda one: one.name)
    return listing(call, page, directory_shown, DirectoryShown)


async def get_directory(call: Call) -> Reply:
    """One directory."""
    one = await show_directory(call.desk.db, call.of("domain"), call.of("name"))
    return Reply(body=directory_shown(one), revision=one.revision)


async def post_directory(call: Call) -> Reply:
    """Add a directory."""
    body: DirectoryEntry = call.body
    command = AddDirectory(domain=call.of("domain"), directory=merge_directory(None, body))
    saved = await add_directory(call.desk.db, call.actor, command, call.at)
    return _saved_directory(saved)


async def patch_directory(call: Call) -> Reply:
    """Change a directory; entries that are given replace all."""
    body: DirectoryEntry = call.body
    stood = await show_directory(call.desk.db, call.of("domain"), call.of("name"))
    record = replace(
        merge_directory(stood, body), name=body.name, revision=seen(call, stood.revision)
    )
    command = ChangeDirectory(domain=call.of("domain"), name=stood.name, directory=record)
    return _saved_directory(await change_directory(call.desk.db, call.actor, command, call.at))


async def remove_directory(call: Call) -> Reply:
    """Delete a directory."""
    command = DeleteDirectory(
        domain=call.of("domain"), name=call.of("name"), revision=call.revision
    )
    await delete_directory(call.desk.db, call.actor, command, call.at)
    return Reply()


def user_shown(user: User) -> UserShown:
    """A user as programs see one."""
    return UserShown(
        revision=user.revision,
        extension=user.extension,
        first_name=user.first_name,
        last_name=user.last_name,
        sip_user=user.sip_user,
        sip_auth_user=user.sip_auth_user,
        sip_password=user.sip_password.reveal(),
        site=user.site,
        in_directory=user.in_directory,
        emergency_address=user.emergency_address,
        emergency_caller_id=user.emergency_caller_id.text if user.emergency_caller_id else None,
    )


def uses_shown(uses: tuple[Use, ...]) -> list[UseShown]:
    """Where a record is used."""
    return [UseShown(noun=use.noun, key=use.key) for use in uses]


def directory_shown(directory: Directory) -> DirectoryShown:
    """A directory as programs see it."""
    entries = [NameAndNumber(name=one.name, number=one.number) for one in directory.entries]
    return DirectoryShown(revision=directory.revision, name=directory.name, entries=entries)


def _saved_user(saved: Saved[User]) -> Reply:
    shown = user_shown(saved.record).model_copy(update={"warnings": faults(saved.warnings)})
    return Reply(body=shown, revision=saved.record.revision)


def _saved_directory(saved: Saved[Directory]) -> Reply:
    return Reply(body=directory_shown(saved.record), revision=saved.record.revision)


ROUTES = (
    *kept(
        Keeping(
            noun=Noun.USERS,
            path="/domains/{domain}/users",
            key="extension",
            one="a user",
            many="users",
            listed=list_users,
            shown=get_user,
            added=post_user,
            changed=patch_user,
            removed=remove_user,
            query=UsersQuery,
            request=UserEntry,
            answer=UserShown,
            rehearsed={"extension": "???????????????"},
            own=("warnings", "sip_password"),
        )
    ),
    many_route(
        noun=Noun.USERS,
        path="/domains/{domain}/users",
        many="users",
        handler=patch_users,
        request=UsersBody,
    ),
    *kept(
        Keeping(
            noun=Noun.DIRECTORIES,
            path="/domains/{domain}/directories",
            key="name",
            one="a directory",
            many="directories",
            listed=list_directories,
            shown=get_directory,
            added=post_directory,
            changed=patch_directory,
            removed=remove_directory,
            query=NamedQuery,
            request=DirectoryEntry,
            answer=DirectoryShown,
            rehearsed={"name": "x????????????"},
        )
    ),
)
