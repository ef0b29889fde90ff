"""Which DHCP options lead phones here, and in which bytes? From the manifests' [dhcp] parts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from urllib.parse import urlsplit

from provisiond.catalog.family import Family
from provisiond.inventory.urls import PublicUrls

_VENDOR_SPECIFIC = 43
_SERVER_NAME = 66
_ADDRESSES = 150
_URLS = (160, 159)
_TFTP_PORT = 69


@dataclass(frozen=True, slots=True, kw_only=True)
class DhcpOption:
    """One option: a `text`, a list of `addresses`, or, for 43, the bytes as they are in `data`."""

    code: int
    text: str = ""
    addresses: tuple[IPv4Address, ...] = ()
    data: bytes = b""

    @property
    def octets(self) -> bytes:
        """The value on the wire."""
        if self.addresses:
            return b"".join(address.packed for address in self.addresses)
        return self.data or self.text.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class DhcpGroup:
    """Phones that want the same options, and how a DHCP server knows them.

    `name` is lower-case letters, digits and dashes. `prefixes` are MAC prefixes of 6 hex digits,
    `classes` what option 60 begins with. `notes` say in words what is left out and why.
    """

    name: str
    titles: tuple[str, ...]
    prefixes: tuple[str, ...]
    classes: tuple[str, ...]
    options: tuple[DhcpOption, ...]
    notes: tuple[str, ...] = ()


def dhcp_groups(
    families: Sequence[Family], urls: PublicUrls, addresses: Sequence[IPv4Address]
) -> tuple[DhcpGroup, ...]:
    """The families that read DHCP options, those with the same ones together.

    `addresses` are the server's, for option 150. A family without a public URL that it could
    fetch over has no options, and a note.
    """
    groups: dict[object, DhcpGroup] = {}
    for family in families:
        group = _group(family, urls, addresses)
        if group is None:
            continue
        key = (group.options, bool(group.classes), group.notes)
        before = groups.get(key)
        groups[key] = group if before is None else _joined(before, group)
    return tuple(_named(groups.values()))


def _named(groups: Iterable[DhcpGroup]) -> Iterator[DhcpGroup]:
    """Groups of several families are named after their vendors; no name stands twice."""
    taken: Counter[str] = Counter()
    for group in groups:
        taken[group.name] += 1
        number = taken[group.name]
        yield group if number == 1 else replace(group, name=f"{group.name}-{number}")


def _joined(one: DhcpGroup, other: DhcpGroup) -> DhcpGroup:
    vendors = dict.fromkeys((*one.name.split("-"), other.name.partition("-")[0]))
    if len(one.titles) == 1:
        vendors = dict.fromkeys((one.name.partition("-")[0], other.name.partition("-")[0]))
    return replace(
        one,
        name="-".join(vendors),
        titles=one.titles + other.titles,
        prefixes=tuple(dict.fromkeys(one.prefixes + other.prefixes)),
        classes=tuple(dict.fromkeys(one.classes + other.classes)),
    )


def _group(family: Family, urls: PublicUrls, addresses: Sequence[IPv4Address]) -> DhcpGroup | None:
    manifest = family.manifest
    if not manifest.dhcp.options:
        return None
    options, notes = _options(family, urls, addresses)
    classes = manifest.dhcp.vendor_classes
    prefixes = () if classes else tuple(dict.fromkeys(p[:6] for p in manifest.mac_prefixes))
    return DhcpGroup(
        name=family.name.replace("/", "-"),
        titles=(manifest.title,),
        prefixes=prefixes,
        classes=classes,
        options=tuple(sorted(options, key=lambda option: option.code)),
        notes=tuple(notes),
    )


def _options(
    family: Family, urls: PublicUrls, addresses: Sequence[IPv4Address]
) -> tuple[list[DhcpOption], list[str]]:
    dhcp = family.manifest.dhcp
    url = urls.best(family.manifest.provisioning_url.schemes)
    options: list[DhcpOption] = []
    notes: list[str] = []
    if not url:
        schemes = ", ".join(family.manifest.provisioning_url.schemes)
        return [], [f"no public_url over which these phones fetch ({schemes})"]
    tftp = urlsplit(urls.tftp or "")
    has_tftp = bool(tftp.hostname) and (tftp.port or _TFTP_PORT) == _TFTP_PORT
    if _VENDOR_SPECIFIC in dhcp.options and dhcp.option_43:
        data = _encapsulated(dhcp.option_43, url, dhcp.option_43_nul)
        options.append(DhcpOption(code=_VENDOR_SPECIFIC, data=data))
    if _SERVER_NAME in dhcp.options:
        text = _server_name(dhcp.form, url, tftp.hostname if has_tftp else None)
        if text:
            options.append(DhcpOption(code=_SERVER_NAME, text=text))
        else:
            notes.append("66 is left out: it names a TFTP server, and public_url.tftp is not set")
    first_url = next((code for code in dhcp.options if code in _URLS), None)
    if first_url is not None:
        options.append(DhcpOption(code=first_url, text=url + dhcp.file))
    if _ADDRESSES in dhcp.options and dhcp.form == "host":
        if has_tftp and addresses:
            options.append(DhcpOption(code=_ADDRESSES, addresses=tuple(addresses)))
        else:
            notes.append("150 is left out: it lists TFTP servers by IPv4 address")
    return options, notes


def _server_name(form: str, url: str, tftp_host: str | None) -> str:
    if form == "host":
        return tftp_host or ""
    return url.partition("://")[2].rstrip("/") if form == "bare" else url


def _encapsulated(suboptions: dict[str, str], url: str, nul: bool) -> bytes:
    """RFC 2132 §8.4: code, length, value of each; one vendor counts a NUL at the end in."""
    found = b""
    for code, pattern in suboptions.items():
        value = pattern.replace("{url}", url).encode() + (b"\0" if nul else b"")
        found += bytes((int(code), len(value))) + value
    return found
