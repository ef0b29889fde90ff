"""Which families are there? The immutable catalogue, and the questions asked of all of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from provisiond.catalog.family import MANIFEST, Family, load_family, model_key
from provisiond.catalog.manifest import ModelRule
from provisiond.inventory.errors import TemplateRejected
from provisiond.inventory.mac import Mac
from provisiond.inventory.near import near

_KNOWN_DEVICES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What a User-Agent says: it narrows and warns, it never identifies."""

    family: str
    vendor: str
    model: str
    version: str
    mac: Mac | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The catalogue: families by name, and `rejected`, those that could not be loaded."""

    families: Mapping[str, Family]
    rejected: tuple[TemplateRejected, ...] = ()
    _devices: dict[str, Device | None] = field(default_factory=dict, repr=False, compare=False)
    _boxed: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, roots: Sequence[Path], *, compiled: bool = True) -> "Shelf":
        """Load every `<root>/<vendor>/<family>/` that has a manifest; later roots win by name.

        A family with faults is left out and listed in `rejected`; the others are not harmed.
        Templates that are not `compiled` now are when they are asked for, for who renders nothing.
        """
        families: dict[str, Family] = {}
        rejected: list[TemplateRejected] = []
        for root in roots:
            for manifest in sorted(root.glob(f"*/*/{MANIFEST}")):
                name = f"{manifest.parent.parent.name}/{manifest.parent.name}"
                try:
                    families[name] = load_family(manifest.parent, name, compiled=compiled)
                except TemplateRejected as fault:
                    rejected.append(fault)
        return cls(families=families, rejected=tuple(rejected))

    def with_last_good(self, before: "Shelf") -> "Shelf":
        """This catalogue, with the families of `before` in place of those it had to reject."""
        kept = {
            fault.family: before.families[fault.family]
            for fault in self.rejected
            if fault.family in before.families
        }
        return replace(self, families={**self.families, **kept}, _devices={}, _boxed={})

    def find_model(self, text: str) -> tuple[Family, ModelRule] | None:
        """The family and model of "Vendor Model" as on the box; spelling is forgiven.

        Without the vendor's name it is found too, where only one family has such a model.
        """
        key = model_key(text)
        bare: list[tuple[Family, ModelRule]] = []
        for family in self.families.values():
            vendor = model_key(family.manifest.vendor)
            if key.startswith(vendor):
                model = family.models.get(key[len(vendor) :]) or family.models.get(key)
                if model is not None:
                    return family, model
            if key in family.models:
                bare.append((family, family.models[key]))
        return bare[0] if len(bare) == 1 else None

    def near_models(self, text: str) -> tuple[str, ...]:
        """Up to three names that are close to a misspelt model."""
        if not self._boxed:
            self._boxed.update({model_key(name): name for name in self.model_names()})
        keys = near(model_key(text), self._boxed, most=3, cutoff=0.5)
        return tuple(self._boxed[key] for key in keys)

    def model_names(self) -> tuple[str, ...]:
        """Every model, "Vendor Model", sorted."""
        return tuple(
            sorted(
                f"{family.manifest.vendor} {model.name}"
                for family in self.families.values()
                for model in family.manifest.model
            )
        )

    def recognise(self, user_agent: str) -> Device | None:
        """The device a User-Agent claims to be, or None. Answers are kept."""
        try:
            return self._devices[user_agent]
        except KeyError:
            pass
        device = self._recognise(user_agent)
        if len(self._devices) >= _KNOWN_DEVICES:
            self._devices.clear()
        self._devices[user_agent] = device
        return device

    def _recognise(self, user_agent: str) -> Device | None:
        loose: Device | None = None
        for family in self.families.values():
            for pattern in family.user_agents:
                found = pattern.search(user_agent)
                if found is None:
                    continue
                device = _device(family, found)
                model = _agent_model(family, found.group("model"))
                if model is not None:
                    return device
                loose = loose or device
        return loose


def _agent_model(family: Family, spelling: str) -> ModelRule | None:
    wanted = model_key(spelling)
    for model in family.manifest.model:
        if any(model_key(name) == wanted for name in model.user_agents):
            return model
    return family.models.get(wanted)


def _device(family: Family, found: re.Match[str]) -> Device:
    groups = found.groupdict()
    model = _agent_model(family, groups["model"])
    return Device(
        family=family.name,
        vendor=family.manifest.vendor,
        model=model.name if model is not None else groups["model"],
        version=groups.get("version") or "",
        mac=Mac.from_hex(groups["mac"]) if groups.get("mac") else None,
    )
