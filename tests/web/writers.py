"""Who changes things through the API until it dies, and what must hold afterwards?

Each change bears a mark of its own, which then stands in the record and in the journal of changes.
Writers remember what they asked for and what was acknowledged. After a crash `settle` asks again,
with the same Idempotency-Key, for what nobody knows of; `examine` then holds every record, and the
journal, against what was promised.
"""

import asyncio
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import aiohttp

from provisiond.actions.api_tokens import MakeToken, make_token
from provisiond.actions.emergency_checks import (
    AcceptAddress,
    AddressDesk,
    ValidateAddress,
    accept_address,
    validate_address,
)
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Role
from provisiond.inventory.emergency import Terms
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN, DOMAIN, INVENTORY, load
from tests.web.offices import FRONT

BASE = f"/api/v1/domains/{DOMAIN}"
MARK = re.compile(r"mark-\d+-\d+")
MOST_STANDING = 12  # records of a writer, so that lists stay short
PATIENCE = aiohttp.ClientTimeout(total=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What writers need: the header of a token, and a validation whose place was accepted."""

    headers: dict[str, str]
    validation: int


async def let_in(db: Database, shelf: Shelf) -> Pass:
    """A domain to write into, and a pass for it."""
    await load(db, shelf, INVENTORY)
    at = datetime.now(UTC)
    command = MakeToken(label="writers", role=Role.MANAGER, domain=DOMAIN)
    made = await make_token(db, ADMIN, command, at)
    desk = AddressDesk(terms=Terms())
    found = await validate_address(db, desk, ADMIN, ValidateAddress(domain=DOMAIN, civic=FRONT), at)
    await accept_address(db, desk, ADMIN, AcceptAddress(domain=DOMAIN, id=found.id), at)
    headers = {"Authorization": f"Bearer {made.text.reveal()}"}
    return Pass(headers=headers, validation=found.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun:
    """A kind of record: where it is, which field is its key and which bears the mark."""

    path: str
    key: str
    shows: str
    new_key: Callable[[int, int], str]
    body: Callable[[str, int], dict[str, Any]]
    edit: Callable[[str], dict[str, Any]]


def _button(mark: str) -> list[dict[str, Any]]:
    return [{"key": 3, "kind": "blf", "value": "103", "label": mark}]


NOUNS = (
    Noun(
        path="numbers",
        key="number",
        shows="notes",
        new_key=lambda writer, count: f"+1{212 + writer}555{count:04}",
        body=lambda mark, _: {
            "notes": mark,
            "default": {"treatment": "user", "destination": "101"},
        },
        edit=lambda mark: {"notes": mark},
    ),
    Noun(
        path="users",
        key="extension",
        shows="first_name",
        new_key=lambda writer, count: f"{2 + writer}{count:05}",
        body=lambda mark, _: {"first_name": mark},
        edit=lambda mark: {"first_name": mark},
    ),
    Noun(
        path="phones",
        key="mac",
        shows="name",
        new_key=lambda writer, count: f"02ac3e{writer + 1:02x}{count:04x}",
        body=lambda mark, _: {
            "model": "Acme D-6",
            "name": mark,
            "lines": [{"line": 1, "extension": "101", "shared": True}],
            "buttons": _button(mark),
        },
        edit=lambda mark: {"name": mark, "buttons": _button(mark)},
    ),
    Noun(
        path="emergency-addresses",
        key="name",
        shows="caller_name",
        new_key=lambda writer, count: f"Place {writer} {count}",
        body=lambda mark, validation: {"caller_name": mark, "validation": validation},
        edit=lambda mark: {"caller_name": mark},
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One request that changes something. `mark` stands in the record afterwards; of a deletion it
    is the one that stood."""

    method: str
    noun: Noun
    key: str
    mark: str
    headers: dict[str, str]
    body: dict[str, Any] | None = None

    @property
    def path(self) -> str:
        """Where it is asked for."""
        return f"{BASE}/{self.noun.path}" + ("" if self.method == "POST" else f"/{self.key}")

    @property
    def told(self) -> tuple[str, str]:
        """As what the journal has it."""
        return ("delete" if self.method == "DELETE" else "save", self.mark)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    etag: str
    replayed: bool
    text: str

    @property
    def code(self) -> str:
        """Of a problem, what it is called."""
        return str(json.loads(self.text).get("code", "")) if self.text.startswith("{") else ""


@dataclass(slots=True)
class Writer:
    """One program: one connection, one change after the other."""

    number: int
    dice: Random
    access: Pass
    standing: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    doubt: Change | None = None
    last: tuple[Change, Answer] | None = None
    made: int = 0

    def think(self) -> Change:
        """The next change: anything new, or anything to a record that stands."""
        self.made += 1
        mark = f"mark-{self.number}-{self.made}"
        headers = {**self.access.headers, "Idempotency-Key": mark}
        wish = self.dice.choice(("POST", "POST", "PATCH", "PATCH", "DELETE"))
        if len(self.standing) >= MOST_STANDING:
            wish = self.dice.choice(("PATCH", "DELETE"))
        if wish == "POST" or not self.standing:
            noun = self.dice.choice(NOUNS)
            key = noun.new_key(self.number, self.made)
            body = {noun.key: key, **noun.body(mark, self.access.validation)}
            return Change(method="POST", noun=noun, key=key, mark=mark, headers=headers, body=body)
        (path, key), (stood, etag) = self.dice.choice(sorted(self.standing.items()))
        noun = next(noun for noun in NOUNS if noun.path == path)
        headers["If-Match"] = etag
        if wish == "DELETE":
            return Change(method="DELETE", noun=noun, key=key, mark=stood, headers=headers)
        return Change(
            method="PATCH", noun=noun, key=key, mark=mark, headers=headers, body=noun.edit(mark)
        )

    def note(self, change: Change, etag: str) -> None:
        """The change is made."""
        place = (change.noun.path, change.key)
        if change.method == "DELETE":
            del self.standing[place]
        else:
            self.standing[place] = (change.mark, etag)
        self.doubt = None


@dataclass(slots=True)
class Crew:
    """Several writers at once. `promised` is what the journal must have, each once; `acknowledged`
    counts answers, `doubtful` what was not answered, `was_made` what of that stood already."""

    writers: list[Writer]
    promised: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    acknowledged: int = 0
    doubtful: int = 0
    was_made: int = 0
    touched: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, count: int, seed: int, access: Pass) -> "Crew":
        """So many writers, whose wishes come of the seed."""
        return cls([Writer(n, Random(f"writer {seed}/{n}"), access) for n in range(count)])

    async def work(self, url: str, changes: int | None = None) -> None:
        """Change things, each writer until it gets no answer or has asked so often."""
        await asyncio.gather(*(self._work(writer, url, changes) for writer in self.writers))

    async def _work(self, writer: Writer, url: str, changes: int | None) -> None:
        connector = aiohttp.TCPConnector(limit=1)
        async with aiohttp.ClientSession(url, connector=connector, timeout=PATIENCE) as session:
            asked = 0
            while changes is None or asked < changes:
                asked += 1
                change = writer.doubt = writer.think()
                try:
                    answer = await _ask(session, change)
                except (aiohttp.ClientError, TimeoutError):
                    return
                if answer.status >= 500:
                    return
                if answer.status >= 300:
                    self.faults.append(f"{change.method} {change.path}: {answer}")
                    writer.doubt = None
                    return
                self.acknowledged += 1
                self._note(writer, change, answer.etag)
                writer.last = (change, answer)

    async def settle(self, url: str) -> None:
        """See that what was acknowledged stands; then ask again for what is in doubt, and once
        more for what was acknowledged last."""
        async with self._session(url) as session:
            doubtful = {(w.doubt.noun.path, w.doubt.key) for w in self.writers if w.doubt}
            await self._compare(session, doubtful)
            for writer in self.writers:
                if writer.last is not None:
                    await self._ask_for_the_last(session, *writer.last)
                if writer.doubt is not None:
                    self.doubtful += 1
                    await self._ask_again(session, writer, writer.doubt)

    async def _ask_for_the_last(
        self, session: aiohttp.ClientSession, change: Change, before: Answer
    ) -> None:
        answer = await _ask(session, change)
        if (answer.status, answer.etag, answer.text, answer.replayed) != (
            *(before.status, before.etag, before.text),
            True,
        ):
            self.faults.append(f"{change.method} {change.path} was {before}, is {answer}")

    async def _ask_again(
        self, session: aiohttp.ClientSession, writer: Writer, change: Change
    ) -> None:
        answer = await _ask(session, change)
        is_lost = answer.status == 409 and answer.code == "answer_lost"
        if answer.status >= 300 and not is_lost:
            self.faults.append(f"{change.method} {change.path} asked again: {answer}")
            writer.doubt = None
            return
        self.was_made += is_lost or answer.replayed
        etag = answer.etag
        if is_lost:
            async with session.get(f"{BASE}/{change.noun.path}/{change.key}") as shown:
                etag = shown.headers.get("ETag", "")
        self._note(writer, change, etag)

    def _note(self, writer: Writer, change: Change, etag: str) -> None:
        writer.note(change, etag)
        self.promised[change.told] += 1
        if change.noun.path == "phones":
            self.touched.add(change.key)

    async def examine(self, url: str, journal: Sequence[tuple[str, str, str]]) -> None:
        """Hold the records, and these entries of the journal, against what was promised since
        the last time: (action, before, after)."""
        async with self._session(url) as session:
            found = await self._compare(session, set())
            for key in sorted(self.touched):
                if ("phones", key) in found:
                    self.faults += await _torn(session, key, found["phones", key])
        told = _told(journal)
        for what in sorted(self.promised.keys() | told.keys()):
            if self.promised[what] != told[what]:
                self.faults.append(
                    f"{what}: {self.promised[what]} promised, {told[what]} in the journal"
                )
        self.promised.clear()
        self.touched.clear()

    def _session(self, url: str) -> aiohttp.ClientSession:
        headers = self.writers[0].access.headers
        return aiohttp.ClientSession(url, headers=headers, timeout=PATIENCE)

    async def _compare(
        self, session: aiohttp.ClientSession, doubtful: set[tuple[str, str]]
    ) -> dict[tuple[str, str], str]:
        """Hold every record but the doubtful ones against what was promised; those found."""
        standing = {k: v[0] for writer in self.writers for k, v in writer.standing.items()}
        found = {k: v for noun in NOUNS for k, v in (await _listed(session, noun)).items()}
        for place in sorted((standing.keys() | found.keys()) - doubtful):
            if standing.get(place) != found.get(place):
                promised = standing.get(place)
                self.faults.append(f"{place}: promised {promised}, found {found.get(place)}")
        return found


