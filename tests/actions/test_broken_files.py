"""Whatever bytes come as an inventory file, the answer is findings in words, never a crash."""

import copy
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from provisiond.actions.import_check import check_plan
from provisiond.actions.import_check_numbers import Owners
from provisiond.actions.import_plan import plan_domain
from provisiond.actions.import_server import plan_server
from provisiond.actions.import_walk import Mode, Terms
from provisiond.actions.inventory_file import Source, read_inventory
from provisiond.actions.inventory_state import DomainContents, ServerContents
from provisiond.actions.phone_csv import read_phone_csv
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.domains import Domain, Settings
from provisiond.inventory.errors import Finding, RejectedAll
from provisiond.inventory.look_ahead import LookAhead
from tests.actions.inventory import ADMIN, INVENTORY, NOW

ROUNDS = 400
JUNK: list[Any] = [
    None, True, -1, 0, 10**30, 1.5, "", " ", "x" * 5000, "\ud800", "\0", "a\nb", [], {}, [[]],
    {"": ""}, [None], "***", "=1+1", "1.5E+11", "😀", {"a": {"b": {"c": []}}}, "company", "HQ",
]  # fmt: skip
TABLE = (
    "mac,model,name,site,line,extension,display_name,sip_password,label,layout,notes\r\n"
    "02:ac:3e:00:00:01,Acme D-6,Front,HQ,1,101,Alice Example,pw,Alice,reception,x\r\n"
    '02:ac:3e:00:00:01,,,,2,0102,,,"a ""b""",,\r\n'
)


def findings_of(read: Callable[[], Source], shelf: Shelf) -> tuple[Finding, ...]:
    """What an import into an empty store would find."""
    try:
        source = read()
    except RejectedAll as refused:
        return refused.findings
    is_table = source.is_table
    terms = Terms(mode=Mode.UPDATE, actor=ADMIN, at=NOW, enrolment_hours=1, is_table=is_table)
    faults = list(plan_server(source.entry.server, ServerContents(), shelf, terms).faults)
    for entry, root in zip(source.entry.domains, source.roots, strict=True):
        before = DomainContents(domain=Domain(name=entry.domain))
        plan = plan_domain(entry, root, before, shelf, terms)
        faults += check_plan(
            plan, shelf, server=Settings(), owners=Owners(), actor=ADMIN, ahead=LookAhead(NOW)
        )
    return source.findings(faults)


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree)
        if isinstance(tree, list)
        else ()
    )
    return [path, *(place for key, each in list(below) for place in places(each, (*path, key)))]


def spoiled(dice: random.Random) -> Any:
    """The inventory with a few of its parts replaced, removed, doubled or renamed."""
    tree: Any = copy.deepcopy(INVENTORY)
    if dice.random() < 0.2:
        tree = {"server": {"settings": {"sip_port": 1}}, "domains": [tree, {"domain": "b.test"}]}
    for _ in range(dice.randint(1, 4)):
        path = dice.choice(places(tree))
        if not path:
            continue
        parent = tree
        for part in path[:-1]:
            parent = parent[part]
        last = path[-1]
        what = dice.randrange(4)
        if what == 0:
            parent[last] = copy.deepcopy(dice.choice(JUNK))
        elif what == 1:
            del parent[last]
        elif isinstance(parent, list):
            parent.append(copy.deepcopy(parent[last]))
        elif what == 2:
            parent[f"{last}x"] = parent.pop(last)
        else:
            parent[last] = [parent[last]]
    return tree


@pytest.mark.parametrize("seed", range(4))
def test_spoiled_inventories_give_findings_with_places(seed: int, shelf: Shelf) -> None:
    dice = random.Random(seed)
    for _ in range(ROUNDS):
        content = json.dumps(spoiled(dice), indent=1).encode()
        for finding in findings_of(lambda content=content: read_inventory(content), shelf):  # type: ignore[misc]
            assert finding.message
            assert finding.where
            assert finding.line is not None
            assert str(finding).isprintable()


def test_spoiled_yaml_gives_the_same_findings_as_json(shelf: Shelf) -> None:
    """Where they differ is what JSON can say and YAML's texts cannot: numbers and booleans."""
    dice = random.Random(5)
    for _ in range(ROUNDS // 4):
        tree = spoiled(dice)
        if "\\ud800" in json.dumps(tree):
            continue
        as_yaml = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True).encode()
        said = findings_of(lambda content=as_yaml: read_inventory(content, "x.yaml"), shelf)  # type: ignore[misc]
        assert all(finding.message for finding in said)


@pytest.mark.parametrize("kind", ["json", "yaml", "csv"])
def test_flipped_cut_and_shuffled_bytes_give_findings(kind: str, shelf: Shelf) -> None:
    dice = random.Random(kind)
    whole = {
        "json": json.dumps(INVENTORY, indent=1).encode(),
        "yaml": yaml.safe_dump(INVENTORY).encode(),
        "csv": TABLE.encode(),
    }[kind]
    for _ in range(ROUNDS):
        content = bytearray(whole)
        for _ in range(dice.randint(1, 5)):
            at = dice.randrange(len(content))
            what = dice.randrange(4)
            if what == 0:
                content[at] = dice.randrange(256)
            elif what == 1:
                del content[at : at + dice.randint(1, 40)]
            elif what == 2:
                content[at:at] = content[: dice.randint(1, 40)]
            else:
                del content[at:]
            content = content or bytearray(b" ")
        final = bytes(content)
        if kind == "csv":
            read = lambda final=final: read_phone_csv(final, "pbx.example.test")  # noqa: E731
        else:
            read = lambda final=final: read_inventory(final, f"x.{kind}")  # noqa: E731
        for finding in findings_of(read, shelf):
            assert finding.message
            assert finding.where
