"""Which bytes does this request get? The one call behind every door that phones use."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from provisiond.actions.answers import Answer, AnswerCache
from provisiond.actions.assets import find_asset
from provisiond.actions.enrolment import EnrolmentChange
from provisiond.actions.file_messages import FileReply, FileRequest, ServeFile
from provisiond.actions.resolve_file import FileSources, Found, resolve_file
from provisiond.catalog.match import ParsedName, candidates, masked, parse_name, upload
from provisiond.catalog.shelf import Device
from provisiond.inventory.access import Peer
from provisiond.inventory.admission import (
    Asker,
    Decision,
    Mode,
    Policy,
    Verdict,
    asker_of,
    decide,
)
from provisiond.inventory.errors import (
    Failed,
    NotAdmitted,
    ProvisiondError,
    UnknownFile,
    UnknownPhone,
)
from provisiond.inventory.journal import RequestEntry
from provisiond.inventory.phones import Enrolment
from provisiond.inventory.secret import masked_tokens

_log = logging.getLogger(__name__)

__all__ = ["FileReply", "FileRequest", "FileService", "ServeFile", "Verbs", "malformed_entry"]

_KNOWN_ASKERS = 50_000
_AT_ONCE = 4  # facts of the next are read while one is rendered


@dataclass(frozen=True, slots=True, kw_only=True)
class Verbs:
    """What the service tells others while it serves; both return at once.

    `journal` takes one entry a request. `denied` takes the entry of a refusal that the security
    log wants (not admitted, unknown).
    """

    journal: Callable[[RequestEntry], None]
    denied: Callable[[RequestEntry], None]


class FileService:
    """Serves files to phones: who asks, which file, cache or render, admission, journal."""

    def __init__(
        self,
        *,
        sources: FileSources,
        policy: Policy,
        cache: AnswerCache,
        assets: Path,
        verbs: Verbs,
    ) -> None:
        self._sources = sources
        self._policy = policy
        self._cache = cache
        self._assets = assets
        self._verbs = verbs
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._askers: dict[tuple[object, ...], Asker] = {}

    async def serve_file(self, request: FileRequest) -> FileReply:
        """The reply to a request.

        Raises Refused (UnknownPhone, UnknownFile, AbsentFile, AmbiguousFile, NotAdmitted), which
        the doors answer alike, and Failed (TemplateFault, StoreUnavailable). Every outcome is
        journaled under its true name, probes excepted.
        """
        answer: Answer | None = None
        name = request.name.lstrip("/")  # doors differ in it, answers do not
        try:
            if not request.probe:
                answer = self._cache.get(name, request.query, self._sources.epochs, request.at.year)
            if answer is None or request.method in ("PUT", "POST"):
                parsed = parse_name(name)
                if request.method in ("PUT", "POST") and not self._post_reads(request, parsed):
                    return self._refuse_upload(request, parsed)
                if parsed.asset is not None:
                    return await self._asset(request, parsed)
                async with self._turns:
                    found = await resolve_file(self._sources, request, parsed)
                answer = found.answer
                await self._admit(request, answer)
                answer = await self._finish(found, probe=request.probe)
                # Other spellings are served, not kept: there is no end of them.
                if answer.keep and not request.probe and name == parsed.canonical:
                    self._cache.put(name, request.query, answer)
            else:
                await self._admit(request, answer)
            if answer.refusal is not None:
                raise answer.refusal()
        except ProvisiondError as fault:
            self._note(request, answer, fault.code, str(fault))
            raise
        self._note(request, answer, "served", "")
        return FileReply(
            body=self._cache.body(answer),
            content_type=answer.content_type,
            etag=answer.etag,
            size=answer.size,
            conditional=answer.conditional,
            headers=_NO_STORE if answer.secret else (),
        )

    async def _finish(self, found: Found, *, probe: bool) -> Answer:
        """Render, a few at a time and first come first served: early askers are done and gone
        while later ones wait, and between two renders the doors get their turn."""
        if found.answer.refusal is not None:
            return found.finish(1)
        async with self._turns:
            await asyncio.sleep(0)
            answer = found.finish(1)
        if not found.counts or probe or answer.domain_id is None or answer.phone_id is None:
            return answer
        number = await self._sources.numbers.number(
            answer.domain_id, answer.phone_id, answer.file, answer.etag
        )
        return found.finish(number) if number != 1 else answer

    async def _admit(self, request: FileRequest, answer: Answer) -> None:
        """Raise NotAdmitted unless this asker may have it; note, close or hold an enrolment."""
        if answer.phone_id is None or answer.domain_id is None:
            return
        book = self._sources.book
        known = book.peek(answer.domain_id, answer.phone_id)
        if known is None:
            known = await book.facts(answer.domain_id, answer.phone_id)
        if known is None:
            raise UnknownPhone("the phone has left the inventory")
        device = self._device(request)
        if device is not None and device.mac is not None and device.mac != answer.mac:
            raise NotAdmitted(f"the User-Agent is of {device.mac}, the file of {answer.mac}")
        decision = decide(
            mode=self._policy.mode,
            asker=self._asker(request.peer),
            by_token=answer.by_token,
            secret=answer.secret,
            enabled=known.enabled,
            enrolment=known.enrolment,
            same_device=self._same_device(device, known.enrolment),
            at=request.at,
        )
        if not request.probe:
            await self._carry_out(decision, request, answer)
        if decision.verdict in (Verdict.REFUSE, Verdict.REFUSE_AND_HOLD):
            raise NotAdmitted(decision.reason)

    async def _carry_out(self, decision: Decision, request: FileRequest, answer: Answer) -> None:
        kind = _CHANGES.get(decision.verdict)
        if kind is None or answer.domain_id is None or answer.phone_id is None:
            return
        change = EnrolmentChange(
            kind=kind,
            domain_id=answer.domain_id,
            phone_id=answer.phone_id,
            at=request.at,
            address=self._asker(request.peer).address,
            user_agent=request.peer.user_agent,
            reason=decision.reason,
        )
        book = self._sources.book
        if kind == "first":
            try:
                await book.change_for_good(change)
            except Failed as fault:
                # It holds in this process and is tried again; a full disk must not keep phones off.
                _log.warning("the first fetch of %s is not on disk yet: %s", answer.mac, fault)
            known = await book.facts(answer.domain_id, answer.phone_id)
            first = known.enrolment.first_address if known is not None else None
            if first in (None, change.address):
                return
            # Another node's phone was first in the same moment.
            reason = f"a second address, {change.address} after {first}"
            change = replace(change, kind="hold", reason=reason)
            book.change(change)
            self._note(request, answer, "enrolment_held", reason, alarm=True)
            raise NotAdmitted(reason)
        book.change(change)
        if kind == "hold":
            self._note(request, answer, "enrolment_held", decision.reason, alarm=True)

    def _asker(self, peer: Peer) -> Asker:
        """The peer as admission sees it; kept, since the look-up costs more than a warm answer."""
        key = (peer.address, peer.transport, peer.user_agent)
        asker = self._askers.get(key)
        if asker is None:
            if len(self._askers) >= _KNOWN_ASKERS:
                self._askers.clear()
            asker = self._askers[key] = asker_of(self._policy, peer)
        return asker

    def _device(self, request: FileRequest) -> Device | None:
        agent = request.peer.user_agent
        return self._sources.shelf().recognise(agent) if agent else None

    def _same_device(self, device: Device | None, enrolment: Enrolment) -> bool:
        """Whether the asker is no other vendor's or model's than the first of this enrolment."""
        if self._policy.mode is Mode.OPEN or device is None or not enrolment.first_user_agent:
            return True
        first = self._sources.shelf().recognise(enrolment.first_user_agent)
        return first is None or (first.vendor, first.model) == (device.vendor, device.model)

    def _post_reads(self, request: FileRequest, parsed: ParsedName) -> bool:
        return request.method == "POST" and any(
            match.rule is not None and match.rule.post_reads
            for match in candidates(self._sources.shelf().families.values(), parsed.path)
        )

    def _refuse_upload(self, request: FileRequest, parsed: ParsedName) -> FileReply:
        """405 for a name that a manifest lists, whoever asks; anything else is unknown."""
        families = self._sources.shelf().families.values()
        if upload(families, parsed.path) is None and not candidates(families, parsed.path):
            raise UnknownFile(f"{request.method} to a name that no family lists")
        self._note(request, None, "upload_refused", f"{request.method} is not taken")
        return FileReply(allow=("GET", "HEAD"))

    async def _asset(self, request: FileRequest, parsed: ParsedName) -> FileReply:
        assert parsed.asset is not None
        mac = None
        if parsed.token is not None:
            facts = await self._sources.facts.for_token(parsed.token)
            if facts is None:
                raise UnknownPhone("no phone of the inventory has this token")
            mac = facts.phone.mac
        reply = await find_asset(self._assets, parsed.asset)
        if not request.probe:
            entry = self._entry(request, None, "served", "")
            self._verbs.journal(replace(entry, size=reply.size, body_hash=reply.etag, mac=mac))
        return reply

    def _note(
        self,
        request: FileRequest,
        answer: Answer | None,
        outcome: str,
        detail: str,
        *,
        alarm: bool = False,
    ) -> None:
        if request.probe:
            return
        entry = self._entry(request, answer, outcome, detail, alarm=alarm)
        self._verbs.journal(entry)
        known = answer is not None and answer.phone_id is not None
        if outcome in _DENIALS and not (known and outcome == "unknown_file"):
            self._verbs.denied(entry)

    def _entry(
        self,
        request: FileRequest,
        answer: Answer | None,
        outcome: str,
        detail: str,
        *,
        alarm: bool = False,
    ) -> RequestEntry:
        peer = request.peer
        device = self._device(request)
        sent = answer if outcome == "served" else None
        return RequestEntry(
            at=request.at,
            transport=peer.transport.value,
            address=self._asker(peer).address,
            method=request.method,
            name=answer.shown if answer is not None else masked(request.name),
            outcome=outcome,
            detail=masked_tokens(detail),
            domain_id=answer.domain_id if answer is not None else None,
            phone_id=answer.phone_id if answer is not None else None,
            mac=answer.mac if answer is not None else None,
            user_agent=peer.user_agent,
            size=sent.size if sent is not None else 0,
            body_hash=sent.etag if sent is not None else "",
            proves=sent is not None and sent.proves and request.method == "GET",
            alarm=alarm,
            device_model=device.model if device is not None else None,
            device_version=device.version if device is not None else None,
        )


def malformed_entry(peer: Peer, reason: str, at: datetime) -> RequestEntry:
    """The journal entry of something that was no request: the parser's word and the peer."""
    return RequestEntry(
        at=at,
        transport=peer.transport.value,
        address=str(peer.address),
        method="",
        name="",
        outcome="malformed",
        detail=reason,
        user_agent=peer.user_agent,
    )


_NO_STORE = (("Cache-Control", "no-store"),)
_DENIALS = frozenset(
    {"unknown_phone", "unknown_file", "ambiguous_file", "not_admitted", "enrolment_held"}
)
_CHANGES = {
    Verdict.SERVE_AND_NOTE_FIRST: "first",
    Verdict.SERVE_AND_CLOSE: "close",
    Verdict.REFUSE_AND_HOLD: "hold",
}
