"""Are settings read as written, and is every fault told at once with its remedy?"""

from collections.abc import Callable, Mapping
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisiond.inventory.admission import Mode
from provisiond.inventory.errors import BadSettings
from provisiond.inventory.secret import Secret
from provisiond.settings import PRIVATE_NETWORKS, Settings, all_keys, find_file, load, shipped
from provisiond.settings_values import Listener, parse_listener, parse_network

URL = 'public_url.http = "http://192.0.2.1:8080"\n'

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(text: str) -> Path:
        path = tmp_path / "provisiond.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return to_file


def faults(path: Path | None, environ: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        load(path, environ or {})
    return [str(finding) for finding in caught.value.findings]


def test_the_least_file_is_one_public_url_and_listens_on_loopback_only(write: Write) -> None:
    settings = load(write(URL), {})
    assert settings.admission.mode is Mode.TOKEN
    listeners = (*settings.boot.http, *settings.boot.tftp, *settings.web.listen)
    assert [str(each) for each in listeners] == [
        "127.0.0.1:8080",
        "127.0.0.1:6969",
        "127.0.0.1:8081",
    ]
    assert settings.boot.tftp_networks == PRIVATE_NETWORKS
    assert settings.admission.enrol_networks == PRIVATE_NETWORKS
    assert settings.boot.trusted_proxies == ()
    assert settings.models_dir == shipped("models")


def test_a_variable_outranks_the_file_and_lists_are_comma_separated(write: Write) -> None:
    path = write(URL + '[boot]\nhttp = ["127.0.0.1:1"]\n[admission]\nenrolment_hours = 3\n')
    environ = {
        "PROVISIOND_BOOT__HTTP": "192.0.2.1:80, [2001:db8::1]:80",
        "PROVISIOND_ADMISSION__PLAIN_NETWORKS": "10.0.0.0/8,fd00::/8",
        "PROVISIOND_ADMISSION__OPEN_ON_PURPOSE": "true",
        "PROVISIOND_DATABASE__URL": "postgresql://provisiond@db/provisiond",
        "PROVISIOND_CONFIG": "read by the command line",
        "UNRELATED": "1",
    }
    settings = load(path, environ)
    assert settings.boot.http == (Listener("192.0.2.1", 80), Listener("2001:db8::1", 80))
    assert settings.admission.plain_networks == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    assert settings.boot.tftp_networks == settings.admission.plain_networks
    assert settings.admission.open_on_purpose
    assert settings.admission.enrolment_hours == 3
    assert settings.database.url == "postgresql://provisiond@db/provisiond"


def test_an_empty_list_is_a_list_and_not_the_default(write: Write) -> None:
    path = write(URL + "boot.tftp_networks = []\nadmission.enrol_networks = []\n")
    settings = load(path, {"PROVISIOND_BOOT__TFTP": ""})
    assert settings.boot.tftp_networks == ()
    assert settings.admission.enrol_networks == ()
    assert settings.boot.tftp == ()


def test_relative_paths_start_at_the_file_or_at_the_working_directory(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(URL + 'data_dir = "../var"\n')
    assert load(path, {}).data_dir == tmp_path.parent / "var"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert load(path, {"PROVISIOND_DATA_DIR": "here"}).data_dir == elsewhere / "here"


def test_every_fault_is_told_at_once_with_place_and_remedy(write: Write, tmp_path: Path) -> None:
    path = write(
        """
        data_dirr = "/x"
        [boot]
        http = ["localhost:80"]
        htttp = "127.0.0.1:1"
        max_connections = "many"
        trusted_proxies = ["0.0.0.0/0"]
        [admission]
        mode = "opne"
        plain_networks = ["10.1.0.0/8"]
        [database]
        url = "mysql://u@h/d"
        """
    )
    environ = {"PROVISIOND_WEB__LISTN": "x", "PROVISIOND_BOOT__CACHE_BYTES": "-3"}
    told = faults(path, environ)
    file = f"{tmp_path}/provisiond.toml"
    expected = [
        ("PROVISIOND_WEB__LISTN", "Did you mean PROVISIOND_WEB__LISTEN?"),
        ("PROVISIOND_BOOT__CACHE_BYTES", "greater than or equal to 0"),
        (f"{file}: data_dirr", "Did you mean data_dir?"),
        (f"{file}: boot.http", "write 127.0.0.1:8080"),
        (f"{file}: boot.htttp", "Did you mean boot.http?"),
        (f"{file}: boot.max_connections", "valid integer"),
        (f"{file}: boot.trusted_proxies", "anybody"),
        (f"{file}: admission.mode", "'open', 'token' or 'password'"),
        (f"{file}: admission.plain_networks", "did you mean 10.0.0.0/8?"),
        (f"{file}: database.url", "postgresql://user@host/database"),
        (f"{file}: public_url", "Set public_url.https"),
    ]
    for place, part in expected:
        assert [line for line in told if line.startswith(f"{place}:") and part in line], place
    assert len(told) == len(expected), told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("boot = 3\n", "boot: this is a table. Write [boot]."),
        ("boot.http = 5\n", "boot.http"),
        ("[boot\n", "it is no TOML"),
        ("log.level = 'loud'\n", "log.level: 'loud'"),
        ("public_url.https = 'http://a'\n", "does not begin with https://"),
        ("public_url.http = 'http://a/?x=1'\n", "no user, query or fragment"),
        ("public_url.http = 'http://höst.example/'\n", "write the host as xn--hst-sna.example"),
        ("public_url.http = 'http://a/büro/'\n", "write what is no ASCII in the path as %XX"),
        ("public_url.http = 'http://a/the office/'\n", "no URL that phones can read"),
        ("database.url = 'sqlite:///x.db'\n", "absolute path"),
        ("database.url = 'postgresql://u:hunter2@h/d'\n", "database.password_file"),
        ("database.password = 'hunter2'\n", "the embedded store has none"),
        ("boot.http = []\nboot.tftp = []\n", "no phone can ask"),
        ("web.listen = '127.0.0.1:8080'\n", "127.0.0.1:8080 is taken by boot.http"),
        ("boot.https.listen = '127.0.0.1:8443'\n", "boot.https.certificate: HTTPS cannot"),
        ("boot.https.key = '/nonexistent/key.pem'\n", "there is no file /nonexistent/key.pem"),
        ("models_dir = '/nonexistent'\n", "there is no directory /nonexistent"),
        ("secret_key_file = '/nonexistent'\n", "Run `provisiond init`"),
        ("admission.plain_networks = []\n", "there is no public_url.https"),
        ("admission.enrolment_hours = 0\n", "admission.enrolment_hours: 0"),
    ],
)
def test_a_fault_is_told(write: Write, text: str, told: str) -> None:
    url = "" if "public_url" in text else URL
    lines = faults(write(url + text))
    assert any(told in line for line in lines), lines
    assert not any("hunter2" in line for line in lines)