async def _ask(session: aiohttp.ClientSession, change: Change) -> Answer:
    async with session.request(
        change.method, change.path, json=change.body, headers=change.headers
    ) as answer:
        return Answer(
            status=answer.status,
            etag=answer.headers.get("ETag", ""),
            replayed="Idempotency-Replayed" in answer.headers,
            text=await answer.text(),
        )


async def _listed(session: aiohttp.ClientSession, noun: Noun) -> dict[tuple[str, str], str]:
    """The marks of a noun's records, by place."""
    async with session.get(f"{BASE}/{noun.path}?limit=1000") as answer:
        rows = (await answer.json())["items"]
    return {
        (noun.path, row[noun.key].replace(":", "")): row[noun.shows]
        for row in rows
        if MARK.fullmatch(row[noun.shows])
    }


async def _torn(session: aiohttp.ClientSession, mac: str, mark: str) -> list[str]:
    """What of a phone is not of its mark: it is several rows of several tables."""
    async with session.get(f"{BASE}/phones/{mac}") as answer:
        phone = await answer.json()
    parts = (
        [line["extension"] for line in phone["lines"]],
        [button["label"] for button in phone["buttons"]],
    )
    return [] if parts == (["101"], [mark]) else [f"phone {mac} of {mark} is half done: {parts}"]


def _told(journal: Sequence[tuple[str, str, str]]) -> Counter[tuple[str, str]]:
    told: Counter[tuple[str, str]] = Counter()
    for action, before, after in journal:
        is_deletion = action.startswith("delete ")
        for mark in set(MARK.findall(before if is_deletion else after)):
            told["delete" if is_deletion else "save", mark] += 1
    return told


def read_journal(store: Path, after: int = 0) -> tuple[list[tuple[str, str, str]], int]:
    """The entries of an embedded store behind that number, and the last one's."""
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "SELECT id, action, before, after FROM change_journal WHERE id > ? ORDER BY id",
            (after,),
        ).fetchall()
        faults = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
    assert faults == ["ok"], faults
    return [(row[1], row[2], row[3]) for row in rows], rows[-1][0] if rows else after
