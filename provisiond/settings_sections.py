"""Which settings are there? One class a table of the file, with each default and meaning."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from provisiond.inventory.admission import Mode
from provisiond.inventory.digest import Algorithm
from provisiond.settings_values import (
    DatabaseUrl,
    HttpsUrl,
    HttpUrl,
    Listeners,
    Network,
    Networks,
    OptionalPath,
    OptionalSecret,
    OwnAddresses,
    OwnAddresses4,
    Pairs,
    RpcUrl,
    Services,
    SourceAddress,
    TftpUrl,
    WebUrl,
    WebUrlWithPath,
    Words,
    parse_listener,
    parse_network,
    split_list,
)

PRIVATE_NETWORKS: tuple[Network, ...] = tuple(
    parse_network(network)
    for network in (
        "127.0.0.0/8",  # RFC 1122 §3.2.1.3
        "10.0.0.0/8",  # RFC 1918
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",  # RFC 4291 §2.5.3
        "fc00::/7",  # RFC 4193
        "fe80::/10",  # RFC 4291 §2.5.6
    )
)
_MIB = 1 << 20


class Section(BaseModel):
    """What all tables of the file share: no unknown names, nothing changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Https(Section):
    """The phones' HTTPS listener."""

    listen: Listeners = Field(default=(), description="addresses and ports; empty is off")
    certificate: OptionalPath = Field(
        default=None, description="PEM file: the certificate and what links it to its root"
    )
    key: OptionalPath = Field(default=None, description="PEM file of its private key")
    min_tls: Literal["1.0", "1.1", "1.2", "1.3"] = Field(
        default="1.2", description="oldest TLS version spoken; old phones need 1.0"
    )


class Boot(Section):
    """Where and how phones ask."""

    http: Listeners = Field(
        default=(parse_listener("127.0.0.1:8080"),),
        description="addresses and ports of HTTP; empty is off",
    )
    tftp: Listeners = Field(
        default=(parse_listener("127.0.0.1:6969"),),
        description="addresses and ports of TFTP (its own is 69); empty is off",
    )
    https: Https = Field(default_factory=Https)
    tftp_networks: Networks = Field(
        default=(),
        description="TFTP answers these and nobody else; unset: admission.plain_networks",
    )
    trusted_proxies: Networks = Field(
        default=(), description="whose X-Forwarded-For and X-Forwarded-Proto are believed"
    )
    max_connections: int = Field(
        default=12_000, ge=16, le=1_000_000, description="HTTP connections held at once"
    )
    max_transfers: int = Field(
        default=10_000, ge=16, le=1_000_000, description="TFTP transfers held at once"
    )
    cache_bytes: int = Field(
        default=48 * _MIB,
        ge=0,
        description="bytes of rendered files kept, compressed (48 MiB hold about 30,000 phones); "
        "0 renders each anew",
    )
    header_seconds: float = Field(
        default=10.0, gt=0, le=300, description="time a client has to send its request's header"
    )
    idle_seconds: float = Field(
        default=30.0, gt=0, le=3600, description="how long a silent kept-alive connection stays"
    )
    loop: Literal["auto", "uvloop", "asyncio"] = Field(
        default="auto", description="event loop; auto takes uvloop where it is installed"
    )
    stop_seconds: float = Field(
        default=30.0, ge=0, le=600, description="time that running transfers get at a stop"
    )


