"""How is this server set up? One TOML file, and the environment over it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from provisiond.inventory.admission import Mode
from provisiond.inventory.errors import BadSettings, Finding
from provisiond.inventory.secret import Secret
from provisiond.settings_sources import Key, Sources, keys_of
from provisiond.settings_values import (
    DatabaseUrl,
    HttpsUrl,
    HttpUrl,
    Listener,
    Listeners,
    Network,
    Networks,
    OptionalPath,
    OptionalSecret,
    ResolvedPath,
    TftpUrl,
    parse_listener,
    parse_network,
)

SYSTEM_FILE = Path("/etc/provisiond/provisiond.toml")
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


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Https(_Section):
    """The phones' HTTPS listener."""

    listen: Listeners = Field(default=(), description="addresses and ports; empty is off")
    certificate: OptionalPath = Field(
        default=None, description="PEM file: the certificate and what links it to its root"
    )
    key: OptionalPath = Field(default=None, description="PEM file of its private key")
    min_tls: Literal["1.0", "1.1", "1.2", "1.3"] = Field(
        default="1.2", description="oldest TLS version spoken; old phones need 1.0"
    )


class Boot(_Section):
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


class Web(_Section):
    """Where people and monitors ask."""

    listen: Listeners = Field(
        default=(parse_listener("127.0.0.1:8081"),),
        description="addresses and ports of /healthz, /readyz and /metrics",
    )


class Database(_Section):
    """Where the inventory is kept."""

    url: DatabaseUrl = Field(
        default=None,
        description="postgresql://user@host/database or sqlite:////path; "
        "unset: provisiond.db in data_dir",
    )
    password: OptionalSecret = Field(
        default=None, description="PostgreSQL's password; better set database.password_file"
    )


class PublicUrl(_Section):
    """Under which URLs phones reach this server; these go into their files."""

    https: HttpsUrl = Field(default=None, description="https://host[:port][/path]")
    http: HttpUrl = Field(default=None, description="http://host[:port][/path]")
    tftp: TftpUrl = Field(default=None, description="tftp://host[:port]")


