"""Where is it kept what phones were told, and what came of it? Rows that the daemon works off."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.mac import Mac
from provisiond.inventory.resyncs import Resync, ResyncState
from provisiond.store.instants import from_stored, from_stored_if_any, to_stored
from provisiond.store.schema import (
    domain,
    phone,
    phone_line,
    server_settings,
    sighting,
    site,
    user_account,
)
from provisiond.store.schema_resyncs import resync
from provisiond.store.transaction import AnyRow, Read, Write, chunks

_REASON_LENGTH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenResync:
    """A row that is not closed, with what the phone has fetched last.

    `wanted` are hashes of its files as they were when it was told; `proved_hash` and `proved_at`
    are of the last file that proves it current, whenever that was.
    """

    domain_id: int
    phone_id: int
    resync: Resync
    wanted: tuple[str, ...]
    proved_hash: str | None
    proved_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOwner:
    """Another phone that registers as the same `user` of the same SIP server."""

    domain_id: int
    mac: Mac
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """How many other phones were last seen at an address: of the domain, and of others."""

    own: int = 0
    elsewhere: int = 0


async def insert_resync(
    write: Write,
    domain_id: int,
    phone_id: int,
    at: datetime,
    *,
    requested_by: str,
    reboot: bool,
    even_if_shared: bool,
) -> int:
    """Queue a re-sync; answers its id."""
    (new_id,) = await write.new_ids(1)
    row = {
        "domain_id": domain_id,
        "id": new_id,
        "phone_id": phone_id,
        "reboot": reboot,
        "even_if_shared": even_if_shared,
        "state": ResyncState.QUEUED.value,
        "requested_by": requested_by,
        "requested_at": to_stored(at),
        "closed": False,
    }
    await write.insert(resync, [row])
    return new_id


async def join_resync(
    write: Write, domain_id: int, resync_id: int, at: datetime, *, even_if_shared: bool
) -> None:
    """Let one that is under way do for another request: a queued one waits from now on, what
    counts is the version of now, and whoever accepts that others are told too is heard."""
    is_queued = resync.c.state == ResyncState.QUEUED.value
    values: dict[str, Any] = {
        "requested_at": sa.case((is_queued, to_stored(at)), else_=resync.c.requested_at),
        "wanted": "",
    }
    if even_if_shared:
        values["even_if_shared"] = True
    await write.connection.execute(
        sa.update(resync).where(*_is(domain_id, resync_id)).values(values)
    )


async def lock_phone(write: Write, domain_id: int, phone_id: int) -> bool:
    """Let nobody else ask for this phone meanwhile. False where it is gone."""
    mine = (phone.c.domain_id == domain_id, phone.c.id == phone_id)
    query = sa.select(phone.c.id).where(*mine).with_for_update(key_share=True)
    return await write.first(query) is not None


async def find_resync(read: Read, domain_id: int, resync_id: int) -> Resync | None:
    """One re-sync, or None."""
    row = await read.first(
        _select().where(resync.c.domain_id == domain_id, resync.c.id == resync_id)
    )
    return _record(row) if row is not None else None


async def latest_resyncs(
    read: Read, domain_id: int, phone_id: int, *, limit: int = 20
) -> tuple[Resync, ...]:
    """A phone's re-syncs, the newest first."""
    rows = await read.rows(
        _select()
        .where(resync.c.domain_id == domain_id, resync.c.phone_id == phone_id)
        .order_by(resync.c.id.desc())
        .limit(limit)
    )
    return tuple([_record(row) for row in rows])


async def newest_resyncs(read: Read, domain_id: int, phone_ids: Sequence[int]) -> dict[int, Resync]:
    """The newest re-sync of each of the phones that ever had one, by the phone's id."""
    found: dict[int, Resync] = {}
    for some in chunks(phone_ids):
        newest = (
            sa.select(sa.func.max(resync.c.id))
            .where(resync.c.domain_id == domain_id, resync.c.phone_id.in_(some))
            .group_by(resync.c.phone_id)
        )
        rows = await read.rows(
            _select().where(resync.c.domain_id == domain_id, resync.c.id.in_(newest))
        )
        found.update({row.phone_id: _record(row) for row in rows})
    return found


async def open_resyncs(read: Read, *, limit: int = 10_000) -> tuple[OpenResync, ...]:
    """All that are not closed, of every domain, the oldest first."""
    seen = (sighting.c.domain_id == resync.c.domain_id) & (sighting.c.phone_id == resync.c.phone_id)
    query = (
        _select(sighting.c.proved_hash, sighting.c.proved_at)
        .outerjoin(sighting, seen)
        .where(sa.text("NOT closed"))
        .order_by(resync.c.id)
        .limit(limit)
    )
    return tuple(
        [
            OpenResync(
                domain_id=row.domain_id,
                phone_id=row.phone_id,
                resync=_record(row),
                wanted=tuple(row.wanted.split()),
                proved_hash=row.proved_hash,
                proved_at=from_stored_if_any(row.proved_at),
            )
            for row in await read.rows(query)
        ]
    )


