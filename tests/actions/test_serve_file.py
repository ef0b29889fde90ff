"""The one call behind every door: identity, cache, admission, journal; on a real store."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from provisiond.actions.answers import AnswerCache
from provisiond.actions.enrolment import EnrolmentBook, EnrolmentChange
from provisiond.actions.enrolment_store import StoredEnrolments
from provisiond.actions.file_messages import FileReply, FileRequest
from provisiond.actions.file_numbers import FileNumbers
from provisiond.actions.probe import Probe
from provisiond.actions.resolve_file import FileSources
from provisiond.actions.serve_file import FileService, Verbs
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Peer, Transport
from provisiond.inventory.admission import Mode, Policy, opened
from provisiond.inventory.domains import Domain, Settings
from provisiond.inventory.errors import (
    AbsentFile,
    NotAdmitted,
    Refused,
    StoreUnavailable,
    TemplateFault,
    UnknownFile,
    UnknownPhone,
)
from provisiond.inventory.journal import RequestEntry
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.inventory.secret import Secret
from provisiond.inventory.urls import PublicUrls
from provisiond.store import domains, phones, users
from provisiond.store.database import Database
from provisiond.store.sealing import SecretKey

MODELS = Path(__file__).parent.parent / "models"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOKEN = "abcdefghijklmnopqrstuvwx23"
MAC = "02ac3e000001"
LOCAL = frozenset({ip_network("10.0.0.0/8")})
PEER = Peer(address=ip_address("10.0.0.1"), port=1, transport=Transport.HTTP)


@dataclass
class House:
    """A store with one enrolled phone and one that is not, and the service over it."""

    database: Database
    service: FileService
    book: EnrolmentBook
    sources: FileSources
    assets: Path
    cache: AnswerCache
    domain_id: int
    journal: list[RequestEntry] = field(default_factory=list)
    denied: list[RequestEntry] = field(default_factory=list)

    async def get(self, name: str, **more: object) -> FileReply:
        request = FileRequest(name=name, peer=PEER, at=NOW)
        return await self.service.serve_file(replace(request, **more))  # type: ignore[arg-type]

    async def refused(self, name: str, **more: object) -> Refused:
        with pytest.raises(Refused) as fault:
            await self.get(name, **more)
        return fault.value

    async def rename(self, mac: str, **changes: object) -> None:
        async with self.database.write() as write:
            record = await phones.get_phone(write, self.domain_id, Mac(mac))
            changed = replace(record, **changes)  # type: ignore[arg-type]
            await phones.update_phone(write, self.domain_id, Mac(mac), changed)

    @property
    def outcomes(self) -> list[str]:
        return [entry.outcome for entry in self.journal]


@pytest.fixture
async def house(
    store_url: str, key: SecretKey, shelf: Shelf, tmp_path: Path
) -> AsyncIterator[House]:
    database = await Database.open(store_url, key)
    async with database.write() as write:
        domain_id = await domains.insert_domain(
            write, Domain(name="pbx.example.test", settings=Settings(sip_server="pbx.example.test"))
        )
        await users.insert_users(
            write,
            domain_id,
            [User(extension="101", first_name="Alice", sip_password=Secret("s3cret"))],
        )
        line = (PhoneLine(line=1, extension="101", label="Alice"),)
        first = Phone(
            mac=Mac(MAC),
            model="Acme D-6",
            lines=line,
            token=Secret(TOKEN),
            enrolment=opened(NOW - timedelta(hours=1)),
        )
        second = Phone(mac=Mac("02ac3e000002"), model="Acme D-6", lines=line)
        await phones.insert_phones(write, domain_id, [first, second])
    journal: list[RequestEntry] = []
    denied: list[RequestEntry] = []
    book = EnrolmentBook(StoredEnrolments(database), database.epochs.enrolment)
    sources = FileSources(
        facts=database.facts,
        numbers=FileNumbers(database),
        epochs=database.epochs,
        shelf=lambda: shelf,
        urls=PublicUrls(http="http://prov.example.test/"),
        book=book,
        etag_key=b"k" * 32,
    )
    cache = AnswerCache(1 << 20)
    service = FileService(
        sources=sources,
        policy=Policy(mode=Mode.TOKEN, plain_networks=tuple(LOCAL), enrol_networks=tuple(LOCAL)),
        cache=cache,
        assets=tmp_path / "assets",
        verbs=Verbs(journal=journal.append, denied=denied.append),
    )
    (tmp_path / "assets" / "fw").mkdir(parents=True)
    (tmp_path / "assets" / "fw" / "1.rom").write_bytes(b"firmware")
    yield House(
        database, service, book, sources, tmp_path / "assets", cache, domain_id, journal, denied
    )
    await database.close()


async def test_an_open_enrolment_serves_the_file_with_the_tokened_url(house: House) -> None:
    reply = await house.get(f"{MAC}.cfg")
    assert b"account.1.password = s3cret" in reply.body
    assert f"http://prov.example.test/p/{TOKEN}/".encode() in reply.body
    assert reply.headers == (("Cache-Control", "no-store"),)
    [entry] = house.journal
    assert (entry.outcome, entry.mac, entry.proves) == ("served", Mac(MAC), True)
    assert entry.body_hash == reply.etag


async def test_the_token_closes_it_in_the_store_too(house: House) -> None:
    assert (await house.get(f"p/{TOKEN}/{MAC}.cfg")).body
    assert isinstance(await house.refused(f"{MAC}.cfg"), NotAdmitted)
    await house.book.flush()
    async with house.database.read() as read:
        stored = await phones.get_phone(read, house.domain_id, Mac(MAC))
    assert stored.enrolment.closed_at == NOW
    assert isinstance(await house.refused(f"{MAC}.cfg"), NotAdmitted)
    assert (await house.get(f"p/{TOKEN.upper()}/{MAC}.cfg")).body


async def test_every_refusal_is_journaled_under_its_true_name(
    house: House,
) -> None:
    assert isinstance(await house.refused("02ac3e000002.cfg"), NotAdmitted)
    assert isinstance(await house.refused("02ac3e000099.cfg"), UnknownPhone)
    assert isinstance(await house.refused("02ac3e000099.boot"), UnknownPhone)
    assert isinstance(await house.refused("x.cfg"), UnknownFile)
    assert isinstance(await house.refused(f"p/{'z' * 26}/{MAC}.cfg"), UnknownPhone)
    assert isinstance(await house.refused(f"{MAC}.boot"), AbsentFile)
    assert house.outcomes == [
        "not_admitted",
        "unknown_phone",
        "unknown_phone",
        "unknown_file",
        "unknown_phone",
        "absent_file",
    ]
    assert [entry.outcome for entry in house.denied] == house.outcomes[:-1]


async def test_a_second_address_holds_the_enrolment_with_an_alarm(house: House) -> None:
    await house.get(f"{MAC}.cfg")
    other = replace(PEER, address=ip_address("10.0.0.2"))
    assert isinstance(await house.refused(f"{MAC}.cfg", peer=other), NotAdmitted)
    assert isinstance(await house.refused(f"{MAC}.cfg"), NotAdmitted)
    assert [entry.outcome for entry in house.journal if entry.alarm] == ["enrolment_held"]
    await house.book.flush()
    async with house.database.read() as read:
        stored = await phones.get_phone(read, house.domain_id, Mac(MAC))
    assert stored.enrolment.held_reason is not None
    assert "10.0.0.2" in stored.enrolment.held_reason


@pytest.mark.parametrize(
    ("agent", "serves"),
    [
        ("Acme D6 1.2 02:ac:3e:00:00:01", True),
        ("Acme D6 9.9 02:ac:3e:00:00:01", True),
        ("Acme D2 1.2 02:ac:3e:00:00:01", False),
        ("Acme D6 1.2 02:ac:3e:00:00:99", False),
        (None, True),
        ("curl/8", True),
    ],
)
async def test_another_model_or_mac_in_the_user_agent_is_refused(
    house: House, agent: str | None, serves: bool
) -> None:
    first = replace(PEER, user_agent="Acme D6 1.2 02:ac:3e:00:00:01")
    await house.get(f"{MAC}.cfg", peer=first)
    second = replace(PEER, user_agent=agent)
    if serves:
        assert (await house.get(f"{MAC}.cfg", peer=second)).body
    else:
        assert isinstance(await house.refused(f"{MAC}.cfg", peer=second), NotAdmitted)


@pytest.mark.parametrize(
    ("first", "is_told"),
    [
        ("curl/8.5.0", True),
        ("Acme D2 1.2", True),
        ("Mozilla/4.0 (compatible; acme loader 7)", False),
        ("Acme D6 1.1 02:ac:3e:00:00:01", False),
        (None, False),
    ],
)
async def test_the_phone_is_told_of_where_what_came_aboard_was_no_device_of_its_model(
    house: House, first: str | None, is_told: bool
) -> None:
    """Also behind the same address: it holds the phone's secrets, and the phone asks in vain."""
    early = replace(PEER, user_agent=first)
    for name in (f"{MAC}.cfg", f"p/{TOKEN}/{MAC}.cfg"):
        assert (await house.get(name, peer=early)).body
    phone = replace(PEER, user_agent="Acme D6 1.2 02:ac:3e:00:00:01")
    assert isinstance(await house.refused(f"{MAC}.cfg", peer=phone), NotAdmitted)
    told = [entry.outcome for entry in house.journal if entry.alarm]
    assert told == ["enrolment_held"] * is_told


