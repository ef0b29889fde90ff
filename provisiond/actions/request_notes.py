"""What is noted of a file request? Journal, security log, misses, strangers."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from provisiond.actions.answers import Answer
from provisiond.actions.file_messages import FileRequest
from provisiond.actions.guesses import GuessWatch
from provisiond.actions.miss_notes import MissNotes
from provisiond.catalog.match import masked
from provisiond.catalog.shelf import Device, Shelf
from provisiond.inventory.access import Peer, Transport
from provisiond.inventory.admission import Asker, Policy, asker_of
from provisiond.inventory.errors import (
    AbsentFile,
    AmbiguousFile,
    LoginNeeded,
    LoginRefused,
    NotAdmitted,
    ProvisiondError,
    Refused,
    UnknownFile,
    UnknownPhone,
)
from provisiond.inventory.journal import Delivery, RequestEntry
from provisiond.inventory.secret import masked_tokens

_KNOWN_ASKERS = 50_000
_HELD_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Verbs:
    """What the service tells others while it serves; all return at once.

    `journal` takes one entry a request, and alarms. `denied` takes the entry of a refusal that
    the security log wants (not admitted, unknown). `stranger` takes the entry of a request that
    names a MAC which is in no inventory, or may be. `delivered` takes what a client had of TFTP.
    """

    journal: Callable[[RequestEntry], None]
    denied: Callable[[RequestEntry], None]
    stranger: Callable[[RequestEntry], None] = lambda _: None
    delivered: Callable[[Delivery], None] = lambda _: None


class RequestNotes:
    """Notes what became of requests; probes leave no trace."""

    def __init__(
        self, policy: Policy, shelf: Callable[[], Shelf], verbs: Verbs, watch: GuessWatch
    ) -> None:
        self._policy = policy
        self._shelf = shelf
        self._verbs = verbs
        self._watch = watch
        self._misses = MissNotes(watch, verbs.journal, verbs.stranger)
        self._askers: dict[tuple[object, ...], Asker] = {}
        self._held = 0

    def asker(self, peer: Peer) -> Asker:
        """The peer as admission sees it; kept, since the look-up costs more than a warm answer."""
        key = (peer.address, peer.transport, peer.user_agent)
        asker = self._askers.get(key)
        if asker is None:
            if len(self._askers) >= _KNOWN_ASKERS:
                self._askers.clear()
            asker = self._askers[key] = asker_of(self._policy, peer)
        return asker

    def device(self, request: FileRequest) -> Device | None:
        """What the asker's User-Agent claims, or None."""
        agent = request.peer.user_agent
        return self._shelf().recognise(agent) if agent else None

    def served(self, request: FileRequest, answer: Answer) -> Callable[[datetime], None] | None:
        """An answer was sent. What a door calls, with the time, when the client has all of a file
        that proves it current; None where its being sent says so."""
        if request.probe:
            return None
        entry = self.entry(request, answer, "served", "")
        self._verbs.journal(entry)
        if not answer.proves or request.peer.transport is not Transport.TFTP:
            return None
        return lambda at: self._verbs.delivered(Delivery(entry=entry, at=at))

    def served_asset(self, request: FileRequest, asset: RequestEntry) -> None:
        """A file of the assets was sent; the entry says which."""
        if not request.probe:
            self._verbs.journal(asset)

    def upload_refused(self, request: FileRequest) -> None:
        """A write to a name that a manifest lists."""
        if not request.probe:
            detail = f"{request.method} is not taken"
            self._verbs.journal(self.entry(request, None, "upload_refused", detail))

    def alarm(self, request: FileRequest, answer: Answer, reason: str) -> None:
        """An enrolment was held."""
        if not request.probe:
            self._verbs.journal(self.entry(request, answer, "enrolment_held", reason, alarm=True))

    async def failed(
        self, request: FileRequest, answer: Answer | None, fault: ProvisiondError
    ) -> None:
        """A request was refused, or we failed at it. Returns once it may be answered: refusals to
        a source that is refused too often are held back, all alike."""
        if request.probe:
            return
        known = answer is not None and answer.phone_id is not None
        is_miss = not known and isinstance(fault, UnknownPhone | UnknownFile | AmbiguousFile)
        entry = self.entry(request, answer, fault.code, str(fault))
        self._refused(entry, is_miss=is_miss, stranger=isinstance(fault, UnknownPhone))
        if fault.code in _DENIALS and not (known and fault.code == "unknown_file"):
            self._verbs.denied(entry)
        if isinstance(fault, Refused) and not isinstance(fault, AbsentFile):
            await self._hold_back(request, answer)

    async def not_logged_in(
        self,
        request: FileRequest,
        answer: Answer | None,
        fault: LoginNeeded | NotAdmitted,
        miss: Refused | None,
    ) -> None:
        """A request had no log-in, or a wrong one. `answer` is what it asked for, as far as is
        known, and `miss` why that is nobody's, if so.

        Returns once it may be answered. A challenge is never held back: every phone meets one
        before it logs in, also behind an address from where others guess, and were it slower for
        some, the time would tell which MACs are known; nor does it count. Other refusals are held
        back and count, all alike.
        """
        wrong = isinstance(fault, LoginRefused)
        nobody = isinstance(fault, LoginRefused) and fault.unknown
        reason = fault if miss is None or wrong else miss
        detail = str(fault) if reason is fault else f"{miss}; {fault}"
        entry = self.entry(request, answer, reason.code, detail)
        stranger = isinstance(miss, UnknownPhone) or nobody
        self._refused(entry, is_miss=miss is not None or nobody, stranger=stranger)
        if reason.code in _DENIALS:
            self._verbs.denied(entry)
        if wrong or not isinstance(fault, LoginNeeded):
            await self._hold_back(request, None)

    def entry(
        self,
        request: FileRequest,
        answer: Answer | None,
        outcome: str,
        detail: str,
        *,
        alarm: bool = False,
    ) -> RequestEntry:
        """The journal's line of a request."""
        peer = request.peer
        device = self.device(request)
        sent = answer if outcome == "served" else None
        return RequestEntry(
            at=request.at,
            transport=peer.transport.value,
            address=self.asker(peer).address,
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
            proves=sent is not None
            and sent.proves
            and request.method == "GET"
            and peer.transport is not Transport.TFTP,
            alarm=alarm,
            device_model=device.model if device is not None else None,
            device_version=device.version if device is not None else None,
        )

    def _refused(self, entry: RequestEntry, *, is_miss: bool, stranger: bool) -> None:
        if not is_miss:
            self._verbs.journal(entry)
            return
        name = str(entry.mac) if entry.mac is not None else entry.name
        self._misses.note(entry, name, stranger=stranger)

    async def _hold_back(self, request: FileRequest, answer: Answer | None) -> None:
        if answer is not None and answer.by_token:
            return
        door, address = request.peer.transport, self.asker(request.peer).address
        self._watch.refused(door, address, request.at)
        pause = self._watch.pause(door, address, request.at)
        if not pause or self._held >= _HELD_AT_ONCE:
            return
        self._held += 1
        try:
            await asyncio.sleep(pause)
        finally:
            self._held -= 1


_DENIALS = frozenset(
    {"unknown_phone", "unknown_file", "ambiguous_file", "not_admitted", "login_refused"}
)
