"""Where is it kept what phones were told, and what came of it? Rows that the daemon works off."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.mac import Mac
from provisiond.inventory.resyncs import TOLD_AGAIN, Resync, ResyncState
from provisiond.store.instants import from_stored, from_stored_if_any, to_stored
from provisiond.store.schema import domain, phone, sighting
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
    values: dict[str, Any] = {
        "requested_at": sa.case((_is_queued(), to_stored(at)), else_=resync.c.requested_at),
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


async def queued_resyncs(read: Read, *, limit: int) -> tuple[OpenResync, ...]:
    """Those that wait to be sent, of each domain in turn its oldest; none of a phone that is being
    told already."""
    told = resync.alias("told")
    being_told = sa.select(told.c.domain_id, told.c.phone_id).where(
        sa.text("NOT told.closed"), told.c.state == ResyncState.SENDING.value
    )
    phone_key = sa.tuple_(resync.c.domain_id, resync.c.phone_id)
    return await _in_turn(read, limit, _is_queued(), phone_key.not_in(being_told))


async def told_resyncs(
    read: Read, *, lost: datetime, watched: datetime, limit: int
) -> tuple[OpenResync, ...]:
    """Those that were sent and about which something may be done, of each domain in turn: the
    phone has fetched since, it was told before `watched`, or is being told since before `lost`."""
    sending = resync.c.state == ResyncState.SENDING.value
    fetched = sa.exists().where(_seen(), sighting.c.proved_at >= resync.c.sent_at)
    due = sa.or_(
        resync.c.sent_at < to_stored(watched),
        sending & (resync.c.sent_at < to_stored(lost)),
        fetched,
    )
    return await _in_turn(read, limit, ~_is_queued(), due)


async def count_queued(read: Read, domain_id: int, *, most: int) -> int:
    """How many of a domain wait to be sent; `most` stands for more."""
    # A sum keeps SQLite on the index of the open ones, which are few beside a domain's closed.
    waiting = (
        sa.select(resync.c.id)
        .where(sa.text("NOT closed"), resync.c.domain_id + 0 == domain_id, _is_queued())
        .limit(most)
    )
    row = await read.first(sa.select(sa.func.count()).select_from(waiting.subquery()))
    return int(row[0]) if row is not None else 0


async def start_resync(
    write: Write,
    domain_id: int,
    phone_id: int,
    resync_id: int,
    at: datetime,
    wanted: Sequence[str],
) -> bool:
    """Take a queued one to send it; what the phone was told before is waited for no more. False
    where another was faster."""
    done = await write.connection.execute(
        sa.update(resync)
        .where(*_is(domain_id, resync_id), _is_queued())
        .values(state=ResyncState.SENDING.value, sent_at=to_stored(at), wanted=" ".join(wanted))
    )
    if not done.rowcount:
        return False
    await write.connection.execute(
        sa.update(resync)
        .where(
            resync.c.domain_id == domain_id,
            resync.c.phone_id == phone_id,
            resync.c.id != resync_id,
            resync.c.closed.is_(sa.false()),
            ~_is_queued(),
        )
        .values(closed=True, reason=sa.func.trim(resync.c.reason + f" {TOLD_AGAIN}"))
    )
    return True


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


async def _in_turn(
    read: Read, limit: int, *which: sa.ColumnElement[bool]
) -> tuple[OpenResync, ...]:
    """The first `limit` open ones: each domain's oldest, then the second of each, and so on."""
    turn = sa.func.row_number().over(partition_by=resync.c.domain_id, order_by=resync.c.id)
    first = (
        sa.select(resync.c.domain_id, resync.c.id, turn.label("turn"))
        .where(sa.text("NOT closed"), *which)
        .order_by(sa.text("turn"), resync.c.id)
        .limit(limit)
        .subquery()
    )
    query = (
        _select(sighting.c.proved_hash, sighting.c.proved_at)
        .join(first, (first.c.domain_id == resync.c.domain_id) & (first.c.id == resync.c.id))
        .outerjoin(sighting, _seen())
        .order_by(first.c.turn, resync.c.id)
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


def _seen() -> sa.ColumnElement[bool]:
    return (sighting.c.domain_id == resync.c.domain_id) & (sighting.c.phone_id == resync.c.phone_id)


def _is_queued() -> sa.ColumnElement[bool]:
    return resync.c.state == ResyncState.QUEUED.value


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
