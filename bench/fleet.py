#!/usr/bin/env python3
"""A fleet for the load generators, before or beside any inventory.

fleet.py macs N [--vendor yealink|…|mix] > macs.txt
fleet.py seq  N [--vendor …]             > seq.txt    a phone a line: the files it asks for
fleet.py tree N DIR [--vendor …]         their files, 13 kB each, and DIR/../macs.txt

Seeded: the same N gives the same MACs on every run and machine. Sequences are a first
approximation for servers that have no manifests; provisiond's own come from its [[boot]] tables.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

# IEEE MA-L registry
OUI = {
    "yealink": ("805ec0", "001565", "249ad8"),
    "poly": ("0004f2", "64167f", "482567"),
    "cisco": ("00082f", "1cdea7", "00eeab"),
    "grandstream": ("000b82", "c074ad", "ec74d7"),
    "snom": ("000413",),
    "fanvil": ("0c383e",),
}
MIX = ("yealink",) * 4 + ("poly",) * 2 + ("cisco", "grandstream", "snom", "fanvil")

# In the order asked; {mac} lower case, {MAC} upper. name: 200, name=404, name=any: either.
SEQUENCE = {
    "yealink": ("{mac}.boot=any", "y000000000000.boot=any", "y000000000108.cfg=any", "{mac}.cfg"),
    "poly": (
        "{mac}.cfg=any",
        "000000000000.cfg",
        "{mac}-directory.xml=any",
        "{mac}-license.cfg=any",
    ),
    "cisco": ("8851-3PCC.xml", "{mac}.xml"),
    "grandstream": ("cfg{mac}=404", "cfg{mac}.xml"),
    "snom": ("snomD785.htm=any", "snomD785-{MAC}.htm"),
    "fanvil": ("{mac}.cfg",),
}
LINES = 283


def macs(n: int, vendor: str = "yealink") -> list[str]:
    """N different MACs, 12 lower-case hex digits each."""
    rnd = random.Random(20240601)
    found: dict[str, None] = {}
    while len(found) < n:
        prefix = rnd.choice(OUI[rnd.choice(MIX) if vendor == "mix" else vendor])
        found[prefix + f"{rnd.randrange(1 << 24):06x}"] = None
    return list(found)


def sequence(mac: str) -> list[str]:
    """What this phone asks for at boot, with the statuses expected."""
    vendor = next(vendor for vendor, ouis in OUI.items() if mac[:6] in ouis)
    return [name.format(mac=mac, MAC=mac.upper()) for name in SEQUENCE[vendor]]


def configuration(mac: str) -> str:
    """A file of the size that a phone with two lines and 27 keys gets."""
    lines = [f"account.{n}.some.setting.of.this.phone = value {n} {mac}" for n in range(LINES)]
    return "#!version:1.0.0.1\n" + "\n".join(lines)[:13_000] + "\n"


def write_tree(fleet: list[str], folder: Path) -> None:
    """Every file of every sequence that is not expected to be missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for mac in fleet:
        for step in [*sequence(mac), f"{mac}.cfg"]:
            name, _, expected = step.partition("=")
            path = folder / name
            if expected != "404" and not path.exists():
                path.write_text(configuration(mac))
    (folder.parent / "macs.txt").write_text("\n".join(fleet) + "\n")


def main() -> None:
    """Read the command line and print or write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["macs", "seq", "tree"])
    parser.add_argument("n", type=int, nargs="?", default=10_000)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--vendor", choices=[*OUI, "mix"])
    given = parser.parse_args()
    if given.what == "macs":
        print("\n".join(macs(given.n, given.vendor or "yealink")))
    elif given.what == "seq":
        print("\n".join(" ".join(sequence(m)) for m in macs(given.n, given.vendor or "mix")))
    elif given.folder is None:
        parser.error("tree needs a folder")
    else:
        write_tree(macs(given.n, given.vendor or "yealink"), given.folder)


if __name__ == "__main__":
    main()
