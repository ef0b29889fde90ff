"""Overrides of dial plans are tried with emergency numbers, by the syntax that a manifest names."""

import pytest

from provisiond.catalog.family import Family
from provisiond.catalog.overrides import findings, is_protected
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.dial_plan_reading import DialSyntax
from provisiond.inventory.errors import Finding


@pytest.fixture
def families(shipped_shelf: Shelf) -> dict[str, Family]:
    return dict(shipped_shelf.families)


def said(family: Family, key: str, value: str, emergency: tuple[str, ...] | None) -> list[str]:
    found = findings(
        [(key, value)], family.manifest, family.renderer.keys(), admin=True, emergency=emergency
    )
    return [f"{one.severity} {one.message.split(': ')[-1]}" for one in found]


@pytest.mark.parametrize(
    ("name", "key", "good", "bad"),
    [
        ("cisco/spa", "Dial_Plan_2_", "(911|112|933|9911|xx.)", "(9,xxxxxxx|112|933|9911)"),
        ("cisco/mpp", "Dial_Plan_1_", "(xx.)", "(911!|xx.)"),
        ("poly/ucs", "dialplan.digitmap", "x.T", "112|933|9911"),
        ("grandstream/alias", "account.1.call.dialplan", "{ x+ }", "{ 112 | 933 | 9911 }"),
        ("grandstream/pvalue", "P290", "{ x+ }", "{ 112 | 933 | 9911 }"),
        ("grandstream/pvalue", "P459", "{ x+ }", "{ 112 | 933 | 9911 }"),
        ("grandstream/pvalue", "P1859", "{ x+ }", "{ 112 | 933 | 9911 }"),
        ("grandstream/ht-dp", "P4200", "{ x+ }", "{ 112 | 933 | 9911 }"),
        ("grandstream/ht-dp", "P4201", "{ x+ }", "{ 112 | 933 | 9911 }"),
    ],
)
def test_a_plan_that_keeps_911_in_is_refused(
    families: dict[str, Family], name: str, key: str, good: str, bad: str
) -> None:
    assert said(families[name], key, good, None) == []
    assert "error 911 is not let out." in said(families[name], key, bad, None)
    assert "warning 911 is not let out." in said(families[name], key, bad, ("112",))


def test_manifests_name_syntaxes_that_there_are(families: dict[str, Family]) -> None:
    named = {s for family in families.values() for s in family.manifest.dial_plans.values()}
    assert named == {syntax.value for syntax in DialSyntax}


def test_other_parameters_are_no_dial_plans(families: dict[str, Family]) -> None:
    assert said(families["cisco/spa"], "Display_Name_1_", "(9S0)", None) == []