class Web(Section):
    """Where people, programs and monitors ask."""

    listen: Listeners = Field(
        default=(parse_listener("127.0.0.1:8081"),),
        description="addresses and ports of log-in, API and all that monitors ask",
    )
    monitor: Listeners = Field(
        default=(),
        description="addresses and ports of /healthz, /readyz and /metrics alone, over plain HTTP",
    )
    certificate: OptionalPath = Field(
        default=None, description="PEM file: the certificate that makes web.listen HTTPS"
    )
    key: OptionalPath = Field(default=None, description="PEM file of its private key")
    url: WebUrl = Field(
        default=None,
        description="under which URL people reach web.listen, for links; unset: its address",
    )
    trusted_proxies: Networks = Field(
        default=(), description="whose X-Forwarded-For and X-Forwarded-Proto are believed"
    )
    webhook_networks: Networks = Field(
        default=(), description="private networks that webhooks may reach all the same"
    )
    max_connections: int = Field(
        default=2_000,
        ge=16,
        le=1_000_000,
        description="connections held at once, on web.listen and on web.monitor each",
    )
    header_seconds: float = Field(
        default=10.0, gt=0, le=300, description="time a client has to send its request's header"
    )
    idle_seconds: float = Field(
        default=75.0,
        gt=0,
        le=3600,
        description="how long a silent kept-alive connection stays; set it above what a reverse "
        "proxy keeps its own for",
    )
    session_idle_minutes: int = Field(
        default=120, ge=1, le=7 * 24 * 60, description="an unused log-in ends after so long"
    )
    session_hours: int = Field(
        default=12, ge=1, le=30 * 24, description="a log-in ends after so long, used or not"
    )


class Database(Section):
    """Where the inventory is kept."""

    url: DatabaseUrl = Field(
        default=None,
        description="postgresql://user@host/database or sqlite:////path; "
        "unset: provisiond.db in data_dir; behind pgbouncer in transaction mode "
        "postgresql://user@host/database?statement_cache_size=0",
    )
    password: OptionalSecret = Field(
        default=None, description="PostgreSQL's password; better set database.password_file"
    )


class PublicUrl(Section):
    """Under which URLs phones reach this server; these go into their files."""

    https: HttpsUrl = Field(default=None, description="https://host[:port][/path]")
    http: HttpUrl = Field(default=None, description="http://host[:port][/path]")
    tftp: TftpUrl = Field(default=None, description="tftp://host[:port]")


class Admission(Section):
    """Which phones get their files."""

    mode: Mode = Field(
        default=Mode.TOKEN,
        description="token, password (HTTP Digest), or open: whoever knows a MAC gets its file",
    )
    digest: Annotated[tuple[Algorithm, ...], BeforeValidator(split_list)] = Field(
        default=(Algorithm.SHA_256, Algorithm.MD5),
        min_length=1,
        description="password mode: what HTTP Digest is offered with, the first first; phones that "
        "take the first offer alone may need MD5",
    )
    basic: bool = Field(
        default=False, description="password mode: HTTP Basic too, over HTTPS alone"
    )
    open_on_purpose: bool = Field(
        default=False, description="allow mode open on listeners that others can reach"
    )
    plain_networks: Networks = Field(
        default=PRIVATE_NETWORKS, description="where secrets may go over plain HTTP and TFTP"
    )
    enrol_networks: Networks = Field(
        default=(),
        description="from where an open enrolment may be used; unset: admission.plain_networks",
    )
    enrolment_hours: int = Field(
        default=24, ge=1, le=24 * 90, description="how long an enrolment stays open"
    )
    misses_per_minute: int = Field(
        default=60,
        ge=1,
        description="refusals to one address that go out at once (twice as many to its /24 or "
        "/64); further ones wait a second, and further requests for unknown phones and files are "
        "counted, not journaled",
    )
    sweep_names: int = Field(
        default=30,
        ge=2,
        description="unknown phones or files that one address asks for within ten minutes until "
        "an alarm says so; of its /24 or /64 twice, of everybody ten times as many",
    )


class Pnp(Section):
    """SIP plug and play: phones that look for their provisioning by multicast."""

    addresses: OwnAddresses4 = Field(
        default=(),
        description="own addresses on the networks whose phones are answered; empty is off",
    )
    unknown: bool = Field(
        default=False,
        description="phones of no inventory are told the URL, too; otherwise they hear nothing, "
        "and another server can answer",
    )


class Mdns(Section):
    """DNS-SD: the portal, and where phones fetch, found by name on the own networks."""

    addresses: OwnAddresses = Field(
        default=(), description="own addresses from which it is advertised; empty is off"
    )
    services: Services = Field(
        default=(),
        description="further services, each as `_type._udp:port name key=value`; some phones look "
        "for a type of their own",
    )


