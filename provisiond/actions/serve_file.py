"""Which bytes does this request get? The one call behind every door that phones use."""

import asyncio
import logging
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from provisiond.actions.answers import Answer, AnswerCache
from provisiond.actions.assets import find_asset
from provisiond.actions.enrolment import AdmissionFacts, EnrolmentChange
from provisiond.actions.file_messages import FileReply, FileRequest, ServeFile
from provisiond.actions.guesses import GuessWatch
from provisiond.actions.phone_logins import LoggedIn, PhoneLogins
from provisiond.actions.request_notes import RequestNotes, Verbs
from provisiond.actions.resolve_file import FileSources, Found, numbered, resolve_file
from provisiond.catalog.match import ParsedName, candidates, parse_name, upload
from provisiond.catalog.shelf import Device
from provisiond.inventory.access import Peer
from provisiond.inventory.admission import Decision, Mode, Policy, Verdict, decide
from provisiond.inventory.errors import (
    AbsentFile,
    Failed,
    LoginNeeded,
    NotAdmitted,
    ProvisiondError,
    Refused,
    UnknownFile,
    UnknownPhone,
)
from provisiond.inventory.journal import RequestEntry
from provisiond.inventory.phones import Enrolment

_log = logging.getLogger(__name__)

__all__ = ["FileReply", "FileRequest", "FileService", "ServeFile", "Verbs", "malformed_entry"]

