"""Tokens open what they say, for as long as they say, and are told once."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from provisiond.actions.api_tokens import (
    MakeToken,
    known_token,
    list_tokens,
    make_token,
    revoke_token,
)
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor, Role
from provisiond.inventory.errors import NotAllowed, NotFound, Rejected, RejectedAll
from provisiond.inventory.lists import TokenQuery
from provisiond.inventory.secret import Secret
from provisiond.store.database import Database
from provisiond.store.domains import delete_domain, get_domain
from tests.actions.inventory import ADMIN, DOMAIN, MANAGER, NOW, load

DAY = timedelta(days=1)


async def test_a_token_is_known_until_it_ends_or_is_revoked(db: Database, shelf: Shelf) -> None:
    await load(db, shelf)
    command = MakeToken(label="billing", role=Role.MANAGER, domain=DOMAIN, read_only=True, days=30)
    made = await make_token(db, ADMIN, command, NOW)
    token = await known_token(db, made.text, NOW + DAY)
    assert token is not None
    assert token.actor() == Actor(
        kind="api",
        name=f"billing ({made.token.token_id})",
        role=Role.MANAGER,
        domain=DOMAIN,
        read_only=True,
    )
    assert (await list_tokens(db, ADMIN, TokenQuery())).rows[0].used_at == NOW + DAY
    assert await known_token(db, made.text, NOW + 30 * DAY) is None
    await revoke_token(db, ADMIN, made.token.token_id, NOW + DAY)
    assert await known_token(db, made.text, NOW + DAY) is None
    with pytest.raises(NotFound):
        await revoke_token(db, ADMIN, "nonesuch", NOW)


async def test_a_token_of_a_domain_goes_with_it(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    made = await make_token(
        lite, ADMIN, MakeToken(label="x", role=Role.TECH, domain=DOMAIN, days=None), NOW
    )
    assert await known_token(lite, made.text, NOW + 9999 * DAY) is not None
    async with lite.write() as write:
        await delete_domain(write, (await get_domain(write, DOMAIN))[0])
    assert await known_token(lite, made.text, NOW) is None


async def test_a_tokens_text_is_kept_nowhere(lite: Database) -> None:
    made = await make_token(lite, ADMIN, MakeToken(label="x", role=Role.ADMIN), NOW)
    async with lite.read() as read:
        kept = repr(await read.rows(sa.text("SELECT * FROM api_token")))
        kept += repr(await read.rows(sa.text("SELECT * FROM change_journal")))
    assert made.token.token_id in kept
    assert made.text.reveal().rpartition("_")[2] not in kept
    assert made.text.reveal() not in repr(made)


@pytest.mark.parametrize("text", ["", "pvd_", "x" * 5000, "pvd_aaaaaaaa_" + "A" * 43, "\udcff"])
async def test_what_is_no_token_opens_nothing(lite: Database, text: str) -> None:
    assert await known_token(lite, Secret(text), NOW) is None


async def test_every_fault_of_a_token_is_told(lite: Database) -> None:
    with pytest.raises(RejectedAll) as caught:
        await make_token(lite, ADMIN, MakeToken(label="", role=Role.USER, days=0), NOW)
    assert [f.where for f in caught.value.findings] == ["label", "domain", "role", "days"]
    with pytest.raises(Rejected, match="there is no domain"):
        await make_token(
            lite, ADMIN, MakeToken(label="x", role=Role.TECH, domain="no.example.test"), NOW
        )


async def test_only_admins_keep_tokens(lite: Database) -> None:
    for work in (
        list_tokens(lite, MANAGER, TokenQuery()),
        make_token(lite, MANAGER, MakeToken(label="x", role=Role.ADMIN), NOW),
        revoke_token(lite, MANAGER, "x", NOW),
    ):
        with pytest.raises(NotAllowed):
            await work