class Alarms(Section):
    """Who hears of held enrolments and sweeps, beside journal, log and metrics."""

    webhook: WebUrlWithPath = Field(
        default=None, description="URL that each alarm is posted to as JSON; unset: none"
    )
    webhook_secret: OptionalSecret = Field(
        default=None,
        description="signs what is posted (HMAC-SHA256); better set alarms.webhook_secret_file",
    )


class EmergencyProvider(Section):
    """Who validates emergency addresses: an HTTP service that takes and answers JSON."""

    name: str = Field(
        default="", max_length=64, description="the provider's name, as people see it"
    )
    url: WebUrlWithPath = Field(
        default=None, description="where addresses are POSTed; unset: nobody"
    )
    token: OptionalSecret = Field(
        default=None, description="what the provider knows us by; better set provider.token_file"
    )
    header: str = Field(
        default="Authorization: Bearer {token}",
        pattern=r"^[A-Za-z0-9-]+:[ -~]*\{token\}[ -~]*$",
        description="the header that carries the token",
    )
    networks: Networks = Field(
        default=(), description="networks of our own that the provider may be in"
    )
    seconds: float = Field(
        default=10.0, gt=0, le=60, description="time for question and answer together"
    )
    max_bytes: int = Field(
        default=256 * 1024, ge=1024, le=4 * _MIB, description="largest answer that is read"
    )
    send: Pairs = Field(
        default=(),
        description="our fields and where they go in its JSON, `street=address.streetName`; "
        "empty: our names at the top",
    )
    constants: Pairs = Field(
        default=(), description="what else goes into each question, `type=civic`"
    )
    verdict: str = Field(
        default="result", description="where in the answer the word stands that decides"
    )
    valid: Words = Field(default=("valid",), description="its words for a valid address")
    corrected: Words = Field(
        default=("corrected",), description="its words for one that it corrected"
    )
    candidates: Words = Field(
        default=("candidates",), description="its words for several that may be meant"
    )
    address_at: str = Field(default="address", description="where the valid address stands")
    candidates_at: str = Field(default="candidates", description="where the candidates stand")
    reasons_at: str = Field(default="reasons", description="where the reasons stand")
    reference_at: str = Field(
        default="reference", description="where its own name for the address stands"
    )
    until_at: str = Field(default="until", description="where the end of the validation stands")


class Emergency(Section):
    """When an emergency address is good enough."""

    checked_is_enough: bool | None = Field(
        default=None,
        description="an address that passed the offline check may be saved without a provider's "
        "word; unset: only where no provider is set",
    )
    recheck_months: int = Field(
        default=12, ge=0, le=120, description="months after which an address is due again; 0 never"
    )
    provider: EmergencyProvider = Field(default_factory=EmergencyProvider)


class Sip(Section):
    """How phones are told to fetch again."""

    source: SourceAddress = Field(
        default=None,
        description="the address that messages are sent from, for servers and phones that ask "
        "who speaks; unset: as the system routes",
    )
    registrar: RpcUrl = Field(
        default=None,
        description="URL of Kamailio's JSON-RPC, asked for the contact of the phone itself",
    )
    targets: Networks = Field(
        default=(),
        description="networks that messages may reach beside all that is no loopback, link-local "
        "or multicast address, such as 127.0.0.1 for a SIP server on this machine",
    )
    ca: OptionalPath = Field(
        default=None,
        description="PEM file: who signed the certificates of SIP servers; unset: the system's",
    )


class Journal(Section):
    """How long requests and changes are remembered."""

    keep_days: int = Field(default=90, ge=1, le=3650, description="days that requests are kept")
    keep_rows: int = Field(
        default=1_000_000,
        ge=1000,
        description="requests kept; the oldest go first, alarms by age alone",
    )


class Log(Section):
    """What the daemon tells."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="the least severity that is logged"
    )
    format: Literal["text", "json"] = Field(
        default="text", description="a line for people, or a JSON object a line"
    )
