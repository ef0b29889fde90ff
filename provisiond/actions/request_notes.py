"""What is noted of a file request? Journal, security log, misses, strangers."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from provisiond.actions.answers import Answer
from provisiond.actions.file_messages import FileRequest
from provisiond.actions.guesses import GuessWatch
from provisiond.catalog.match import masked
from provisiond.catalog.shelf import Device, Shelf
from provisiond.inventory.access import Peer, Transport
from provisiond.inventory.admission import Asker, Policy, asker_of
from provisiond.inventory.errors import (
    AbsentFile,
    AmbiguousFile,
    LoginNeeded,
    LoginRefused,
    ProvisiondError,
    Refused,
    UnknownFile,
    UnknownPhone,
)
from provisiond.inventory.journal import DELIVERED, RequestEntry
from provisiond.inventory.secret import masked_tokens

_KNOWN_ASKERS = 50_000
_HELD_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Verbs:
    """What the service tells others while it serves; all return at once.

    `journal` takes one entry a request, and alarms. `denied` takes the entry of a refusal that
    the security log wants (not admitted, unknown). `stranger` takes the entry of a request that
    names a MAC which is in no inventory, or may be.
    """

    journal: Callable[[RequestEntry], None]
    denied: Callable[[RequestEntry], None]
    stranger: Callable[[RequestEntry], None] = lambda _: None


class RequestNotes:
    """Notes what became of requests; probes leave no trace."""

    def __init__(
        self, policy: Policy, shelf: Callable[[], Shelf], verbs: Verbs, watch: GuessWatch
    ) -> None:
        self._policy = policy
        self._shelf = shelf
        self._verbs = verbs
        self._watch = watch
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

    def served(self, request: FileRequest, answer: Answer) -> None:
        """An answer was sent."""
        if not request.probe:
            self._verbs.journal(self.entry(request, answer, "served", ""))

    def delivery(self, request: FileRequest, answer: Answer) -> Callable[[datetime], None] | None:
        """What a door calls, with the time, when the client has all of a file that proves it
        current; None where its being sent says so."""
        if request.probe or request.peer.transport is not Transport.TFTP or not answer.proves:
            return None
        return partial(self._delivered, self.entry(request, answer, "served", ""))

    def _delivered(self, entry: RequestEntry, at: datetime) -> None:
        self._verbs.journal(replace(entry, at=at, outcome=DELIVERED, proves=True))

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
        a source that guesses are held back, all alike."""
        if request.probe:
            return
        entry = self.entry(request, answer, fault.code, str(fault))
        known = answer is not None and answer.phone_id is not None
        if not known and _is_miss(fault):
            entry = self._miss(entry, fault)
        elif isinstance(fault, LoginNeeded):
            self._verbs.stranger(entry)
        if entry.outcome != "throttled":
            self._verbs.journal(entry)
        if fault.code in _DENIALS and not (known and fault.code == "unknown_file"):
            self._verbs.denied(replace(entry, outcome=fault.code))
        if isinstance(fault, Refused) and not isinstance(fault, AbsentFile):
            await self._hold_back(request, answer)

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

    def _miss(self, entry: RequestEntry, fault: ProvisiondError) -> RequestEntry:
        """Count a miss; its entry, which says `throttled` where it is not to be journaled."""
        name = str(entry.mac) if entry.mac is not None else entry.name
        miss = self._watch.missed(entry.address, name, entry.at)
        for source in miss.sweeps:
            words = self._watch.words(source)
            swept = replace(entry, outcome="sweep", detail=words, mac=None, alarm=True)
            self._verbs.journal(swept)
        if not miss.sweeping and isinstance(fault, UnknownPhone | LoginRefused):
            self._verbs.stranger(entry)
        if miss.first_throttled:
            detail = "too many misses in a minute; further ones are counted, not journaled"
            self._verbs.journal(replace(entry, outcome="throttled", detail=detail))
        return replace(entry, outcome="throttled") if miss.throttled else entry

    async def _hold_back(self, request: FileRequest, answer: Answer | None) -> None:
        if answer is not None and answer.by_token:
            return
        pause = self._watch.pause(self.asker(request.peer).address, request.at)
        if not pause or self._held >= _HELD_AT_ONCE:
            return
        self._held += 1
        try:
            await asyncio.sleep(pause)
        finally:
            self._held -= 1


def _is_miss(fault: ProvisiondError) -> bool:
    if isinstance(fault, LoginRefused):
        return fault.unknown
    return isinstance(fault, UnknownPhone | UnknownFile | AmbiguousFile)


_DENIALS = frozenset(
    {"unknown_phone", "unknown_file", "ambiguous_file", "not_admitted", "login_refused"}
)
