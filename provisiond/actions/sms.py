"""What can be done with an SMS number? Listed, shown, added, changed, made available, deleted."""

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
    domain_settings,
    editing,
)
from provisiond.actions.number_trees import sms_tree
from provisiond.actions.reach import Meant, Reach, load_reach, meant_destinations
from provisiond.actions.telephones import taken_findings
from provisiond.inventory.access import Actor
from provisiond.inventory.errors import Finding, NotFound
from provisiond.inventory.lists import Page, SmsQuery
from provisiond.inventory.number_faults import sms_faults
from provisiond.inventory.numbers import Handling
from provisiond.inventory.sms import SmsNumber, SmsTreatment
from provisiond.inventory.telephone import E164
from provisiond.store.database import Database, Read
from provisiond.store.sms import (
    delete_sms_number as delete_stored,
)
from provisiond.store.sms import (
    find_sms_numbers,
    insert_sms_numbers,
    list_sms_numbers,
    update_sms_numbers,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsView:
    """An SMS number as people look at it; `name` is of its destination."""

    domain: str
    number: SmsNumber
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSmsNumber:
    """The command. The destination may be a name."""

    domain: str
    number: SmsNumber
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSmsNumber:
    """The command: the record in place of the one with its number; `number.revision` is the one
    that was seen."""

    domain: str
    number: SmsNumber
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeSmsAvailable:
    """The command: the number stays with its notes, and nobody gets its messages any more."""

    domain: str
    number: E164
    revision: int | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteSmsNumber:
    """The command; `revision` None deletes whatever stands."""

    domain: str
    number: E164
    revision: int | None = None
    dry_run: bool = False


async def list_domain_sms_numbers(db: Database, domain: str, query: SmsQuery) -> Page[SmsView]:
    """SMS numbers that match. Raises NotFound."""
    async with db.read() as read:
        domain_id, record = await domain_record(read, domain)
        page = await list_sms_numbers(read, domain_id, query)
        extensions = [number.destination for number in page.rows]
        reach = await load_reach(read, domain_id, record, extensions)
    views = tuple([_view(record.name, number, reach) for number in page.rows])
    return Page(rows=views, after=page.after, total=page.total)


async def show_sms_number(db: Database, domain: str, number: E164) -> SmsView:
    """One SMS number. Raises NotFound."""
    async with db.read() as read:
        domain_id, record = await domain_record(read, domain)
        found = await _stored(read, domain_id, domain, number)
        reach = await load_reach(read, domain_id, record, [found.destination])
    return _view(record.name, found, reach)


async def add_sms_number(
    db: Database, actor: Actor, command: AddSmsNumber, at: datetime
) -> Saved[SmsNumber]:
    """Add an SMS number. Raises RejectedAll with every fault, and NotFound."""
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        number, warnings = await _checked(edit, replace(command.number, revision=1), is_new=True)
        await insert_sms_numbers(edit.write, edit.domain_id, [number])
        await edit.note("add SMS number", number.number.text, after=sms_tree(number))
    return Saved(domain=edit.domain.name, record=number, warnings=warnings)


async def change_sms_number(
    db: Database, actor: Actor, command: ChangeSmsNumber, at: datetime
) -> Saved[SmsNumber]:
    """Change an SMS number. Raises RejectedAll with every fault, NotFound, and Conflict where it
    was changed meanwhile."""
    key = command.number.number
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, key)
        check_seen(stood.revision, command.number.revision, f"SMS number {key}")
        number, warnings = await _checked(edit, command.number, is_new=False)
        changed = number != stood
        if changed:
            number = await _put(edit, stood, number, "edit SMS number")
    return Saved(domain=edit.domain.name, record=number, warnings=warnings, changed=changed)


async def change_sms_numbers(
    db: Database, actor: Actor, command: ChangeMany[E164, SmsNumber], at: datetime
) -> ChangedMany:
    """Change what many SMS numbers do; raises as `change_many`."""

    async def ready(edit: Editing, numbers: Sequence[SmsNumber]) -> Check[SmsNumber]:
        return (await _checks(edit, numbers)).checked

    noun = BulkNoun(
        name="SMS number",
        find=lambda edit, keys: find_sms_numbers(edit.write, edit.domain_id, keys),
        ready=ready,
        put=lambda edit, numbers: update_sms_numbers(edit.write, edit.domain_id, numbers),
        tree=sms_tree,
    )
    return await change_many(db, actor, noun, command, at)


