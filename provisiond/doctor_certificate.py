"""Will phones take the certificate? Its key, its dates, its names, and which one is shown."""

from collections.abc import Iterator
from datetime import UTC
from ipaddress import ip_address
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from provisiond.boot.http_tls import PhoneTls, TlsFiles
from provisiond.doctor_notes import Note, fault, warning, well
from provisiond.doctor_ports import served_certificate
from provisiond.inventory.errors import BadSettings
from provisiond.settings import Settings

_CHECK = "certificate"
_DAYS = 21
_RENEW = "Renew it; the daemon takes the new files up by itself within seconds."


def look_at_certificate(settings: Settings) -> Iterator[Note]:
    """The pair of boot.https, where there is one. Blocks."""
    https = settings.boot.https
    if not https.listen or https.certificate is None or https.key is None:
        return
    files = TlsFiles(certificate=https.certificate, key=https.key, floor=https.min_tls)
    try:
        tls = PhoneTls(files)
    except BadSettings as error:
        for finding in error.findings:
            yield fault(_CHECK, f"{finding.where}: {finding.message}", finding.remedy or _RENEW)
        return
    certificate = x509.load_pem_x509_certificate(https.certificate.read_bytes())
    names = tuple(_names(certificate))
    host = urlsplit(settings.public_url.https or "").hostname
    if host is not None and not any(_covers(name, host) for name in names):
        yield fault(
            _CHECK,
            f"{https.certificate} is for {', '.join(names) or 'no name'}, and phones are sent to "
            f"{host}: they will refuse it.",
            f"Get one that names {host}, or correct public_url.https.",
        )
    if tls.days_left < _DAYS:
        yield warning(_CHECK, f"it ends on {tls.expires:%Y-%m-%d}.", _RENEW)
    shown = next(filter(None, map(served_certificate, https.listen)), None)
    if shown is not None and shown != certificate.public_bytes(Encoding.DER):
        yield warning(
            _CHECK,
            f"phones still see another certificate than {https.certificate} holds.",
            "The daemon's log says why it did not take the new one.",
        )
    elif host is None or any(_covers(name, host) for name in names):
        yield well(_CHECK, f"until {tls.expires.astimezone(UTC):%Y-%m-%d}, for {', '.join(names)}")


def _names(certificate: x509.Certificate) -> Iterator[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        for attribute in certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME):
            yield str(attribute.value)
        return
    yield from extension.value.get_values_for_type(x509.DNSName)
    yield from map(str, extension.value.get_values_for_type(x509.IPAddress))


def _covers(name: str, host: str) -> bool:
    """RFC 6125 §6.4: a star stands for the leftmost label alone."""
    try:
        return ip_address(host) == ip_address(name)
    except ValueError:
        pass
    first, _, rest = host.lower().partition(".")
    return name.lower() in (host.lower(), f"*.{rest}") and bool(first)
