"""What stands in a link is read as the vendor's phones read it."""

from provisiond.catalog.links import targets
from provisiond.inventory.mac import Mac
from tests.catalog.made_up import manifest, rule

MACROS = {"$MA": "{mac}", "$MAX": "{MAC}", "$O": "{=own}", "[M]": "{code}"}


def found(value: str, **told: str) -> list[str]:
    made = manifest(rule()).model_copy(update={"macros": MACROS})
    model = made.model[0].model_copy(update={"names": {"code": "0108"}})
    return list(targets(made, model, Mac("02ac3eaabbcc"), value, told))


def test_each_word_is_a_target_in_its_order() -> None:
    assert found("a.cfg, b.cfg  c.cfg") == ["a.cfg", "b.cfg", "c.cfg"]


def test_macros_are_put_in_the_longest_first() -> None:
    assert found("http://x/$MAX.cfg $MA.cfg [M].cfg") == [
        "http://x/02AC3EAABBCC.cfg", "02ac3eaabbcc.cfg", "0108.cfg",
    ]  # fmt: skip


def test_a_macro_that_stands_for_nothing_yet_leads_nowhere() -> None:
    assert found("$O$MA.cfg | /$MA.cfg") == ["|", "/02ac3eaabbcc.cfg"]
    assert found("$O$MA.cfg | /$MA.cfg", own="http://x/")[0] == "http://x/02ac3eaabbcc.cfg"


def test_nothing_leads_nowhere() -> None:
    assert found("") == []