async def test_token_and_mac_of_two_phones_are_refused(house: House) -> None:
    fault = await house.refused(f"p/{TOKEN}/02ac3e000002.cfg")
    assert isinstance(fault, NotAdmitted)
    assert house.outcomes == ["not_admitted"]
    assert TOKEN not in house.journal[0].name


async def test_secrets_do_not_go_plain_to_other_networks(house: House) -> None:
    outside = replace(PEER, address=ip_address("192.0.2.1"))
    assert isinstance(await house.refused(f"p/{TOKEN}/{MAC}.cfg", peer=outside), NotAdmitted)
    tls = replace(outside, transport=Transport.HTTPS)
    assert (await house.get(f"p/{TOKEN}/{MAC}.cfg", peer=tls)).body


async def test_a_change_is_in_the_very_next_answer_and_others_keep_bytes_and_etag(
    house: House,
) -> None:
    async with house.database.write() as write:
        from provisiond.store import enrolment

        ids = await phones.phone_ids(write, house.domain_id, [Mac("02ac3e000002")])
        await enrolment.open_enrolment(
            write, house.domain_id, ids[Mac("02ac3e000002")], opened(NOW)
        )
    before = await house.get(f"{MAC}.cfg")
    other = await house.get("02ac3e000002.cfg")
    await house.rename(MAC, lines=(PhoneLine(line=1, extension="101", label="Carol"),))
    after = await house.get(f"{MAC}.cfg")
    assert b"account.1.label = Carol" in after.body
    assert after.etag != before.etag
    again = await house.get("02ac3e000002.cfg")
    assert (again.body, again.etag) == (other.body, other.etag)


