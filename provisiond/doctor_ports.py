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

from provisiond.catalog.family import allows, file_name
from provisiond.catalog.samples import sample_mac
from provisiond.catalog.shelf import Shelf
from provisiond.doctor_notes import Note, fault, warning, well
from provisiond.inventory.urls import PublicUrls
from provisiond.settings import Settings
from provisiond.settings_values import Listener
from provisiond.simulator_boot import Answer, Ask
from provisiond.simulator_wire import http_wire, tftp_wire

_START = "Start it: systemctl start provisiond"
_WHO = "ss -lptun shows which program that is; stop it, or change the setting."
_RESTART = "If the settings changed since it started: systemctl restart provisiond"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A file that any provisiond with these families and public URLs has, and its bytes."""

    name: str
    body: bytes


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
    answered = False
    for setting, listeners, scheme in (
        ("boot.http", boot.http, "http"),
        ("boot.https.listen", boot.https.listen, "https"),
        ("boot.tftp", boot.tftp, "tftp"),
        ("web.listen", settings.web.listen, "web"),
        ("web.monitor", settings.web.monitor, "web"),
    ):
        for listener in listeners:
            note = await _listener(f"{setting} {listener}", listener, scheme, known, serving)
            answered = answered or note.state == "ok"
            yield note
    for scheme in ("https", "http", "tftp"):
        url: str | None = getattr(urls, scheme)
        if url is not None and known is not None and answered:
            yield await _public(f"public_url.{scheme}", url, known)


async def _listener(
    check: str, listener: Listener, scheme: str, known: Known | None, serving: bool | None
) -> Note:
    refused = _cannot_bind(listener, socket.SOCK_DGRAM if scheme == "tftp" else socket.SOCK_STREAM)
    if refused is None:
        if serving:
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
    if serving is False:
        return fault(check, "another program holds it, for no daemon serves this store.", _WHO)
    if scheme == "web":
        return await _web(check, listener)
    if known is None:
        return well(check, "something listens")
    url = f"{scheme}://{_reached(listener)}/"
    return _judged(check, await _ask(url, known.name), known, f"{_WHO} {_RESTART}")


async def _public(check: str, url: str, known: Known) -> Note:
    try:
        host = urlsplit(url).hostname or ""
        await asyncio.get_running_loop().getaddrinfo(host, None)
    except OSError:
        return fault(
            check,
            f"{url}: this machine cannot resolve the name.",
            "Correct the setting, or the name in the DNS; phones resolve it too.",
        )
    answer = await _ask(url if url.endswith("/") else url + "/", known.name)
    return _judged(
        f"{check}",
        answer,
        known,
        f"{url} must lead to this server from where the phones are: look at DNS, port forwarding "
        "and the proxy before it. From here it may fail for a router that does not loop back.",
    )


def _judged(check: str, answer: Answer, known: Known, remedy: str) -> Note:
    if answer.status == 200 and answer.body == known.body:
        return well(check, f"answers, and with our bytes ({known.name})")
    if answer.status == 0:
        return fault(check, f"no answer: {answer.reason}.", remedy)
    if answer.status == 200:
        return fault(check, f"something answers {known.name} with bytes that are not ours.", remedy)
    return fault(check, f"answers {answer.status} for {known.name}.", remedy)


async def _ask(url: str, name: str) -> Answer:
    parts = urlsplit(url)
    ask = Ask(scheme=parts.scheme, name=name, agent=None, address=None)
    if parts.scheme == "tftp":
        async with tftp_wire(parts.hostname or "", parts.port or 69, 1) as tftp:
            return await tftp.ask(ask)
    async with http_wire(url, 1) as http:
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
