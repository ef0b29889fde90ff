"""What does not fit a model is listed, each with what to do."""

from pathlib import Path

import pytest

from provisiond.catalog.family import Family, load_family
from provisiond.catalog.fit import fit
from provisiond.inventory.buttons import Button, ButtonKind
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Handset, Phone, PhoneLine
from provisiond.inventory.secret import Secret
from tests.catalog.hostile import shipped

ACME = Path(__file__).parent.parent / "models" / "acme" / "desk"


@pytest.fixture(scope="module")
def acme() -> Family:
    return load_family(ACME, "acme/desk")


def phone(
    *,
    lines: tuple[PhoneLine, ...] = (PhoneLine(line=1, extension="101"),),
    handsets: tuple[Handset, ...] = (),
    sidecars: tuple[str, ...] = (),
    buttons: tuple[Button, ...] = (),
) -> Phone:
    return Phone(
        mac=Mac("02ac3e000001"),
        model="Acme D-6",
        lines=lines,
        handsets=handsets,
        sidecars=sidecars,
        buttons=buttons,
    )


def button(
    key: int, kind: str = "blf", module: int = 0, line: int | None = None, value: str = "103"
) -> Button:
    return Button(module=module, key=key, kind=ButtonKind(kind), line=line, value=value)


def said(family: Family, model: str, record: Phone, **codes: str) -> list[tuple[str, str]]:
    return [(f.severity, str(f)) for f in fit(family, family.models[model], record, codes)]


def test_a_phone_that_fits_has_no_findings(acme: Family) -> None:
    record = phone(sidecars=("EXP", "EXP"), buttons=(button(6), button(5, module=2)))
    assert said(acme, "d6", record) == []


@pytest.mark.parametrize(
    ("record", "severity", "says"),
    [
        (phone(lines=(PhoneLine(line=4, extension="1"),)), "error", "line 4 does not exist"),
        (phone(lines=(PhoneLine(line=3, extension="1"),)), "warning", "sources disagree"),
        (phone(handsets=(Handset(handset=3),)), "error", "handset 3 does not exist on the Acme"),
        (phone(sidecars=("XXL",)), "error", "takes no sidecar 'XXL'"),
        (phone(sidecars=("EXP",) * 3), "error", "at most 2"),
        (phone(sidecars=("EXP", "BIG")), "error", "cannot be mixed"),
        (phone(buttons=(button(7),)), "error", "beyond the last key"),
        (phone(buttons=(button(1, module=1),)), "error", "has 0 sidecar(s)"),
        (
            phone(sidecars=("EXP",), buttons=(button(6, module=1),)),
            "error",
            "of the EXP, which is 5",
        ),
        (phone(buttons=(button(1), button(1))), "error", "given twice"),
        (phone(buttons=(button(1, "redial"),)), "warning", "not available"),
        (phone(buttons=(button(1, "queue_login"),)), "warning", "feature_codes.queue_login"),
        (phone(buttons=(button(1, "speed_dial", value=""),)), "error", "needs a value"),
        (phone(buttons=(button(1, "speed_dial", value="1" * 33),)), "error", "32 characters"),
        (phone(buttons=(button(1, line=2),)), "error", "works on line 2"),
        (
            phone(sidecars=("EXP",), buttons=(button(1, "dtmf", module=1),)),
            "warning",
            "not possible on a sidecar",
        ),
    ],
)
def test_each_misfit_is_told(acme: Family, record: Phone, severity: str, says: str) -> None:
    findings = said(acme, "d6", record)
    assert len(findings) == 1
    assert findings[0][0] == severity
    assert says in findings[0][1]


def test_a_model_may_lack_a_kind_and_a_bank_may_refuse_one(acme: Family) -> None:
    record = phone(buttons=(button(1, "dnd", value=""), button(3, "lock", value=""), button(6)))
    findings = said(acme, "d2", record)
    assert "no such lamp" in findings[0][1]
    assert "line keys only" in findings[1][1]
    assert findings[2][0] == "warning"
    assert "sources disagree" in findings[2][1]


def test_a_feature_code_that_is_set_makes_its_kind_available(acme: Family) -> None:
    record = phone(buttons=(button(1, "queue_login"),))
    assert said(acme, "d6", record, queue_login="*81") == []


def test_every_finding_about_a_button_names_its_key(acme: Family) -> None:
    record = phone(
        sidecars=("EXP",),
        buttons=(
            button(1, "redial"),
            button(2, "queue_login"),
            button(3, "speed_dial", value=""),
            button(4, "speed_dial", value="1" * 33),
            button(1, "dtmf", module=1),
        ),
    )
    named = ("key 1:", "key 2:", "key 3:", "key 4:", "key 1 of sidecar 1:")
    for (_, message), name in zip(said(acme, "d6", record), named, strict=True):
        assert name in message


@pytest.mark.parametrize(
    ("family", "password", "told"),
    [
        ("cisco/spa", "Pässwort", True),
        ("fanvil/modules", "Pässwort", True),
        ("yealink/sip", "%Null%", True),
        ("yealink/sip", "Pässwort", False),
        ("cisco/spa", "Passw0rt", False),
        ("cisco/spa", "", False),
    ],
)
def test_a_password_that_the_file_cannot_say_is_told_without_it(
    family: str, password: str, told: bool
) -> None:
    loaded = shipped(family)
    users = {"101": User(extension="101", sip_password=Secret(password))}
    findings = fit(loaded, loaded.manifest.model[0], phone(), {}, users)
    assert [(f.where, f.severity) for f in findings] == [("lines[0]", "warning")] * told
    for finding in findings:
        assert "SIP password of 101" in finding.message
        assert "ASCII letters and digits" in finding.remedy
        assert not any(text in str(finding) for text in (password, "Passwort", "NULL"))


def test_a_user_that_the_file_cannot_say_is_told_where_it_is_set() -> None:
    loaded = shipped("yealink/sip")
    model = loaded.manifest.model[0]
    for changes, what in (
        ({"sip_user": "%NULL%"}, "SIP user of 101"),
        ({"sip_auth_user": "%empty%"}, "SIP authentication user of 101"),
    ):
        users = {"101": User(extension="101", **changes)}  # type: ignore[arg-type]
        found = fit(loaded, model, phone(), {}, users)
        assert len(found) == 1
        assert what in found[0].message
