"""Virtual phones call themselves as real ones do, each by its own model and MAC."""

import functools

import pytest

from provisiond.catalog.shelf import Shelf
from provisiond.inventory.mac import Mac
from provisiond.settings import shipped
from provisiond.simulator_agents import user_agent
from tests.catalog.hostile import FAMILIES

MAC = Mac("02ac3eaabbcc")


@functools.cache
def shelf() -> Shelf:
    return Shelf.load([shipped("models")])


@pytest.mark.parametrize("name", FAMILIES)
def test_a_user_agent_says_the_model_and_never_another_mac(name: str) -> None:
    family = shelf().families[name]
    said = {model.name: user_agent(shelf(), family, model, MAC) for model in family.manifest.model}
    for model, agent in said.items():
        if agent is None:
            continue
        device = shelf().recognise(agent)
        assert device is not None
        assert (device.vendor, device.model) == (family.manifest.vendor, model)
        assert device.mac in (None, MAC)
    silent = [model for model, agent in said.items() if agent is None]
    assert len(silent) < len(said) / 4, silent


def test_a_real_example_of_the_model_is_preferred_and_the_mac_put_in_as_it_was_written() -> None:
    found = shelf().find_model("Yealink SIP-T46G")
    assert found is not None
    assert user_agent(shelf(), *found, MAC) == "Yealink SIP-T46G 28.83.0.120 02:ac:3e:aa:bb:cc"
