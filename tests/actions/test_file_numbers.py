"""A file that counts its versions: its number rises with its content, and with nothing else."""

from dataclasses import replace

from provisiond.actions.file_messages import FileReply
from provisiond.actions.file_numbers import FileNumbers
from provisiond.inventory.errors import NotAdmitted
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import PhoneLine
from provisiond.store import phones
from provisiond.store.served_files import raise_number, served_number
from tests.actions.test_serve_file import MAC, PEER, TOKEN, House, house

__all__ = ["house"]

FILE = f"p/{TOKEN}/{MAC}-v.cfg"


def number(reply: FileReply) -> int:
    return int(reply.body.split(b"\n")[0].removeprefix(b"version = "))


async def relabel(house: House, label: str) -> None:
    await house.rename(MAC, lines=(PhoneLine(line=1, extension="101", label=label),))


async def test_the_number_rises_by_one_when_the_rest_differs(house: House) -> None:
    first = await house.get(FILE)
    assert number(first) == 1
    await relabel(house, "Bob")
    second = await house.get(FILE)
    assert number(second) == 2
    assert second.etag != first.etag
    await relabel(house, "Alice")
    assert number(await house.get(FILE)) == 3


async def test_a_change_that_leaves_the_file_as_it_was_leaves_its_number_and_etag(
    house: House,
) -> None:
    await relabel(house, "Bob")
    before = await house.get(FILE)
    await house.rename(MAC, notes="repaired")
    after = await house.get(FILE)
    assert (after.body, after.etag) == (before.body, before.etag)


async def test_the_number_outlives_the_cache(house: House) -> None:
    await house.get(FILE)
    await relabel(house, "Bob")
    before = await house.get(FILE)
    await house.rename("02ac3e000002", notes="moves the domain's epoch")
    assert (await house.get(FILE)).body == before.body
    assert house.cache.misses == 3


async def test_a_cached_answer_asks_for_no_number(house: House) -> None:
    first = await house.get(FILE)
    await house.book.flush()
    await house.database.close()
    assert (await house.get(FILE)).body == first.body


async def test_counting_makes_no_answer_stale(house: House) -> None:
    epochs = (house.database.epochs.domain(house.domain_id), house.database.epochs.world)
    await house.get(FILE)
    await relabel(house, "Bob")
    moved = house.database.epochs.domain(house.domain_id)
    await house.get(FILE)
    assert epochs[0] < moved == house.database.epochs.domain(house.domain_id)


async def test_a_probe_and_a_refused_asker_raise_nothing(house: House) -> None:
    await house.get(FILE)
    await relabel(house, "Bob")
    await house.get(FILE, probe=True)
    outside = replace(PEER, address=type(PEER.address)("192.0.2.1"))
    assert isinstance(await house.refused(FILE, peer=outside), NotAdmitted)
    async with house.database.read() as read:
        [phone_id] = (await _ids(house)).values()
        known = await served_number(read, house.domain_id, phone_id, "counted")
    assert known is not None
    assert known[0] == 1


async def test_two_nodes_that_saw_the_same_content_agree(house: House) -> None:
    [phone_id] = (await _ids(house)).values()
    numbers = FileNumbers(house.database)
    for content, expected in (("a", 1), ("a", 1), ("b", 2), ("b", 2), ("a", 3)):
        got = await numbers.number(house.domain_id, phone_id, "counted", content)
        async with house.database.write() as write:
            again = await raise_number(write, house.domain_id, phone_id, "counted", content)
        assert (got, again) == (expected, expected)
    assert await numbers.current(house.domain_id, phone_id, "counted") == 3


async def test_the_number_goes_with_its_phone(house: House) -> None:
    await house.get(FILE)
    [phone_id] = (await _ids(house)).values()
    async with house.database.write() as write:
        stored = await phones.get_phone(write, house.domain_id, Mac(MAC))
        await phones.delete_phone(write, house.domain_id, Mac(MAC), revision=stored.revision)
    async with house.database.read() as read:
        assert await served_number(read, house.domain_id, phone_id, "counted") is None


async def _ids(house: House) -> dict[Mac, int]:
    async with house.database.read() as read:
        return await phones.phone_ids(read, house.domain_id, [Mac(MAC)])