class Admission(_Section):
    """Which phones get their files."""

    mode: Mode = Field(
        default=Mode.TOKEN, description="token, or open: whoever knows a MAC gets its file"
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


class Journal(_Section):
    """How long requests and changes are remembered."""

    keep_days: int = Field(default=90, ge=1, le=3650, description="days that requests are kept")
    keep_rows: int = Field(
        default=1_000_000, ge=1000, description="requests kept; the oldest go first"
    )


class Log(_Section):
    """What the daemon tells."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="the least severity that is logged"
    )
    format: Literal["text", "json"] = Field(
        default="text", description="a line for people, or a JSON object a line"
    )


class Settings(_Section):
    """All of it, checked. Paths are absolute, defaults that depend on others are filled in."""

    data_dir: ResolvedPath = Field(
        default=Path("/var/lib/provisiond"),
        description="the embedded store, secret.key and assets/ (firmware, ringtones)",
    )
    models_dir: ResolvedPath = Field(
        default_factory=lambda: shipped("models"),
        description="the phone families; unset: those that came with the program",
    )
    secret_key_file: OptionalPath = Field(
        default=None,
        description="the key that encrypts secrets in the store; unset: the systemd credential "
        "secret.key, then data_dir/secret.key",
    )
    boot: Boot = Field(default_factory=Boot)
    web: Web = Field(default_factory=Web)
    database: Database = Field(default_factory=Database)
    public_url: PublicUrl = Field(default_factory=PublicUrl)
    admission: Admission = Field(default_factory=Admission)
    journal: Journal = Field(default_factory=Journal)
    log: Log = Field(default_factory=Log)

    @property
    def assets_dir(self) -> Path:
        """Firmware, ringtones and pictures, served under `assets/`."""
        return self.data_dir / "assets"

    @property
    def secret_key_path(self) -> Path:
        """The file of the key that encrypts secrets in the store."""
        return self.secret_key_file or self.data_dir / "secret.key"

    def database_url(self) -> Secret:
        """The store's URL with its password in it."""
        url = self.database.url or f"sqlite:///{self.data_dir / 'provisiond.db'}"
        password = self.database.password
        if password is None or not url.startswith("postgresql:"):
            return Secret(url)
        parts = urlsplit(url)
        user, at, host = parts.netloc.rpartition("@")
        login = f"{user}:{quote(password.reveal(), safe='')}{at or '@'}{host}"
        return Secret(urlunsplit(parts._replace(netloc=login)))


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings of the TOML file at `path` (None: no file) and the PROVISIOND_… variables.

    A variable outranks the file. Relative paths in the file start at its own directory, those in
    the environment at the working directory. Raises BadSettings with every fault found.
    """
    sources = Sources(Settings, path)
    if path is not None:
        sources.read_file(path)
    base = path.absolute().parent if path is not None else Path.cwd()
    if sources.faults:
        raise BadSettings(tuple(sources.faults))
    sources.read_environment(environ)
    sources.read_secret_files(base)
    settings, dropped = _validate(sources, base)
    settings = _fill_in(settings, environ)
    faults = (*sources.faults, *_Check(settings, sources, dropped).faults)
    if faults:
        raise BadSettings(faults)
    return settings


def find_file(argument: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Which file to load: the argument, $PROVISIOND_CONFIG, or the system's where it exists."""
    if argument is not None:
        return argument
    if environ.get("PROVISIOND_CONFIG"):
        return Path(environ["PROVISIOND_CONFIG"])
    return SYSTEM_FILE if SYSTEM_FILE.is_file() else None


def shipped(name: Literal["models", "configs"]) -> Path:
    """The directory that came with the program: inside a wheel, beside the package otherwise."""
    package = Path(__file__).parent
    packaged = package / f"_{name}"
    in_checkout = {"models": "templates/models", "configs": "configs"}
    return packaged if packaged.is_dir() else package.parent / in_checkout[name]


def all_keys() -> tuple[Key, ...]:
    """Every setting there is, for the documentation and its tests."""
    return tuple(keys_of(Settings))


def _validate(sources: Sources, base: Path) -> tuple[Settings, frozenset[str]]:
    """The settings without their faulty values, which are explained and named: what the others
    contradict is to be found in the same run."""
    try:
        return Settings.model_validate(sources.tree, context={"base": base}), frozenset()
    except ValidationError as error:
        details = error.errors(include_url=False)
    sources.faults.extend(sources.explain(detail) for detail in details)
    dropped = sources.drop(details)
    return Settings.model_validate(sources.tree, context={"base": base}), dropped


def _fill_in(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """Defaults that depend on another setting, and what systemd hands over as credentials."""
    boot, admission, database = settings.boot, settings.admission, settings.database
    if "tftp_networks" not in boot.model_fields_set:
        boot = boot.model_copy(update={"tftp_networks": admission.plain_networks})
    if "enrol_networks" not in admission.model_fields_set:
        admission = admission.model_copy(update={"enrol_networks": admission.plain_networks})
    update: dict[str, object] = {"boot": boot, "admission": admission}
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    if credentials:
        key = Path(credentials, "secret.key")
        if settings.secret_key_file is None and key.is_file():
            update["secret_key_file"] = key
        password = Path(credentials, "database.password")
        if database.password is None and password.is_file():
            text = password.read_text(encoding="utf-8").rstrip("\r\n")
            update["database"] = database.model_copy(update={"password": Secret(text)})
    return settings.model_copy(update=update)


class _Check:
    """Looks for settings that contradict each other or the machine; `faults` has what it found.

    What concerns a `dropped` key is left out: its value was faulty and is explained already.
    """

    def __init__(self, settings: Settings, sources: Sources, dropped: frozenset[str]) -> None:
        self._settings = settings
        self._dropped = dropped
        self._place = sources.place
        self.faults: list[Finding] = []
        self._listeners()
        self._admission()
        self._https()
        self._files()

    def _fault(self, key: str, message: str, remedy: str) -> None:
        if not any(f"{name}.".startswith(f"{key}.") for name in self._dropped):
            self.faults.append(Finding(where=self._place(key), message=message, remedy=remedy))

    def _phone_listeners(self) -> tuple[Listener, ...]:
        boot = self._settings.boot
        return (*boot.http, *boot.https.listen, *boot.tftp)

    def _listeners(self) -> None:
        settings = self._settings
        if not self._phone_listeners():
            self._fault("boot.http", "no listener is set: no phone can ask.", "Set one of boot.*.")
        tcp = [("boot.http", listener) for listener in settings.boot.http]
        tcp += [("boot.https.listen", listener) for listener in settings.boot.https.listen]
        tcp += [("web.listen", listener) for listener in settings.web.listen]
        seen: dict[Listener, str] = {}
        for key, listener in tcp:
            if listener.port and listener in seen:
                self._fault(key, f"{listener} is taken by {seen[listener]}.", "Use another port.")
            seen.setdefault(listener, key)
        for network in settings.boot.trusted_proxies:
            if network.prefixlen == 0:
                message = f"{network} lets anybody claim any address."
                self._fault("boot.trusted_proxies", message, "Name the proxies' own addresses.")

    def _admission(self) -> None:
        admission, public = self._settings.admission, self._settings.public_url
        reachable = [str(each) for each in self._phone_listeners() if not each.is_loopback]
        if admission.mode is Mode.OPEN and reachable and not admission.open_on_purpose:
            self._fault(
                "admission.mode",
                "open gives SIP passwords to whoever guesses a MAC, and others than this machine "
                f"can reach {', '.join(reachable)}.",
                "Set token, or in a lab admission.open_on_purpose = true.",
            )
        if public.https is None and public.http is None and public.tftp is None:
            self._fault(
                "public_url",
                "none is set, but each phone's file must name the URL to ask.",
                "Set public_url.https, public_url.http or public_url.tftp.",
            )
        elif not admission.plain_networks and public.https is None:
            self._fault(
                "admission.plain_networks",
                "it is empty, so secrets go over HTTPS only, and there is no public_url.https.",
                "Set public_url.https.",
            )

    def _https(self) -> None:
        https = self._settings.boot.https
        for name, file in (("certificate", https.certificate), ("key", https.key)):
            if https.listen and file is None:
                self._fault(f"boot.https.{name}", "HTTPS cannot do without.", "Name a PEM file.")
            elif file is not None and not _may_exist(file):
                self._fault(f"boot.https.{name}", f"there is no file {file}.", "Correct the path.")
            elif file is not None and not https.listen:
                message = "it is used by nothing, for boot.https.listen is empty."
                self._fault(f"boot.https.{name}", message, "Set boot.https.listen or remove it.")

    def _files(self) -> None:
        settings = self._settings
        if not settings.models_dir.is_dir():
            message = f"there is no directory {settings.models_dir}."
            self._fault("models_dir", message, "Correct it, or leave it out for the shipped one.")
        if settings.secret_key_file is not None and not _may_exist(settings.secret_key_file):
            message = f"there is no file {settings.secret_key_file}."
            self._fault("secret_key_file", message, "Run `provisiond init`, or correct the path.")
        if settings.database.password is not None and settings.database.url is None:
            self._fault("database.password", "the embedded store has none.", "Set database.url.")


def _may_exist(file: Path) -> bool:
    try:
        return file.is_file()
    except PermissionError:  # the daemon's user may look where this one may not
        return True
