"""Many records change at once, all or none, in statements that do not grow with the domain."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from provisiond.actions.bulk_edits import ChangedMany, ChangeMany, Wanted
from provisiond.actions.edits import domain_record
from provisiond.actions.numbers import change_numbers
from provisiond.actions.phone_edits import PhoneEdit, edited
from provisiond.actions.phones import change_phones, show_phone
from provisiond.actions.sms import change_sms_numbers
from provisiond.actions.users import change_users
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor
from provisiond.inventory.errors import NotFound, RejectedAll, Stale
from provisiond.inventory.mac import Mac
from provisiond.inventory.numbers import Number
from provisiond.inventory.people import User
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.inventory.secret import Secret
from provisiond.inventory.sms import SmsNumber, SmsTreatment
from provisiond.inventory.telephone import E164
from provisiond.store.database import Database
from provisiond.store.numbers import insert_numbers
from provisiond.store.phones import insert_phones
from provisiond.store.sms import insert_sms_numbers
from provisiond.store.users import get_user, insert_users
from tests.actions.inventory import ADMIN, DOMAIN, MAC, MANAGER, NOW, load
from tests.actions.offices import MAIN, added, changes, open_office, rule, to

K = TypeVar("K")

FRONT, LAB = Mac.parse(MAC), Mac("02ac3e000002")
GONE = Mac("02ac3e0000aa")


async def edit_phones(
    db: Database,
    shelf: Shelf,
    edit: PhoneEdit,
    *wanted: Mac | Wanted[Mac],
    actor: Actor = ADMIN,
    dry_run: bool = False,
) -> ChangedMany:
    """Change phones as a prompt would."""
    command = ChangeMany(
        domain=DOMAIN,
        wanted=tuple(Wanted(key=one) if isinstance(one, Mac) else one for one in wanted),
        edit=lambda phone: edited(phone, edit),
        dry_run=dry_run,
    )
    return await change_phones(db, shelf, actor, command, NOW)


async def phone(db: Database, mac: Mac) -> Phone:
    return (await show_phone(db, DOMAIN, mac)).phone


async def test_all_phones_change_with_an_entry_each_and_a_dry_run_says_what_would_be(
    db: Database, shelf: Shelf
) -> None:
    await load(db, shelf)
    before = {mac: await phone(db, mac) for mac in (FRONT, LAB)}
    edit = PhoneEdit(site="HQ", notes="ordered", settings=("poll_minutes=60",))
    tried = await edit_phones(db, shelf, edit, LAB, FRONT, dry_run=True)
    assert {mac: await phone(db, mac) for mac in (FRONT, LAB)} == before
    assert len(await changes(db)) == 1, "the import"
    done = await edit_phones(db, shelf, edit, LAB, FRONT)
    assert done == tried
    assert [(one.key, one.fields) for one in done.records] == [
        (str(LAB), ("site", "notes", "settings")),
        (str(FRONT), ("notes",)),
    ]
    for one, mac in zip(done.records, (LAB, FRONT), strict=True):
        after = await phone(db, mac)
        assert (after.site, after.notes, after.settings.poll_minutes) == ("HQ", "ordered", 60)
        assert (one.before, one.after) == (before[mac].revision, after.revision)
        assert (after.token, after.enrolment) == (before[mac].token, before[mac].enrolment)
        assert (after.lines, after.buttons) == (before[mac].lines, before[mac].buttons)
    entries = (await changes(db))[:-1]
    assert {(entry.action, entry.subject) for entry in entries} == {
        ("edit phone", str(FRONT)),
        ("edit phone", str(LAB)),
    }
    by_subject = {entry.subject: entry for entry in entries}
    assert by_subject[str(FRONT)].after == '{"notes": "ordered"}'


async def test_what_says_what_stood_already_changes_nothing(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    epoch = lite.epochs.world
    done = await edit_phones(lite, shelf, PhoneEdit(site="HQ"), FRONT)
    assert [(one.before, one.after, one.fields) for one in done.records] == [(1, 1, ())]
    assert (lite.epochs.world, len(await changes(lite))) == (epoch, 1)


async def test_the_faults_of_all_are_told_below_their_keys_and_nobody_changes(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf)
    before = [await phone(lite, mac) for mac in (FRONT, LAB)]
    edit = PhoneEdit(site="Mars", sidecars=("EXP", "EXP"), emergency_address="Nowhere")
    with pytest.raises(RejectedAll, match=r"fault\(s\); nothing was changed") as caught:
        await edit_phones(lite, shelf, edit, FRONT, LAB)
    told = {finding.where for finding in caught.value.findings}
    assert {f"{FRONT}.site", f"{LAB}.site", f"{FRONT}.emergency_address"} <= told
    assert {where.rpartition(".")[0] for where in told} == {str(FRONT), str(LAB)}
    with pytest.raises(RejectedAll) as caught:
        await edit_phones(lite, shelf, PhoneEdit(labels=("9=x",)), FRONT, LAB)
    assert [f.where for f in caught.value.findings] == [f"{FRONT}.label", f"{LAB}.label"]
    assert [await phone(lite, mac) for mac in (FRONT, LAB)] == before


async def test_what_is_the_admins_alone_is_refused_to_others(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    edit = PhoneEdit(overrides=("provision.url=https://evil.example.test/",))
    with pytest.raises(RejectedAll) as caught:
        await edit_phones(lite, shelf, edit, FRONT, actor=MANAGER)
    assert [f.where for f in caught.value.findings] == [f"{FRONT}.overrides.provision.url"]
    assert (await edit_phones(lite, shelf, edit, FRONT)).records[0].fields == ("overrides",)


async def test_warnings_and_faults_are_told_up_to_a_thousand(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    strange = tuple((f"strange.key{number}", "x") for number in range(1100))
    command = change([FRONT], lambda phone: replace(phone, overrides=strange))
    done = await change_phones(lite, shelf, ADMIN, command, NOW)
    assert (len(done.records[0].warnings), done.untold) == (1000, 100)
    more = tuple((f"strange.key{number}", "x\n") for number in range(1100))
    command = change([FRONT, LAB], lambda phone: replace(phone, overrides=more))
    with pytest.raises(RejectedAll, match="at least 1100 fault") as caught:
        await change_phones(lite, shelf, ADMIN, command, NOW)
    assert {f.where.partition(".")[0] for f in caught.value.findings} == {str(FRONT)}
    too_many = tuple((f"strange.key{number}", "x") for number in range(2001))
    command = change([FRONT], lambda phone: replace(phone, overrides=too_many))
    with pytest.raises(RejectedAll) as caught:
        await change_phones(lite, shelf, ADMIN, command, NOW)
    assert [f.where for f in caught.value.findings] == [f"{FRONT}.overrides"]


async def test_a_key_that_nothing_has_and_one_that_was_changed_are_named(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf)
    edit = PhoneEdit(notes="ordered")
    many = [Mac(f"02ac3e0001{number:02x}") for number in range(12)]
    with pytest.raises(NotFound, match=f"there is no phone {many[0]}, .* and 2 more in") as caught:
        await edit_phones(lite, shelf, edit, FRONT, *many)
    assert [f.where for f in caught.value.findings] == [str(mac) for mac in many]
    await edit_phones(lite, shelf, edit, Wanted(key=FRONT, revision=1), LAB)
    later = PhoneEdit(notes="delivered")
    seen = Wanted(key=FRONT, revision=1), Wanted(key=LAB, revision=2)
    with pytest.raises(Stale, match=f"phone {FRONT} was changed meanwhile") as late:
        await edit_phones(lite, shelf, later, *seen)
    assert [(f.where, f.message) for f in late.value.findings] == [
        (f"{FRONT}.revision", "it is of revision 2, yours is 1.")
    ]
    assert [(await phone(lite, mac)).notes for mac in (FRONT, LAB)] == ["ordered", "ordered"]


async def test_five_hundred_phones_cost_two_statements_each_and_a_handful_beside(
    lite: Database, shelf: Shelf
) -> None:
    """The two are the journal's: the entry, and the outbox of webhooks."""
    await load(lite, shelf)
    macs = [Mac(f"02ac3f{number:06x}") for number in range(500)]
    stood = await phone(lite, LAB)
    line = PhoneLine(line=1, extension="103", shared=True)
    some = [replace(stood, mac=mac, lines=(line,), token=Secret("")) for mac in macs]
    async with lite.write() as write:
        await insert_phones(write, 1, some)
    edit = PhoneEdit(site="HQ", settings=("poll_minutes=60",))
    costs = []
    for number in (50, 450):
        async with counted(lite) as sent:
            await edit_phones(lite, shelf, edit, *macs[:number])
        costs.append(len(sent))
        macs = macs[number:]
    assert costs[1] - costs[0] == 2 * 400
    assert costs[0] - 2 * 50 <= 40, costs


