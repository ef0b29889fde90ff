"""What is a tenant, and what settings does it hand down? Domain, site, layered settings."""

from dataclasses import dataclass, fields, replace
from enum import Enum

from provisiond.inventory.secret import Secret

FEATURE_CODES = (
    "pickup",
    "group_pickup",
    "park",
    "personal_park",
    "unpark",
    "queue_login",
    "queue_logout",
    "queue_toggle",
    "timeframe_toggle",
    "move_call",
    "record",
    "intercom",
    "paging",
)
"""The names a domain's `feature_codes` may hold; `{value}` in a code is the button's value."""


class SipTransport(Enum):
    """How phones talk SIP to the server."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"
    DNS_NAPTR = "dns"


class Srtp(Enum):
    """Media encryption."""

    OFF = "off"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Dtmf(Enum):
    """How digits travel in a call."""

    RFC2833 = "rfc2833"
    INFO = "info"
    INBAND = "inband"
    AUTO = "auto"


class ResyncRoute(Enum):
    """How a phone is told to fetch again: through the SIP server, or from provisiond itself."""

    VIA_PROXY = "via_proxy"
    DIRECT = "direct"


CODECS = ("opus", "g722", "pcmu", "pcma", "g729", "ilbc", "g726_32")
"""Codec names as `codecs` lists them, in order of preference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What templates read, inherited server -> domain -> site -> phone; None is "not set here".

    Ports are 1-65535 (unset: 5060, with TLS 5061), `register_expires` seconds, `poll_minutes`
    minutes (0 = never), VLANs 0-4094 (0 = untagged). `time_zone` is an IANA name, `language` a
    BCP 47 tag (`en`, `fr-CA`), `tone_country` an ISO 3166 alpha-2 code. `firmware` maps
    "Vendor Model" to an asset's name.
    """

    sip_server: str | None = None
    sip_port: int | None = None
    outbound_proxy: str | None = None
    outbound_proxy_port: int | None = None
    transport: SipTransport | None = None
    register_expires: int | None = None
    codecs: tuple[str, ...] | None = None
    srtp: Srtp | None = None
    dtmf: Dtmf | None = None
    vlan_phone: int | None = None
    vlan_pc: int | None = None
    time_zone: str | None = None
    language: str | None = None
    tone_country: str | None = None
    ntp_server: str | None = None
    poll_minutes: int | None = None
    voicemail_number: str | None = None
    feature_codes: tuple[tuple[str, str], ...] | None = None
    phone_admin_password: Secret | None = None
    firmware: tuple[tuple[str, str], ...] | None = None
    emergency_numbers: tuple[str, ...] | None = None
    resync_route: ResyncRoute | None = None


NOTHING_SET = Settings()

BUILT_IN = Settings(
    transport=SipTransport.UDP,
    register_expires=600,
    codecs=("opus", "g722", "pcmu", "pcma"),
    srtp=Srtp.OFF,
    dtmf=Dtmf.RFC2833,
    time_zone="Etc/UTC",
    language="en",
    tone_country="US",
    ntp_server="pool.ntp.org",
    poll_minutes=1440,
    feature_codes=(),
    firmware=(),
    emergency_numbers=("911", "933", "112"),
    resync_route=ResyncRoute.VIA_PROXY,
)
"""What holds where nobody set anything."""


def inherit(*layers: Settings) -> Settings:
    """One settings record out of layers, the farthest first; the nearest that is set wins.

    `feature_codes` and `firmware` merge by key, everything else is replaced whole.
    """
    set_ones = [layer for layer in layers if layer != NOTHING_SET]
    if len(set_ones) == 1:
        return set_ones[0]
    merged = NOTHING_SET
    for layer in set_ones:
        changes: dict[str, object] = {}
        for field in fields(Settings):
            value = getattr(layer, field.name)
            if value is None:
                continue
            if field.name in ("feature_codes", "firmware"):
                value = tuple({**dict(getattr(merged, field.name) or ()), **dict(value)}.items())
            changes[field.name] = value
        merged = replace(merged, **changes)  # type: ignore[arg-type]
    return merged


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A tenant: a SIP domain with everything below it. `name` is the SIP domain, lower case."""

    name: str
    settings: Settings = Settings()
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place of a domain; its settings go over the domain's.

    `emergency_address` names the address of those who are there and have no nearer one.
    """

    name: str
    settings: Settings = Settings()
    emergency_address: str | None = None
    revision: int = 0
