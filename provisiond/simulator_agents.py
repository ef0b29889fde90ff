"""What does a phone of this model call itself? Its User-Agent, from the family's real examples."""

import re
from collections.abc import Iterator

from provisiond.catalog.family import Family
from provisiond.catalog.manifest import ModelRule
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.mac import Mac


def user_agent(shelf: Shelf, family: Family, model: ModelRule, mac: Mac) -> str | None:
    """A real example with this MAC in it, of this model or else with its name put in.

    None where no example can be made to say this model: such a phone is simulated without.
    """
    for agent in (*_examples(family, model, mac, own=True), *_examples(family, model, mac)):
        device = shelf.recognise(agent)
        if device is None or device.mac not in (None, mac):
            continue
        if (device.vendor, device.model) == (family.manifest.vendor, model.name):
            return agent
    return None


def _examples(family: Family, model: ModelRule, mac: Mac, *, own: bool = False) -> Iterator[str]:
    """The examples with the MAC put in; those of other models with this one's name."""
    for rule, pattern in zip(family.manifest.user_agent, family.user_agents, strict=True):
        for example in rule.examples:
            found = pattern.search(example.text)
            if found is None:
                continue
            if own:
                yield _filled(found, mac, found.group("model"))
                continue
            for spelling in (*model.user_agents, model.name, *model.aliases):
                for between in (" ", "_", "-", ""):
                    yield _filled(found, mac, spelling.replace(" ", between))


def _filled(found: re.Match[str], mac: Mac, model: str) -> str:
    """The text of a match with other words in its groups `model` and `mac`."""
    groups = found.groupdict()
    changes = [(found.span("model"), model)]
    if groups.get("mac"):
        changes.append((found.span("mac"), _written_like(groups["mac"], mac)))
    text = found.string
    for (start, end), word in sorted(changes, reverse=True):
        text = text[:start] + word + text[end:]
    return text


def _written_like(sample: str, mac: Mac) -> str:
    """The MAC with the sample's separators and letter case."""
    digits = iter(mac.text.upper() if sample.upper() == sample else mac.text)
    return "".join(next(digits) if letter.isalnum() else letter for letter in sample)
