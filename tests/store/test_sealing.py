"""Can the secrets at rest be read with the key alone, each in its own place alone?"""

import base64
import stat
from pathlib import Path

import pytest

from provisiond.inventory.errors import StoreUnusable
from provisiond.inventory.secret import Secret
from provisiond.store import journal
from provisiond.store.database import Database
from provisiond.store.sealing import SecretKey, token_hash
from tests.store.inventory import MAC, filled

WHERE = "user_account/1/2/sip_password"


def test_a_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    made = SecretKey.generate(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sealed = made.seal(Secret("CANARY"), WHERE)
    assert SecretKey.load(path).open(sealed, WHERE) == Secret("CANARY")
    with pytest.raises(StoreUnusable, match="never overwritten"):
        SecretKey.generate(path)


def test_what_is_wrong_with_a_key_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    with pytest.raises(StoreUnusable, match="provisiond init"):
        SecretKey.load(path)
    with pytest.raises(StoreUnusable, match="cannot be read"):
        SecretKey.load(tmp_path)
    path.write_bytes(base64.b64encode(b"x" * 32))
    path.chmod(0o604)
    with pytest.raises(StoreUnusable, match="chmod 600"):
        SecretKey.load(path)
    path.chmod(0o600)
    SecretKey.load(path)
    for bad in (b"", b"not base64!", base64.b64encode(b"short")):
        path.write_bytes(bad)
        with pytest.raises(StoreUnusable, match="damaged"):
            SecretKey.load(path)


def test_a_sealed_secret_opens_in_its_own_place_alone() -> None:
    key = SecretKey.throwaway()
    sealed = key.seal(Secret("CANARY"), WHERE)
    assert b"CANARY" not in sealed
    with pytest.raises(StoreUnusable, match="another row"):
        key.open(sealed, "user_account/1/3/sip_password")
    with pytest.raises(StoreUnusable, match="damaged"):
        key.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), WHERE)
    with pytest.raises(StoreUnusable, match="damaged"):
        key.open(b"", WHERE)
    with pytest.raises(StoreUnusable, match="another key"):
        SecretKey.throwaway().open(sealed, WHERE)


def test_the_same_secret_never_looks_the_same() -> None:
    key = SecretKey.throwaway()
    assert key.seal(Secret("a"), WHERE) != key.seal(Secret("a"), WHERE)


def test_a_key_never_shows_itself() -> None:
    assert repr(SecretKey(b"K" * 32)) == repr(SecretKey(b"K" * 32))
    assert "4b4b4b" not in repr(SecretKey(b"K" * 32))


def test_derived_keys_differ_by_purpose() -> None:
    key = SecretKey.throwaway()
    assert key.derive("etag") == key.derive("etag") != key.derive("nonce")


def test_tokens_are_hashed_in_lower_case() -> None:
    assert token_hash("ABC") == token_hash("abc") != token_hash("abd")


async def test_no_secret_lies_in_the_files_of_a_store(sqlite_store: str, key: SecretKey) -> None:
    database = await Database.open(sqlite_store, key)
    await filled(database)
    path = Path(sqlite_store.removeprefix("sqlite:///"))
    kept = b"".join(p.read_bytes() for p in path.parent.glob(path.name + "*"))
    await database.close()
    assert b"Alice" in kept
    assert b"CANARY" not in kept
    assert b"abcdefghijklmnopqrstuvwxyz" not in kept


async def test_a_secret_moved_to_another_row_is_refused(db: Database) -> None:
    await filled(db)
    async with db.write() as write:
        await write.connection.exec_driver_sql(
            "UPDATE user_account SET sip_password = (SELECT sip_password FROM user_account "
            "WHERE extension = '102') WHERE extension = '101'"
        )
    with pytest.raises(StoreUnusable, match="moved there"):
        await db.facts.for_mac(MAC)
    async with db.read() as read:
        assert await journal.latest_requests(read, None) == ()
