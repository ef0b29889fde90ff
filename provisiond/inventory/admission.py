"""May this peer have this phone's file? A pure decision; the caller journals and closes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from ipaddress import IPv4Network, IPv6Network

from provisiond.inventory.access import Peer
from provisiond.inventory.phones import Enrolment

DEFAULT_HOURS = 24


class Mode(Enum):
    """How phones prove who they are."""

    OPEN = "open"
    TOKEN = "token"
    PASSWORD = "password"


class Verdict(Enum):
    """What admission says."""

    SERVE = "serve"
    SERVE_AND_NOTE_FIRST = "serve_and_note_first"
    SERVE_AND_CLOSE = "serve_and_close"
    SERVE_AND_MOVE = "serve_and_move"
    REFUSE = "refuse"
    REFUSE_AND_HOLD = "refuse_and_hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The verdict and, for the journal, why."""

    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The server's admission settings.

    `plain_networks`: where secrets may go over plain HTTP and TFTP. `enrol_networks`: from where
    an open enrolment may be used.
    """

    mode: Mode
    plain_networks: tuple[IPv4Network | IPv6Network, ...]
    enrol_networks: tuple[IPv4Network | IPv6Network, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """A peer as admission sees it: the address as text, and which networks it lies in."""

    address: str
    user_agent: str | None
    is_plain: bool
    in_plain_networks: bool
    in_enrol_networks: bool


def asker_of(policy: Policy, peer: Peer) -> Asker:
    """Look a peer's address up in the policy's networks."""
    return Asker(
        address=str(peer.address),
        user_agent=peer.user_agent,
        is_plain=peer.transport.is_plain,
        in_plain_networks=contains(policy.plain_networks, peer),
        in_enrol_networks=contains(policy.enrol_networks, peer),
    )


def contains(networks: Sequence[IPv4Network | IPv6Network], peer: Peer) -> bool:
    """Whether the peer's address lies in one of the networks."""
    return any(
        network.version == peer.address.version and peer.address in network for network in networks
    )


def is_open(enrolment: Enrolment, at: datetime) -> bool:
    """Whether the token-less URL serves full files at this instant."""
    return (
        enrolment.open_until is not None
        and at < enrolment.open_until
        and enrolment.closed_at is None
        and enrolment.held_reason is None
    )


def opened(at: datetime, hours: int = DEFAULT_HOURS) -> Enrolment:
    """An enrolment opened at this instant, its alarm and its close forgotten."""
    return Enrolment(opened_at=at, open_until=at + timedelta(hours=hours))


def decide(
    *,
    mode: Mode,
    asker: Asker,
    by_token: bool,
    by_old_token: bool = False,
    secret: bool,
    enabled: bool,
    enrolment: Enrolment,
    same_device: bool,
    at: datetime,
) -> Decision:
    """Decide for a request that names a known phone.

    `by_token` says that the path carried this phone's token, or that it has logged in;
    `by_old_token` that this was the token or password before a renewal. `secret` says that the
    file holds secrets. `same_device` is False where the User-Agent is of another vendor or model
    than that of the first token-less fetch (another firmware is the same device; no User-Agent is
    none).
    """
    if not enabled:
        return Decision(verdict=Verdict.REFUSE, reason="the phone is disabled")
    if secret and asker.is_plain and not asker.in_plain_networks:
        return Decision(
            verdict=Verdict.REFUSE,
            reason=f"a file with secrets in the clear to {asker.address}, which is outside "
            "admission.plain_networks",
        )
    if by_token:
        return _decide_token(by_old_token, enrolment, at)
    if mode is Mode.OPEN:
        return _OPEN_MODE
    if mode is Mode.PASSWORD:
        return Decision(verdict=Verdict.REFUSE, reason="no log-in")
    return _decide_enrolment(asker, enrolment, same_device, at)


def _decide_token(by_old_token: bool, enrolment: Enrolment, at: datetime) -> Decision:
    if by_old_token and enrolment.renewed_at is None:
        reason = "the token was renewed, and the phone has moved to the new one"
        return Decision(verdict=Verdict.REFUSE, reason=reason)
    if is_open(enrolment, at):
        return _FIRST_WITH_TOKEN
    if enrolment.renewed_at is not None and not by_old_token:
        return _FIRST_WITH_NEW_TOKEN
    return _WITH_TOKEN


def _decide_enrolment(
    asker: Asker, enrolment: Enrolment, same_device: bool, at: datetime
) -> Decision:
    if enrolment.held_reason is not None:
        return Decision(
            verdict=Verdict.REFUSE, reason=f"the enrolment is held: {enrolment.held_reason}"
        )
    if not is_open(enrolment, at):
        return _decide_closed(asker, enrolment, same_device, at)
    if not asker.in_enrol_networks:
        return Decision(
            verdict=Verdict.REFUSE,
            reason=f"{asker.address} is outside admission.enrol_networks",
        )
    if enrolment.first_address is None:
        return _FIRST_FETCH
    if enrolment.first_address != asker.address:
        return Decision(
            verdict=Verdict.REFUSE_AND_HOLD,
            reason=f"a second address, {asker.address} after {enrolment.first_address}",
        )
    if not same_device:
        return Decision(
            verdict=Verdict.REFUSE_AND_HOLD,
            reason=f"another device's User-Agent, {asker.user_agent!r} "
            f"after {enrolment.first_user_agent!r}",
        )
    return _OPEN_ENROLMENT


def _decide_closed(asker: Asker, enrolment: Enrolment, same_device: bool, at: datetime) -> Decision:
    """Who came aboard may have guessed the MAC and followed the token in what it was served. The
    phone itself then asks in vain: for as long as the enrolment was to be open, that is told."""
    first, until = enrolment.first_address, enrolment.open_until
    ended = enrolment.closed_at is None or until is None or at >= until
    if ended or first is None or not asker.in_enrol_networks:
        return _NO_ENROLMENT
    if first != asker.address:
        aboard = f"from {first}; now {asker.address} asks too"
    elif not same_device:
        aboard = f"as {enrolment.first_user_agent!r}; now {asker.user_agent!r} asks too"
    else:
        return _NO_ENROLMENT
    return Decision(
        verdict=Verdict.REFUSE_AND_HOLD,
        reason=f"the phone came aboard {aboard}: if that is the real phone, its secrets are with "
        "another; open it again",
    )


_NO_ENROLMENT = Decision(verdict=Verdict.REFUSE, reason="no token and no open enrolment")
_FIRST_WITH_TOKEN = Decision(verdict=Verdict.SERVE_AND_CLOSE, reason="first fetch with the token")
_FIRST_WITH_NEW_TOKEN = Decision(
    verdict=Verdict.SERVE_AND_MOVE, reason="first fetch with the renewed token"
)
_WITH_TOKEN = Decision(verdict=Verdict.SERVE, reason="token")
_OPEN_MODE = Decision(verdict=Verdict.SERVE, reason="open mode")
_FIRST_FETCH = Decision(verdict=Verdict.SERVE_AND_NOTE_FIRST, reason="first fetch of an enrolment")
_OPEN_ENROLMENT = Decision(verdict=Verdict.SERVE, reason="open enrolment")
