"""How is one setting's value spelt? Addresses, networks, URLs, paths and secrets, parsed once."""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from provisiond.inventory.secret import Secret

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Listener:
    """An address and port to listen on; port 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return ip_address(self.host).is_loopback


def parse_listener(value: object) -> Listener:
    """`127.0.0.1:8080` or `[::1]:8080`; names are refused, for a name may mean two addresses."""
    if isinstance(value, Listener):
        return value
    text = str(value)
    host, colon, port = text.rpartition(":")
    try:
        bare = host.removeprefix("[").removesuffix("]")
        address = ip_address(bare)
        right_brackets = (bare != host) == (address.version == 6)
        if not (colon and right_brackets and port.isascii() and port.isdigit()):
            raise ValueError
        if int(port) > 65535:
            raise ValueError
    except ValueError:
        raise ValueError(
            f"{text!r} is no address and port; write 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080"
        ) from None
    return Listener(str(address), int(port))


def parse_own_address(value: object) -> str:
    """An address of this machine; names are refused, and so is one that stands for all of them."""
    try:
        address = ip_address(str(value))
        if address.is_unspecified or address.is_multicast:
            raise ValueError
    except ValueError:
        raise ValueError(
            f"{value!r} is no address of this machine; write the one that it has on the phones' "
            "network, such as 192.168.1.10"
        ) from None
    return str(address)


_SERVICE_NAME = re.compile(r"(?=.{1,15}$)(?=.*[A-Za-z])[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
_TEXT_OCTETS = 255


def _check_service(value: str) -> str:
    kind, _, port = value.partition(" ")[0].partition(":")
    labels = kind.split(".")
    known = len(labels) == 2 and labels[0].startswith("_") and labels[1] in ("_tcp", "_udp")
    if not known or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"{value!r} is no service; write it as _http._tcp:80 name key=value")
    if not _SERVICE_NAME.fullmatch(labels[0][1:]):
        raise ValueError(
            f"{labels[0]!r} is no type: behind the underscore stand at most 15 letters, digits and "
            "single hyphens, a letter among them (RFC 6335 §5.1); write the type that the phones "
            "look for"
        )
    for pair in value.split()[1:]:
        key = pair.partition("=")[0]
        if "=" in pair and (not key or not key.isascii() or len(pair.encode()) > _TEXT_OCTETS):
            raise ValueError(
                f"{pair[:40]!r} is no pair of a TXT record: it needs a key in ASCII, and key, = "
                f"and value may be {_TEXT_OCTETS} octets together (RFC 6763 §6.1); shorten it"
            )
    return value


def _only_ipv4(value: str) -> str:
    if ip_address(value).version != 4:
        raise ValueError(f"{value!r} is no IPv4 address, and this is spoken over IPv4 alone")
    return value


def parse_network(value: object) -> Network:
    """`192.168.0.0/16`, a single address, or an IPv6 prefix; stray host bits are a fault."""
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    try:
        return ip_network(str(value))
    except ValueError:
        pass
    try:
        meant = f"; did you mean {ip_network(str(value), strict=False)}?"
    except ValueError:
        meant = "; write 192.168.0.0/16, 10.1.2.3 or fd00::/8"
    raise ValueError(f"{value!r} is no network{meant}")


def split_list(value: object) -> object:
    """A list as the environment writes it, comma-separated; anything else as it is."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _resolve(value: Path, info: ValidationInfo) -> Path:
    base: Path = (info.context or {}).get("base", Path())
    return Path(os.path.normpath(base / value.expanduser()))


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


def _parse_secret(value: object) -> Secret | None:
    if value is None or isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        raise ValueError("a secret is text in quotes")
    return Secret(value) if value else None


def _check_database(value: str | None) -> str | None:
    if value is not None and value.startswith("sqlite:///"):
        path = value.removeprefix("sqlite:///")
        if path.startswith("/"):
            return value
        raise ValueError("a SQLite store needs an absolute path: sqlite:////var/lib/x.db")
    if value is not None:
        parts = urlsplit(value)
        if parts.scheme != "postgresql" or not parts.path.strip("/"):
            raise ValueError(
                "a store is postgresql://user@host/database or sqlite:////absolute/path.db"
            )
        if parts.password is not None:
            raise ValueError(
                "the password does not belong into the URL, which is printed; "
                "set database.password_file or database.password"
            )
    return value


