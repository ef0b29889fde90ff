"""Somebody asks for 100,000 MACs of one vendor, 1,000 of them known: what is given away?

In token and password mode with every enrolment closed: nothing. With 25 open: those, and one alarm
each when the phones themselves come. Meanwhile 500 phones behind the same address boot, again and
again, and are all served. `--guesses N`, `--known N`, `--open N`.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

from provisiond.actions.guesses import GuessLimits
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.admission import Mode, opened
from provisiond.inventory.errors import Refused
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.inventory.secret import new_token
from provisiond.store.database import Database
from provisiond.store.sealing import SecretKey
from tests.actions.inventory import MODELS
from tests.actions.service import CANARY, GUESSER, NOW, Desk, desk_of, furnished

BESIDE = 500
LINE = (PhoneLine(line=1, extension="101"),)


def phone(mac: str, *, is_open: bool) -> Phone:
    enrolment = opened(NOW if is_open else NOW - timedelta(days=9))
    return Phone(mac=Mac(mac), model="Acme D-6", lines=LINE, token=new_token(), enrolment=enrolment)


async def guess(desk: Desk, count: int) -> int:
    """Ask for all of them; how many gave the secret away."""
    found = 0
    for number in range(count):
        try:
            found += CANARY in (await desk.get(f"02ac3e{number:06x}.cfg")).body
        except Refused:
            continue
    return found


async def boot_beside(desk: Desk, phones: Sequence[Phone], until: asyncio.Task[int]) -> int:
    """Boot the phones behind the guesser's address until it is done; how many times."""
    boots = 0
    while not until.done():
        for one in phones:
            token = one.token.reveal()
            assert CANARY in (await desk.get(f"p/{token}/{one.mac.text}.cfg")).body
            boots += 1
            await asyncio.sleep(0)
    return boots


async def run(mode: Mode, guesses: int, known: int, open_: int, folder: Path) -> list[str]:
    """One run; what is wrong."""
    key, url = SecretKey.throwaway(), f"sqlite:///{folder / f'{mode.value}-{open_}.db'}"
    await Database.create(url, key)
    database = await Database.open(url, key)
    try:
        macs = random.Random(guesses).sample(range(guesses), known)
        guessed = [
            phone(f"02ac3e{number:06x}", is_open=place < open_) for place, number in enumerate(macs)
        ]
        beside = [phone(f"02ac3f{number:06x}", is_open=False) for number in range(BESIDE)]
        domain_id = await furnished(database, [*guessed, *beside])
        shelf = await asyncio.to_thread(Shelf.load, [MODELS])
        desk = desk_of(database, shelf, domain_id, folder, mode=mode, limits=GuessLimits(pause=0.0))
        guesser = asyncio.create_task(guess(desk, guesses))
        boots = 0
        if mode is Mode.TOKEN:
            boots = await boot_beside(desk, beside, guesser)
        found = await guesser
        for number, one in enumerate(guessed[:open_]):
            peer = replace(GUESSER, address=ip_address(f"10.9.{number >> 8}.{number & 255}"))
            try:
                await desk.get(f"{one.mac.text}.cfg", peer)
            except Refused:
                continue
        held = desk.alarms.count("enrolment_held")
        print(
            f"{mode.value}, {open_} open: {guesses} guesses, {found} secrets, {held} held, "
            f"{desk.alarms.count('sweep')} sweeps told, {boots} boots beside",
            flush=True,
        )
        right = (found, held) == (open_, open_)
        return [] if right else [f"{mode.value}: {found} secrets and {held} alarms, not {open_}"]
    finally:
        await database.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--guesses", type=int, default=100_000)
    parser.add_argument("--known", type=int, default=1_000)
    parser.add_argument("--open", type=int, default=25)
    asked = parser.parse_args()
    wrong: list[str] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for mode, open_ in ((Mode.TOKEN, 0), (Mode.PASSWORD, 0), (Mode.TOKEN, asked.open)):
            wrong += asyncio.run(run(mode, asked.guesses, asked.known, open_, Path(folder)))
    print(*wrong, sep="\n")
    print(f"guessing: {len(wrong)} runs wrong, {time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
