"""Who is told the URL by SIP multicast, what does it hold, and when is there silence?"""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from provisiond.actions.guesses import GuessWatch
from provisiond.actions.pnp_answers import PnpAnswers, PnpTerms, Seeker
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Peer, Transport
from provisiond.inventory.admission import Mode, Policy
from provisiond.inventory.errors import Refused
from provisiond.inventory.journal import RequestEntry
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Phone
from provisiond.inventory.secret import Secret
from provisiond.inventory.urls import PublicUrls
from provisiond.store.database import Database
from tests.actions.service import LOCAL, NOW, PATIENT, desk_of, furnished

KNOWN, DISABLED, NEW = (Mac(f"02ac3e00000{n}") for n in range(1, 4))
PEER = Peer(address=ip_address("10.0.0.5"), port=5059, transport=Transport.PNP)
TOKEN = "abcdefghijklmnopqrstuvwx23"
Made = Callable[..., PnpAnswers]


@pytest.fixture
def journal() -> list[RequestEntry]:
    return []


@pytest.fixture
def strangers() -> list[RequestEntry]:
    return []


@pytest.fixture
def watch() -> GuessWatch:
    return GuessWatch(PATIENT)


@pytest.fixture
async def made(
    lite: Database, shelf: Shelf, watch: GuessWatch, journal: list[RequestEntry],
    strangers: list[RequestEntry],
) -> Made:  # fmt: skip
    inventory = [
        Phone(mac=KNOWN, model="Acme D-6", token=Secret(TOKEN)),
        Phone(mac=DISABLED, model="Acme D-6", enabled=False),
    ]
    await furnished(lite, inventory)

    def answers(*, unknown: bool = False) -> PnpAnswers:
        policy = Policy(mode=Mode.TOKEN, plain_networks=LOCAL, enrol_networks=LOCAL)
        return PnpAnswers(
            terms=PnpTerms(policy=policy, unknown=unknown),
            facts=lite.facts,
            shelf=lambda: shelf,
            urls=PublicUrls(https="https://prov.example.test", http="http://prov.example.test"),
            watch=watch,
            journal=journal.append,
            stranger=strangers.append,
        )

    return answers


async def test_a_phone_of_the_inventory_is_told_a_url_without_a_secret(
    made: Made, journal: list[RequestEntry]
) -> None:
    url = await made().url_for(Seeker(mac=KNOWN), PEER, NOW)
    assert url == "https://prov.example.test/"
    [entry] = journal
    assert (entry.outcome, entry.mac, entry.transport) == ("pnp_answered", KNOWN, "pnp")
    assert TOKEN not in repr(entry)


async def test_others_hear_nothing_and_are_noted(
    made: Made, journal: list[RequestEntry], strangers: list[RequestEntry]
) -> None:
    far = replace(PEER, address=ip_address("192.0.2.1"))
    answers = made()
    assert await answers.url_for(Seeker(mac=NEW, vendor="Acme", model="D-6"), PEER, NOW) is None
    assert await answers.url_for(Seeker(mac=None, model="440"), PEER, NOW) is None
    assert await answers.url_for(Seeker(mac=DISABLED), PEER, NOW) is None
    assert await answers.url_for(Seeker(mac=KNOWN), far, NOW) is None
    assert [entry.outcome for entry in journal] == [
        "unknown_phone",
        "unknown_phone",
        "not_admitted",
        "not_admitted",
    ]
    assert [entry.mac for entry in strangers] == [NEW, None]


async def test_unknown_phones_are_told_where_that_is_set(made: Made) -> None:
    answers = made(unknown=True)
    seeker = Seeker(mac=NEW, vendor="Acme", model="D-6")
    assert await answers.url_for(seeker, PEER, NOW) == "https://prov.example.test/"
    assert await answers.url_for(Seeker(mac=DISABLED), PEER, NOW) is None


async def test_who_guesses_is_not_answered_any_more(made: Made) -> None:
    answers = made()
    for number in range(100):
        await answers.url_for(Seeker(mac=Mac(f"02ac3eff{number:04x}")), PEER, NOW)
    assert await answers.url_for(Seeker(mac=KNOWN), PEER, NOW) is None
    near = replace(PEER, address=ip_address("10.1.0.5"))
    assert await answers.url_for(Seeker(mac=KNOWN), near, NOW) is not None


async def test_a_sweep_by_multicast_is_an_alarm_of_its_own(
    made: Made, journal: list[RequestEntry], strangers: list[RequestEntry]
) -> None:
    answers = made()
    for number in range(100):
        await answers.url_for(Seeker(mac=Mac(f"02ac3eff{number:04x}")), PEER, NOW)
    alarms = [(entry.outcome, entry.transport, entry.address) for entry in journal if entry.alarm]
    assert alarms == [("sweep", "pnp", "10.0.0.5")]
    assert len(strangers) == 60, "those that are throttled are not looked up"
    assert len(journal) == 61, "and a minute's share of entries"


async def test_what_is_asked_by_multicast_mutes_no_alarm_of_the_files_doors(
    made: Made, lite: Database, shelf: Shelf, tmp_path: Path, watch: GuessWatch
) -> None:
    answers = made()
    for number in range(400):
        forged = replace(PEER, address=ip_address(f"10.0.0.{number % 200}"))
        await answers.url_for(Seeker(mac=Mac(f"02ac3eff{number:04x}")), forged, NOW)
    desk = desk_of(lite, shelf, 1, tmp_path, watch=watch)
    for transport in (Transport.HTTP, Transport.TFTP):
        guesser = replace(PEER, transport=transport)
        for number in range(400):
            with pytest.raises(Refused):
                await desk.get(f"02ac3eff{number:04x}.cfg", guesser)
    alarms = [(entry.transport, entry.detail.split()[0]) for entry in desk.journal if entry.alarm]
    assert alarms == [
        ("http", "10.0.0.5"),
        ("http", "10.0.0.0/24"),
        ("http", "everybody"),
        ("tftp", "10.0.0.5"),
        ("tftp", "everybody"),
    ]
