"""Where the accounts of a phone stand is read from the manifest, and what is wrong is told."""

import pytest

from provisiond.catalog.accounts import (
    Account,
    account_faults,
    account_keys,
    is_kept,
    values_in,
)
from provisiond.catalog.manifest import FileRule
from provisiond.catalog.onboarding import AccountKeys
from provisiond.catalog.structure import read_back
from provisiond.inventory.secret import Secret
from tests.catalog.made_up import manifest, rule

KEYS = AccountKeys(user="a{}.user", password="a{}.pass", server="a{}.server")


def account(**changes: str) -> Account:
    fields = {
        "user": "101",
        "auth_user": "101",
        "password": "s3cret",
        "server": "pbx.test",
    } | changes
    return Account(
        number=1,
        user=fields["user"],
        auth_user=fields["auth_user"],
        password=Secret(fields["password"]),
        server=fields["server"],
    )


def faults(
    text: str, wanted: Account | None = None, keys: AccountKeys = KEYS, *, exact: bool = True
) -> list[str]:
    file = rule(empty="%NULL%", reserved={"%NULL%": "NULL"}, ascii_only=True)
    values = values_in(read_back(text.encode(), file)[0], file)
    return list(account_faults(keys, values, (wanted,) if wanted else (), 2, exact=exact))


SOUND = "a1.user = 101\na1.pass = s3cret\na1.server = pbx.test:5060\na2.user = %NULL%\n"


def test_an_account_that_is_right_has_no_fault() -> None:
    assert faults(SOUND, account()) == []


def test_each_wrong_value_is_told_by_its_key_and_without_the_value() -> None:
    assert faults(SOUND, account(user="102", password="other", server="pbx.tes")) == [
        "account 1: 'a1.user' is not its SIP user",
        "account 1: 'a1.pass' is not its SIP password",
        "account 1: 'a1.server' is not its SIP server",
    ]


def test_a_server_may_have_a_port_brackets_and_parameters() -> None:
    for value in ("pbx.test", "pbx.test:5061", "pbx.test;transport=tls", "pbx.test:1;x=y"):
        assert faults(SOUND.replace("pbx.test:5060", value), account()) == []
    for value in ("2001:db8::1", "[2001:db8::1]:5060"):
        text = SOUND.replace("pbx.test:5060", value)
        assert faults(text, account(server="2001:db8::1")) == []
    assert faults(SOUND.replace("pbx.test:", "pbx.test.evil:"), account()) != []


def test_an_account_of_nobody_must_be_empty() -> None:
    assert faults(SOUND.replace("%NULL%", "101"), account()) == [
        "account 2 is nobody's, and its SIP user is not empty"
    ]


CHANGED = [("NULL", "%null%"), ("s3cret x", " s3cret x "), ("Passwort", "Pässwort")]


@pytest.mark.parametrize(("written", "password"), CHANGED)
def test_what_the_file_made_of_a_password_is_not_the_password(written: str, password: str) -> None:
    text, wanted = SOUND.replace("s3cret", written), account(password=password)
    assert faults(text, wanted) == ["account 1: 'a1.pass' is not its SIP password"]
    assert faults(text, wanted, exact=False) == []


def test_a_password_that_is_empty_is_written_as_the_vendors_nothing() -> None:
    assert faults(SOUND.replace("s3cret", "%NULL%"), account(password="")) == []


@pytest.mark.parametrize(
    ("file", "kept", "changed"),
    [
        (rule("elements", ascii_only=True), ("Passwort", " x ", ""), ("Pässwort", "日本", "ｘ")),
        (rule(reserved={"%NULL%": "NULL"}), ("Pässwort", "NULL", ""), ("%null%", "%NULL%")),
        (rule("lines"), ("x y", "%NULL%"), (" x", "x ", "a\tb", "a\nb")),
        (rule("sections"), ("x y",), (" x", "x ")),
        (rule(ascii_only=True, reserved={"%NULL%": "NULL"}), (), ("％NULL％",)),
    ],
)
def test_what_a_file_cannot_say_as_it_stands_is_not_kept(
    file: FileRule, kept: tuple[str, ...], changed: tuple[str, ...]
) -> None:
    assert [text for text in (*kept, *changed) if is_kept(file, text)] == list(kept)


def test_keys_may_be_a_list_and_count_from_zero() -> None:
    listed = AccountKeys(user=("P35", "P404"), password=("P34", "P406"), server=("P47", "P402"))
    text = "P35 = 101\nP34 = s3cret\nP47 = pbx.test\nP404 =\n"
    assert faults(text, account(), listed) == []
    zero = AccountKeys(user="u{}", password="p{}", server="s{}", first=0)
    assert faults("u0 = 101\np0 = s3cret\ns0 = pbx.test\nu1 =\n", account(), zero) == []


def test_sections_above_an_element_do_not_count() -> None:
    file = rule("elements")
    body = b"<r><sip><one><u1>101</u1></one></sip></r>"
    values = values_in(read_back(body, file)[0], file)
    assert {key for key in values if key.endswith("u1")} == {"sip/one/u1", "one/u1", "u1"}


def test_a_key_that_is_repeated_is_read_by_its_place_too() -> None:
    file = rule("attributes")
    body = b'<files><file url="a"/><file url="b"/></files>'
    values = values_in(read_back(body, file)[0], file)
    assert {key: value.text for key, value in values.items()} == {
        "url": "b", "url[1]": "a", "url[2]": "b",
    }  # fmt: skip


def test_the_first_entry_that_fits_the_model_counts() -> None:
    own = KEYS.model_copy(update={"models": ("D-1",)})
    other = KEYS.model_copy(update={"models": ("D-2",)})
    for entries, wanted in (((), None), ((other,), None), ((other, own, KEYS), own)):
        made = manifest(rule()).model_copy(update={"account_keys": entries})
        assert account_keys(made, made.model[0]) is wanted
