"""Does the documentation say what there is, and only that?"""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisiond.inventory.errors import BadSettings
from provisiond.settings import all_keys, load
from tests.contracts.reference import MADE, rewritten
from tests.contracts.source import ROOT, modules, name_of

ANNOTATED = ROOT / "configs/provisiond.toml"
CONFIGURATION = ROOT / "docs/configuration.md"
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
PERMISSION = "admission.open_on_purpose"  # its effect is that the settings are accepted
SHELL_BLOCK = re.compile(r"^```(?:sh|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("name", MADE)
def test_what_is_made_from_code_is_up_to_date(name: str) -> None:
    assert rewritten(ROOT / name) == (ROOT / name).read_text(encoding="utf-8"), (
        "run: python -m tests.contracts.reference"
    )


def test_every_setting_stands_in_the_annotated_file_and_no_other() -> None:
    written = set(leaves(tomllib.loads(uncommented())))
    known = {key.name for key in all_keys()}
    known_in_files = {f"{key.name}_file" for key in all_keys() if key.is_secret}
    assert written - known - known_in_files == set()
    assert {n for n in known if n not in written and f"{n}_file" not in written} == set()


def test_the_annotated_file_shows_the_defaults() -> None:
    defaults: dict[str, Any] = {key.name: key.default for key in all_keys()}
    shown = leaves(tomllib.loads(uncommented()))
    for name in ("boot.max_connections", "boot.header_seconds", "boot.cache_bytes"):
        assert shown[name] == defaults[name]
    for name in ("admission.enrolment_hours", "journal.keep_rows", "log.level"):
        assert shown[name] == defaults[name]
    assert shown["admission.plain_networks"] == [
        str(n) for n in defaults["admission.plain_networks"]
    ]
    assert shown["boot.http"] == [str(listener) for listener in defaults["boot.http"]]


@pytest.mark.parametrize("key", [key.name for key in all_keys() if key.name != PERMISSION])
def test_every_setting_has_an_effect(key: str) -> None:
    """Somebody outside the settings' own modules reads it, or a method of theirs that is read."""
    leaf = key.rpartition(".")[2]
    readers = {"data_dir": "assets_dir", "secret_key_file": "secret_key_path"}
    if key.startswith("database."):
        leaf = "database_url"
    pattern = re.compile(rf"\.{readers.get(key, leaf)}\b")
    assert any(
        pattern.search(module.read_text(encoding="utf-8"))
        for module in modules()
        if not module.name.startswith("settings")
    )


def test_the_annotated_file_loads_as_it_stands() -> None:
    assert load(ANNOTATED, {}).public_url.http == "http://provisioning.example.test"


def test_the_faults_in_the_docs_are_the_real_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("provisiond.toml").write_text(
        'boot.http = ["localhost:80"]\nadmission.plain_networks = ["10.0.0.1/8"]\n'
    )
    with pytest.raises(BadSettings) as caught:
        load(Path("provisiond.toml"), {"PROVISIOND_WEB__LISTN": "127.0.0.1:9"})
    assert f"```\n{caught.value}\n```" in CONFIGURATION.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    broken = [
        target for target in LINK.findall(page.read_text()) if not (page.parent / target).exists()
    ]
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_in_the_docs_exist(page: Path) -> None:
    scripts = {f"scripts/{path.name}" for path in (ROOT / "scripts").iterdir() if path.is_file()}
    known = {" ".join(words) for words in cli_commands()}
    for line in shell_lines(page):
        words = shlex.split(line, comments=True)
        words = words[words[0] == "sudo" :] if words else []
        while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
            words.pop(0)
        if not words:
            continue
        if words[0].startswith("scripts/"):
            assert words[0] in scripts, line
        if Path(words[0]).name == "provisiond":
            said = [word for word in words[1:4] if re.fullmatch(r"[a-z]+(-[a-z]+)*", word)]
            begun = {" ".join(said[:count]) for count in range(1, len(said) + 1)}
            assert begun & known or said == [], line


def test_every_command_is_documented() -> None:
    pages = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    silent = [
        " ".join(words) for words in cli_commands() if f"provisiond {' '.join(words)}" not in pages
    ]
    assert silent == []


def test_the_table_of_commands_has_all_of_them_and_no_other() -> None:
    row = re.compile(r"^\| `provisiond ([a-z-]+)[^`]*` \| (.*) \|$", re.MULTILINE)
    rows = dict(row.findall((ROOT / "docs/operations.md").read_text(encoding="utf-8")))
    assert rows.keys() == {words[0] for words in cli_commands()}
    for first, *below in cli_commands():
        assert not below or re.search(rf"`{below[0]}( [^`]*)?`", rows[first]), (first, below)


def cli_commands() -> Iterator[tuple[str, ...]]:
    """Every command of the command line, groups with their commands."""
    cli = pytest.importorskip("provisiond.cli")
    typer = pytest.importorskip("typer")

    def walk(group: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for name, command in group.commands.items():
            if command.hidden:
                continue
            if hasattr(command, "commands"):
                yield from walk(command, (*path, name))
            else:
                yield (*path, name)

    yield from walk(typer.main.get_command(cli.app), ())


def shell_lines(page: Path) -> Iterator[str]:
    """The commands of the page's shell blocks, continued lines joined; output is left out."""
    for block in SHELL_BLOCK.findall(page.read_text(encoding="utf-8")):
        text = block.replace("\\\n", " ")
        prompted = [line[2:] for line in text.splitlines() if line.startswith("$ ")]
        yield from prompted or [line for line in text.splitlines() if line.strip()]


def uncommented() -> str:
    """The annotated file with every setting that is only shown set."""
    lines = ANNOTATED.read_text(encoding="utf-8").splitlines()
    return "\n".join(re.sub(r"^#(?=[a-z_]+ = )", "", line) for line in lines)


def leaves(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted names of everything in the tree."""
    found: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            found |= leaves(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found