async def test_a_known_answer_needs_no_store_and_journaling_invalidates_nothing(
    house: House,
) -> None:
    first = await house.get(f"{MAC}.cfg")
    await house.book.flush()
    await house.get(f"{MAC}.cfg")
    await house.database.close()
    assert (await house.get(f"{MAC}.cfg")).body == first.body
    with pytest.raises((StoreUnavailable, Refused)):
        await house.get("02ac3e000002.cfg")


async def test_a_change_by_another_process_is_seen_after_one_tick(
    house: House, store_url: str, key: SecretKey
) -> None:
    await house.get(f"{MAC}.cfg")
    other = await Database.open(store_url, key)
    try:
        async with other.write() as write:
            record = await phones.get_phone(write, house.domain_id, Mac(MAC))
            line = (PhoneLine(line=1, extension="101", label="Dora"),)
            await phones.update_phone(write, house.domain_id, Mac(MAC), replace(record, lines=line))
    finally:
        await other.close()
    await house.database.epochs.poll(house.database)
    assert b"account.1.label = Dora" in (await house.get(f"{MAC}.cfg")).body


async def test_both_doors_share_an_answer_and_another_asker_finds_it_rendered(
    house: House,
) -> None:
    await house.get(f"/{MAC}.cfg")
    await house.book.flush()
    await house.get(f"{MAC}.cfg")
    await house.database.close()
    assert (await house.get(f"//{MAC}.cfg")).body