async def test_so_do_users_and_numbers_of_either_sort(lite: Database) -> None:
    """A destination that is typed as a name is looked up once, and rules that are alike are
    looked at once."""
    await open_office(lite)
    extensions = [f"{number}" for number in range(2000, 2300)]
    numbers = [E164(f"+1800555{number:04}") for number in range(300)]
    default, rules = to("call_queue", "support"), (rule("Office", "user", "101"),)
    async with lite.write() as write:
        domain_id, _ = await domain_record(write, DOMAIN)
        await insert_users(write, domain_id, [User(extension=one) for one in extensions])
        await insert_numbers(write, domain_id, [Number(number=one) for one in numbers])
        await insert_sms_numbers(write, domain_id, [SmsNumber(number=one) for one in numbers])

    def of_users(some: slice) -> Awaitable[ChangedMany]:
        command = change(extensions[some], lambda user: replace(user, in_directory=False))
        return change_users(lite, ADMIN, command, NOW)

    def of_numbers(some: slice) -> Awaitable[ChangedMany]:
        command = change(numbers[some], lambda one: replace(one, default=default, rules=rules))
        return change_numbers(lite, ADMIN, command, NOW)

    def of_sms_numbers(some: slice) -> Awaitable[ChangedMany]:
        to_bob = {"treatment": SmsTreatment.USER, "destination": "Alice Example"}
        command = change(numbers[some], lambda one: replace(one, **to_bob))
        return change_sms_numbers(lite, ADMIN, command, NOW)

    for work in (of_users, of_numbers, of_sms_numbers):
        costs = []
        for some in (slice(0, 20), slice(20, 300)):
            async with counted(lite) as sent:
                done = await work(some)
            assert all(one.before != one.after for one in done.records)
            costs.append(len(sent))
        assert costs[1] - costs[0] == 2 * 260
        assert costs[0] - 2 * 20 <= 40, costs


