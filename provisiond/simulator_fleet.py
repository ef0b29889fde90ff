"""Which phones of an inventory, or of one made for the purpose, are switched on?"""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import cycle, islice
from typing import Any

from provisiond.actions.inventory_load import domain_names, load_domain, load_server
from provisiond.actions.inventory_state import DomainContents
from provisiond.catalog.accounts import Account
from provisiond.catalog.cleaning import clean
from provisiond.catalog.family import Family
from provisiond.catalog.manifest import ModelRule
from provisiond.catalog.samples import HOSTILE
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.admission import Mode, is_open
from provisiond.inventory.buttons import ButtonKind
from provisiond.inventory.domains import BUILT_IN, Settings, inherit
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Phone
from provisiond.simulator_agents import user_agent
from provisiond.simulator_boot import VirtualPhone
from provisiond.store.database import Database

_DOMAIN = 500  # phones of one made-up domain
_MOST_LINES = 4
_KINDS = (ButtonKind.BLF, ButtonKind.SPEED_DIAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which of the inventory's phones; empty and None mean all."""

    macs: frozenset[Mac] = frozenset()
    domain: str | None = None
    family: str | None = None
    model: str | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The phones to switch on; how many were left out because they are disabled, and those whose
    model no loaded family has, as MAC and model: they get no files at all."""

    phones: tuple[VirtualPhone, ...]
    disabled: int = 0
    homeless: tuple[tuple[Mac, str], ...] = ()


async def fleet_of(
    database: Database, shelf: Shelf, wanted: Wanted, mode: Mode, at: datetime
) -> Fleet:
    """The inventory's phones as virtual ones, with the accounts that the inventory gives them."""
    phones: list[VirtualPhone] = []
    homeless: list[tuple[Mac, str]] = []
    disabled = 0
    async with database.read() as read:
        server = inherit(BUILT_IN, (await load_server(read)).settings)
        names = await domain_names(read) if wanted.domain is None else (wanted.domain,)
        for name in names:
            contents = await load_domain(read, name)
            for phone in contents.phones.values():
                if wanted.macs and phone.mac not in wanted.macs:
                    continue
                found = shelf.find_model(phone.model)
                if not _is_wanted(shelf, found, wanted):
                    continue
                if not phone.enabled:
                    disabled += 1
                    continue
                if found is None:
                    homeless.append((phone.mac, phone.model))
                    continue
                if wanted.most is not None and len(phones) >= wanted.most:
                    return Fleet(phones=tuple(phones), disabled=disabled, homeless=tuple(homeless))
                opened = mode is not Mode.TOKEN or is_open(phone.enrolment, at)
                virtual = _virtual(shelf, found, phone, contents, server, opened)
                phones.append(replace(virtual, closes=mode is Mode.TOKEN))
    return Fleet(phones=tuple(phones), disabled=disabled, homeless=tuple(homeless))


def _is_wanted(shelf: Shelf, found: tuple[Family, ModelRule] | None, wanted: Wanted) -> bool:
    """Whether a phone of this family and model was asked for; one that has none was, unless a
    family or model was named."""
    if wanted.family is not None and (found is None or found[0].name != wanted.family):
        return False
    return wanted.model is None or (found is not None and shelf.find_model(wanted.model) == found)


def _virtual(
    shelf: Shelf,
    found: tuple[Family, ModelRule],
    phone: Phone,
    contents: DomainContents,
    server: Settings,
    opened: bool,
) -> VirtualPhone:
    family, model = found
    site = contents.sites.get(phone.site or "")
    layers = [server, contents.domain.settings, *([site.settings] if site else []), phone.settings]
    sip_server = clean(inherit(*layers).sip_server or "")
    return VirtualPhone(
        mac=phone.mac,
        family=family,
        model=model,
        agent=user_agent(shelf, family, model, phone.mac),
        token=phone.token,
        accounts=tuple(_accounts(model, phone, contents, sip_server)),
        is_open=opened,
        address=phone.enrolment.first_address if opened else None,
    )


def _accounts(
    model: ModelRule, phone: Phone, contents: DomainContents, sip_server: str
) -> Iterator[Account]:
    """The lines as accounts, straight from the records: templates' context is not asked."""
    for line in phone.lines:
        user = contents.users.get(line.extension)
        if user is None or line.line > (model.accept_accounts or model.accounts):
            continue
        sip_user = clean(user.sip_user) or user.extension
        yield Account(
            number=line.line,
            user=sip_user,
            auth_user=clean(user.sip_auth_user) or sip_user,
            password=user.sip_password,
            server=sip_server,
        )


def made_up_inventory(shelf: Shelf, count: int, *, nasty: bool) -> Iterator[bytes]:
    """Inventory files that hold `count` phones together, of all models in turn.

    The same on every run. With `nasty`, names, labels and passwords are what attackers type.
    """
    models = [(f, m) for f in shelf.families.values() for m in f.manifest.model]
    texts = cycle(HOSTILE)
    turn = cycle(models)
    for first in range(0, count, _DOMAIN):
        chosen = list(islice(turn, min(_DOMAIN, count - first)))
        yield json.dumps(_domain(first, chosen, texts if nasty else None)).encode()


def _domain(
    first: int, chosen: Sequence[tuple[Family, ModelRule]], texts: Iterator[str] | None
) -> Mapping[str, Any]:
    number = first // _DOMAIN
    rng = random.Random(number)  # noqa: S311 - the same made-up passwords on every run
    users: list[dict[str, Any]] = []
    phones = []
    for offset, (family, model) in enumerate(chosen):
        index = first + offset
        # Each model in turn with one line, two, and so on.
        lines = 1 + (index // 7) % min(model.accounts, _MOST_LINES)
        own = [_user(rng, len(users) + n, texts) for n in range(lines)]
        users += own
        phones.append(_phone(family, model, index, own, texts))
    return {
        "domain": f"d{number}.simulated.test",
        "settings": {
            "sip_server": f"pbx{number}.simulated.test",
            "time_zone": "America/New_York",
            "voicemail_number": "*97",
            "feature_codes": {"pickup": "*8{value}"},
        },
        "users": users,
        "phones": phones,
    }


def _user(rng: random.Random, number: int, texts: Iterator[str] | None) -> dict[str, Any]:
    extension = str(1000 + number)
    first, last = ("Person", str(number)) if texts is None else (next(texts), next(texts))
    password = "".join(
        rng.choices("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=16)
    )
    user = {
        "extension": extension,
        "first_name": _typed(first),
        "last_name": _typed(last),
        "sip_password": password if texts is None else f"{password}&<>\"';,|$",
    }
    if number % 3 == 1:
        user |= {"sip_user": f"u{extension}", "sip_auth_user": f"a{extension}"}
    return user


def _phone(
    family: Family,
    model: ModelRule,
    index: int,
    users: Sequence[Mapping[str, Any]],
    texts: Iterator[str] | None,
) -> dict[str, Any]:
    prefixes = family.manifest.mac_prefixes or ("02ac3e",)
    # Sixteen apart: a device with more than one port asks with the addresses that follow.
    mac = prefixes[index % len(prefixes)][:6] + f"{(index * 16 + 16) % (1 << 24):06x}"
    return {
        "mac": mac,
        "model": f"{family.manifest.vendor} {model.name}",
        "name": f"Phone {index}" if texts is None else _typed(next(texts)),
        "lines": [
            {
                "line": line,
                "extension": user["extension"],
                **({} if texts is None else {"label": _typed(next(texts))}),
            }
            for line, user in enumerate(users, 1)
        ],
        "buttons": list(_buttons(family, model, len(users), texts)),
    }


def _buttons(
    family: Family, model: ModelRule, lines: int, texts: Iterator[str] | None
) -> Iterator[dict[str, Any]]:
    """Two keys after the lines, where the model has them and can do the kind."""
    banks = family.manifest.layouts[model.layout].banks
    keys = banks[0].keys if banks else 0
    for key, kind in zip(range(lines + 1, keys + 1), _KINDS, strict=False):
        rule = family.manifest.buttons[kind]
        blocked = rule.unavailable or kind.value in model.unavailable
        if blocked or not rule.allows(banks[0].name):
            continue
        label = "Colleague" if texts is None else _typed(next(texts))
        yield {"key": key, "kind": kind.value, "value": "1001", "label": label}


def _typed(text: str) -> str:
    """A text as a person can type it into one field."""
    return clean(text).strip()[:64] or "x"