@pytest.mark.parametrize(
    ("service", "told"),
    [
        ("_averyverylongservice._tcp:80 me", "at most 15 letters"),
        ("_a_b._tcp:80 me", "single hyphens"),
        ("_a--b._tcp:80", "single hyphens"),
        ("_80._tcp:80", "a letter among them"),
        ("_http._tcp:80 me k=" + "é" * 127, "255 octets together"),
        ("_http._tcp:80 =x", "needs a key"),
    ],
)
def test_a_service_that_no_record_holds_is_refused_with_the_remedy(
    write: Write, service: str, told: str
) -> None:
    [fault] = faults(write(f'{URL}[mdns]\nservices = ["{service}"]\n'))
    assert "mdns.services" in fault
    assert told in fault


def test_a_service_at_its_limits_is_taken(write: Write) -> None:
    service = "_fifteen-letters._udp:80 my proxy k=" + "v" * 253
    settings = load(write(f'{URL}[mdns]\nservices = ["{service}"]\n'), {})
    assert settings.mdns.services == (service,)


def test_a_missing_file_is_told_alone() -> None:
    assert faults(Path("/nonexistent/provisiond.toml")) == [
        "/nonexistent/provisiond.toml: there is no such file. Give the right --config."
    ]


def test_open_admission_stays_on_loopback_unless_meant(write: Write) -> None:
    open_mode = URL + 'admission.mode = "open"\n'
    assert load(write(open_mode), {}).admission.mode is Mode.OPEN
    for listener in ("boot.http", "boot.tftp"):
        told = faults(write(open_mode + f'{listener} = "0.0.0.0:8082"\n'))
        assert len(told) == 1
        assert "0.0.0.0:8082" in told[0]
        assert "admission.open_on_purpose" in told[0]
    meant = open_mode + 'boot.http = "0.0.0.0:80"\nadmission.open_on_purpose = true\n'
    assert load(write(meant), {}).admission.open_on_purpose


