"""What is no inventory is found and sorted, too: people, tokens, webhooks, phones that ask."""

from datetime import timedelta
from typing import Any

from provisiond.actions.api_tokens import MakeToken, make_token
from provisiond.actions.people import add_person
from provisiond.actions.users import AddUser, add_user
from provisiond.actions.webhooks import add_webhook
from provisiond.inventory.access import Role
from provisiond.inventory.accounts import Account
from provisiond.inventory.mac import Mac
from provisiond.inventory.pending import PendingPhone
from provisiond.inventory.people import User
from provisiond.inventory.webhooks import Webhook
from provisiond.store.accounts import get_account, note_login
from provisiond.store.database import Database
from provisiond.store.pending import note_pending
from tests.actions.inventory import ADMIN, DOMAIN, NOW
from tests.web.offices import FOREIGN, OTHER, OWN, Client, asked, token
from tests.web.test_api_requests import journaled

# The list, the name of its key, what it is sorted by, and how many its `q` finds.
LISTS: dict[str, tuple[str, tuple[str, ...], dict[str, int]]] = {
    "/people": (
        "name", ("name", "role", "domain", "logged_in_at"),
        {"": 4, "BEA": 1, "alice ex": 1, "101": 1, "_": 0},
    ),
    "/tokens": (
        "id", ("id", "label", "domain", "created_at", "used_at", "expires_at"),
        {"": 4, "crm": 3, "PBX": 1, "%": 0},
    ),
    "/webhooks": ("name", ("name", "url"), {"": 3, "hook-B": 1, "one.example": 2}),
    "/webhooks/hook-a/deliveries": ("id", ("at",), {"": 3, "15": 3, "add": 3, "152": 1, "x": 0}),
    "/pending-phones": (
        "mac", ("mac", "model", "first_seen", "last_seen", "count"),
        {"": 3, "02-AC-3E-00-0A": 3, "0a:01": 1, "10.0.0.2": 1, "acme d": 2, "UA 9": 1, "B.CFG": 3},
    ),
    "/requests": ("id", ("at",), {"": 4, "02:AC:3e:00:de": 1, "0.2.2": 1, "acme": 4, ".CFG": 4}),
    f"/domains/{DOMAIN}/phones/{OWN.mac}/requests": ("id", ("at",), {"": 2, "acme": 2, "dead": 0}),
    "/audit": ("id", ("at",), {"add webhook": 3, "HOOK-b": 1, "add person": 4, "nothing": 0}),
    "/models": ("model", ("model", "family"), {"acme d6": 1, "zzz": 0}),
}  # fmt: skip


async def filled(db: Database) -> None:
    """Three or more rows of each list, some of them alike."""
    for account in (
        Account(name="ann", role=Role.TECH),
        Account(name="bea", role=Role.TECH, domain=DOMAIN),
        Account(name="cid", role=Role.USER, domain=DOMAIN, extension="101"),
        Account(name="dot", role=Role.TECH),
    ):
        await add_person(db, ADMIN, account, NOW)
    for days, domain in ((None, None), (1, None), (2, DOMAIN)):
        command = MakeToken(label="CRM", role=Role.TECH, domain=domain, days=days)
        await make_token(db, ADMIN, command, NOW)
    for name, url in (("a", "one"), ("B", "one"), ("c", "two")):
        hook = Webhook(name=f"hook-{name}", url=f"https://{url}.example.test/", domain=DOMAIN)
        await add_webhook(db, ADMIN, hook, (), NOW)
    for number in ("152", "153", "154"):
        await add_user(db, ADMIN, AddUser(domain=DOMAIN, user=User(extension=number)), NOW)
    phones = [
        PendingPhone(
            mac=Mac(f"02ac3e000a0{place}"),
            address=f"10.0.0.{place + 1}",
            transport="http",
            first_seen=NOW,
            last_seen=NOW + timedelta(minutes=place // 2),
            vendor="Acme",
            model="D-6" if place else "X",
            user_agent=f"ua {count}",
            name="b.cfg",
            count=count,
        )
        for place, count in enumerate((9, 10, 10))
    ]
    async with db.append() as write:
        bea, _ = await get_account(write, "bea")
        await note_login(write, bea, NOW, 0)
        await note_pending(write, phones)
    await journaled(db)


async def rows(client: Client, who: dict[str, str], path: str, **query: Any) -> list[Any]:
    """A list, read to its end."""
    found: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        answer, page = await asked(client, "GET", path, who, params={**query, **cursor})
        assert answer.status == 200, page
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


async def test_lists_are_searched_and_read_both_ways_page_by_page(
    client: Client, db: Database
) -> None:
    await filled(db)
    who = await token(db, Role.ADMIN)
    for path, (key, sorts, searches) in LISTS.items():
        for text, count in searches.items():
            found = [one[key] for one in await rows(client, who, path, q=f" {text} ", limit=2)]
            assert (len(found), len(set(found))) == (count, count), (path, text, found)
        for sort in sorts:
            one_way = await rows(client, who, path, sort=sort, limit=2)
            places = [_place(one, key, sort) for one in one_way]
            assert places == sorted(set(places)), (path, sort)
            other = await rows(client, who, path, sort=f"-{sort}", limit=2)
            assert [one[key] for one in other] == [key for *_, key in places][::-1], (path, sort)


def _place(one: Any, key: str, sort: str) -> tuple[bool, Any, str]:
    """Where a row belongs: what never was before all, what never ends behind all."""
    value = one[key if sort == "at" else sort]
    return (value is not None) is (sort != "expires_at"), value or "", one[key]


async def test_an_order_that_is_none_is_said_and_a_cursor_counts_for_its_own_order(
    client: Client, db: Database
) -> None:
    await filled(db)
    who = await token(db, Role.ADMIN)
    for path, (_, sorts, _) in LISTS.items():
        answer, problem = await asked(client, "GET", f"{path}?sort=password_hash", who)
        [fault] = problem["errors"]
        assert (answer.status, fault["field"]) == (422, "sort")
        assert all(f"'{way}{sort}'" in fault["message"] for sort in sorts for way in ("", "-"))
        _, page = await asked(client, "GET", f"{path}?limit=1", who)
        for other in ("q=e", f"sort={sorts[-1]}"):
            query = f"limit=1&{other}&cursor={page['next']}"
            answer, problem = await asked(client, "GET", f"{path}?{query}", who)
            assert (answer.status, problem["errors"][0]["field"]) == (422, "cursor"), (path, other)


async def test_nobody_finds_what_is_another_domains(client: Client, db: Database) -> None:
    await filled(db)
    tech = await token(db, Role.TECH, DOMAIN)
    texts = {"/requests": (FOREIGN.mac, "192.0.2.2", "dead"), "/audit": (OTHER, "hook", "dot")}
    for sort in ("at", "-at"):
        for path, hidden in texts.items():
            for text in hidden:
                assert await rows(client, tech, path, q=text, sort=sort) == [], (path, text)
        own = await rows(client, tech, "/audit", q="import", sort=sort)
        assert {one["domain"] for one in own} == {DOMAIN}
    for path in ("/people", "/tokens", "/webhooks", "/pending-phones"):
        answer, _ = await asked(client, "GET", f"{path}?q=a", tech)
        assert answer.status == 403, path
