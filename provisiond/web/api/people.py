"""What do programs learn of the people who may log in, and how are they kept?"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from provisiond.actions.people import (
    AccountEdit,
    Invitation,
    add_person,
    change_person,
    delete_person,
    invite_again,
    list_people,
    show_person,
)
from provisiond.inventory.access import Noun, Role, Verb
from provisiond.inventory.accounts import LINK_HOURS, Account
from provisiond.inventory.lists import PersonOrder, PersonQuery
from provisiond.web.api.cursors import place_of
from provisiond.web.api.kept import listing, ordered
from provisiond.web.api.route import Call, Reply, Route
from provisiond.web.api.shapes import Asked, Listing, Record, SearchQuery, Shape

_RoleName = Literal["admin", "tech", "manager", "user"]
_Name = Annotated[str, Field(max_length=256)]
_Hours = Annotated[int, Field(ge=1, le=720, description="how long the link may be followed")]


class PersonShown(Record):
    """Somebody who may log in. `state` is active, invited or disabled."""

    name: str
    role: _RoleName
    domain: str | None
    extension: str | None
    state: Literal["active", "invited", "disabled"]
    second_factor: bool
    created_at: datetime | None
    logged_in_at: datetime | None


class PersonAdded(Shape):
    """Somebody new, and the key of the link `/join/<key>` by which they choose a password."""

    name: str
    join_key: str
    expires_at: datetime


class PersonBody(Asked):
    """Somebody new."""

    name: _Name
    role: _RoleName
    domain: _Name | None = None
    extension: _Name | None = None
    hours: _Hours = LINK_HOURS


class PersonChange(Asked):
    """What to change; null takes domain or extension away."""

    role: _RoleName | None = None
    domain: _Name | None = None
    extension: _Name | None = None
    disabled: bool | None = None


class ResetBody(Asked):
    """A new link; with `second_factor` a lost one is removed too."""

    hours: _Hours = LINK_HOURS
    second_factor: bool = False


class PeopleQuery(SearchQuery):
    """Which people. `q` is found in the login name, and in the extension and name of the user that
    somebody is; who never logged in stands before all who did."""

    domain: Annotated[str | None, Field(max_length=255)] = None
    sort: Literal[
        "name", "-name", "role", "-role", "domain", "-domain", "logged_in_at", "-logged_in_at"
    ] = "name"


async def get_people(call: Call) -> Reply:
    """Accounts that match."""
    query: PeopleQuery = call.query
    wanted = PersonQuery(
        text=query.q.strip(),
        domain=query.domain,
        after=place_of(call),
        limit=query.limit,
        **ordered(PersonOrder, query.sort),
    )
    page = await list_people(call.desk.db, call.actor, wanted)
    return listing(call, page, person_shown, PersonShown)


async def get_person(call: Call) -> Reply:
    """One account."""
    account = await show_person(call.desk.db, call.actor, call.of("name"))
    return Reply(body=person_shown(account), revision=account.revision)


async def post_person(call: Call) -> Reply:
    """Add an account; the answer has the key of the link that its owner needs."""
    body: PersonBody = call.body
    account = Account(
        name=body.name, role=Role(body.role), domain=body.domain, extension=body.extension
    )
    made = await add_person(call.desk.db, call.actor, account, call.at, hours=body.hours)
    return Reply(body=_added(made), location=f"/people/{made.account}")


async def patch_person(call: Call) -> Reply:
    """Change what somebody may do; it counts at once."""
    body: PersonChange = call.body
    given = body.model_fields_set
    edit = AccountEdit(
        role=Role(body.role) if body.role is not None else None,
        domain=(body.domain or "") if "domain" in given else None,
        extension=(body.extension or "") if "extension" in given else None,
        disabled=body.disabled,
        revision=call.revision,
    )
    account = await change_person(call.desk.db, call.actor, call.of("name"), edit, call.at)
    return Reply(body=person_shown(account), revision=account.revision)


async def remove_person(call: Call) -> Reply:
    """Delete an account; its sessions end."""
    await delete_person(call.desk.db, call.actor, call.of("name"), call.at, revision=call.revision)
    return Reply()


async def reset_person(call: Call) -> Reply:
    """Make a new link; the old password and all sessions end at once."""
    body: ResetBody = call.body
    made = await invite_again(
        call.desk.db,
        call.actor,
        call.of("name"),
        call.at,
        hours=body.hours,
        without_code=body.second_factor,
    )
    return Reply(body=_added(made))


def person_shown(account: Account) -> PersonShown:
    """An account as programs see it."""
    state: Literal["active", "invited", "disabled"] = "active"
    if account.disabled:
        state = "disabled"
    elif not account.password_hash:
        state = "invited"
    return PersonShown(
        revision=account.revision,
        name=account.name,
        role=account.role.value,
        domain=account.domain,
        extension=account.extension,
        state=state,
        second_factor=account.has_second_factor,
        created_at=account.created_at,
        logged_in_at=account.logged_in_at,
    )


def _added(made: Invitation) -> PersonAdded:
    return PersonAdded(
        name=made.account or "", join_key=made.key.reveal(), expires_at=made.expires_at
    )


_PEOPLE = Noun.PEOPLE

ROUTES = (
    Route(
        method="GET",
        path="/people",
        summary="List who may log in",
        noun=_PEOPLE,
        handler=get_people,
        query=PeopleQuery,
        answer=Listing[PersonShown],
    ),
    Route(
        method="POST",
        path="/people",
        summary="Let somebody in",
        noun=_PEOPLE,
        verb=Verb.ADD,
        handler=post_person,
        request=PersonBody,
        rehearsed={"name": "x????????????", "role": "tech"},
        answer=PersonAdded,
        status=201,
    ),
    Route(
        method="GET",
        path="/people/{name}",
        summary="Show somebody",
        noun=_PEOPLE,
        handler=get_person,
        answer=PersonShown,
    ),
    Route(
        method="PATCH",
        path="/people/{name}",
        summary="Change what somebody may do",
        noun=_PEOPLE,
        verb=Verb.EDIT,
        handler=patch_person,
        request=PersonChange,
        rehearsed={},
        answer=PersonShown,
        conditional=True,
    ),
    Route(
        method="DELETE",
        path="/people/{name}",
        summary="Delete somebody's account",
        noun=_PEOPLE,
        verb=Verb.DELETE,
        handler=remove_person,
        conditional=True,
    ),
    Route(
        method="POST",
        path="/people/{name}/reset",
        summary="Make a new link for somebody",
        noun=_PEOPLE,
        verb=Verb.EDIT,
        handler=reset_person,
        request=ResetBody,
        answer=PersonAdded,
    ),
)