def told(
    family: Family, key: str, value: str | None, *, admin: bool, stood: bool = False
) -> list[Finding]:
    values = [(key, value)]
    before = values if stood else ()
    patterns = family.renderer.keys()
    return list(findings(values, family.manifest, patterns, admin=admin, stood=before))


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("yealink/sip", "dialplan.replace.prefix.1", "911"),
        ("yealink/sip", "dialplan.block_out.number.1", "911"),
        ("yealink/sip", "dialplan.area_code.code", "0"),
        ("yealink/sip", "dialplan.dialnow.rule.1", "9"),
        ("yealink/sip", "dialplan.digitmap.string", "[2-8]xx"),
        ("yealink/sip", "account.1.dialplan.digitmap.string", "[2-8]xx"),
        ("yealink/sip", "dialplan_replace_rule.url", "http://x.test/rules.xml"),
        ("yealink/sip", "phone_setting.emergency.number", "999"),
        ("yealink/sip", "features.call_num_filter", "19"),
        ("snom/phones", "user_dp_str[1]", "|911|sip:201@x.test|d"),
        ("snom/phones", "user_dp_exp[2]", "911"),
        ("snom/phones", "auto_dial", "1"),
        ("snom/phones", "keyboard_lock_emergency", "999"),
        ("fanvil/sysconf", "call/port[1]/BanDialOut", "1"),
        ("fanvil/sysconf", "sip/line[1]/EnableHotline", "1"),
        ("fanvil/sysconf", "call/DialPeer[1]/Number", "911"),
        ("fanvil/modules", "TELE_CONFIG_MODULE/Fixed_Length_Nums", "2"),
        ("fanvil/modules", "TELE_CONFIG_MODULE/Port_Config/P1_Ban_Dial_Out", "1"),
        ("poly/ucs", "dialplan.digitmap.timeOut", "0"),
        ("poly/ucs", "dialplan.1.impossibleMatchHandling", "1"),
        ("poly/ucs", "dialplan.routing.emergency.1.value", "999"),
        ("poly/ucs", "call.autoOffHook.1.contact", "201"),
        ("grandstream/alias", "account.1.call.dialplanPrefix", "9"),
        ("grandstream/alias", "call.dial.offhook.autoDial.number", "201"),
        ("grandstream/pvalue", "P1819", "9"),
        ("grandstream/ht-dp", "P766", "9"),
        ("cisco/mpp", "Emergency_Number_1_", "999"),
        ("cisco/mpp", "Interdigit_Short_Timer", "1"),
        ("cisco/spa", "Emergency_Number_2_", "999"),
    ],
)
def test_what_nobody_can_judge_is_an_admins_and_even_then_told(
    families: dict[str, Family], name: str, key: str, value: str
) -> None:
    family = families[name]
    for given in (value, None):
        (refused,) = told(family, key, given, admin=False)
        assert (refused.severity, refused.remedy) == ("error", "Only an admin may set it.")
        assert "can block or change emergency numbers" in refused.message
        (warned,) = told(family, key, given, admin=True)
        assert warned.severity == "warning"
        assert "nothing checks it" in warned.message
        assert [one.severity for one in told(family, key, given, admin=False, stood=True)] == [
            "warning"
        ]


def test_every_family_says_what_decides_about_dialled_numbers(families: dict[str, Family]) -> None:
    for family in families.values():
        assert family.manifest.dial_rules, family.name
        for key in family.manifest.dial_rules:
            assert is_protected(key.replace("{}", "1").removesuffix("*"), family.manifest) or (
                key.endswith("*")
            )


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("poly/ucs", "dialplan.digitmap"),
        ("grandstream/alias", "account.1.call.dialplan"),
        ("grandstream/pvalue", "P290"),
    ],
)
def test_a_plan_that_is_judged_is_anybodys_who_may_edit_the_phone_but_a_riddle_is_an_admins(
    families: dict[str, Family], name: str, key: str
) -> None:
    family = families[name]
    assert not is_protected(key, family.manifest)
    for riddle in ("[", None):  # without the override the factory's plan holds, whatever it is
        for admin, severity in ((False, "error"), (True, "warning")):
            (found,) = told(family, key, riddle, admin=admin)
            assert found.severity == severity
            assert "cannot be told" in found.message


def test_what_stood_when_the_numbers_changed_is_a_warning(families: dict[str, Family]) -> None:
    found = told(families["poly/ucs"], "dialplan.digitmap", "112|933", admin=False, stood=True)
    assert {one.severity for one in found} == {"warning"}
    assert "911 is not let out" in found[0].message
    (again,) = told(families["cisco/mpp"], "Dial_Plan_1_", "(911!|xx.)", admin=False, stood=True)
    assert again.severity == "warning"


@pytest.mark.parametrize("code", ["9", "911", "91"])
def test_a_code_that_begins_an_emergency_number_is_refused(
    families: dict[str, Family], code: str
) -> None:
    found = told(families["cisco/mpp"], "Call_Return_Code", code, admin=True)
    assert [one.severity for one in found if "takes 911 for a command" in one.message] == ["error"]
    assert told(families["cisco/mpp"], "Call_Return_Code", "*69", admin=False) == []
    assert told(families["grandstream/pvalue"], "P191", "1", admin=False) == []
