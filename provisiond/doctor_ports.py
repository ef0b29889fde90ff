"""Does the daemon answer where phones ask? Each listener and each public URL, over real sockets.

What is asked for is a file that is the same for all phones of a model: no phone is named and no
enrolment noticed; the daemon journals it like any other request of this machine.
"""

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

from provisiond.boot.http_exchange import LOG_IN_FIRST
from provisiond.catalog.family import allows, file_name
from provisiond.catalog.samples import sample_mac
from provisiond.catalog.shelf import Shelf
from provisiond.doctor_notes import Note, fault, warning, well
from provisiond.inventory.admission import Mode
from provisiond.inventory.urls import PublicUrls
from provisiond.settings import Settings
from provisiond.settings_values import Listener
from provisiond.simulator_boot import Answer, Ask
from provisiond.simulator_door import asking_address, forwarded_for
from provisiond.simulator_wire import http_wire, tftp_wire

_START = "Start it: systemctl start provisiond"
_WHO = "ss -lptun shows which program that is; stop it, or change the setting."
_RESTART = "If the settings changed since it started: systemctl restart provisiond"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A file that any provisiond with these families and public URLs has, and its bytes."""

    name: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What is on hand before anybody is asked."""

    settings: Settings
    known: Known | None
    serving: bool | None


def known_file(shelf: Shelf, urls: PublicUrls) -> Known | None:
    """One of scope family, rendered here; None where no family has any."""
    from provisiond.catalog.build import build_family_context

    for family in shelf.families.values():
        for model in family.manifest.model:
            for rule in family.rules_for(model):
                if rule.scope != "family" or not allows(rule, model):
                    continue
                words = {w: v for w, v in model.names.items() if f"{{{w}}}" in rule.path}
                context = build_family_context(family=family, rule=rule, urls=urls, words=words)
                body = family.renderer.render(rule, context).body
                name = file_name(rule, model, sample_mac(family.manifest))
                return Known(name=name, body=body)
    return None


async def look_at_ports(
    settings: Settings, known: Known | None, urls: PublicUrls, *, serving: bool | None
) -> AsyncIterator[Note]:
    """Each listener, then each public URL. `serving`: whether a daemon holds the store; None
    where that cannot be known."""
    boot = settings.boot
    look = _Look(settings=settings, known=known, serving=serving)
    answered = False
    for setting, listeners, scheme in (
        ("boot.http", boot.http, "http"),
        ("boot.https.listen", boot.https.listen, "https"),
        ("boot.tftp", boot.tftp, "tftp"),
        ("web.listen", settings.web.listen, "web"),
        ("web.monitor", settings.web.monitor, "web"),
    ):
        for listener in listeners:
            note = await _listener(f"{setting} {listener}", listener, scheme, look)
            answered = answered or note.state == "ok"
            yield note
    for scheme in ("https", "http", "tftp"):
        url: str | None = getattr(urls, scheme)
        if url is not None and known is not None and answered:
            yield await _public(f"public_url.{scheme}", url, known, look)


async def _listener(check: str, listener: Listener, scheme: str, look: _Look) -> Note:
    refused = _cannot_bind(listener, socket.SOCK_DGRAM if scheme == "tftp" else socket.SOCK_STREAM)
    if refused is None:
        if look.serving:
            return fault(check, "the daemon runs, and nothing listens there.", _RESTART)
        return fault(check, "nothing listens there: the daemon does not run.", _START)
    if refused == errno.EACCES:
        return warning(
            check,
            "nothing listens there, and this user may not.",
            f"The unit has CAP_NET_BIND_SERVICE for ports below 1024. {_START}",
        )
    if refused != errno.EADDRINUSE:
        return fault(
            check,
            f"nobody can listen there: {errno.errorcode.get(refused, refused)}.",
            "The address must be one of this machine (ip address shows them).",
        )
    if look.serving is False:
        return fault(check, "another program holds it, for no daemon serves this store.", _WHO)
    if scheme == "web":
        return await _web(check, listener)
    if look.known is None:
        return well(check, "something listens")
    url = f"{scheme}://{_reached(listener)}/"
    host = urlsplit(url).hostname or ""
    unheard = _unheard(look, host) if scheme == "tftp" else None
    if unheard is not None:
        return well(check, f"something listens; {unheard}")
    named = forwarded_for(look.settings, host, plain=scheme == "http") if scheme != "tftp" else ""
    answer = await _ask(url, look.known.name, named)
    return _judged(check, answer, look.known, look, f"{_WHO} {_RESTART}")


