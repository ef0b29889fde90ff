"""The command line as people and programs meet it: in a process of its own, by its exit codes."""

import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from provisiond import cli
from tests.command import run_command
from tests.contracts.source import ROOT

FRONT = "00:15:65:aa:bb:cc"

CONFIG = """
data_dir = "data"
[boot]
http = ["127.0.0.1:18080"]
tftp = ["127.0.0.1:16969"]
[web]
listen = ["127.0.0.1:18081"]
[public_url]
http = "http://phones.example.test"
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, demo_folder: Path) -> Path:
    """A folder with a configuration and the demo's store, for tests that only read."""
    return Path(shutil.copytree(demo_folder, tmp_path_factory.mktemp("demo") / "own"))


@pytest.fixture
def own(tmp_path: Path, demo: Path) -> Path:
    """A copy of it, for a test that changes it."""
    return Path(shutil.copytree(demo, tmp_path / "own"))


def provisiond(
    folder: Path, *arguments: str, code: int = 0, stdin: str = "", **environ: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command; asserts on its exit code, and that nobody is shown a traceback."""
    settings = {"PROVISIOND_CONFIG": str(folder / "provisiond.toml"), **environ}
    done = run_command(arguments, cwd=folder, stdin=stdin, environ=settings)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == code, (arguments, done.stdout, done.stderr)
    return done


def told(folder: Path, *arguments: str, code: int = 0, **environ: str) -> Any:
    """The JSON that a command prints."""
    return json.loads(provisiond(folder, *arguments, "--json", code=code, **environ).stdout)


def test_init_makes_what_is_missing_and_says_what_it_kept(own: Path) -> None:
    assert stat.S_IMODE((own / "data/secret.key").stat().st_mode) == 0o600
    again = provisiond(own, "init", "--demo")
    assert again.stdout.count("kept") == 3
    assert "no demo" in again.stdout
    assert told(own, "init")["made"] == {"folder": False, "key": False, "store": False}


def test_the_configuration_is_found_by_option_before_and_behind_and_by_variable(
    demo: Path,
) -> None:
    config = str(demo / "provisiond.toml")
    for arguments in (("-c", config, "phones", "list"), ("phones", "list", "--config", config)):
        done = provisiond(demo, *arguments, PROVISIOND_CONFIG="")
        assert FRONT in done.stdout


def test_a_piped_table_is_plain_aligned_text(demo: Path) -> None:
    lines = provisiond(demo, "phones", "list").stdout.splitlines()
    assert lines[0].startswith("MAC")
    assert len(lines) == 7
    column = lines[0].index("MODEL")
    assert [line[column - 2 : column] for line in lines] == ["  "] * 7
    assert all(line == line.rstrip() and line.isprintable() for line in lines)


def test_phones_are_listed_and_shown(demo: Path) -> None:
    listed = told(demo, "phones", "list", "--site", "Berlin", "-s", "68-EF", "--sort", "name")
    assert [p["mac"] for p in listed] == ["68:ef:bd:aa:bb:02"]
    assert "Berlin" in provisiond(demo, "phones", "list", "--site", "nope", code=1).stderr
    phone = told(demo, "phones", "show", "001565AABBCC")
    assert phone["lines"][0] == {
        "line": 1,
        "extension": "110",
        "label": "Reception",
        "shared": False,
    }
    assert phone["token"] == "***"
    assert phone["users"]["101"] == "Alice Example"
    shown = provisiond(demo, "phones", "show", FRONT).stdout
    for text in ("Front desk", "open until", "never seen", "Reception", "speed_dial"):
        assert text in shown


def test_a_phone_is_added_changed_enrolled_and_deleted(own: Path) -> None:
    mac = "00-15-65-AA-BB-DD"
    added = provisiond(
        own, "phones", "add", mac, "--model", "yealink t31p", "--line", "1=104,shared",
        "--label", "1=Dave", "--button", "2=blf,101,Alice", "--set", "poll_minutes=60",
        "--override", "phone_setting.backgrounds=x.jpg",
    )  # fmt: skip
    assert "enrolment is open until" in added.stdout
    saved = told(own, "phones", "edit", mac, "--name", "Lobby", "--disable", "--label", "1=")
    assert saved["phone"]["model"] == "Yealink SIP-T31P"
    assert (saved["phone"]["name"], saved["phone"]["enabled"]) == ("Lobby", False)
    again = provisiond(own, "phones", "edit", mac, "--name", "Lobby")
    assert "nothing to change" in again.stdout
    phone = told(own, "phones", "show", mac)
    assert phone["lines"][0]["label"] == ""
    assert phone["buttons"][0]["value"] == "101"
    assert phone["settings"] == {"poll_minutes": 60}
    assert phone["revision"] == 2
    assert "open until" in provisiond(own, "phones", "enrol", mac, "--hours", "2").stdout
    refused = provisiond(own, "phones", "delete", mac, code=1, stdin="n\n")
    assert "nothing was changed" in refused.stderr
    provisiond(own, "phones", "delete", mac, stdin="y\n")
    assert "no phone" in provisiond(own, "phones", "show", mac, code=1).stderr


def test_every_fault_of_an_edit_is_told_in_a_line_each(own: Path) -> None:
    done = provisiond(
        own, "phones", "edit", FRONT, "--site", "Mars", "--line", "3=999", "--button", "99=dnd",
        code=1,
    )  # fmt: skip
    assert len(done.stderr.splitlines()) == 4
    fault = told(own, "phones", "edit", FRONT, "--site", "Mars", code=1)
    assert fault["error"] == "rejected"
    assert fault["findings"][0]["where"] == "site"


def test_an_export_comes_back_as_the_same_bytes(own: Path, tmp_path: Path) -> None:
    provisiond(own, "export", "--with-secrets", "-o", "all.json")
    first = (own / "all.json").read_bytes()
    assert stat.S_IMODE((own / "all.json").stat().st_mode) == 0o600
    assert b"demo-secret-101" in first
    other = tmp_path / "other"
    other.mkdir()
    (other / "provisiond.toml").write_text(CONFIG)
    provisiond(other, "init")
    provisiond(other, "import", str(own / "all.json"))
    assert provisiond(other, "export", "--with-secrets").stdout.encode() == first
    assert "demo-secret" not in provisiond(other, "export").stdout
    table = provisiond(other, "export", "--csv").stdout
    assert table.startswith("\ufeffmac,model,name,site,line,extension,")
    done = provisiond(other, "import", "-", stdin=table)
    assert "imported." in done.stdout
    assert provisiond(other, "export", "--with-secrets").stdout.encode() == first


def test_an_export_that_fails_leaves_no_file_and_an_old_one_as_it_was(demo: Path) -> None:
    provisiond(demo, "export", "--domain", "no.test", "-o", "new.json", code=1)
    assert not (demo / "new.json").exists()
    (demo / "old.json").write_text("mine")
    provisiond(demo, "export", "--domain", "no.test", "-o", "old.json", code=1)
    assert (demo / "old.json").read_text() == "mine"


def test_an_export_over_an_old_file_is_for_its_owner_alone(demo: Path) -> None:
    (demo / "open.json").write_text("mine" * 100_000)
    (demo / "open.json").chmod(0o644)
    provisiond(demo, "export", "--with-secrets", "-o", "open.json")
    assert stat.S_IMODE((demo / "open.json").stat().st_mode) == 0o600
    assert json.loads((demo / "open.json").read_text())
    assert not list(demo.glob(".provisiond-*"))


def test_an_import_with_faults_lists_them_and_changes_nothing(own: Path) -> None:
    before = provisiond(own, "export", "--with-secrets").stdout
    file = own / "bad.json"
    phones = [{"mac": "zz"}, {"mac": "001565aabbee", "model": "Yealink SIP-T99"}]
    file.write_text(json.dumps({"domain": "pbx.example.test", "phones": phones}, indent=1))
    done = provisiond(own, "import", "bad.json", code=1)
    assert "phones[0].mac:5: 'zz' is no MAC address" in done.stderr
    assert "phones[1].model" in done.stderr
    assert done.stderr.rstrip().endswith("2 fault(s); nothing was changed.")
    assert told(own, "import", "bad.json", "--dry-run", code=1)["findings"][0]["line"] == 5
    assert provisiond(own, "export", "--with-secrets").stdout == before


def test_a_dry_run_counts_and_changes_nothing(own: Path) -> None:
    tree = {"domain": "pbx.example.test", "users": [{"extension": "199"}]}
    (own / "new.json").write_text(json.dumps(tree))
    done = provisiond(own, "import", "new.json", "--dry-run")
    assert "this was a dry run" in done.stdout
    assert "199" in done.stdout
    assert "199" not in provisiond(own, "export").stdout
    report = told(own, "import", "new.json", "--mode", "skip")
    assert report["domains"][0]["generated"] == ["199"]


def test_render_prints_the_files_bytes_alone_and_masks_secrets(demo: Path) -> None:
    done = provisiond(demo, "render", FRONT)
    assert done.stdout.startswith("#!version")
    assert "demo-secret" not in done.stdout
    assert "proves it current" in done.stderr
    shown = provisiond(demo, "render", FRONT, "--show-secrets").stdout
    assert "demo-secret-110" in shown
    why = provisiond(demo, "render", FRONT, "--why").stdout
    assert [line for line in why.splitlines() if "Default.jpg" in line and " phone " in line]
    assert "demo-secret" not in why
    preview = told(demo, "render", FRONT, "directory")
    assert preview["file"]["id"] == "directory"
    assert "Taxi" in preview["body"]


def test_check_is_quiet_about_a_sound_server_and_lists_faults_of_another(own: Path) -> None:
    assert provisiond(own, "check").stdout == "0 fault(s), 0 warning(s).\n"
    long = "a" * 60
    done = provisiond(
        own, "check", code=1, PROVISIOND_PUBLIC_URL__HTTP=f"http://{'.'.join([long] * 4)}.test"
    )
    assert "provisioning URL" in done.stderr
    (own / "data/secret.key").unlink()
    assert "no key file" in told(own, "check", code=1)["findings"][0]["message"]


def test_faults_of_the_settings_end_with_2(demo: Path) -> None:
    done = provisiond(demo, "check", code=2, PROVISIOND_BOOT__HTTP="nowhere", PROVISIOND_WBE="1")
    assert "the settings have faults" in done.stderr
    fault = told(demo, "phones", "list", code=2, PROVISIOND_BOOT__HTTP="nowhere")
    assert fault["error"] == "bad_settings"


@pytest.mark.parametrize(
    "arguments",
    [
        ("nothing",),
        ("phones", "add", FRONT),
        ("import",),
        ("phones", "list", "--colour"),
        ("phones", "show", "00:15:65:AA:BB:CG"),
        ("render", "0015"),
    ],
)
def test_what_is_asked_wrongly_ends_with_2(demo: Path, arguments: tuple[str, ...]) -> None:
    assert provisiond(demo, *arguments, code=2).stderr


def test_a_store_that_is_not_there_is_said_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "provisiond.toml").write_text(CONFIG)
    assert "provisiond init" in provisiond(tmp_path, "phones", "list", code=1).stderr


def test_families_are_listed_shown_and_accepted(demo: Path, tmp_path: Path) -> None:
    families = told(demo, "families", "list")["families"]
    assert {"yealink/sip", "cisco/mpp"} <= {family["family"] for family in families}
    assert "SIP-T46U" in provisiond(demo, "families", "show", "yealink/sip").stdout
    assert "there are" in provisiond(demo, "families", "show", "x/y", code=1).stderr
    models = str(copied(tmp_path))
    broken = provisiond(demo, "families", "check", code=1, PROVISIOND_MODELS_DIR=models)
    assert "expected" in broken.stderr
    first = told(demo, "families", "accept", "acme/desk", PROVISIOND_MODELS_DIR=models)
    assert any(path.endswith(".cfg") for path in first["acme/desk"])
    assert told(demo, "families", "accept", PROVISIOND_MODELS_DIR=models) == {"acme/desk": []}


def test_templates_are_checked_without_a_settings_file(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "provisiond", "families", "check", "cisco/spa"],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 fault(s)" in done.stdout


def test_a_command_that_reads_the_store_runs_as_a_person_starts_it(demo: Path) -> None:
    """The others are forked off a process that has loaded every module already."""
    done = subprocess.run(
        [sys.executable, "-m", "provisiond", "phones", "show", FRONT],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=demo,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        | {"PROVISIOND_CONFIG": str(demo / "provisiond.toml")},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Yealink SIP-T46U" in done.stdout


def copied(folder: Path) -> Path:
    """The tests' own family in a folder that may be written to."""
    source = ROOT / "tests/models/acme/desk"
    target = folder / "models/acme/desk"
    target.mkdir(parents=True)
    for file in source.iterdir():
        if file.is_file():
            (target / file.name).write_bytes(file.read_bytes())
    return folder / "models"


def test_migrate_says_when_there_is_nothing_to_do(demo: Path) -> None:
    assert provisiond(demo, "migrate").stdout == "the store is up to date.\n"
    assert told(demo, "migrate") == {"done": []}


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users may look into, as pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="provisiond-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_root_goes_on_as_the_owner_of_the_data_folder(open_folder: Path) -> None:
    """Files that root made there would shut the daemon out of its own store."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    program = "import os; os.setgid(65534); os.setuid(65534); import resource, typer"
    done = subprocess.run([sys.executable, "-c", program], cwd="/", capture_output=True)
    is_readable = done.returncode == 0
    nobody = pwd.getpwnam("nobody")
    (open_folder / "provisiond.toml").write_text(CONFIG)
    data = open_folder / "data"
    data.mkdir()
    os.chown(data, nobody.pw_uid, nobody.pw_gid)
    if not is_readable:
        assert "may not read" in provisiond(open_folder, "init", "--demo", code=1).stderr
        pytest.skip("this Python stands where nobody but root may read it")
    provisiond(open_folder, "init", "--demo")
    provisiond(open_folder, "export", "-o", "out.json")
    assert {path.owner() for path in data.rglob("*")} == {"nobody"}
    assert (open_folder / "out.json").owner() == "root"
    assert (open_folder / "out.json").read_text().startswith("{")


def test_help_of_every_command_says_what_it_does() -> None:
    def walk(group: Any, path: tuple[str, ...]) -> None:
        for name, command in group.commands.items():
            assert command.help, (*path, name)
            for parameter in command.params:
                assert getattr(parameter, "help", "x"), (*path, name, parameter.name)
            if hasattr(command, "commands"):
                walk(command, (*path, name))

    walk(typer.main.get_command(cli.app), ())


def test_every_command_takes_json_and_config() -> None:
    def walk(group: Any, path: tuple[str, ...]) -> None:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                walk(command, (*path, name))
                continue
            options = {option for p in command.params for option in p.opts}
            assert {"--json", "--config"} <= options, (*path, name)

    walk(typer.main.get_command(cli.app), ())


def test_the_manual_names_every_option() -> None:
    page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")

    def walk(group: Any, path: tuple[str, ...]) -> None:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                walk(command, (*path, name))
                continue
            words = " ".join((*path, name))
            assert f"## provisiond {words}\n" in page, words
            section = page.partition(f"## provisiond {words}\n")[2].partition("\n## ")[0]
            for parameter in command.params:
                for option in (*parameter.opts, *parameter.secondary_opts):
                    if option.startswith("--") and option not in ("--json", "--config", "--help"):
                        assert f"`{option}" in section, (words, option)

    walk(typer.main.get_command(cli.app), ())
