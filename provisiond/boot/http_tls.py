"""Which certificate do phones see, and what happens when its files change?

A new pair is tried on before it goes live: a certificate that is renewed by half, expired, or
beside a wrong key leaves the old one where it is, and the log says why.
"""

import asyncio
import logging
import ssl
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from provisiond.inventory.errors import BadSettings, Finding

if TYPE_CHECKING:
    from cryptography import x509

log = logging.getLogger(__name__)

WATCH_SECONDS = 5.0

_FLOORS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """PEM files of the listener: the certificate with its chain, leaf first, and its key.

    `setting` is the table of the settings that names them. `floor` is the oldest protocol spoken,
    1.0 to 1.3. Below 1.2 OpenSSL also has to accept SHA-1 signatures (its security level 0), so
    that is for phones that know nothing better.
    """

    certificate: Path
    key: Path
    floor: str = "1.2"
    setting: str = "boot.https"


class CertificateUnfit(Exception):
    """The pair cannot go live; `where` is the setting that names the file at fault."""

    def __init__(self, where: str, message: str, remedy: str) -> None:
        super().__init__(f"{message} {remedy}")
        self.where = where
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """A pair that was tried on: a ready context and when its certificate ends."""

    context: ssl.SSLContext
    expires: datetime
    subject: str


class PhoneTls:
    """The HTTPS listener's certificate; `context` stays the same object for good.

    `files` are read at once, which blocks: make it before the loop runs, or in a thread.
    Raises BadSettings where the pair cannot be used. `now` is the clock that decides expiry.
    """

    def __init__(self, files: TlsFiles, *, now: Callable[[], datetime] | None = None) -> None:
        self._files = files
        self._now = now or (lambda: datetime.now(UTC))
        self._seen = _fingerprint(files)
        self.failed_reloads = 0
        try:
            self._pair = _try_on(files, self._now())
        except CertificateUnfit as exc:
            finding = Finding(where=exc.where, message=exc.message, remedy=exc.remedy)
            raise BadSettings((finding,)) from exc
        context = _RollingContext(ssl.PROTOCOL_TLS_SERVER)
        context.current = self._pair.context
        self._rolling = context

    @property
    def context(self) -> ssl.SSLContext:
        """What a listener is started with; each handshake uses the newest good pair."""
        return self._rolling

    @property
    def expires(self) -> datetime:
        """When the certificate in use ends."""
        return self._pair.expires

    @property
    def days_left(self) -> float:
        """Days until the certificate in use ends; negative when it has."""
        return (self.expires - self._now()).total_seconds() / 86_400

    async def reload(self) -> bool:
        """Take the pair that the files hold now; False, with the reason logged, where it is unfit.

        Connections that are open keep what they have; the next handshake has the new pair.
        """
        self._seen = await asyncio.to_thread(_fingerprint, self._files)
        try:
            pair = await asyncio.to_thread(_try_on, self._files, self._now())
        except CertificateUnfit as exc:
            self.failed_reloads += 1
            log.error(  # noqa: TRY400 - the sentence says it all
                "%s: %s The certificate in use stays, with %.1f days left.",
                exc.where,
                exc,
                self.days_left,
            )
            return False
        self._pair = pair
        self._rolling.current = pair.context
        log.info("phones now see the certificate of %s until %s", pair.subject, pair.expires)
        return True

    async def watch(self, seconds: float = WATCH_SECONDS) -> None:
        """Reload whenever one of the files changed; runs until cancelled.

        Polled by stat, since renewal tools replace links, directories and files in turn.
        A change is taken up when two looks agree, so that no half written pair is tried on.
        """
        last = self._seen
        while True:
            await asyncio.sleep(seconds)
            seen = await asyncio.to_thread(_fingerprint, self._files)
            if seen == last and seen != self._seen:
                await self.reload()
            last = seen


class _RollingContext(ssl.SSLContext):
    """Hands each new connection to the newest context.

    Loading another pair into a context in use would keep the old one beside it, where the key's
    type differs (OpenSSL holds one pair a type).
    """

    current: ssl.SSLContext

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        return self.current.wrap_bio(*args, **options)


def _try_on(files: TlsFiles, at: datetime) -> _Pair:
    """Read and check the pair as a phone would see it; raises CertificateUnfit."""
    leaf = _read_certificate(files.certificate, f"{files.setting}.certificate")
    _check_key(files.key, f"{files.setting}.key", leaf)
    if at < leaf.not_valid_before_utc:
        raise CertificateUnfit(
            f"{files.setting}.certificate",
            f"{files.certificate} is valid only from {leaf.not_valid_before_utc}.",
            "Check this machine's clock.",
        )
    if at >= leaf.not_valid_after_utc:
        raise CertificateUnfit(
            f"{files.setting}.certificate",
            f"{files.certificate} expired at {leaf.not_valid_after_utc}.",
            "Renew it.",
        )
    context = _new_context(files.floor)
    try:
        context.load_cert_chain(files.certificate, files.key)
    except (ssl.SSLError, OSError) as exc:
        raise CertificateUnfit(
            f"{files.setting}.certificate",
            f"OpenSSL does not take the pair: {exc}.",
            "Issue the pair anew.",
        ) from exc
    return _Pair(
        context=context,
        expires=leaf.not_valid_after_utc,
        subject=leaf.subject.rfc4514_string() or "no subject",
    )


def _read_certificate(path: Path, where: str) -> "x509.Certificate":
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(_read(path, where))[0]
    except ValueError as exc:
        raise CertificateUnfit(
            where,
            f"{path} is no PEM certificate.",
            "It must begin with -----BEGIN CERTIFICATE-----, the server's own first.",
        ) from exc


def _check_key(path: Path, where: str, leaf: "x509.Certificate") -> None:
    octets = _read(path, where)
    try:
        key = load_pem_private_key(octets, None)
    except TypeError as exc:
        raise CertificateUnfit(
            where,
            f"{path} is encrypted.",
            "Nobody is there to type the passphrase at boot: store it decrypted, mode 0600.",
        ) from exc
    except ValueError as exc:
        raise CertificateUnfit(
            where, f"{path} is no PEM private key.", "It must hold the certificate's key."
        ) from exc
    encoding = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*encoding) != leaf.public_key().public_bytes(*encoding):
        raise CertificateUnfit(
            where,
            f"{path} is not the key of the first certificate in the file.",
            "Put the server's own certificate first, and the key that it was issued for.",
        )


def _read(path: Path, where: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise CertificateUnfit(
            where, f"{path} cannot be read: {exc.strerror}.", "Check path, owner and mode."
        ) from exc


def _new_context(floor: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        # Python calls 1.0 and 1.1 deprecated; who sets the floor so low has such phones.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = _FLOORS[floor]
    if floor in ("1.0", "1.1"):
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    return context


def _fingerprint(files: TlsFiles) -> tuple[tuple[int, ...], ...]:
    """What changes when a file or a link on the way to it is replaced; empty where it is gone."""
    found: list[tuple[int, ...]] = []
    for path in (files.certificate, files.key):
        try:
            state = path.stat()
            found.append((state.st_dev, state.st_ino, state.st_mtime_ns, state.st_size))
        except OSError:
            found.append(())
    return tuple(found)