async def make_sms_available(
    db: Database, actor: Actor, command: MakeSmsAvailable, at: datetime
) -> Saved[SmsNumber]:
    """Take away who gets the messages. Raises NotFound and Conflict."""
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, command.number)
        check_seen(stood.revision, command.revision, f"SMS number {command.number}")
        number = replace(stood, treatment=SmsTreatment.AVAILABLE, destination="")
        changed = number != stood
        if changed:
            number = await _put(edit, stood, number, "make SMS number available")
    return Saved(domain=edit.domain.name, record=number, changed=changed)


async def delete_sms_number(
    db: Database, actor: Actor, command: DeleteSmsNumber, at: datetime
) -> SmsNumber:
    """Delete an SMS number; answers what it was. Raises NotFound and Conflict."""
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, command.number)
        check_seen(stood.revision, command.revision, f"SMS number {command.number}")
        await delete_stored(edit.write, edit.domain_id, command.number, revision=stood.revision)
        await edit.note("delete SMS number", command.number.text, before=sms_tree(stood))
    return stood


def sms_reference_findings(number: SmsNumber, reach: Reach) -> list[Finding]:
    """A destination that does not exist, or is disabled."""
    if not number.destination:
        return []
    treatment = number.treatment.value
    missing = reach.why_missing(treatment, number.destination)
    if missing:
        remedy = "Add it first, or choose another."
        return [Finding(where="destination", message=missing, remedy=remedy)]
    handling = Handling(treatment=treatment, destination=number.destination)
    disabled = reach.why_disabled(handling)
    if disabled:
        return [Finding(where="destination", message=disabled, severity="warning")]
    return []


async def _stored(read: Read, domain_id: int, domain: str, number: E164) -> SmsNumber:
    found = await find_sms_numbers(read, domain_id, [number])
    if number not in found:
        raise NotFound(f"there is no SMS number {number} in {domain}.")
    return found[number]


async def _put(edit: Editing, stood: SmsNumber, number: SmsNumber, action: str) -> SmsNumber:
    await update_sms_numbers(edit.write, edit.domain_id, [number])
    before, after = sms_tree(stood), sms_tree(number)
    await edit.note(action, number.number.text, before=before, after=after)
    return replace(number, revision=stood.revision + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checks:
    """What the checks of some SMS numbers need, read once."""

    meant: Meant
    reach: Reach

    def checked(self, number: SmsNumber, stood: SmsNumber) -> tuple[SmsNumber, list[Finding]]:
        """The number as it is stored, and every fault and warning, whatever stood."""
        del stood
        return self.findings(number)

    def findings(self, number: SmsNumber) -> tuple[SmsNumber, list[Finding]]:
        """The number as it is stored, and every fault and warning."""
        given, treatment = number.destination, number.treatment.value
        unread = self.meant.finding(treatment, given, "destination")
        number = _stored_as(number, self.meant)
        own = sms_faults(number)
        if unread is not None:
            return number, [unread, *(one for one in own if one.where != "destination")]
        if any(finding.where == "destination" for finding in own):
            return number, list(own)
        return number, [*own, *sms_reference_findings(number, self.reach)]


async def _checks(edit: Editing, numbers: Sequence[SmsNumber]) -> _Checks:
    settings = await domain_settings(edit.write, edit.domain)
    country = (settings.tone_country or "US").upper()
    typed = [(number.treatment.value, number.destination) for number in numbers]
    meant = await meant_destinations(edit.write, edit.domain_id, country, typed)
    extensions = [_stored_as(number, meant).destination for number in numbers]
    reach = await load_reach(edit.write, edit.domain_id, edit.domain, extensions)
    return _Checks(meant=meant, reach=reach)


def _stored_as(number: SmsNumber, meant: Meant) -> SmsNumber:
    text = meant.extension(number.treatment.value, number.destination)
    return replace(number, destination=text)


async def _checked(
    edit: Editing, number: SmsNumber, *, is_new: bool
) -> tuple[SmsNumber, tuple[Finding, ...]]:
    """The number as it is stored, and its warnings. Raises RejectedAll."""
    number, findings = (await _checks(edit, [number])).findings(number)
    if is_new:
        stood = await find_sms_numbers(edit.write, edit.domain_id, [number.number])
        findings += await taken_findings(
            edit.write, edit.actor, edit.domain.name, number.number, is_here=bool(stood)
        )
    return number, accepted(findings, number.number.text)


def _view(domain: str, number: SmsNumber, reach: Reach) -> SmsView:
    name = reach.name_of(number.treatment.value, number.destination)
    return SmsView(domain=domain, number=number, name=name)
