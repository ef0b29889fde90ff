"""`families check` finds each mistake that an author can make, and has nothing else to say."""

from pathlib import Path

import pytest

from provisiond.catalog.check import check_family, star_code_findings
from provisiond.catalog.family import load_family
from provisiond.inventory.errors import Finding
from tests.catalog.worked_example import write_example


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_example(tmp_path)


def found(folder: Path) -> tuple[Finding, ...]:
    return check_family(load_family(folder, "example/desk"))


def edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_sound_family_has_no_findings(folder: Path) -> None:
    assert found(folder) == ()


MANIFEST_MISTAKES = [
    ('dnd = { code = { type = "dnd" } }\n', "", "[buttons.dnd] is missing"),
    ('{ unavailable = "the phone has no browser" }', '{ unavailable = "x", code = { a = 1 } }',
     "[buttons.url] is unavailable and has a code"),
    ('conference = { code = { type = "conference" }, sidecar = false }',
     'conference = { code = { type = "conference" }, banks = ["memory"] }',
     "allows the bank 'memory', which no layout has"),
    ("features = { bluetooth = true }", 'unavailable = { flying = "no" }',
     "'flying' is no kind of button"),
    ("features = { bluetooth = true }", 'unavailable = { dnd = "" }', "without a reason"),
    ("keys = 6, columns = 2", "keys = 6, accept = 5, columns = 2", "accept is lower than keys"),
    ("keys = 6, columns = 2", "keys = 6, pages = 7", "more pages than keys"),
    ("keys = 20\n", "keys = 20\naccept = 2\n", "sidecar EXP-20: accept is lower"),
    ("sidecars = { EXP-20 = 1 }", "", "sidecar EXP-20: no model takes it"),
    ("[sidecars.EXP-20]", "[layouts.spare]\n\n[sidecars.EXP-20]", "layout spare: no model has it"),
    ("accounts = 2\n", "accounts = 2\naccept_accounts = 1\n", "accept_accounts is lower"),
    ("accounts = 2\n", 'accounts = 2\nconfidence = "conflict"\n', "`note` does not say how"),
    ('"screen.brightness"', '"screen.logo"', "repeats what the templates print: screen.logo"),
    ('"screen.brightness"', '"screen.x", "screen.x"', "has 'screen.x' twice"),
    ('"account.{}.password", ', '"acount.{}.password", ', "protected has 'acount.{}.password'"),
    (', "provision.*"', "", "key 'provision.url' is not protected"),
    ('"*72" = "star.forward"', '"abc" = "star.forward"', "'abc' cannot be dialled"),
    ('"*72" = "star.forward"', '"*72" = "nothing.known"', "which nothing knows"),
    ("proves_current = true\n", "", "no file proves a phone current"),
    ('[[boot]]\nfile = "phone"\nexpect = 200\n', "", "no [[boot]] step asks for it"),
    ('file = "licence"\nexpect = 404', 'file = "licence"\nexpect = 200', "which is never served"),
    ('file = "phone"\nexpect = 200', 'file = "phone"\nexpect = 404', "which is served"),
    ('file = "phone"\nexpect = 200', 'file = "phone"\nexpect = 200\nlink = "common.next"',
     "no earlier file prints its link"),
    ("^Example ", "^Sample ", "does not match 'Example D20"),
    ('model = "D20", version', 'model = "D2", version', "the model is read as 'D20'"),
    ('version = "2.1.0"', 'version = "2.1"', "version and MAC are read as"),
    ('mac = "02ac3e010203"', 'mac = ""', "version and MAC are read as"),
    ('text = "Example D22 2.0.4", model = "D22"', 'text = "Example D99 2.0.4", model = "D99"',
     "no model of the family is spelt 'D99'"),
    ("secret = true\n", "", "holds a SIP password and is not marked secret"),
    ('key = "provision.url"', 'key = "provision.uri"', "no file of the phone prints"),
    ('form = "base"', 'form = "full"', "form full needs `file`"),
    ("max_bytes = 255", "max_bytes = 40", "the phone keeps 40"),
    ('value = "0"', 'value = "1"', "'provision.dhcp' is '0'; '1' switches it off"),
    ('value = "0"\n', "", "'provision.dhcp' does not hold the tokened URL"),
    ('key = "provision.dhcp"', 'key = "provision.opt66"', "which settles it"),
    ('key = "provision.dhcp"', 'file = "phone"\nkey = "provision.opt66"', "which settles it"),
    ('user = "account.{}.user"', 'user = "account.{}.login"',
     "nothing says 'account.1.login', its SIP user"),
    ('user = "account.{}.user"', 'user = "account.{}.name"', "is not its SIP user"),
    ('user = "account.{}.user"', 'user = ["account.1.user"]', "account 2 has no key for its SIP"),
    ('user = "account.{}.user"', 'user = "account.{}.user"\nauth_user = "account.{}.name"',
     "is not its authentication user"),
    ('server = "account.{}.server"', 'server = "account.{}.user"', "is not its SIP server"),
    ('[[account_keys]]\n', '[[account_keys]]\nmodels = ["D20"]\n',
     "nothing says where the accounts of D22 stand"),
    ('password = "account.{}.password"', 'password = "account.{}.enabled"',
     "account 2 is nobody's, and its SIP password is not empty"),
    ("label_chars = 24", "label_chars = 24\nvalue_bytes = 20", "longer than limits.value_bytes"),
    ('header = "#!desk"\nmax_line', 'header = "#!table"\nmax_line', "is not the header"),
    ("max_line_bytes = 512", "max_line_bytes = 40", "the phone reads 40 of a line"),
    ("max_line_bytes = 512", "max_bytes = 900", "the phone reads 900"),
    ('needs = ["directory"]\n', "", "the template reads the directory"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), MANIFEST_MISTAKES)