def test_a_password_comes_from_its_file_and_is_never_shown(write: Write, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss/w:rd\n")
    path = write(URL + 'database.url = "postgresql://u@db:5433/d?x=1"\n')
    environ = {"PROVISIOND_DATABASE__PASSWORD_FILE": str(tmp_path / "password")}
    settings = load(path, environ)
    assert settings.database_url() == Secret("postgresql://u:p%40ss%2Fw%3Ard@db:5433/d?x=1")
    assert "p@ss" not in repr(settings)
    assert "p@ss" not in str(settings.model_dump())
    in_file = URL + 'database = {url = "postgresql://u@h/d", password_file = "password"}\n'
    assert load(write(in_file), {}).database.password == Secret("p@ss/w:rd")


def test_a_password_given_twice_or_unreadable_is_a_fault(write: Write) -> None:
    path = write(URL + 'database = {url = "postgresql://u@h/d", password = "hunter2"}\n')
    [told] = faults(path, {"PROVISIOND_DATABASE__PASSWORD_FILE": "/nonexistent"})
    assert "Remove one of the two" in told
    path = write(URL + 'database = {url = "postgresql://u@h/d"}\n')
    [told] = faults(path, {"PROVISIOND_DATABASE__PASSWORD_FILE": "/nonexistent"})
    assert told.startswith("PROVISIOND_DATABASE__PASSWORD_FILE: the secret cannot be read")


def test_the_secret_key_comes_from_setting_credential_or_data_dir(
    write: Write, tmp_path: Path
) -> None:
    path = write(URL + 'data_dir = "data"\n')
    assert load(path, {}).secret_key_path == tmp_path / "data/secret.key"
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    environ = {"CREDENTIALS_DIRECTORY": str(credentials)}
    assert load(path, environ).secret_key_path == tmp_path / "data/secret.key"
    (credentials / "secret.key").write_text("k")
    assert load(path, environ).secret_key_path == credentials / "secret.key"
    (tmp_path / "own.key").write_text("k")
    environ["PROVISIOND_SECRET_KEY_FILE"] = str(tmp_path / "own.key")
    assert load(path, environ).secret_key_path == tmp_path / "own.key"


def test_the_database_password_may_be_a_credential(write: Write, tmp_path: Path) -> None:
    (tmp_path / "database.password").write_text("from systemd\n")
    path = write(URL + 'database.url = "postgresql://u@h/d"\n')
    settings = load(path, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert settings.database.password == Secret("from systemd")


def test_the_embedded_store_lies_in_data_dir(write: Write, tmp_path: Path) -> None:
    settings = load(write(URL + 'data_dir = "data"\n'), {})
    assert settings.database_url() == Secret(f"sqlite:///{tmp_path}/data/provisiond.db")


def test_the_file_is_the_argument_then_the_variable(tmp_path: Path) -> None:
    environ = {"PROVISIOND_CONFIG": str(tmp_path / "b.toml")}
    assert find_file(tmp_path / "a.toml", environ) == tmp_path / "a.toml"
    assert find_file(None, environ) == tmp_path / "b.toml"


def test_settings_cannot_be_changed(write: Write) -> None:
    settings = load(write(URL), {})
    with pytest.raises(ValueError, match="frozen"):
        settings.boot.max_connections = 5


@pytest.mark.parametrize("name", ["models", "configs"])
def test_what_ships_is_found(name: str) -> None:
    assert shipped("models" if name == "models" else "configs").is_dir()


def test_every_variable_is_taken(write: Write) -> None:
    """A variable of the right spelling is never called unknown, whatever its value."""
    for key in all_keys():
        try:
            load(write(URL), {key.variable: "nonsense"})
        except BadSettings as bad:
            assert not any("no such setting" in str(finding) for finding in bad.findings)


@given(st.text(max_size=40))
def test_a_listener_is_parsed_or_refused_in_words(text: str) -> None:
    try:
        listener = parse_listener(text)
    except ValueError as error:
        assert "write 127.0.0.1:8080" in str(error)
    else:
        assert parse_listener(str(listener)) == listener


@given(st.ip_addresses(), st.integers(0, 65535))
def test_a_listener_reads_back_as_written(address: object, port: int) -> None:
    listener = Listener(str(address), port)
    assert parse_listener(str(listener)) == listener


@given(st.ip_addresses(), st.integers(0, 32))
def test_a_network_with_host_bits_is_refused_with_the_one_meant(
    address: object, prefix: int
) -> None:
    meant = ip_network(f"{address}/{prefix}", strict=False)
    if str(meant) == f"{address}/{prefix}":
        assert parse_network(f"{address}/{prefix}") == meant
    else:
        with pytest.raises(ValueError, match="did you mean") as caught:
            parse_network(f"{address}/{prefix}")
        assert str(meant) in str(caught.value)


def test_the_tree_of_defaults_has_no_mutable_part() -> None:
    hash(Settings().boot)