async def test_an_unknown_phone_is_known_once_it_is_added(house: House) -> None:
    assert isinstance(await house.refused("02ac3e000003.cfg"), UnknownPhone)
    async with house.database.write() as write:
        phone = Phone(mac=Mac("02ac3e000003"), model="Acme D-2", enrolment=opened(NOW))
        await phones.insert_phones(write, house.domain_id, [phone])
    assert (await house.get("02ac3e000003.cfg")).body


async def test_a_disabled_phone_and_a_deleted_one_get_nothing(house: House) -> None:
    await house.get(f"p/{TOKEN}/{MAC}.cfg")
    await house.rename(MAC, enabled=False)
    assert isinstance(await house.refused(f"p/{TOKEN}/{MAC}.cfg"), NotAdmitted)
    async with house.database.write() as write:
        record = await phones.get_phone(write, house.domain_id, Mac(MAC))
        await phones.delete_phone(write, house.domain_id, Mac(MAC), revision=record.revision)
    assert isinstance(await house.refused(f"p/{TOKEN}/{MAC}.cfg"), UnknownPhone)


async def test_a_family_file_holds_nothing_of_a_tenant(house: House) -> None:
    reply = await house.get("acme06.cfg")
    assert reply.body == b"provision.first = http://prov.example.test/\n"
    assert house.journal[0].domain_id is None


async def test_only_a_declared_query_narrows_and_such_an_answer_proves_nothing(
    house: House,
) -> None:
    whole = await house.get(f"p/{TOKEN}/directory.xml")
    one = await house.get(f"p/{TOKEN}/directory.xml", query=(("n", "101"), ("x", "1")))
    none = await house.get(f"p/{TOKEN}/directory.xml", query=(("n", "999"),))
    assert b"101" in whole.body
    assert b"101" in one.body
    assert b"<Entry>" not in none.body
    assert not any(entry.proves for entry in house.journal)


async def test_uploads_of_listed_names_are_405_and_of_others_unknown(house: House) -> None:
    reply = await house.get(f"{MAC}-log.txt", method="PUT")
    assert reply.allow == ("GET", "HEAD")
    assert (await house.get(f"{MAC}.cfg", method="POST")).allow == ("GET", "HEAD")
    assert isinstance(await house.refused("x.txt", method="PUT"), UnknownFile)
    assert house.outcomes[:2] == ["upload_refused", "upload_refused"]


async def test_assets_are_sent_from_their_folder_and_from_nowhere_else(house: House) -> None:
    reply = await house.get("assets/fw/1.rom")
    assert reply.asset is not None
    assert reply.size == 8
    (house.assets / "link").symlink_to("/etc/passwd")
    for name in ("assets/link", "assets/fw", "assets/none", "assets/..%2f..", "assets/../x"):
        assert isinstance(await house.refused(name), UnknownFile)
    assert isinstance(await house.refused(f"p/{'z' * 26}/assets/fw/1.rom"), UnknownPhone)


async def test_a_model_that_no_family_has_is_our_fault_and_says_so(house: House) -> None:
    await house.rename(MAC, model="Acme D-99")
    with pytest.raises(TemplateFault, match="families list"):
        await house.get(f"p/{TOKEN}/{MAC}.cfg")
    assert house.outcomes == ["template_fault"]


async def test_a_probe_renders_and_leaves_no_trace(house: House) -> None:
    probe = Probe(serve=house.service.serve_file, sources=house.sources, database=house.database)
    await probe.ask(NOW)
    await house.book.flush()
    async with house.database.read() as read:
        stored = await phones.get_phone(read, house.domain_id, Mac(MAC))
    assert stored.enrolment.closed_at is None
    assert house.journal == []
    await house.rename(MAC, model="Acme D-99")
    await probe.ask(NOW)
    assert house.journal == [], "one phone at fault is no reason to call the server unfit"


