"""How is a DHCP server told where phones find this one? Lines to paste, printed at a prompt."""

import socket
from enum import Enum
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from provisiond.cli_output import emit, say, warn
from provisiond.cli_session import Config, Json, session_of
from provisiond.inventory.errors import NotFound

if TYPE_CHECKING:
    from provisiond.catalog.dhcp import DhcpGroup
    from provisiond.inventory.urls import PublicUrls


class DhcpServer(Enum):
    """The programs that there are lines for."""

    DNSMASQ = "dnsmasq"
    KEA = "kea"
    ISC = "isc"
    WINDOWS = "windows"
    MIKROTIK = "mikrotik"


def dhcp_snippet(
    context: typer.Context,
    server: Annotated[DhcpServer, typer.Argument(help="The program that serves DHCP.")],
    family: Annotated[
        list[str] | None,
        typer.Option("--family", metavar="NAME", help="For this family alone; may be repeated."),
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Print what a DHCP server must hand out so that phones find this server.

    Options 43, 66, 150, 159 and 160 in the form that each vendor reads, given to that vendor's
    phones alone.
    """
    from provisiond.catalog.dhcp import dhcp_groups
    from provisiond.catalog.dhcp_text import snippet
    from provisiond.daemon_setup import public_urls

    session = session_of(context, config, as_json)
    settings = session.settings()
    shelf = session.shelf(settings)
    for name in family or ():
        if name not in shelf.families:
            raise NotFound(f"there is no family {name!r}; there are {', '.join(shelf.families)}.")
    urls = public_urls(settings)
    chosen = [f for name, f in shelf.families.items() if not family or name in family]
    groups = dhcp_groups(chosen, urls, _addresses(urls))
    if session.as_json:
        emit({"groups": [_plain(group) for group in groups], "text": snippet(server.value, groups)})
        return
    say(snippet(server.value, groups).rstrip("\n"))


def _plain(group: "DhcpGroup") -> dict[str, object]:
    return {
        "name": group.name,
        "families": group.titles,
        "mac_prefixes": group.prefixes,
        "vendor_classes": group.classes,
        "notes": group.notes,
        "options": [
            {"code": o.code, "value": o.text or list(map(str, o.addresses)), "hex": o.octets.hex()}
            for o in group.options
        ],
    }


def _addresses(urls: "PublicUrls") -> tuple[IPv4Address, ...]:
    """The IPv4 addresses of the public TFTP URL's host; none where it has none."""
    host = urlsplit(urls.tftp or "").hostname
    if host is None:
        return ()
    try:
        found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_DGRAM)
    except OSError:
        warn(f"public_url.tftp: {host} has no IPv4 address here; option 150 is left out.")
        return ()
    return tuple(dict.fromkeys(IPv4Address(address[0]) for *_, address in found))
