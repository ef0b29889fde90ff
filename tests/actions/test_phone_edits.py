"""An edit as people type it is read whole, or every part that cannot be read is told."""

import pytest

from provisiond.actions.phone_edits import PhoneEdit, edited
from provisiond.inventory.buttons import Button, ButtonKind
from provisiond.inventory.domains import SipTransport
from provisiond.inventory.errors import RejectedAll
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Handset, Phone, PhoneLine

PHONE = Phone(
    mac=Mac("02ac3e000001"),
    model="Acme D-6",
    name="Front desk",
    site="HQ",
    lines=(PhoneLine(line=1, extension="101", label="Alice"), PhoneLine(line=2, extension="102")),
    sidecars=("EXP",),
    layout="reception",
    buttons=(Button(module=0, key=1, kind=ButtonKind.DND),),
    overrides=(("a.b", "1"),),
)


def test_nothing_asked_is_nothing_changed() -> None:
    assert edited(PHONE, PhoneEdit()) == PHONE


def test_fields_are_set_and_cleared() -> None:
    after = edited(PHONE, PhoneEdit(name="", site="", layout="", directory="", enabled=False))
    assert (after.name, after.site, after.layout, after.directory) == ("", None, None, None)
    assert after.enabled is False
    assert edited(PHONE, PhoneEdit(sidecars=("",))).sidecars == ()
    assert edited(PHONE, PhoneEdit(sidecars=("EXP", "EXP"))).sidecars == ("EXP", "EXP")


def test_lines_are_set_labelled_shared_and_taken_away() -> None:
    edit = PhoneEdit(lines=("3=103,shared", "1=105", "2="), labels=("3=Door=x", "1="))
    assert edited(PHONE, edit).lines == (
        PhoneLine(line=1, extension="105"),
        PhoneLine(line=3, extension="103", label="Door=x", shared=True),
    )


def test_handsets_are_set_and_taken_away() -> None:
    edit = PhoneEdit(handsets=("1=Kitchen,0328D30001,1+2", "2=Hall"))
    after = edited(PHONE, edit)
    assert after.handsets == (
        Handset(handset=1, name="Kitchen", ipei="0328d30001", lines=(1, 2)),
        Handset(handset=2, name="Hall"),
    )
    assert edited(after, PhoneEdit(handsets=("1=",))).handsets == after.handsets[1:]
    with pytest.raises(RejectedAll, match="no number of a line"):
        edited(PHONE, PhoneEdit(handsets=("1=Kitchen,,x",)))


def test_buttons_are_set_and_taken_away() -> None:
    edit = PhoneEdit(buttons=("3=blf,103,Carol, upstairs", "1/2=intercom@2,104", "1=", "4=dnd"))
    assert edited(PHONE, edit).buttons == (
        Button(module=0, key=3, kind=ButtonKind.BLF, value="103", label="Carol, upstairs"),
        Button(module=0, key=4, kind=ButtonKind.DND),
        Button(module=1, key=2, kind=ButtonKind.INTERCOM, line=2, value="104"),
    )


def test_overrides_are_set_omitted_and_dropped() -> None:
    edit = PhoneEdit(overrides=("c.d=x=y",), omitted=("e",), dropped=("a.b",))
    assert edited(PHONE, edit).overrides == (("c.d", "x=y"), ("e", None))


def test_settings_are_set_and_unset() -> None:
    edit = PhoneEdit(settings=("poll_minutes=60", "transport=tls", "codecs=g722, pcma"))
    after = edited(PHONE, edit)
    assert after.settings.poll_minutes == 60
    assert after.settings.transport is SipTransport.TLS
    assert after.settings.codecs == ("g722", "pcma")
    assert edited(after, PhoneEdit(settings=("poll_minutes=",))).settings.poll_minutes is None


def test_everything_that_cannot_be_read_is_told_at_once() -> None:
    edit = PhoneEdit(
        mac="zz",
        lines=("x=1", "2", "2=102,private"),
        labels=("7=Door",),
        buttons=("a=blf", "3=bfl,1", "3"),
        overrides=("novalue",),
        dropped=("not.there",),
        settings=("transport=upd", "colour=red", "poll_minutes=often", "firmware=x"),
    )
    with pytest.raises(RejectedAll) as caught:
        edited(PHONE, edit)
    assert [finding.where for finding in caught.value.findings] == [
        "mac",
        *["line"] * 3,
        "label",
        *["button"] * 3,
        "override",
        "no-override",
        *["set"] * 4,
    ]
    said = str(caught.value)
    for words in ("Did you mean udp", "no field 'colour'", "blf", "It overrides a.b", "2=102"):
        assert words in said
