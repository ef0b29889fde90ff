"""How is this server set up? One TOML file, and the environment over it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import Field, ValidationError

from provisiond.inventory.admission import Mode
from provisiond.inventory.emergency import CIVIC_FIELDS
from provisiond.inventory.errors import BadSettings, Finding
from provisiond.inventory.secret import Secret
from provisiond.settings_sections import (
    PRIVATE_NETWORKS,
    Admission,
    Alarms,
    Boot,
    Database,
    Emergency,
    Journal,
    Log,
    Mdns,
    Pnp,
    PublicUrl,
    Section,
    Sip,
    Web,
)
from provisiond.settings_sources import Key, Sources, keys_of
from provisiond.settings_values import Listener, Networks, OptionalPath, ResolvedPath

__all__ = [
    "PRIVATE_NETWORKS",
    "SYSTEM_FILE",
    "Settings",
    "all_keys",
    "find_file",
    "load",
    "shipped",
]

SYSTEM_FILE = Path("/etc/provisiond/provisiond.toml")


class Settings(Section):
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
    pnp: Pnp = Field(default_factory=Pnp)
    mdns: Mdns = Field(default_factory=Mdns)
    alarms: Alarms = Field(default_factory=Alarms)
    emergency: Emergency = Field(default_factory=Emergency)
    sip: Sip = Field(default_factory=Sip)
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
        self._web()
        self._emergency()
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
        tcp += [("web.monitor", listener) for listener in settings.web.monitor]
        seen: dict[Listener, str] = {}
        for key, listener in tcp:
            if listener.port and listener in seen:
                self._fault(key, f"{listener} is taken by {seen[listener]}.", "Use another port.")
            seen.setdefault(listener, key)
        self._not_everybody("boot.trusted_proxies", settings.boot.trusted_proxies)

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

    def _web(self) -> None:
        web = self._settings.web
        for name, file in (("certificate", web.certificate), ("key", web.key)):
            if file is not None and not _may_exist(file):
                self._fault(f"web.{name}", f"there is no file {file}.", "Correct the path.")
        if (web.certificate is None) != (web.key is None):
            given, missing = ("certificate", "key") if web.key is None else ("key", "certificate")
            message = f"HTTPS needs it beside web.{given}."
            self._fault(f"web.{missing}", message, f"Set it, or remove web.{given}.")
        reachable = [str(each) for each in web.listen if not each.is_loopback]
        if reachable and web.certificate is None and web.key is None:
            self._fault(
                "web.listen",
                f"others than this machine can reach {', '.join(reachable)}, where passwords and "
                "tokens would go over plain HTTP.",
                "Set web.certificate and web.key, or listen on loopback behind a proxy that speaks "
                "HTTPS. What monitors ask alone goes on web.monitor.",
            )
        self._not_everybody("web.trusted_proxies", web.trusted_proxies)

    def _emergency(self) -> None:
        provider = self._settings.emergency.provider
        if provider.url is None:
            for name, value in (("name", provider.name), ("token", provider.token)):
                if value:
                    message = "it is used by nothing, for emergency.provider.url is not set."
                    self._fault(f"emergency.provider.{name}", message, "Set the URL or remove it.")
            return
        if not provider.name:
            message = "an address is shown as validated by whom?"
            self._fault("emergency.provider.name", message, "Set the provider's name.")
        if provider.url.startswith("http://") and not provider.networks:
            self._fault(
                "emergency.provider.url",
                "addresses and the token would go unencrypted to a public server.",
                "Use https://, or list its network in emergency.provider.networks.",
            )
        unknown = [
            pair.partition("=")[0]
            for pair in provider.send
            if pair.partition("=")[0] not in (*CIVIC_FIELDS, "caller_name")
        ]
        if unknown:
            message = f"there is no field {', '.join(unknown)}."
            remedy = f"There are {', '.join(CIVIC_FIELDS)}, caller_name."
            self._fault("emergency.provider.send", message, remedy)

    def _not_everybody(self, key: str, networks: Networks) -> None:
        for network in networks:
            if network.prefixlen == 0:
                message = f"{network} lets anybody claim any address."
                self._fault(key, message, "Name the proxies' own addresses.")

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
