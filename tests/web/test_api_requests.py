"""What phones asked for is told to those who may know it, filtered, page by page."""

from datetime import timedelta
from typing import Any

from provisiond.inventory.access import Role
from provisiond.inventory.journal import RequestEntry
from provisiond.inventory.mac import Mac
from provisiond.store.database import Database
from provisiond.store.journal_entries import add_requests
from tests.actions.inventory import DOMAIN, NOW
from tests.web.offices import FOREIGN, OTHER, OWN, Client, asked, token

STRANGER = "02ac3e00dead"


async def journaled(db: Database) -> None:
    """A phone of each domain that was served, one that was refused, and a stranger."""
    found = []
    for number, office in enumerate((OWN, FOREIGN)):
        facts = await db.facts.for_mac(Mac(office.mac))
        assert facts is not None
        found.append(
            RequestEntry(
                at=NOW + timedelta(minutes=number),
                transport="http",
                address=f"192.0.2.{number + 1}",
                method="GET",
                name=f"p/***/{office.mac}.cfg",
                outcome="served",
                domain_id=facts.domain.domain_id,
                phone_id=facts.phone_id,
                mac=Mac(office.mac),
                user_agent="Acme D-6 1.2",
                size=1234,
                body_hash="abc",
                proves=True,
            )
        )
    own, _ = found
    refused = own._replace(
        at=NOW + timedelta(hours=1), outcome="not_admitted", proves=False, alarm=True
    )
    stranger = own._replace(
        at=NOW + timedelta(hours=2),
        mac=Mac(STRANGER),
        domain_id=None,
        phone_id=None,
        outcome="unknown_phone",
        proves=False,
    )
    async with db.append() as write:
        await add_requests(write, [*found, refused, stranger])


async def listed(client: Client, who: dict[str, str], path: str) -> list[dict[str, Any]]:
    answer, body = await asked(client, "GET", path, who)
    assert answer.status == 200, body
    items: list[dict[str, Any]] = body["items"]
    return items


async def test_a_request_is_told_with_why_it_was_refused(client: Client, db: Database) -> None:
    await journaled(db)
    who = await token(db, Role.TECH)
    newest, refused, _, first = await listed(client, who, "/requests")
    assert (newest["outcome"], newest["domain"]) == ("unknown_phone", None)
    assert newest["mac"] == str(Mac(STRANGER))
    assert (refused["outcome"], refused["alarm"]) == ("not_admitted", True)
    del first["id"]
    assert first == {
        "at": "2026-11-22T12:00:00Z",
        "domain": DOMAIN,
        "mac": str(Mac(OWN.mac)),
        "transport": "http",
        "address": "192.0.2.1",
        "method": "GET",
        "name": f"p/***/{OWN.mac}.cfg",
        "outcome": "served",
        "detail": "",
        "user_agent": "Acme D-6 1.2",
        "size": 1234,
        "proves": True,
        "alarm": False,
    }


FILTERS: tuple[tuple[str, list[str]], ...] = (
    ("", ["unknown_phone", "not_admitted", "served", "served"]),
    (f"domain={OTHER.upper()}", ["served"]),
    ("mac=02-AC-3E-00-00-01", ["not_admitted", "served"]),
    (f"mac={STRANGER}", ["unknown_phone"]),
    ("outcome=served", ["served", "served"]),
    ("outcome=unknown_phone", ["unknown_phone"]),
    ("refused=true", ["unknown_phone", "not_admitted"]),
    ("alarm=true", ["not_admitted"]),
    ("address=192.0.2.2", ["served"]),
    ("since=2026-11-22T13:00:00Z", ["unknown_phone", "not_admitted"]),
    ("since=2026-11-22T13:00:00", ["unknown_phone", "not_admitted"]),
    ("until=2026-11-22T07:01:00-05:00", ["served"]),
    ("since=2026-11-22T12:30:00Z&until=2026-11-22T13:30:00Z", ["not_admitted"]),
    ("outcome=served&mac=02ac3e000001&limit=1", ["served"]),
    ("outcome=nonsense", []),
)


async def test_filters_go_together(client: Client, db: Database) -> None:
    await journaled(db)
    who = await token(db, Role.TECH)
    for query, found in FILTERS:
        items = await listed(client, who, f"/requests?{query}")
        assert [item["outcome"] for item in items] == found, query


async def test_pages_go_on_where_the_last_one_ended(client: Client, db: Database) -> None:
    await journaled(db)
    who = await token(db, Role.ADMIN)
    for path in ("/requests?limit=1", f"/domains/{DOMAIN}/phones/{OWN.mac}/requests?limit=1"):
        seen: list[int] = []
        cursor = ""
        while True:
            answer, page = await asked(client, "GET", f"{path}{cursor}", who)
            assert answer.status == 200
            seen += [item["id"] for item in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert seen == sorted(seen, reverse=True)
        assert len(seen) == (4 if path.startswith("/requests") else 2)


async def test_one_phone_is_told_of_alone(client: Client, db: Database) -> None:
    await journaled(db)
    who = await token(db, Role.TECH, DOMAIN)
    path = f"/domains/{DOMAIN}/phones"
    items = await listed(client, who, f"{path}/{OWN.mac}/requests")
    assert [item["outcome"] for item in items] == ["not_admitted", "served"]
    assert len(await listed(client, who, f"{path}/{OWN.mac}/requests?outcome=served")) == 1
    for mac in (FOREIGN.mac, STRANGER):
        answer, _ = await asked(client, "GET", f"{path}/{mac}/requests", who)
        assert answer.status == 404


async def test_strangers_and_other_domains_are_not_told_to_whoever_has_one_domain(
    client: Client, db: Database
) -> None:
    await journaled(db)
    who = await token(db, Role.TECH, DOMAIN)
    items = await listed(client, who, "/requests")
    assert {item["domain"] for item in items} == {DOMAIN}
    for query in (f"mac={STRANGER}", f"mac={FOREIGN.mac}"):
        assert await listed(client, who, f"/requests?{query}") == []
    for domain in (OTHER, "never.example.test"):
        answer, _ = await asked(client, "GET", f"/requests?domain={domain}", who)
        assert answer.status == 404
    answer, _ = await asked(client, "GET", "/requests", await token(db, Role.MANAGER, DOMAIN))
    assert answer.status == 403


async def test_what_is_no_mac_or_moment_is_said(client: Client, db: Database) -> None:
    who = await token(db, Role.TECH)
    for query, field in (("mac=x", "mac"), ("since=yesterday", "since"), ("cursor=x", "cursor")):
        answer, problem = await asked(client, "GET", f"/requests?{query}", who)
        assert (answer.status, problem["errors"][0]["field"]) == (422, field)
