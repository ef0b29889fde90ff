"""A family's folder is read whole or refused with every fault and its line."""

import shutil
from pathlib import Path

import pytest

from provisiond.catalog.family import load_family
from provisiond.inventory.errors import TemplateRejected

ACME = Path(__file__).parent.parent / "models" / "acme" / "desk"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ACME, tmp_path / "desk"))


def edit(folder: Path, old: str, new: str) -> None:
    manifest = folder / "family.toml"
    text = manifest.read_text()
    assert old in text
    manifest.write_text(text.replace(old, new, 1))


def rejected(folder: Path) -> TemplateRejected:
    with pytest.raises(TemplateRejected) as refused:
        load_family(folder, "acme/desk")
    return refused.value


def test_loads_rules_models_and_aliases() -> None:
    family = load_family(ACME, "acme/desk")
    assert [c.rule.id for c in family.rules] == ["boot", "mac", "counted", "common", "directory"]
    assert family.models["desk6"] is family.models["d6"]
    assert [rule.id for rule in family.rules_for(family.models["d6"])] == [
        "mac",
        "counted",
        "common",
        "directory",
    ]


def test_the_digest_follows_manifest_and_templates(copy: Path) -> None:
    first = load_family(copy, "acme/desk").digest
    assert first == load_family(ACME, "acme/desk").digest
    template = copy / "common.cfg.j2"
    template.write_text(template.read_text() + "{# changed #}\n")
    assert load_family(copy, "acme/desk").digest != first


def test_no_manifest_and_broken_toml_are_said_in_words(copy: Path) -> None:
    edit(copy, "[limits]", "[limits")
    fault = rejected(copy).findings[0]
    assert fault.line is not None
    (copy / "family.toml").unlink()
    assert "no family.toml" in str(rejected(copy))


def test_all_schema_faults_at_once_with_their_lines(copy: Path) -> None:
    edit(copy, 'scope = "family"', 'scope = "galaxy"')
    edit(copy, "accounts = 2", "accounts = 0")
    edit(copy, "[limits]", "[limits]\nlable_chars = 3")
    text = (copy / "family.toml").read_text().splitlines()
    faults = {f.message.split(":")[0]: f.line for f in rejected(copy).findings}
    assert text[faults["file.3.scope"] - 1] == 'scope = "galaxy"'  # type: ignore[operator]
    assert text[faults["model.0.accounts"] - 1] == "accounts = 0"  # type: ignore[operator]
    assert text[faults["limits.lable_chars"] - 1] == "lable_chars = 3"  # type: ignore[operator]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('template = "mac.cfg.j2"', 'template = "nowhere.j2"', "no template 'nowhere.j2'"),
        ('layout = "six"', 'layout = "sixty"', "no layout 'sixty'"),
        ("EXP = 2", "EXQ = 2", "no sidecar 'EXQ'"),
        ('file = "common"', 'file = "komm"', "no file rule 'komm'"),
        ('by = "DHCP', 'file = "komm"\nby = "DHCP', "no file rule 'komm'"),
        ('id = "common"', 'id = "mac"', "given twice"),
        ('"acme{code}.cfg"', '"acme{kode}.cfg"', "names.kode"),
        ('aliases = ["Desk6"]', 'aliases = ["D.2"]', "also a name"),
        ('template = "mac.cfg.j2"', 'template = "mac.cfg.j2"\nholder = "item@name"', "holder"),
        ('template = "mac.cfg.j2"', 'template = "mac.cfg.j2"\nsyntax = "named"', "holder"),
        ("[buttons.line]", "[buttons.lime]", "buttons.lime"),
        ("(?P<model>", "(?P<modell>", "(?P<model>"),
    ],
)
def test_what_points_nowhere_is_a_fault(copy: Path, old: str, new: str, says: str) -> None:
    edit(copy, old, new)
    fault = rejected(copy)
    assert says in str(fault)
    assert all(finding.line is not None for finding in fault.findings)


def test_a_template_that_does_not_compile_is_refused_with_its_line(copy: Path) -> None:
    template = copy / "mac.cfg.j2"
    template.write_text(template.read_text() + "{% if %}\n")
    assert any("mac.cfg.j2" in f.where and f.line for f in rejected(copy).findings)
