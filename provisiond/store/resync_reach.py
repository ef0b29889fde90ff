"""Who else has a phone's SIP users, and who was last seen where it was? Asked of every domain."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.mac import Mac
from provisiond.store.schema import (
    domain,
    phone,
    phone_line,
    server_settings,
    sighting,
    site,
    user_account,
)
from provisiond.store.transaction import Read


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOwner:
    """Another phone that registers as `user`, in lower case, at a SIP server, as its settings
    have that."""

    domain_id: int
    mac: Mac
    user: str
    server: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """How many other phones were last seen at an address: of the domain, and of others."""

    own: int = 0
    elsewhere: int = 0


async def line_owners(read: Read, phone_id: int, users: Collection[str]) -> tuple[LineOwner, ...]:
    """The phones of every domain beside this one that have a line of these SIP users, in whatever
    case, at any server, by user and MAC; disabled ones too, since they stay registered."""
    # Who they are first, then where: the other way round takes five times as long.
    account = _named(users).cte("account")
    rows = await read.rows(
        sa.select(phone.c.domain_id, phone.c.mac, account.c.user, _sip_server().label("server"))
        .select_from(account)
        .join(
            phone_line,
            (phone_line.c.domain_id == account.c.domain_id)
            & (phone_line.c.user_id == account.c.id),
        )
        .join(
            phone,
            (phone.c.domain_id == phone_line.c.domain_id) & (phone.c.id == phone_line.c.phone_id),
        )
        .join(domain, domain.c.id == phone.c.domain_id)
        .outerjoin(site, (site.c.domain_id == phone.c.domain_id) & (site.c.id == phone.c.site_id))
        .where(phone.c.id != phone_id)
        .distinct()
        .order_by(account.c.user, phone.c.mac)
    )
    return tuple(
        [
            LineOwner(domain_id=row.domain_id, mac=Mac(row.mac), user=row.user, server=row.server)
            for row in rows
        ]
    )


async def users_elsewhere(read: Read, domain_id: int, users: Collection[str]) -> frozenset[str]:
    """Which of these SIP users, in lower case, another domain has too, on a phone or on none."""
    account = _named(users).cte("account")
    rows = await read.rows(
        sa.select(account.c.user).where(account.c.domain_id != domain_id).distinct()
    )
    return frozenset([row.user for row in rows])


async def neighbours(read: Read, domain_id: int, phone_id: int, address: str) -> Neighbours:
    """How many other phones, of every domain, were last seen at this address."""
    rows = await read.rows(
        sa.select(sighting.c.domain_id, sa.func.count())
        .where(sighting.c.address == address, sighting.c.phone_id != phone_id)
        .group_by(sighting.c.domain_id)
    )
    counts = {row[0]: row[1] for row in rows}
    own = counts.pop(domain_id, 0)
    return Neighbours(own=own, elsewhere=sum(counts.values()))


def _named(users: Collection[str]) -> sa.CompoundSelect[Any]:
    """The accounts of every domain that SIP knows by these names. Registrars take no heed of
    case; an extension has none."""
    key = (user_account.c.domain_id, user_account.c.id)
    sip_user, names = sa.func.lower(user_account.c.sip_user), {user.lower() for user in users}
    return sa.union_all(
        sa.select(*key, sip_user.label("user")).where(
            user_account.c.sip_user != "", sip_user.in_(names)
        ),
        sa.select(*key, user_account.c.extension.label("user")).where(
            user_account.c.sip_user == "", user_account.c.extension.in_(names)
        ),
    )


def _sip_server() -> sa.ColumnElement[str]:
    """A phone's SIP server as `inherit` finds it: the nearest layer that sets one, and the
    domain's name where that is blank."""
    layers = [table.c.settings["sip_server"].as_string() for table in (phone, site, domain)]
    of_all = sa.select(server_settings.c.settings["sip_server"].as_string()).scalar_subquery()
    return sa.func.coalesce(sa.func.nullif(sa.func.coalesce(*layers, of_all), ""), domain.c.name)
