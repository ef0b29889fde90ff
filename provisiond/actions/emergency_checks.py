"""Is an emergency address what it says? It is looked at, somebody accepts the answer, then it may
be saved.

Nothing is asked of a provider while the store is locked: the answer is kept first, accepted by its
number, and held against what is saved by its civic fields.
"""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime

from provisiond.actions.edits import Editing, domain_record, editing
from provisiond.actions.emergency_trees import address_tree, civic_tree
from provisiond.actions.provider_turns import ProviderTurns
from provisiond.inventory.access import Actor
from provisiond.inventory.address_rules import civic_findings, civic_level, tidied
from provisiond.inventory.emergency import AddressLevel, Civic, Proof, Terms, is_due
from provisiond.inventory.errors import Finding, NotFound, Refused, Rejected
from provisiond.outbound.address_check import AddressChecker, CheckAnswer, Verdict
from provisiond.store.database import Database
from provisiond.store.emergency import addresses_at, find_addresses, update_address
from provisiond.store.emergency_checks import (
    StoredCheck,
    accept_check,
    add_check,
    get_check,
    last_word,
)

CHECKED = "checked"
"""The outcome of the offline check, which is no validation."""
IMPOSSIBLE = "impossible"
"""The offline check found faults; the provider was not asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressDesk:
    """When an address is good enough, and who is asked about one; `checker` None is nobody."""

    terms: Terms
    checker: AddressChecker | None = None
    turns: ProviderTurns = field(default_factory=ProviderTurns)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateAddress:
    """The question: is this where it says? `caller_name` goes to the provider with it."""

    domain: str
    civic: Civic
    caller_name: str = ""
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """An answer. `id` is what accepts it; `choices` are the places it stands for, the first as the
    provider or the country's rules write it; none where it was rejected.

    `outcome` is `valid`, `corrected`, `candidates` or `rejected` by the provider, or `checked` or
    `impossible` by the offline check; `words` says it for people.
    """

    domain: str
    id: int
    asked: Civic
    choices: tuple[Civic, ...]
    outcome: str
    provider: str
    level: AddressLevel
    words: str
    findings: tuple[Finding, ...] = ()
    until: datetime | None = None
    reference: str = ""
    answer: str = ""
    accepted: Civic | None = None

    @property
    def may_be_accepted(self) -> bool:
        """Whether there is a place to accept."""
        return bool(self.choices)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptAddress:
    """The command: the place number `choice` (from 1) of a validation is the one that is meant;
    None is its only one."""

    domain: str
    id: int
    choice: int | None = None
    dry_run: bool = False


async def validate_address(
    db: Database, desk: AddressDesk, actor: Actor, command: ValidateAddress, at: datetime
) -> Validation:
    """Look at an address: first offline, then at the provider where one is set.

    What the offline check finds impossible is not sent anywhere. A rejection holds for the stored
    addresses with exactly these civic fields, too; each is a warning. Raises NotFound, TooOften
    where the provider was asked enough for now, and OutsideUnavailable where it gives no answer;
    then nothing was kept. A dry run asks as well, and keeps nothing: its `id` is 0.
    """
    async with db.read() as read:
        _, record = await domain_record(read, command.domain)
    civic, level, findings = await asyncio.to_thread(_looked_at, command.civic)
    answer: CheckAnswer | None = None
    if desk.checker is not None and not findings:
        with desk.turns.taken(record.name, desk.checker.name, at):
            answer = await desk.checker.check(civic, command.caller_name)
    check = _kept(civic, findings, answer, desk, at)
    told: list[Finding] = []
    if not command.dry_run:
        async with editing(db, actor, command.domain, at) as edit:
            check = replace(check, id=await add_check(edit.write, edit.domain_id, check))
            if check.is_rejected:
                told += [_withdrawn(name) for name in await _withdraw(edit, check)]
    found = _validation(record.name, check, level, findings, desk.terms)
    return replace(found, findings=(*found.findings, *told))


async def show_validation(db: Database, terms: Terms, domain: str, check_id: int) -> Validation:
    """A validation as it was answered; of a provider that is not asked any more it is told as such.
    Raises NotFound."""
    async with db.read() as read:
        domain_id, record = await domain_record(read, domain)
        check = await get_check(read, domain_id, check_id)
    _, level, findings = await asyncio.to_thread(_looked_at, check.asked)
    return _validation(record.name, check, level, findings, terms)


async def accept_address(
    db: Database, desk: AddressDesk, actor: Actor, command: AcceptAddress, at: datetime
) -> Validation:
    """Accept one of a validation's places; what is saved with exactly its civic fields carries the
    validation from then on. Answers the validation that was accepted.

    One of several candidates is no validated address yet: the provider is asked about it first.
    Raises NotFound, Rejected(choice), Refused where a provider rejected the place since, TooOften
    and OutsideUnavailable.
    """
    async with db.read() as read:
        domain_id, _ = await domain_record(read, command.domain)
        check = await get_check(read, domain_id, command.id)
    civic = _chosen(check, command)
    check_id = command.id
    if check.outcome == Verdict.CANDIDATES.value:
        question = ValidateAddress(domain=command.domain, civic=civic, dry_run=command.dry_run)
        again = await validate_address(db, desk, actor, question, at)
        if again.choices != (civic,) or again.provider != check.provider:
            message = f"asked about it alone, the answer is: {again.words}."
            raise Rejected("choice", message, f"See validation {again.id}." if again.id else "")
        if command.dry_run:
            return replace(again, accepted=civic)
        check_id = again.id
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        check = await get_check(edit.write, edit.domain_id, check_id)
        last = await last_word(edit.write, edit.domain_id, civic)
        if last is not None and last.is_rejected and (last.at, last.id) > (check.at, check.id):
            raise _rejected_since(last)
        await accept_check(edit.write, edit.domain_id, check_id, civic, who=actor.name, at=at)
        told = {"outcome": check.outcome, "provider": check.provider, **civic_tree(civic)}
        await edit.note("accept emergency address", str(check_id), after=told)
    _, level, findings = await asyncio.to_thread(_looked_at, civic)
    shown = _validation(edit.domain.name, check, level, findings, desk.terms)
    return replace(shown, accepted=civic)


async def accepted_place(db: Database, domain: str, check_id: int) -> Civic:
    """The place that somebody accepted of a validation. Raises NotFound, Rejected(validation) where
    it is not there, and Refused where nobody did."""
    async with db.read() as read:
        domain_id, _ = await domain_record(read, domain)
        try:
            check = await get_check(read, domain_id, check_id)
        except NotFound as fault:
            raise Rejected("validation", str(fault), "Validate the address first.") from fault
    if check.accepted is None:
        raise Refused(f"nobody accepted validation {check_id} yet; accept it first.")
    return check.accepted


def _chosen(check: StoredCheck, command: AcceptAddress) -> Civic:
    if not check.choices:
        message = f"validation {command.id} was {check.outcome}; there is nothing to accept."
        raise Rejected("choice", message, "Correct the address and validate it again.")
    count = len(check.choices)
    if command.choice is None and count > 1:
        places = "; ".join([f"{i} is {place.line}" for i, place in enumerate(check.choices, 1)])
        message = f"validation {command.id} stands for {count} places: {places}."
        raise Rejected("choice", message, f"Give the one that is meant, 1-{count}.")
    number = 1 if command.choice is None else command.choice
    if not 1 <= number <= count:
        message = f"validation {command.id} has no choice {number}."
        raise Rejected("choice", message, f"Give 1-{count}.")
    return check.choices[number - 1]


async def _withdraw(edit: Editing, check: StoredCheck) -> list[str]:
    """Say of the stored addresses with this place that it was rejected; answers their names."""
    names = []
    for stood in await addresses_at(edit.write, edit.domain_id, check.asked):
        if stood.proof is not None and (stood.proof.is_rejected or stood.proof.at > check.at):
            continue
        address = replace(stood, proof=check.proof)
        await update_address(edit.write, edit.domain_id, stood.name, address)
        before, after = address_tree(stood), address_tree(address)
        await edit.note("reject emergency address", stood.name, before=before, after=after)
        names.append(stood.name)
    return names


def _withdrawn(name: str) -> Finding:
    message = f"the emergency address {name} is this place, and no help can be sent there now."
    remedy = "Correct it, or validate and accept it again."
    return Finding(where="address", message=message, remedy=remedy, severity="warning")


def _rejected_since(check: StoredCheck) -> Refused:
    return Refused(
        f"{check.provider} rejected this address on {check.at:%Y-%m-%d}; nothing was saved. "
        "Correct it, or validate it again and accept that answer."
    )


async def proof_of(edit: Editing, desk: AddressDesk, civic: Civic) -> Proof:
    """What lets an address with these civic fields be saved.

    Raises Refused where nobody accepted an answer about exactly them, they were rejected since, the
    answer is of the offline check alone and that is not enough, or it is too old.
    """
    check = await last_word(edit.write, edit.domain_id, civic)
    if check is None:
        raise Refused(
            "this address was not validated and accepted as it stands; nothing was saved. "
            "Validate it, accept the answer, then save."
        )
    if check.is_rejected:
        raise _rejected_since(check)
    terms = desk.terms
    by_provider = bool(check.provider) and check.provider == terms.provider
    if not by_provider and not terms.checked_is_enough:
        who = terms.provider or "a provider"
        raise Refused(
            f"this address was only checked, and that is not enough here; nothing was saved. "
            f"Have it validated by {who}, or set emergency.checked_is_enough."
        )
    if check.until is not None and edit.at >= check.until:
        message = f"its validation expired on {check.until:%Y-%m-%d}; nothing was saved."
        raise Refused(f"{message} Validate it again.")
    if is_due(check.proof, terms, edit.at):
        message = f"it was looked at on {check.at:%Y-%m-%d}, which is too long ago by"
        raise Refused(
            f"{message} emergency.recheck_months; nothing was saved. Validate and accept it again."
        )
    return check.proof


async def raw_answer(db: Database, domain: str, name: str) -> str:
    """What the provider sent last about a stored address, as it came. Raises NotFound."""
    async with db.read() as read:
        domain_id, _ = await domain_record(read, domain)
        found = await find_addresses(read, domain_id, [name])
        if name not in found:
            raise NotFound(f"there is no emergency address {name!r} in {domain}.")
        check = await last_word(read, domain_id, found[name].civic)
    return check.answer if check is not None else ""


def _looked_at(civic: Civic) -> tuple[Civic, AddressLevel, tuple[Finding, ...]]:
    """The offline look; it may read a country's data from disk."""
    neat = tidied(civic)
    return neat, civic_level(neat), civic_findings(neat)