def test_a_mistake_in_the_manifest_is_found(folder: Path, old: str, new: str, said: str) -> None:
    edit(folder, "family.toml", old, new)
    messages = [finding.message for finding in found(folder)]
    assert any(said in message for message in messages), messages


def test_a_model_without_the_file_that_settles_a_rival_has_no_such_rival(folder: Path) -> None:
    edit(folder, "family.toml", 'key = "provision.dhcp"', 'file = "site"\nkey = "provision.opt66"')
    rule = '[[file]]\nid = "site"\npath = "{mac}.site"\ntemplate = "phone.j2"\nsecret = true\n'
    rule += 'header = "#!desk"\nmodels = ["D22"]\n'
    edit(folder, "family.toml", "[[file]]", rule + "\n[[file]]")
    rivals = [f.message for f in found(folder) if "goes before the tokened URL" in f.message]
    assert len(rivals) == 1
    assert rivals[0].endswith("(D22)")


TEMPLATE_MISTAKES = [
    ("phone.j2", "{{ remaining", "free = text\n{{ remaining", "no param printed it", None),
    ("phone.j2", "urls.provisioning", '"https://elsewhere.test/"', "does not hold urls.prov", None),
    ("phone.j2", '{{ param("time.offset", zone.offset) }}', "{{ 1 // 0 }}", "ZeroDivision", 20),
    ("phone.j2", "zone.offset", "zone.ofset", "ofset", 20),
    ("phone.j2", "account.label,", "account.label ~ model.features.colour,", "colour", 7),
    ("directory.j2", "</directory>", "", "not well-formed", None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "said", "line"), TEMPLATE_MISTAKES)
def test_a_mistake_in_a_template_is_found_with_its_line(
    folder: Path, name: str, old: str, new: str, said: str, line: int | None
) -> None:
    edit(folder, name, old, new)
    findings = found(folder)
    assert any(
        said in f.message and (line is None or (f.where, f.line) == (name, line)) for f in findings
    ), findings


def test_a_finding_of_many_models_is_told_once(folder: Path) -> None:
    edit(folder, "phone.j2", "zone.offset", "zone.ofset")
    faults = [f for f in found(folder) if "ofset" in f.message]
    assert len(faults) == 1
    assert "(D20, plain and 5 more)" in faults[0].message


def test_a_template_that_nothing_uses_is_a_warning(folder: Path) -> None:
    (folder / "spare.j2").write_text("")
    assert [(f.where, f.severity) for f in found(folder)] == [("spare.j2", "warning")]


def test_a_link_must_lead_to_the_files_name(folder: Path) -> None:
    step = 'file = "phone"\nexpect = 200'
    edit(folder, "family.toml", step, step + '\nlink = "screen.logo"')
    assert any("leads to 'none'" in f.message for f in found(folder))
    edit(folder, "common.j2", '"none"', '"https://prov.example.test/$MA.cfg"')
    assert any("in [macros] what" in f.remedy for f in found(folder))
    edit(folder, "family.toml", "[[account_keys]]", '[macros]\n"$MA" = "{mac}"\n[[account_keys]]')
    assert found(folder) == ()
    edit(folder, "common.j2", "$MA.cfg", "02ac3e010203.cfg?x=1")
    assert found(folder) == ()


def test_star_codes_that_shadow_the_domains_codes_are_told(folder: Path) -> None:
    family = load_family(folder, "example/desk")
    codes = [("pickup", "*8{value}"), ("park", "*72{value}"), ("record", "*721")]
    findings = star_code_findings(family, codes)
    assert [f.where for f in findings] == ["feature_codes.park", "feature_codes.record"]
    edit(folder, "family.toml", '"*72" = "star.forward"', '"*72" = "provision.dhcp"')
    assert star_code_findings(load_family(folder, "example/desk"), codes) == ()