def change(keys: Sequence[K], edit: Callable[[Any], Any]) -> ChangeMany[K, Any]:
    return ChangeMany(domain=DOMAIN, wanted=tuple(Wanted(key=key) for key in keys), edit=edit)


async def test_what_numbers_lead_to_is_told_where_it_is_doubtful(lite: Database) -> None:
    await open_office(lite)
    await added(lite, rules=(rule("Office", "user", "101"),))
    shadowed = (rule("Office", "user", "101"), rule("Lunch", "voicemail", "101"))
    command = change([MAIN], lambda one: replace(one, rules=shadowed))
    (done,) = (await change_numbers(lite, ADMIN, command, NOW)).records
    assert [(f.where, f.severity) for f in done.warnings] == [("rules[1]", "warning")]
    command = change([MAIN], lambda one: replace(one, default=to("user", "Zoe"), rules=()))
    with pytest.raises(RejectedAll) as caught:
        await change_numbers(lite, ADMIN, command, NOW)
    assert [f.where for f in caught.value.findings] == [f"{MAIN}.default.destination"]


async def test_users_keep_their_passwords_and_the_journal_tells_none(lite: Database) -> None:
    await open_office(lite)
    async with lite.write() as write:
        domain_id, _ = await domain_record(write, DOMAIN)
        secret = User(extension="2000", sip_password=Secret("CANARY"))
        await insert_users(write, domain_id, [secret])
    command = change(["2000", "101"], lambda user: replace(user, in_directory=False))
    await change_users(lite, ADMIN, command, NOW)
    async with lite.read() as read:
        user = await get_user(read, domain_id, "2000")
    assert (user.sip_password.reveal(), user.in_directory) == ("CANARY", False)
    assert "CANARY" not in repr(await changes(lite))


@asynccontextmanager
async def counted(db: Database) -> AsyncIterator[list[str]]:
    """The statements that the store's writer sends meanwhile."""
    sent: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        sent.append(statement)

    async with db.append() as write:
        engine = write.connection.engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", note)
    yield sent
    sa.event.remove(engine, "before_cursor_execute", note)
