"""Are providers asked in their own spelling, and is their answer read, whatever they send?"""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from provisiond.inventory.emergency import Civic
from provisiond.inventory.errors import OutsideUnavailable
from provisiond.inventory.secret import Secret
from provisiond.outbound.address_check import (
    CheckAnswer,
    Dialect,
    HttpChecker,
    Verdict,
    _read,
    _text,
)
from provisiond.outbound.guarded_http import Guard
from provisiond.simulator_addresses import PATH, made_up_provider

NOW = datetime(2026, 11, 26, tzinfo=UTC)
PLACE = Civic(
    country="US",
    state="NY",
    city="New York",
    postcode="10118",
    house_number="350",
    street="Fifth Ave",
    floor="3",
)
GUARD = Guard(networks=(ip_network("127.0.0.0/8"),), seconds=2)
FOREIGN = Dialect(
    fields=(
        ("house_number", "location.streetNumber"),
        ("street", "location.streetInfo"),
        ("city", "location.city"),
        ("state", "location.state"),
        ("postcode", "location.zip"),
        ("country", "location.country"),
        ("caller_name", "subscriber"),
    ),
    constants=(("kind", "civic"),),
    verdict="data.status",
    valid=("VALIDATED",),
    corrected=("MODIFIED",),
    candidates=("AMBIGUOUS",),
    address_at="data.location",
    candidates_at="data.options",
    reasons_at="errors",
    reference_at="data.id",
    until_at="data.expires",
)


