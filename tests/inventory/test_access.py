"""Who may do what: the table as it is meant, written a second time, against every combination."""

import pytest

from provisiond.inventory.access import PERMISSIONS, Actor, Noun, Role, Verb, demand
from provisiond.inventory.errors import NotAllowed, NotFound

# r read, a add, e edit, d delete, x run; admin has all of them everywhere.
MEANT = """
noun         tech   manager  user
domains      r      r        -
settings     -      -        -
families     r      r        -
sites        r      raed     -
users        r      raed     -
destinations r      raed     -
numbers      r      raed     -
sms_numbers  r      raed     -
timeframes   r      raed     -
directories  r      raed     -
layouts      raed   raed     -
phones       raedx  raedx    -
buttons      re     re       re
emergency    r      raedx    -
inventory    rx     rx       -
requests     r      -        -
audit        r      rx       -
events       r      r        -
people       -      -        -
tokens       -      -        -
webhooks     -      -        -
own_account  re     re       re
"""
LETTERS = {Verb.READ: "r", Verb.ADD: "a", Verb.EDIT: "e", Verb.DELETE: "d", Verb.RUN: "x"}


def meant() -> dict[tuple[Role, Noun], str]:
    found: dict[tuple[Role, Noun], str] = {}
    for line in MEANT.split("\n")[2:-1]:
        noun, *cells = line.split()
        found[Role.ADMIN, Noun(noun)] = "raedx"
        for role, cell in zip((Role.TECH, Role.MANAGER, Role.USER), cells, strict=True):
            found[role, Noun(noun)] = cell
    return found


def actor(role: Role, *, domain: str | None = None, read_only: bool = False) -> Actor:
    return Actor(kind="api", name="x", role=role, domain=domain, read_only=read_only)


def test_the_table_is_complete() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert set(meant()) == {(role, noun) for role in Role for noun in Noun}


@pytest.mark.parametrize("role", Role)
def test_each_role_may_what_is_meant_and_nothing_else(role: Role) -> None:
    for noun in Noun:
        for verb in Verb:
            allowed = LETTERS[verb] in meant()[role, noun]
            assert actor(role).may(noun, verb) is allowed, (role, noun, verb)
            reading = allowed and verb is Verb.READ
            assert actor(role, read_only=True).may(noun, verb) is reading


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("domain", [None, "own.example.test"])
def test_a_domain_that_is_not_the_actors_does_not_exist(role: Role, domain: str | None) -> None:
    one = actor(role, domain=domain)
    everywhere = domain is None and role in (Role.ADMIN, Role.TECH)
    assert one.sees("OWN.example.test") is (everywhere or domain is not None)
    assert one.sees("other.example.test") is everywhere
    if not everywhere:
        with pytest.raises(NotFound) as caught:
            demand(one, Noun.PHONES, Verb.READ, "other.example.test")
        assert str(caught.value) == "there is no domain other.example.test."


def test_what_is_refused_says_whom_to_ask() -> None:
    with pytest.raises(NotAllowed, match=r"the role tech may not delete numbers; ask an admin\."):
        demand(actor(Role.TECH), Noun.NUMBERS, Verb.DELETE)
    with pytest.raises(NotAllowed, match="a read-only token may not edit phones"):
        demand(actor(Role.ADMIN, read_only=True), Noun.PHONES, Verb.EDIT)


def test_an_actor_without_a_role_is_the_least_of_all() -> None:
    nobody = Actor(kind="portal", name="x")
    assert nobody.role is Role.USER
    assert not nobody.is_admin


def test_only_an_admin_of_all_domains_is_admin() -> None:
    assert actor(Role.ADMIN).is_admin
    assert not actor(Role.ADMIN, domain="own.example.test").is_admin
    assert not actor(Role.TECH).is_admin