def _kept(
    civic: Civic,
    findings: tuple[Finding, ...],
    answer: CheckAnswer | None,
    desk: AddressDesk,
    at: datetime,
) -> StoredCheck:
    if answer is None:
        return StoredCheck(
            asked=civic,
            choices=() if findings else (civic,),
            outcome=IMPOSSIBLE if findings else CHECKED,
            provider="",
            at=at,
            reasons=tuple([str(finding) for finding in findings]),
        )
    return StoredCheck(
        asked=civic,
        choices=answer.places,
        outcome=answer.verdict.value,
        provider=desk.terms.provider,
        at=at,
        until=answer.until,
        reference=answer.reference,
        reasons=answer.reasons,
        answer=answer.raw,
    )


def _validation(
    domain: str,
    check: StoredCheck,
    level: AddressLevel,
    findings: tuple[Finding, ...],
    terms: Terms,
) -> Validation:
    if check.provider:
        rejected = [
            Finding(where="address", message=f"{check.provider}: {reason}")
            for reason in check.reasons
        ]
        findings = tuple(rejected)
    accepted = {Verdict.VALID.value, Verdict.CORRECTED.value}
    is_asked = check.provider == terms.provider
    if check.provider and is_asked and check.outcome in accepted:
        level = AddressLevel.VALIDATED
    return Validation(
        domain=domain,
        id=check.id,
        asked=check.asked,
        choices=check.choices,
        outcome=check.outcome,
        provider=check.provider,
        level=level,
        words=_words(check, level, is_asked=is_asked),
        findings=findings,
        until=check.until,
        reference=check.reference,
        answer=check.answer,
        accepted=check.accepted,
    )


def _words(check: StoredCheck, level: AddressLevel, *, is_asked: bool) -> str:
    if check.outcome == IMPOSSIBLE:
        return f"{level.words}: it cannot be right as it stands"
    if check.outcome == CHECKED:
        return f"{level.words}: checked against its country's rules; nobody validated it"
    if not is_asked:
        said = f"{check.provider} looked at it on {check.at:%Y-%m-%d}"
        return f"{level.words}; {said}, and is not asked any more"
    return {
        Verdict.VALID.value: f"validated by {check.provider}",
        Verdict.CORRECTED.value: f"{check.provider} validated it with corrections",
        Verdict.CANDIDATES.value: f"{check.provider} knows several that may be meant",
    }.get(check.outcome, f"rejected by {check.provider}")