class Recorder:
    """A provider that answers what it was told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.authorization = ""
        self.status = 200
        self.body = b"{}"

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        self.authorization = request.headers.get("X-Key", "")
        return web.Response(status=self.status, body=self.body, content_type="application/json")


@pytest.fixture
async def recorder() -> AsyncIterator[tuple[Recorder, HttpChecker]]:
    one = Recorder()
    app = web.Application()
    app.router.add_post("/", one.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    checker = HttpChecker(
        name="Foreign",
        url=f"http://127.0.0.1:{runner.addresses[0][1]}/",
        guard=GUARD,
        dialect=FOREIGN,
        token=Secret("s3cret"),
        header="X-Key: {token}",
    )
    yield one, checker
    await runner.cleanup()


@pytest.fixture
async def made_up() -> AsyncIterator[HttpChecker]:
    runner = web.AppRunner(made_up_provider("key", lambda: NOW), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield HttpChecker(
        name="Made-up",
        url=f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}",
        guard=Guard(networks=GUARD.networks, seconds=0.5),
        dialect=Dialect(),
        token=Secret("key"),
    )
    await runner.cleanup()


async def test_each_kind_of_answer_is_understood(made_up: HttpChecker) -> None:
    def on(street: str) -> Civic:
        return Civic(country="US", city="New York", house_number="1", street=street, floor="2")

    valid = await made_up.check(PLACE, "")
    assert (valid.verdict, valid.places) == (Verdict.VALID, (PLACE,))
    assert valid.until == datetime(2027, 11, 26, tzinfo=UTC)
    assert valid.reference.startswith("ADR-")
    assert json.loads(valid.raw)["result"] == "valid"
    corrected = await made_up.check(on("Main Street"), "")
    assert (corrected.verdict, corrected.places) == (Verdict.CORRECTED, (on("Main St"),))
    several = await made_up.check(on("Twin Rd"), "")
    assert [place.pre_directional for place in several.places] == ["N", "S"]
    assert {place.floor for place in several.places} == {"2"}
    rejected = await made_up.check(on("Nowhere"), "")
    assert (rejected.verdict, rejected.places) == (Verdict.REJECTED, ())
    assert rejected.reasons == ("no such street in that city",)


@pytest.mark.parametrize(
    ("street", "words"), [("Outage St", "status 503; try again"), ("Silent Rd", "did not answer")]
)
async def test_no_answer_is_no_rejection(made_up: HttpChecker, street: str, words: str) -> None:
    with pytest.raises(OutsideUnavailable, match=words):
        await made_up.check(Civic(street=street), "")


async def test_a_wrong_token_is_told_as_such(made_up: HttpChecker) -> None:
    checker = HttpChecker(
        name="Made-up", url=made_up.url, guard=GUARD, dialect=Dialect(), token=Secret("no")
    )
    with pytest.raises(OutsideUnavailable, match=r"401; check emergency\.provider\.token"):
        await checker.check(PLACE, "")


async def test_a_foreign_spelling_is_written_and_read(
    recorder: tuple[Recorder, HttpChecker],
) -> None:
    provider, checker = recorder
    provider.body = json.dumps(
        {
            "data": {
                "status": "modified",
                "id": 4711,
                "expires": "2027-01-31",
                "location": {"streetNumber": "350", "streetInfo": "5th Ave", "zip": "10118-0110"},
            }
        }
    ).encode()
    answer = await checker.check(PLACE, "Example Inc")
    [asked] = provider.asked
    assert asked == {
        "location": {
            "streetNumber": "350",
            "streetInfo": "Fifth Ave",
            "city": "New York",
            "state": "NY",
            "zip": "10118",
            "country": "US",
        },
        "subscriber": "Example Inc",
        "kind": "civic",
    }
    assert provider.authorization == "s3cret"
    [place] = answer.places
    assert (place.street, place.postcode, place.floor) == ("5th Ave", "10118-0110", "3")
    assert (answer.verdict, answer.reference) == (Verdict.CORRECTED, "4711")
    assert answer.until == datetime(2027, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_a_refusal_is_a_rejection_with_its_reasons(
    recorder: tuple[Recorder, HttpChecker], status: int
) -> None:
    provider, checker = recorder
    provider.status = status
    provider.body = b'{"errors": [{"detail": "unknown street"}, "and\\nmore"], "data": 7}'
    answer = await checker.check(PLACE, "")
    assert answer.verdict is Verdict.REJECTED
    assert answer.reasons == ("unknown street", "and more")


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, b"<html>", "no JSON object"),
        (200, b"[]", "no JSON object"),
        (200, b"\xff\xfe", "no JSON object"),
        (200, b"[" * 50_000, "no JSON object"),
        (200, b"{}", "no verdict"),
        (200, b'{"data": {"status": " "}}', "no verdict"),
        (400, b'{"detail": "no such field"}', "status 400 and no reason"),
        (404, b"<html>", "status 404 and no reason"),
        (422, b'{"errors": []}', "status 422 and no reason"),
        (302, b"{}", "redirects"),
        (500, b"{}", "try again later"),
    ],
)
async def test_what_is_no_answer_is_told_so(
    recorder: tuple[Recorder, HttpChecker], status: int, body: bytes, words: str
) -> None:
    provider, checker = recorder
    provider.status, provider.body = status, body
    with pytest.raises(OutsideUnavailable, match=words):
        await checker.check(PLACE, "")


@pytest.mark.parametrize(
    ("written", "until"),
    [
        ("2026-12-31", datetime(2026, 12, 31, tzinfo=UTC)),
        ("20261231", datetime(2026, 12, 31, tzinfo=UTC)),
        ("2026-12-31T23:00:00-05:00", datetime(2027, 1, 1, 4, tzinfo=UTC)),
        (1767225600, datetime(2026, 1, 1, tzinfo=UTC)),
        ("1767225600", datetime(2026, 1, 1, tzinfo=UTC)),
        (None, None),
        (" ", None),
    ],
)
def test_the_end_of_validity_is_read_in_each_usual_form(
    written: object, until: datetime | None
) -> None:
    tree = {"result": "valid", "until": written}
    assert _read(Dialect(), tree, PLACE, "", is_rejection=False).until == until


@pytest.mark.parametrize(
    "written",
    ["12/31/2026", "2026-13-01", "soon", 0, 1767225600000, True, [], {}, float("nan"), 1e300],
)
def test_an_end_of_validity_that_cannot_be_read_is_no_answer(written: object) -> None:
    tree = {"result": "valid", "until": written}
    with pytest.raises(OutsideUnavailable, match=r"check emergency\.provider\.until_at"):
        _read(Dialect(), tree, PLACE, "", is_rejection=False)
    rejected = _read(Dialect(), tree | {"result": "unknown"}, PLACE, "", is_rejection=False)
    assert rejected.verdict is Verdict.REJECTED


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(
        st.sampled_from(["result", "address", "candidates", "reasons", "until", "street", "city"]),
        below,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(tree=st.dictionaries(
    st.sampled_from(["result", "address", "candidates", "reasons", "reference", "until"]), TREES
))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_whatever_is_sent_only_a_word_of_the_provider_makes_it_valid(tree: dict[str, Any]) -> None:
    try:
        answer: CheckAnswer = _read(Dialect(), tree, PLACE, "", is_rejection=False)
    except OutsideUnavailable:
        assert tree.get("until") is not None or not _text(tree.get("result"))
        return
    said = str(tree.get("result")).lower()
    if answer.verdict in (Verdict.VALID, Verdict.CORRECTED):
        assert said.split() in (["valid"], ["corrected"])
    assert bool(answer.places) is (answer.verdict is not Verdict.REJECTED)
    for place in answer.places:
        assert place.street.isprintable()
        assert len(place.street) <= 512