async def start_resync(
    write: Write, domain_id: int, resync_id: int, at: datetime, wanted: Sequence[str]
) -> bool:
    """Take a queued one to send it. False where another was faster."""
    done = await write.connection.execute(
        sa.update(resync)
        .where(*_is(domain_id, resync_id), resync.c.state == ResyncState.QUEUED.value)
        .values(state=ResyncState.SENDING.value, sent_at=to_stored(at), wanted=" ".join(wanted))
    )
    return bool(done.rowcount)


async def end_resync(
    write: Write,
    domain_id: int,
    resync_id: int,
    at: datetime,
    state: ResyncState,
    *,
    target: str = "",
    code: int | None = None,
    reason: str = "",
    closed: bool = False,
) -> None:
    """Say what came of the message; `closed` where nothing more is waited for."""
    await write.connection.execute(
        sa.update(resync)
        .where(*_is(domain_id, resync_id))
        .values(
            state=state.value,
            ended_at=to_stored(at),
            target=target,
            code=code,
            reason=reason[:_REASON_LENGTH],
            closed=closed or resync.c.closed,
        )
    )


async def confirm_resync(write: Write, domain_id: int, resync_id: int, at: datetime) -> None:
    """The phone has fetched, at `at`, what was wanted."""
    await write.connection.execute(
        sa.update(resync)
        .where(*_is(domain_id, resync_id))
        .values(confirmed_at=to_stored(at), closed=True)
    )


async def close_resync(write: Write, domain_id: int, resync_id: int) -> None:
    """Wait for nothing more."""
    await write.connection.execute(
        sa.update(resync).where(*_is(domain_id, resync_id)).values(closed=True)
    )


async def prune_resyncs(write: Write, before: datetime) -> int:
    """Delete closed ones that were asked for before; answers how many."""
    done = await write.connection.execute(
        sa.delete(resync).where(
            resync.c.closed.is_(sa.true()), resync.c.requested_at < to_stored(before)
        )
    )
    return int(done.rowcount)


async def line_owners(
    read: Read, phone_id: int, users: Collection[str], server: str
) -> tuple[LineOwner, ...]:
    """The phones of every domain beside this one that have a line of these SIP users at this
    server, by user and MAC; disabled ones too, since they stay registered."""
    # Who they are first, then where: the other way round takes five times as long.
    account = _named(users).cte("account")
    rows = await read.rows(
        sa.select(phone.c.domain_id, phone.c.mac, account.c.user)
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
        .where(phone.c.id != phone_id, sa.func.lower(_sip_server()) == server.lower())
        .distinct()
        .order_by(account.c.user, phone.c.mac)
    )
    return tuple(
        [LineOwner(domain_id=row.domain_id, mac=Mac(row.mac), user=row.user) for row in rows]
    )


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
    """The accounts of every domain that SIP knows by these names."""
    key = (user_account.c.domain_id, user_account.c.id)
    return sa.union_all(
        sa.select(*key, user_account.c.sip_user.label("user")).where(
            user_account.c.sip_user != "", user_account.c.sip_user.in_(users)
        ),
        sa.select(*key, user_account.c.extension.label("user")).where(
            user_account.c.sip_user == "", user_account.c.extension.in_(users)
        ),
    )


def _sip_server() -> sa.ColumnElement[str]:
    """A phone's SIP server as `inherit` finds it: the nearest layer that sets one, and the
    domain's name where that is blank."""
    layers = [table.c.settings["sip_server"].as_string() for table in (phone, site, domain)]
    of_all = sa.select(server_settings.c.settings["sip_server"].as_string()).scalar_subquery()
    return sa.func.coalesce(sa.func.nullif(sa.func.coalesce(*layers, of_all), ""), domain.c.name)


def _is(domain_id: int, resync_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (resync.c.domain_id == domain_id, resync.c.id == resync_id)


def _select(*more: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return (
        sa.select(resync, phone.c.mac, domain.c.name.label("domain_name"), *more)
        .join(phone, (phone.c.domain_id == resync.c.domain_id) & (phone.c.id == resync.c.phone_id))
        .join(domain, domain.c.id == resync.c.domain_id)
    )


def _record(row: AnyRow) -> Resync:
    return Resync(
        resync_id=row.id,
        domain=row.domain_name,
        mac=Mac(row.mac),
        reboot=row.reboot,
        even_if_shared=row.even_if_shared,
        state=ResyncState(row.state),
        requested_by=row.requested_by,
        requested_at=from_stored(row.requested_at),
        sent_at=from_stored_if_any(row.sent_at),
        ended_at=from_stored_if_any(row.ended_at),
        target=row.target,
        code=row.code,
        reason=row.reason,
        confirmed_at=from_stored_if_any(row.confirmed_at),
        closed=row.closed,
    )
