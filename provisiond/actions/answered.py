"""Was this asked and answered already? A program that repeats a question gets the same answer."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from provisiond.actions.desk import Desk
from provisiond.inventory.errors import Conflict, Rejected, StoreUnavailable
from provisiond.inventory.secret import Secret
from provisiond.store.answered import (
    CHANGED,
    KeptAnswer,
    add_question,
    drop_open_questions,
    drop_question,
    has_open_questions,
    keep_stored,
)
from provisiond.store.database import Database
from provisiond.store.location import SqliteFile

KEPT_HOURS = 24
_STUCK_AFTER = timedelta(minutes=1)  # whoever took it up is dead by then, or commits nothing
_MOST_BYTES = 256 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question that is to be answered once: whose, under which key of theirs, and what."""

    actor: str
    key: str
    asked: str
    content: bytes = b""

    @property
    def place(self) -> bytes:
        """Under what it is kept."""
        return hashlib.sha256(f"{self.actor}\0{self.key}".encode()).digest()

    @property
    def print(self) -> bytes:
        """What tells it from another question under the same key."""
        return hashlib.sha256(self.asked.encode("utf-8", "replace") + b"\0" + self.content).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer as it was given; `is_lost`: the change was made, and whoever made it died before
    its answer was kept."""

    status: int
    is_lost: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Secret = Secret("")


async def answered_before(desk: Desk, question: Question, at: datetime) -> Answered | None:
    """The answer that was given, or None, and then the question is ours to answer.

    Raises Conflict while it is being answered, Rejected where the key was used for another one.
    """
    async with desk.db.append() as write:
        kept = await add_question(
            write,
            question.place,
            question.print,
            actor=question.actor,
            at=at,
            since=at - timedelta(hours=KEPT_HOURS),
            stuck_since=at - _STUCK_AFTER,
        )
    if kept is None:
        return None
    if kept.print != question.print:
        raise Rejected("Idempotency-Key", "it was used for another request.", "Use a new key.")
    if kept.status is None:
        raise Conflict("the same request is being answered; ask again in a moment.")
    if kept.status == CHANGED:
        return Answered(status=kept.status, is_lost=True)
    return Answered(status=kept.status, headers=json.loads(kept.headers), body=kept.body)


def desk_answering(desk: Desk, question: Question) -> Desk:
    """The desk to answer the question at: what it commits first says that the change is made."""
    return replace(desk, db=desk.db.answering(question.place))


async def forget_open_questions(db: Database) -> None:
    """Let questions be asked anew whose answerer died: at the start of the one process that
    answers. A store that several serve forgets them by time."""
    if not isinstance(db.location, SqliteFile):
        return
    with suppress(StoreUnavailable):  # a full disk must not keep phones from being served
        async with db.read() as read:
            found = await has_open_questions(read)
        if found:
            async with db.append() as write:
                await drop_open_questions(write)


async def keep_answer(
    desk: Desk, question: Question, status: int, headers: Mapping[str, str], body: str
) -> None:
    """Keep an answer for whoever asks again; one that is very long is not kept, and whoever asks
    again learns that the change is made."""
    if len(body) > _MOST_BYTES:
        await let_go(desk, question)
        return
    answer = KeptAnswer(
        print=question.print, status=status, headers=json.dumps(dict(headers)), body=Secret(body)
    )
    async with desk.db.append() as write:
        await keep_stored(write, question.place, answer)


async def let_go(desk: Desk, question: Question) -> None:
    """Whoever asks again is to be answered anew, unless something was changed."""
    async with desk.db.append() as write:
        await drop_question(write, question.place)