async def test_an_empty_inventory_is_probed_with_a_made_up_phone(house: House) -> None:
    async with house.database.write() as write:
        await domains.delete_domain(write, house.domain_id)
    probe = Probe(serve=house.service.serve_file, sources=house.sources, database=house.database)
    await probe.ask(NOW)


async def test_an_unadmitted_phone_learns_nothing_of_a_faulty_template(house: House) -> None:
    await house.rename("02ac3e000002", model="Acme D-99")
    assert isinstance(await house.refused("02ac3e000002.cfg"), NotAdmitted)
    await house.rename(MAC, enabled=False, model="Acme D-99")
    assert isinstance(await house.refused(f"p/{TOKEN}/{MAC}.cfg"), NotAdmitted)


async def test_faults_and_refusals_of_known_phones_are_journaled_as_theirs(house: House) -> None:
    await house.refused(f"p/{TOKEN}/02ac3e000002.cfg")
    await house.refused(f"p/{TOKEN}/nothing.txt")
    await house.rename(MAC, model="Acme D-99")
    with pytest.raises(TemplateFault):
        await house.get(f"p/{TOKEN}/{MAC}.cfg")
    assert house.outcomes == ["not_admitted", "unknown_file", "template_fault"]
    assert {entry.mac for entry in house.journal} == {Mac(MAC)}
    assert {entry.domain_id for entry in house.journal} == {house.domain_id}
    assert [entry.outcome for entry in house.denied] == ["not_admitted"]


async def test_the_first_fetch_is_in_the_store_before_its_answer(house: House) -> None:
    await house.get(f"{MAC}.cfg")
    async with house.database.read() as read:
        stored = await phones.get_phone(read, house.domain_id, Mac(MAC))
    assert stored.enrolment.first_address == "10.0.0.1"


async def test_two_nodes_that_each_see_a_first_fetch_hold_the_enrolment(house: House) -> None:
    other = EnrolmentBook(StoredEnrolments(house.database), house.database.epochs.enrolment)
    ids = {}
    async with house.database.read() as read:
        ids = await phones.phone_ids(read, house.domain_id, [Mac(MAC)])
    await other.facts(house.domain_id, ids[Mac(MAC)])
    await house.book.facts(house.domain_id, ids[Mac(MAC)])
    await other.change_for_good(
        EnrolmentChange(
            kind="first",
            domain_id=house.domain_id,
            phone_id=ids[Mac(MAC)],
            at=NOW,
            address="10.9.9.9",
        )
    )
    assert isinstance(await house.refused(f"{MAC}.cfg"), NotAdmitted)
    assert any(entry.alarm for entry in house.journal)


async def test_an_enrolment_opened_later_is_not_undone_by_an_older_note(house: House) -> None:
    from provisiond.store import enrolment

    ids = {}
    async with house.database.read() as read:
        ids = await phones.phone_ids(read, house.domain_id, [Mac(MAC)])
    phone_id = ids[Mac(MAC)]
    await house.book.facts(house.domain_id, phone_id)
    house.book.change(
        EnrolmentChange(
            kind="hold", domain_id=house.domain_id, phone_id=phone_id, at=NOW, reason="old"
        )
    )
    async with house.database.write() as write:
        await enrolment.open_enrolment(
            write, house.domain_id, phone_id, opened(NOW + timedelta(seconds=1))
        )
    await house.book.flush()
    known = await house.book.facts(house.domain_id, phone_id)
    assert known is not None
    assert known.enrolment.held_reason is None


async def test_other_spellings_are_served_and_not_kept(house: House) -> None:
    await house.get(f"p/{TOKEN}/{MAC}.cfg")
    before = len(house.cache)
    for slashes in range(2, 30):
        await house.get(f"p/{TOKEN}{'/' * slashes}{MAC}.cfg")
        await house.refused(f"{'/' * slashes}x{'/' * slashes}{MAC}.boot")
    assert len(house.cache) == before


async def test_files_asked_for_only_with_a_query_are_kept(house: House) -> None:
    query = (("n", "101"),)
    await house.get(f"p/{TOKEN}/directory.xml", query=query)
    hits = house.cache.hits
    await house.get(f"p/{TOKEN}/directory.xml", query=query)
    assert house.cache.hits == hits + 1