def _unheard(look: _Look, host: str) -> str | None:
    """Why TFTP would not say a word to this machine there; None where it would."""
    own = asking_address(host)
    if own is None or any(own in network for network in look.settings.boot.tftp_networks):
        return None
    here = "loopback" if own.is_loopback else f"{own}, this machine's address there,"
    return f"{here} is outside boot.tftp_networks; not asked"


async def _public(check: str, url: str, known: Known, look: _Look) -> Note:
    try:
        host = urlsplit(url).hostname or ""
        found = await asyncio.get_running_loop().getaddrinfo(host, None)
    except OSError:
        return fault(
            check,
            f"{url}: this machine cannot resolve the name.",
            "Correct the setting, or the name in the DNS; phones resolve it too.",
        )
    hosts = [str(each[4][0]) for each in found if each[0] == socket.AF_INET]  # tftpy has no IPv6
    unheard = _unheard(look, hosts[0]) if url.startswith("tftp:") and hosts else None
    if unheard is not None:
        return well(check, f"the name resolves; {unheard}")
    answer = await _ask(url if url.endswith("/") else url + "/", known.name)
    return _judged(
        check,
        answer,
        known,
        look,
        f"{url} must lead to this server from where the phones are: look at DNS, port forwarding "
        "and the proxy before it. From here it may fail for a router that does not loop back.",
    )


def _judged(check: str, answer: Answer, known: Known, look: _Look, remedy: str) -> Note:
    if look.settings.admission.mode is Mode.PASSWORD and _wants_log_in(answer):
        return well(check, "gives nothing without a log-in, as password mode has it")
    if answer.status == 200 and answer.body == known.body:
        return well(check, f"answers, and with our bytes ({known.name})")
    if answer.status == 0:
        return fault(check, f"no answer: {answer.reason}.", remedy)
    if answer.status == 200:
        return fault(check, f"something answers {known.name} with bytes that are not ours.", remedy)
    return fault(check, f"answers {answer.status} for {known.name}.", remedy)


def _wants_log_in(answer: Answer) -> bool:
    if answer.content_type is None:  # TFTP has no log-in, so it finds nothing for anybody
        return answer.status == 404
    return answer.status == 401 and answer.body == LOG_IN_FIRST


async def _ask(url: str, name: str, named: str = "") -> Answer:
    parts = urlsplit(url)
    ask = Ask(scheme=parts.scheme, name=name, agent=None, address=None)
    if parts.scheme == "tftp":
        async with tftp_wire(parts.hostname or "", parts.port or 69, 1) as tftp:
            return await tftp.ask(ask)
    async with http_wire(url, 1, forwarded_for=named) as http:
        return await http.ask(ask)


async def _web(check: str, listener: Listener) -> Note:
    for scheme in ("http", "https"):
        answer = await _ask(f"{scheme}://{_reached(listener)}/", "readyz")
        if answer.status == 200:
            return well(check, "ready")
        if answer.status == 503:
            said = answer.body.decode(errors="replace")[:300]
            return fault(check, f"the daemon is not ready: {said}", "The log says more.")
    return fault(check, "something else than this daemon answers there.", _WHO)


def _cannot_bind(listener: Listener, kind: int) -> int | None:
    """The error number for which nobody could listen there now; None where one could."""
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    with closing(socket.socket(family, kind)) as probe:
        if kind == socket.SOCK_STREAM:  # what is closing does not count
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listener.host, listener.port))
            if kind == socket.SOCK_STREAM:
                probe.listen(1)
        except OSError as error:
            return error.errno or errno.EINVAL
    return None


def _reached(listener: Listener) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listener.host, listener.host)
    return str(Listener(host=host, port=listener.port))


def served_certificate(listener: Listener) -> bytes | None:
    """The certificate (DER) that the listener shows, or None where it shows none. Blocks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    host, _, port = _reached(listener).rpartition(":")
    try:
        with (
            socket.create_connection((host.strip("[]"), int(port)), timeout=5) as plain,
            context.wrap_socket(plain) as secure,
        ):
            return secure.getpeercert(binary_form=True)
    except OSError:
        return None
