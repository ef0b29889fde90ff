"""Somebody asks for 100,000 MACs of one vendor, 1,000 of them known: what is given away?

Over real HTTP, with the throttling that is shipped, so many questions at once as refusals can be
held back. In token and password mode with every enrolment closed: nothing. With 25 open: those,
and one alarm each when the phones themselves come, although the guesser follows the token in what
it gets and so closes their enrolments. In open mode: what is known, as it says. All the while 500
phones behind the guesser's address boot, again and again, and are all served.
`--guesses N`, `--known N`, `--open N`.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
from tests.actions.guessing import Guesser, boot_all, listening
from tests.actions.inventory import MODELS
from tests.actions.service import GUESSER, NOW, Desk, desk_of, furnished

BESIDE = 500
LINE = (PhoneLine(line=1, extension="101"),)


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many MACs are guessed, how many of them known, and how many of those enrol."""

    guesses: int
    known: int
    open: int


def phone(mac: str, *, is_open: bool) -> Phone:
    enrolment = opened(NOW if is_open else NOW - timedelta(days=9))
    return Phone(mac=Mac(mac), model="Acme D-6", lines=LINE, token=new_token(), enrolment=enrolment)


async def guess(desk: Desk, guesser: Guesser, beside: Sequence[Phone], mode: Mode) -> int:
    """Guess, and boot the phones beside until that is done; how many boots were served."""
    guessing = asyncio.create_task(guesser.run())
    guesser.enough.set()  # every MAC once
    boots = 0
    while not guessing.done():
        served = await boot_all(guesser.base, beside, logs_in=mode is Mode.PASSWORD)
        if served != len(beside):
            raise AssertionError(f"{len(beside) - served} phones beside were not served")
        boots += served
    await guessing
    return boots


async def run(mode: Mode, size: Size, folder: Path) -> list[str]:
    """One run; what is wrong."""
    key, url = SecretKey.throwaway(), f"sqlite:///{folder / f'{mode.value}-{size.open}.db'}"
    await Database.create(url, key)
    database = await Database.open(url, key)
    try:
        numbers = random.Random(size.guesses).sample(range(size.guesses), size.known)
        guessed = [
            phone(f"02ac3e{number:06x}", is_open=place < size.open)
            for place, number in enumerate(numbers)
        ]
        beside = [phone(f"02ac3f{number:06x}", is_open=False) for number in range(BESIDE)]
        domain_id = await furnished(database, [*guessed, *beside])
        shelf = await asyncio.to_thread(Shelf.load, [MODELS])
        desk = desk_of(database, shelf, domain_id, folder, mode=mode, limits=GuessLimits())
        began = time.monotonic()
        async with listening(desk) as base:
            guesser = Guesser(base, [Mac(f"02ac3e{n:06x}") for n in range(size.guesses)])
            boots = await guess(desk, guesser, beside, mode)
        await come(desk, guessed[: size.open])
        return told(mode, size, desk, guesser, boots, time.monotonic() - began)
    finally:
        await database.close()


async def come(desk: Desk, phones: Sequence[Phone]) -> None:
    """The phones whose enrolment is open come themselves, each from its own address."""
    for number, one in enumerate(phones):
        peer = replace(GUESSER, address=ip_address(f"10.9.{number >> 8}.{number & 255}"))
        try:
            await desk.get(f"{one.mac.text}.cfg", peer)
        except Refused:
            continue


def told(
    mode: Mode, size: Size, desk: Desk, guesser: Guesser, boots: int, seconds: float
) -> list[str]:
    """Say what came of a run; what is wrong with it."""
    found, held = len(guesser.secrets), desk.alarms.count("enrolment_held")
    sweeps = desk.alarms.count("sweep")
    print(
        f"{mode.value}, {size.open} open: {guesser.asked} guesses in {seconds:.0f} s, {found} "
        f"secrets, {held} held, {sweeps} sweeps told, {boots} boots beside",
        flush=True,
    )
    wanted = (size.known, 0) if mode is Mode.OPEN else (size.open, size.open)
    wrong = []
    if (found, held) != wanted:
        wrong.append(f"{mode.value}: {found} secrets and {held} alarms, not {wanted}")
    if guesser.asked != size.guesses or sweeps != 3 or not boots:
        wrong.append(f"{mode.value}: {guesser.asked} guesses, {sweeps} sweeps, {boots} boots")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--guesses", type=int, default=100_000)
    parser.add_argument("--known", type=int, default=1_000)
    parser.add_argument("--open", type=int, default=25)
    asked = parser.parse_args()
    closed = Size(guesses=asked.guesses, known=asked.known, open=0)
    some = replace(closed, open=asked.open)
    runs = ((Mode.TOKEN, closed), (Mode.PASSWORD, closed), (Mode.OPEN, closed), (Mode.TOKEN, some))
    wrong: list[str] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for mode, size in runs:
            wrong += asyncio.run(run(mode, size, Path(folder)))
    print(*wrong, sep="\n")
    print(f"guessing: {len(wrong)} runs wrong, {time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