def _ascii_host(host: str) -> str:
    """How a name with other letters is written in a URL (RFC 3490), as the end of a sentence."""
    with suppress(UnicodeError):
        written = host.encode("idna").decode("ascii")
        if written != host:
            return f"; write the host as {written}"
    return "; write what is no ASCII in the path as %XX of its UTF-8"


def _public_url(*schemes: str) -> AfterValidator:
    def check(value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in schemes or not parts.hostname:
            begin = " or ".join(f"{scheme}://" for scheme in schemes)
            raise ValueError(f"{value!r} does not begin with {begin} and a host")
        if parts.query or parts.fragment or parts.username is not None:
            raise ValueError(f"{value!r} may hold no user, query or fragment")
        if not value.isascii() or not value.isprintable() or " " in value:
            raise ValueError(
                f"{value!r} is no URL that phones can read: letters beyond ASCII, blanks and "
                f"controls do not stand in one (RFC 3986){_ascii_host(parts.hostname)}"
            )
        return value.rstrip("/")

    return AfterValidator(check)


def _check_webhook(value: str | None) -> str | None:
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError(f"{value!r} does not begin with https:// or http:// and a host")
    return value


def _check_pair(value: str) -> str:
    ours, sign, theirs = value.partition("=")
    if not sign or not ours.strip() or not theirs.strip():
        raise ValueError(f"{value!r} is no pair; write house_number=address.houseNumber")
    return f"{ours.strip()}={theirs.strip()}"


Words = Annotated[tuple[str, ...], BeforeValidator(split_list)]
Pairs = Annotated[
    tuple[Annotated[str, AfterValidator(_check_pair)], ...], BeforeValidator(split_list)
]
Listeners = Annotated[
    tuple[Annotated[Listener, BeforeValidator(parse_listener)], ...], BeforeValidator(split_list)
]
Networks = Annotated[
    tuple[Annotated[Network, BeforeValidator(parse_network)], ...], BeforeValidator(split_list)
]
ResolvedPath = Annotated[Path, AfterValidator(_resolve)]
OptionalPath = Annotated[ResolvedPath | None, BeforeValidator(_empty_is_none)]
OptionalSecret = Annotated[Secret | None, BeforeValidator(_parse_secret)]
Services = Annotated[
    tuple[Annotated[str, AfterValidator(_check_service)], ...], BeforeValidator(split_list)
]
OwnAddress = Annotated[str, BeforeValidator(parse_own_address)]
OwnAddresses = Annotated[tuple[OwnAddress, ...], BeforeValidator(split_list)]
OwnAddresses4 = Annotated[
    tuple[Annotated[OwnAddress, AfterValidator(_only_ipv4)], ...], BeforeValidator(split_list)
]
DatabaseUrl = Annotated[
    str | None, AfterValidator(_check_database), BeforeValidator(_empty_is_none)
]
HttpsUrl = Annotated[str | None, _public_url("https"), BeforeValidator(_empty_is_none)]
HttpUrl = Annotated[str | None, _public_url("http"), BeforeValidator(_empty_is_none)]
TftpUrl = Annotated[str | None, _public_url("tftp"), BeforeValidator(_empty_is_none)]
WebUrlWithPath = Annotated[
    str | None, AfterValidator(_check_webhook), BeforeValidator(_empty_is_none)
]


def _source_address(value: object) -> str | None:
    if value is None or value == "":
        return None
    try:
        return str(ip_address(str(value)))
    except ValueError:
        raise ValueError(f"{value!r} is no address; write 192.0.2.1 or 2001:db8::1") from None


SourceAddress = Annotated[str | None, BeforeValidator(_source_address)]
RpcUrl = Annotated[str | None, _public_url("https", "http"), BeforeValidator(_empty_is_none)]
WebUrl = Annotated[str | None, _public_url("https", "http"), BeforeValidator(_empty_is_none)]
