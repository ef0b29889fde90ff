"""Do the files of every shipped family hold exactly what was recorded, whatever people type?

200,000 hostile phones a family on all cores (`--examples N`, `--families A,B`, `--seed S`). Each
is made from its number and the seed alone, so that a failure can be looked at again:
`--only 17 --families acme/desk` makes the 17th.
"""

import argparse
import functools
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from random import Random

from provisiond.catalog.family import Family
from tests.catalog.hostile import FAMILIES, attack, broken, random_texts, shipped

CHUNK = 250
SHOWN = 5


@functools.cache
def loaded(name: str) -> Family:
    return shipped(name)


def faults(name: str, seed: int, number: int) -> list[str]:
    """What is wrong with the hostile phone of this number."""
    family = loaded(name)
    dice = Random(f"{seed}/{name}/{number}")
    texts = random_texts(dice, count=dice.randrange(1, 12))
    return list(broken(family, attack(family, texts, dice)))


def run(name: str, seed: int, numbers: range) -> list[tuple[int, str]]:
    """All faults of a chunk, with the number of the phone."""
    return [(number, fault) for number in numbers for fault in faults(name, seed, number)]


def soak(name: str, seed: int, examples: int, pool: ProcessPoolExecutor) -> int:
    """Run one family; says how many phones were wrong."""
    began = time.monotonic()
    chunks = [range(at, min(at + CHUNK, examples)) for at in range(0, examples, CHUNK)]
    wrong: dict[int, str] = {}
    for found in pool.map(run, [name] * len(chunks), [seed] * len(chunks), chunks):
        for number, fault in found:
            if number not in wrong and len(wrong) < SHOWN:
                print(f"{name} --seed {seed} --only {number}: {fault}", flush=True)
            wrong.setdefault(number, fault)
    seconds = time.monotonic() - began
    print(f"{name}: {examples} hostile phones, {len(wrong)} wrong, {seconds:.0f} s", flush=True)
    return len(wrong)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=200_000)
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", type=int)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    asked = parser.parse_args()
    names = [name for name in asked.families.split(",") if name]
    if asked.only is not None:
        found = [fault for name in names for fault in faults(name, asked.seed, asked.only)]
        print(*found, sep="\n")
        return 1 if found else 0
    with ProcessPoolExecutor(asked.workers) as pool:
        wrong = sum(soak(name, asked.seed, asked.examples, pool) for name in names)
    return 1 if wrong or not names else 0


if __name__ == "__main__":
    sys.exit(main())
