"""The cache: fresh while its epochs hold, bounded in bytes, and deaf to scans."""

import random
from dataclasses import dataclass, field, replace

from provisiond.actions.answers import Answer, AnswerCache, Stamp, declared
from provisiond.inventory.errors import UnknownPhone


@dataclass
class FixedEpochs:
    catalog: int = 1
    server: int = 1
    world: int = 1
    domains: dict[int, int] = field(default_factory=lambda: {7: 1})

    def domain(self, domain_id: int) -> int:
        return self.domains[domain_id]


STAMP = Stamp(catalog=1, server=1, year=2026, domain_id=7, domain=1)


def answer(body: bytes = b"x", query_names: tuple[str, ...] = ()) -> Answer:
    return Answer(
        stamp=STAMP,
        file="mac",
        shown="",
        body=body,
        size=len(body),
        etag=f'"{hash(body)}"',
        domain_id=7,
        phone_id=3,
        query_names=query_names,
    )


def test_an_answer_is_fresh_until_its_domain_server_catalogue_or_year_moves() -> None:
    epochs = FixedEpochs(domains={7: 1, 8: 1})
    cache = AnswerCache(1 << 20)
    cache.put("a.cfg", (), answer())
    assert cache.get("a.cfg", (), epochs, 2026) is not None
    epochs.domains[8] = 2
    epochs.world = 2
    assert cache.get("a.cfg", (), epochs, 2026) is not None
    for moved in (FixedEpochs(domains={7: 2}), FixedEpochs(server=2), FixedEpochs(catalog=2)):
        cache.put("a.cfg", (), answer())
        assert cache.get("a.cfg", (), moved, 2026) is None
    cache.put("a.cfg", (), answer())
    assert cache.get("a.cfg", (), epochs, 2027) is None


def test_the_bound_is_in_bytes_and_the_least_recently_used_go() -> None:
    epochs = FixedEpochs()
    cache = AnswerCache(10 * 2000)
    for number in range(12):
        cache.put(f"{number}.cfg", (), answer(random.randbytes(1300)))
        cache.get("0.cfg", (), epochs, 2026)
    assert cache.held_bytes <= 20_000
    assert cache.get("0.cfg", (), epochs, 2026) is not None
    assert cache.get("1.cfg", (), epochs, 2026) is None
    assert cache.evicted == 12 - len(cache)
    cache.put("huge.cfg", (), answer(random.randbytes(30_000)))
    assert cache.get("huge.cfg", (), epochs, 2026) is None
    assert len(cache) > 0


def test_replacing_an_answer_counts_its_bytes_once() -> None:
    cache = AnswerCache(1 << 20)
    cache.put("a.cfg", (), answer(random.randbytes(1000)))
    before = cache.held_bytes
    cache.put("a.cfg", (), answer(random.randbytes(1000)))
    assert abs(cache.held_bytes - before) < 20


def test_a_fleets_files_are_kept_small_and_come_back_whole() -> None:
    body = b"".join(b"linekey.%d.type = 16\n" % key for key in range(500))
    cache = AnswerCache(1 << 20)
    cache.put("a.cfg", (), answer(body))
    assert cache.held_bytes < len(body) / 2
    kept = cache.get("a.cfg", (), FixedEpochs(), 2026)
    assert kept is not None
    assert (cache.body(kept), kept.size) == (body, len(body))


def test_only_declared_query_parameters_make_another_answer() -> None:
    epochs = FixedEpochs()
    cache = AnswerCache(1 << 20)
    query = (("n", "103"), ("junk", "1"))
    cache.put("d.xml", (), answer(b"all", query_names=("n",)))
    cache.put("d.xml", query, answer(b"one", query_names=("n",)))
    one = cache.get("d.xml", (("junk", "2"), ("n", "103")), epochs, 2026)
    everything = cache.get("d.xml", (("junk", "3"),), epochs, 2026)
    assert one is not None
    assert cache.body(one) == b"one"
    assert everything is not None
    assert cache.body(everything) == b"all"
    cache.put("a.cfg", (("x", "1"),), answer(b"plain"))
    assert cache.get("a.cfg", (("x", "2"),), epochs, 2026) is not None
    assert declared((("n", "1"), ("n", "2"), ("n", "")), ("n",)) == (("n", "1"),)


def test_bodies_at_hand_stay_within_the_bound() -> None:
    cache = AnswerCache(100_000)
    for number in range(20):
        body = random.randbytes(5000)
        assert cache.body(answer(body)) == body
        cache.put(f"{number}.cfg", (), answer(body))
        assert cache.held_bytes <= 100_000


def test_unknown_phones_are_remembered_until_anything_changes_and_push_out_nobody() -> None:
    epochs = FixedEpochs()
    cache = AnswerCache(20_000)
    cache.put("known.cfg", (), answer())
    unknown = Answer(
        stamp=Stamp(catalog=0, server=0, year=0, world=1),
        file="mac",
        shown="",
        refusal=lambda: UnknownPhone("x"),
    )
    for number in range(10_000):
        cache.put(f"{number:012x}.cfg", (), replace(unknown))
    assert cache.get("known.cfg", (), epochs, 2026) is not None
    assert cache.get(f"{9_999:012x}.cfg", (), epochs, 2026) is not None
    assert cache.get(f"{0:012x}.cfg", (), epochs, 2026) is None
    epochs.world = 2
    assert cache.get(f"{9_999:012x}.cfg", (), epochs, 2026) is None


def test_bodies_of_one_kind_are_kept_by_their_differences() -> None:
    cache = AnswerCache(1 << 20)
    common = random.randbytes(4000)
    for number in range(10):
        body = common + bytes([number])
        cache.put(f"{number}.cfg", (), replace(answer(body), kind="acme/desk/D-1/config"))
    assert cache.held_bytes < 4000 + 10 * 1200
    for number in range(10):
        kept = cache.get(f"{number}.cfg", (), FixedEpochs(), 2026)
        assert kept is not None
        assert cache.body(kept) == common + bytes([number])


def test_a_pattern_outlives_the_answer_that_it_was_taken_from() -> None:
    cache = AnswerCache(8000)
    first, second = (random.randbytes(3000) for _ in range(2))
    for name, body in (("a.cfg", first), ("b.cfg", second), ("a.cfg", second)):
        cache.put(name, (), replace(answer(body), kind="acme/desk/D-1/config"))
    kept = cache.get("a.cfg", (), FixedEpochs(), 2026)
    assert kept is not None
    assert cache.body(kept) == second