_AT_ONCE = 4  # facts of the next are read while one is rendered


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
        watch: GuessWatch | None = None,
        logins: PhoneLogins | None = None,
    ) -> None:
        """`logins` are there in password mode, where no request goes without one."""
        self._sources = sources
        self._policy = policy
        self._cache = cache
        self._assets = assets
        self._logins = logins
        self._notes = RequestNotes(policy, sources.shelf, verbs, watch or GuessWatch())
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def serve_file(self, request: FileRequest) -> FileReply:
        """The reply to a request.

        Raises Refused (UnknownPhone, UnknownFile, AbsentFile, AmbiguousFile, NotAdmitted), which
        the doors answer alike, and Failed (TemplateFault, StoreUnavailable). Every outcome is
        journaled under its true name, probes excepted.
        """
        answer: Answer | None = None
        name = request.name.lstrip("/")  # doors differ in it, answers do not
        login = None
        if self._logins is not None and not request.probe:
            login = await self._logged_in(self._logins, request, name)
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
                await self._admit(request, answer, login, found.admission)
                answer = await self._finish(found, probe=request.probe)
                # Other spellings are served, not kept: there is no end of them.
                if answer.keep and not request.probe and name == parsed.canonical:
                    self._cache.put(name, request.query, answer)
            else:
                await self._admit(request, answer, login)
            if answer.refusal is not None:
                raise answer.refusal()
        except ProvisiondError as fault:
            await self._notes.failed(request, answer, fault)
            raise
        delivered = self._notes.served(request, answer)
        return FileReply(
            body=self._cache.body(answer),
            content_type=answer.content_type,
            etag=answer.etag,
            size=answer.size,
            conditional=answer.conditional,
            headers=_NO_STORE if answer.secret else (),
            delivered=delivered,
        )

    async def _logged_in(self, logins: PhoneLogins, request: FileRequest, name: str) -> LoggedIn:
        """Who asks. Raises as `demand` does, which is noted by what was asked for."""
        try:
            return await logins.demand(request)
        except (LoginNeeded, NotAdmitted) as fault:
            proved = isinstance(fault, LoginNeeded) and fault.proved
            meant, miss = (None, None) if proved else await self._meant(request, name)
            await self._notes.not_logged_in(request, meant, fault, miss)
            raise
        except ProvisiondError as fault:
            await self._notes.failed(request, None, fault)
            raise

    async def _meant(self, request: FileRequest, name: str) -> tuple[Answer | None, Refused | None]:
        """What a request without a right log-in asks for, and why that is nobody's, if so.

        A MAC costs one statement, whether a phone has it or not. Who it is that asks, nobody
        knows, so a token is looked up only where nothing else in the name says whose it is.
        """
        try:
            parsed = parse_name(name)
            if request.method in ("PUT", "POST") and not self._post_reads(request, parsed):
                return None, None if self._is_listed(parsed) else _unlisted(request)
            if parsed.asset is not None:
                return None, None
            if parsed.token is not None and self._names_mac(parsed):
                parsed = replace(parsed, token=None)
            async with self._turns:
                answer = (await resolve_file(self._sources, request, parsed)).answer
        except Failed:  # a store that is away says so to phones that log in
            return None, None
        except Refused as miss:
            return None, miss
        if answer.phone_id is not None or answer.refusal is None:
            return answer, None
        refusal = answer.refusal()
        return answer, None if isinstance(refusal, AbsentFile) else refusal

    async def _finish(self, found: Found, *, probe: bool) -> Answer:
        """Render, a few at a time and first come first served: early askers are done and gone
        while later ones wait, and between two renders the doors get their turn."""
        if found.answer.refusal is not None:
            return found.answer
        async with self._turns:
            finish = await found.load()
            await asyncio.sleep(0)
            answer = finish(1)
        return answer if probe else await numbered(self._sources, found, finish, answer)

    async def _admit(
        self,
        request: FileRequest,
        answer: Answer,
        login: LoggedIn | None,
        read: AdmissionFacts | None = None,
    ) -> None:
        """Raise NotAdmitted unless this asker may have it; note, close or hold an enrolment.

        `read` is what this request has read of the phone; None says that it cost no statement yet.
        A refusal costs one, for a MAC that nobody has does: the time tells nothing.
        """
        if answer.phone_id is None or answer.domain_id is None:
            return
        if login is not None and login.phone_id != answer.phone_id:
            raise NotAdmitted(f"the log-in is another phone's, the file of {answer.mac}")
        decision = self._decision(request, answer, login, read) if read is not None else None
        if decision is None or not _refuses(decision):
            book = self._sources.book
            known = book.peek(answer.domain_id, answer.phone_id)
            is_warm = read is None and known is not None
            if known is None:
                known = await book.facts(answer.domain_id, answer.phone_id)
            decision = self._decision(request, answer, login, known)
            if _refuses(decision) and is_warm and not answer.by_token:
                known = await book.read(answer.domain_id, answer.phone_id)
                decision = self._decision(request, answer, login, known)
        if not request.probe:
            await self._carry_out(decision, request, answer)
        if _refuses(decision):
            raise NotAdmitted(decision.reason)

    def _decision(
        self,
        request: FileRequest,
        answer: Answer,
        login: LoggedIn | None,
        known: AdmissionFacts | None,
    ) -> Decision:
        if known is None:
            raise UnknownPhone("the phone has left the inventory")
        # A probe stands for a phone that knows its password.
        logged_in = login is not None or (request.probe and self._policy.mode is Mode.PASSWORD)
        device = self._notes.device(request)
        if device is not None and device.mac is not None and device.mac != answer.mac:
            reason = f"the User-Agent is of {device.mac}, the file of {answer.mac}"
            return Decision(verdict=Verdict.REFUSE, reason=reason)
        return decide(
            mode=self._policy.mode,
            asker=self._notes.asker(request.peer),
            by_token=answer.by_token or logged_in,
            by_old_token=answer.by_old_token if login is None else login.by_old_password,
            secret=answer.secret,
            enabled=known.enabled,
            enrolment=known.enrolment,
            same_device=self._same_device(device, known.enrolment),
            at=request.at,
        )

    async def _carry_out(self, decision: Decision, request: FileRequest, answer: Answer) -> None:
        kind = _CHANGES.get(decision.verdict)
        if kind is None or answer.domain_id is None or answer.phone_id is None:
            return
        change = EnrolmentChange(
            kind=kind,
            domain_id=answer.domain_id,
            phone_id=answer.phone_id,
            at=request.at,
            address=self._notes.asker(request.peer).address,
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
            self._notes.alarm(request, answer, reason)
            raise NotAdmitted(reason)
        book.change(change)
        if kind == "hold":
            self._notes.alarm(request, answer, decision.reason)

    def _same_device(self, device: Device | None, enrolment: Enrolment) -> bool:
        """Whether the asker is no other vendor's or model's than the first of this enrolment.

        A first User-Agent that no family knows may be a boot loader's, which names the vendor at
        least; if not, who came aboard with it was no phone."""
        if self._policy.mode is Mode.OPEN or device is None or not enrolment.first_user_agent:
            return True
        first = self._sources.shelf().recognise(enrolment.first_user_agent)
        if first is not None:
            return (first.vendor, first.model) == (device.vendor, device.model)
        names_vendor = device.vendor.casefold() in enrolment.first_user_agent.casefold()
        return names_vendor or enrolment.closed_at is None

    def _post_reads(self, request: FileRequest, parsed: ParsedName) -> bool:
        return request.method == "POST" and any(
            match.rule is not None and match.rule.post_reads
            for match in candidates(self._sources.shelf().families.values(), parsed.path)
        )

    def _refuse_upload(self, request: FileRequest, parsed: ParsedName) -> FileReply:
        """405 for a name that a manifest lists, whoever asks; anything else is unknown."""
        if not self._is_listed(parsed):
            raise _unlisted(request)
        self._notes.upload_refused(request)
        return FileReply(allow=("GET", "HEAD"))

    def _names_mac(self, parsed: ParsedName) -> bool:
        families = self._sources.shelf().families.values()
        return any(match.mac is not None for match in candidates(families, parsed.path))

    def _is_listed(self, parsed: ParsedName) -> bool:
        families = self._sources.shelf().families.values()
        return upload(families, parsed.path) is not None or bool(candidates(families, parsed.path))

    async def _asset(self, request: FileRequest, parsed: ParsedName) -> FileReply:
        assert parsed.asset is not None
        mac = None
        if parsed.token is not None:
            facts = await self._sources.facts.for_token(parsed.token)
            if facts is None:
                raise UnknownPhone("no phone of the inventory has this token")
            mac = facts.phone.mac
        reply = await find_asset(self._assets, parsed.asset)
        entry = self._notes.entry(request, None, "served", "")
        sent = entry._replace(size=reply.size, body_hash=reply.etag, mac=mac)
        self._notes.served_asset(request, sent)
        return reply


def _unlisted(request: FileRequest) -> UnknownFile:
    return UnknownFile(f"{request.method} to a name that no family lists")


def _refuses(decision: Decision) -> bool:
    return decision.verdict in (Verdict.REFUSE, Verdict.REFUSE_AND_HOLD)


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
_CHANGES = {
    Verdict.SERVE_AND_NOTE_FIRST: "first",
    Verdict.SERVE_AND_CLOSE: "close",
    Verdict.REFUSE_AND_HOLD: "hold",
    Verdict.SERVE_AND_MOVE: "move",
}
