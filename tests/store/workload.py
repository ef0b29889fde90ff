"""What does a busy day do to a store? Random changes, each of which can be told apart afterwards.

Every step is one transaction that changes the inventory and journals its number together with a
digest of the whole inventory as it is then. A store that was killed holds the steps 1…m, and its
inventory has the digest of step m: nothing lost, nothing half done.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

import sqlalchemy as sa

from provisiond.inventory.admission import opened
from provisiond.inventory.buttons import Button, ButtonKind
from provisiond.inventory.domains import Settings
from provisiond.inventory.journal import ChangeEntry
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.inventory.secret import TOKEN_ALPHABET, Secret
from provisiond.store import directories, domains, journal, layouts, phones, server, sites, users
from provisiond.store.database import Database, Read, Write
from provisiond.store.enrolment import EnrolmentNote, write_notes
from provisiond.store.schema import change_journal, epoch_clock

START = datetime(2026, 1, 1, tzinfo=UTC)
MODEL = "Yealink SIP-T46U"


async def digest(read: Read) -> str:
    """A digest of all that is inventory, secrets in clear, revisions included."""
    parts: list[object] = [await server.get_server_settings(read)]
    for domain_id, domain in await domains.list_domains(read):
        parts += [
            domain,
            await sites.list_sites(read, domain_id),
            await users.list_users(read, domain_id),
            await directories.list_directories(read, domain_id),
            await layouts.list_layouts(read, domain_id),
            found := await phones.list_phones(read, domain_id),
            [phone.token.reveal() for phone in found],
        ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


async def step(db: Database, domain_id: int, seed: int, number: int) -> str:
    """Carry out one step; answers the digest after it. The commit is its acknowledgement."""
    dice = Random(f"{seed}/{number}")
    async with db.write() as write:
        await dice.choice(_CHANGES)(write, domain_id, dice)
        after = await digest(write)
        entry = ChangeEntry(
            at=START + timedelta(seconds=number),
            actor_kind="system",
            actor="workload",
            action="step",
            subject=str(number),
            after=after,
        )
        await journal.add_change(write, entry)
    return after


@dataclass(frozen=True, slots=True, kw_only=True)
class Survived:
    """What a store holds: the steps it knows of, and whether its inventory is that of the last."""

    steps: int
    is_of_last_step: bool
    faults: tuple[str, ...]


async def examine(db: Database) -> Survived:
    """Look at a store after a crash."""
    faults = [str(finding) for finding in await db.findings()]
    async with db.read() as read:
        rows = await read.rows(
            sa.select(change_journal.c.subject, change_journal.c.after)
            .where(change_journal.c.action == "step")
            .order_by(change_journal.c.id)
        )
        numbers = [int(row.subject) for row in rows]
        if numbers != list(range(1, len(rows) + 1)):
            faults.append(f"steps are missing or doubled: {numbers}")
        is_of_last = not rows or await digest(read) == rows[-1].after
        clock = await read.first(sa.select(epoch_clock.c.seq))
        if clock is None or clock[0] < len(rows):
            faults.append("the epochs are behind the changes")
    return Survived(steps=len(rows), is_of_last_step=is_of_last, faults=tuple(faults))


def _mac(dice: Random) -> Mac:
    return Mac(f"001565{dice.randrange(1 << 24):06x}")


async def _add_users(write: Write, domain_id: int, dice: Random) -> None:
    known = {user.extension for user in await users.list_users(write, domain_id)}
    new = {str(dice.randrange(1000, 9999)) for _ in range(dice.randrange(1, 20))} - known
    await users.insert_users(
        write,
        domain_id,
        [
            User(
                extension=extension,
                first_name="é" * dice.randrange(40),
                sip_password=Secret(f"pw{dice.random()}"),
            )
            for extension in sorted(new)
        ],
    )


async def _add_phones(write: Write, domain_id: int, dice: Random) -> None:
    known = {phone.mac for phone in await phones.list_phones(write, domain_id)}
    people = [user.extension for user in await users.list_users(write, domain_id)]
    macs = sorted({_mac(dice) for _ in range(dice.randrange(1, 8))} - known)
    await phones.insert_phones(
        write,
        domain_id,
        [
            Phone(
                mac=mac,
                model=MODEL,
                lines=tuple(
                    PhoneLine(line=n, extension=extension)
                    for n, extension in enumerate(dice.sample(people, min(2, len(people))), 1)
                ),
                buttons=_buttons(dice),
                overrides=(("a", "1"), ("b", None)),
                token=Secret("".join(dice.choices(TOKEN_ALPHABET, k=26))),
                enrolment=opened(START),
            )
            for mac in macs
        ],
    )


def _buttons(dice: Random) -> tuple[Button, ...]:
    keys = sorted(dice.sample(range(1, 60), dice.randrange(27)))
    return tuple(Button(module=0, key=k, kind=ButtonKind.BLF, value=str(k)) for k in keys)


async def _edit_phones(write: Write, domain_id: int, dice: Random) -> None:
    changed = [
        replace(
            phone,
            name=f"name {dice.random()}",
            buttons=_buttons(dice),
            overrides=(("a", str(dice.random())),),
            settings=Settings(poll_minutes=dice.randrange(1000)),
        )
        for phone in await phones.list_phones(write, domain_id)
        if dice.random() < 0.3
    ]
    await phones.update_phones(write, domain_id, changed)
    write.touch_domain(domain_id)


async def _delete_phone(write: Write, domain_id: int, dice: Random) -> None:
    found = await phones.list_phones(write, domain_id)
    if found:
        phone = dice.choice(found)
        await phones.delete_phone(write, domain_id, phone.mac, revision=phone.revision)
    write.touch_domain(domain_id)


async def _enrol(write: Write, domain_id: int, dice: Random) -> None:
    macs = [phone.mac for phone in await phones.list_phones(write, domain_id)]
    ids = await phones.phone_ids(write, domain_id, macs)
    for phone_id in ids.values():
        note = EnrolmentNote(domain_id=domain_id, phone_id=phone_id, first_address="192.0.2.1")
        closed = EnrolmentNote(domain_id=domain_id, phone_id=phone_id, closed_at=START)
        await write_notes(write, [note, closed] if dice.random() < 0.5 else [note])
    write.touch_domain(domain_id)


async def _set_server(write: Write, domain_id: int, dice: Random) -> None:
    settings, revision = await server.get_server_settings(write)
    password = Secret(f"admin{dice.random()}")
    changed = replace(settings, poll_minutes=dice.randrange(99), phone_admin_password=password)
    await server.update_server_settings(write, changed, revision=revision)
    write.touch_domain(domain_id)


_CHANGES = (
    _add_users,
    _add_users,
    _add_phones,
    _add_phones,
    _edit_phones,
    _edit_phones,
    _delete_phone,
    _enrol,
    _set_server,
)
