"""How is a DHCP server told these options? One writer a server program, each text to be pasted."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from provisiond.catalog.dhcp import DhcpGroup, DhcpOption

_PREFIX = "provisiond"


def snippet(server: str, groups: Sequence[DhcpGroup]) -> str:
    """The lines for `server`, one of `SERVERS`; groups without options are comments alone."""
    return "\n".join(SERVERS[server](groups)) + "\n"


def _about(group: DhcpGroup, mark: str) -> Iterator[str]:
    yield ""
    for title in group.titles:
        yield f"{mark} {title}"
    for note in group.notes:
        yield f"{mark} {note}"
    if not group.options:
        yield f"{mark} no options"


def _dnsmasq(groups: Sequence[DhcpGroup]) -> Iterator[str]:
    yield "# dnsmasq: a file in /etc/dnsmasq.d; then: systemctl restart dnsmasq"
    for group in groups:
        yield from _about(group, "#")
        tag = f"{_PREFIX}-{group.name}"
        if not group.options:
            continue
        for prefix in group.prefixes:
            yield f"dhcp-mac=set:{tag},{_pairs(prefix, ':')}:*:*:*"
        for begin in group.classes:
            yield f"dhcp-vendorclass=set:{tag},{begin}"
        for option in group.options:
            value = f'"{option.text}"' if option.text else _listed(option, ",", ":")
            yield f"dhcp-option-force=tag:{tag},{option.code},{value}"


def _isc(groups: Sequence[DhcpGroup]) -> Iterator[str]:
    yield "# ISC dhcpd: include it in dhcpd.conf, outside of any subnet"
    codes = sorted({o.code for g in groups for o in g.options if o.code not in (43, 66)})
    for code in codes:
        kind = "array of ip-address" if code == 150 else "text"
        yield f"option {_PREFIX}-{code} code {code} = {kind};"
    for group in groups:
        yield from _about(group, "#")
        if not group.options:
            continue
        tests = [
            f'binary-to-ascii(16, 8, ":", substring(hardware, 1, 3)) = "{_short(prefix)}"'
            for prefix in group.prefixes
        ]
        tests += [
            f'substring(option vendor-class-identifier, 0, {len(begin)}) = "{begin}"'
            for begin in group.classes
        ]
        yield f'class "{_PREFIX}-{group.name}" {{'
        yield "  match if " + "\n    or ".join(tests) + ";"
        for option in group.options:
            yield f"  option {_isc_option(option)};"
        yield "}"


def _isc_option(option: DhcpOption) -> str:
    if option.code == 43:
        return f"vendor-encapsulated-options {option.data.hex(':')}"
    name = "tftp-server-name" if option.code == 66 else f"{_PREFIX}-{option.code}"
    return f'{name} "{option.text}"' if option.text else f"{name} {_listed(option, ', ', ':')}"


def _kea(groups: Sequence[DhcpGroup]) -> Iterator[str]:
    yield '// Kea: the classes belong into "Dhcp4" of kea-dhcp4.conf; try it with kea-dhcp4 -t'
    yield '"client-classes": ['
    offered = [group for group in groups if group.options]
    for group in groups:
        yield from (f"  {line}" if line else line for line in _about(group, "//"))
        if not group.options:
            continue
        tests = [f"substring(pkt4.mac,0,3) == 0x{prefix}" for prefix in group.prefixes]
        tests += [
            f"substring(option[60].text,0,{len(begin)}) == '{begin}'" for begin in group.classes
        ]
        yield "  {"
        yield f'    "name": "{_PREFIX}-{group.name}",'
        yield f'    "test": "{" or ".join(tests)}",'
        yield '    "option-data": ['
        for number, option in enumerate(group.options, 1):
            comma = "," if number < len(group.options) else ""
            shown = option.text or _listed(option, ", ", ":")
            yield f"      // {option.code}: {shown}"
            yield (
                f'      {{ "code": {option.code}, "space": "dhcp4", "csv-format": false, '
                f'"always-send": true, "data": "{option.octets.hex().upper()}" }}{comma}'
            )
        yield "    ]"
        yield "  }" + ("," if group is not offered[-1] else "")
    yield "]"


def _windows(groups: Sequence[DhcpGroup]) -> Iterator[str]:
    yield "# Windows Server: PowerShell as administrator, on the DHCP server"
    codes = sorted({o.code for g in groups for o in g.options if o.code not in (43, 66)})
    for code in codes:
        kind = "IPv4Address -MultiValued" if code == 150 else "String"
        yield (
            f"if (-not (Get-DhcpServerv4OptionDefinition -OptionId {code} -ErrorAction "
            f"SilentlyContinue)) {{ Add-DhcpServerv4OptionDefinition -OptionId {code} "
            f"-Name '{_PREFIX}-{code}' -Type {kind} }}"
        )
    for group in groups:
        yield from _about(group, "#")
        if not group.options:
            continue
        name = f"{_PREFIX}-{group.name}"
        if group.classes:
            for begin in group.classes:
                yield (f"Add-DhcpServerv4Class -Name '{name} {begin}' -Type Vendor -Data '{begin}'")
            known = ",".join(f"'{name} {begin}*'" for begin in group.classes)
            yield f"Add-DhcpServerv4Policy -Name '{name}' -Condition OR -VendorClass EQ,{known}"
        else:
            known = ",".join(f"'{prefix.upper()}*'" for prefix in group.prefixes)
            yield f"Add-DhcpServerv4Policy -Name '{name}' -Condition OR -MacAddress EQ,{known}"
        for option in group.options:
            yield (
                f"Set-DhcpServerv4OptionValue -PolicyName '{name}' -OptionId {option.code} "
                f"-Value {_windows_value(option)}"
            )


def _windows_value(option: DhcpOption) -> str:
    if option.data:
        return ",".join(f"0x{octet:02x}" for octet in option.data)
    if option.addresses:
        return ",".join(map(str, option.addresses))
    return "'" + option.text.replace("'", "''") + "'"


def _mikrotik(groups: Sequence[DhcpGroup]) -> Iterator[str]:
    yield "# RouterOS: it tells phones apart by lease or network only. Give each of them the set of"
    yield "# its phones: /ip dhcp-server lease set [find] dhcp-option-set=NAME, or network set"
    for group in groups:
        yield from _about(group, "#")
        if not group.options:
            continue
        names = []
        for option in group.options:
            name = f"{_PREFIX}-{group.name}-{option.code}"
            names.append(name)
            yield (
                f"/ip dhcp-server option add name={name} code={option.code} force=yes "
                f'value="{_mikrotik_value(option)}"'
            )
        yield (
            f"/ip dhcp-server option sets add name={_PREFIX}-{group.name} options={','.join(names)}"
        )


def _mikrotik_value(option: DhcpOption) -> str:
    """A text stands in single quotes; all else is hexadecimal. `$` begins a variable."""
    if option.text:
        return "'" + option.text.replace("$", "\\$") + "'"
    return f"0x{option.octets.hex()}"


def _listed(option: DhcpOption, between: str, octets: str) -> str:
    if option.addresses:
        return between.join(map(str, option.addresses))
    return option.data.hex(octets)


def _pairs(prefix: str, between: str) -> str:
    return between.join(prefix[at : at + 2] for at in range(0, 6, 2))


def _short(prefix: str) -> str:
    """As binary-to-ascii prints octets: without leading zeros."""
    return ":".join(f"{int(prefix[at : at + 2], 16):x}" for at in range(0, 6, 2))


SERVERS: Mapping[str, Callable[[Sequence[DhcpGroup]], Iterator[str]]] = {
    "dnsmasq": _dnsmasq,
    "kea": _kea,
    "isc": _isc,
    "windows": _windows,
    "mikrotik": _mikrotik,
}
