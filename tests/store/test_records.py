"""Are domains, sites, people, directories, layouts and overrides kept as they were given?"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from provisiond.inventory.buttons import Button, ButtonKind
from provisiond.inventory.directory import Directory, DirectoryEntry
from provisiond.inventory.domains import Domain, Settings, Site
from provisiond.inventory.errors import Conflict, NotFound, Rejected, RejectedAll
from provisiond.inventory.people import User
from provisiond.inventory.phones import Layout, Override
from provisiond.inventory.secret import Secret
from provisiond.store import directories, domains, layouts, overrides, server, sites, users
from provisiond.store.database import Database, Write
from tests.store.inventory import DOMAIN, LAYOUT, MAC, NOW, SETTINGS, USERS, filled


async def refused(
    db: Database, kind: type[Exception], words: str, change: Callable[[Write], Awaitable[object]]
) -> None:
    async def run() -> None:
        async with db.write() as write:
            await change(write)

    with pytest.raises(kind, match=words):
        await run()


async def test_a_domain_comes_back_with_its_settings(db: Database) -> None:
    domain_id = await filled(db)
    async with db.read() as read:
        assert await domains.list_domains(read) == ((domain_id, replace(DOMAIN, revision=1)),)
        assert await domains.find_domain(read, "PBX.Example.Test") is not None
        with pytest.raises(NotFound):
            await domains.get_domain(read, "nobody.example.test")


async def test_domain_names_are_unique_in_any_case(db: Database) -> None:
    domain_id = await filled(db)
    shouted = Domain(name="PBX.example.test")
    await refused(db, Rejected, "already", lambda w: domains.insert_domain(w, shouted))
    async with db.write() as write:
        other = await domains.insert_domain(write, Domain(name="b.example.test"))
    taken = replace(DOMAIN, revision=1)
    await refused(db, Rejected, "already", lambda w: domains.update_domain(w, other, taken))
    stale = replace(DOMAIN, revision=7)
    await refused(db, Conflict, "meanwhile", lambda w: domains.update_domain(w, domain_id, stale))
    await refused(db, NotFound, "no", lambda w: domains.update_domain(w, 999, Domain(name="z")))
    await refused(db, NotFound, "no such", lambda w: domains.delete_domain(w, 999))


async def test_settings_come_back_whatever_is_set(db: Database) -> None:
    async with db.write() as write:
        for number, settings in enumerate((Settings(), SETTINGS, Settings(codecs=(), firmware=()))):
            name = f"d{number}.example.test"
            await domains.insert_domain(write, Domain(name=name, settings=settings))
            assert (await domains.get_domain(write, name))[1].settings == settings


async def test_the_servers_settings_are_changed_by_who_saw_them(db: Database) -> None:
    async with db.write() as write:
        settings, revision = await server.get_server_settings(write)
        assert settings == Settings()
        await server.update_server_settings(write, SETTINGS, revision=revision)
        assert (await server.get_server_settings(write))[0] == SETTINGS
    await refused(
        db, Conflict, "server", lambda w: server.update_server_settings(w, SETTINGS, revision=1)
    )


async def test_a_site_is_renamed_with_all_that_is_there(db: Database) -> None:
    domain_id = await filled(db)
    async with db.write() as write:
        hq = await sites.get_site(write, domain_id, "HQ")
        await sites.update_site(write, domain_id, "HQ", replace(hq, name="Main"))
        assert [site.name for site in await sites.list_sites(write, domain_id)] == ["Annex", "Main"]
        assert (await users.get_user(write, domain_id, "101")).site == "Main"
    await refused(
        db, NotFound, "HQ", lambda w: sites.update_site(w, domain_id, "HQ", Site(name="x"))
    )
    await refused(
        db,
        Rejected,
        "already",
        lambda w: sites.update_site(w, domain_id, "Annex", Site(name="Main", revision=1)),
    )
    await refused(
        db, RejectedAll, "twice", lambda w: sites.insert_sites(w, domain_id, [Site(name="n")] * 3)
    )


async def test_users_come_back_with_their_passwords(db: Database) -> None:
    domain_id = await filled(db)
    async with db.read() as read:
        found = await users.list_users(read, domain_id)
    assert found == tuple([replace(user, revision=1) for user in USERS])


async def test_a_users_extension_may_change_and_its_lines_follow(db: Database) -> None:
    domain_id = await filled(db)
    async with db.write() as write:
        bob = await users.get_user(write, domain_id, "102")
        changed = replace(bob, extension="202", sip_password=Secret("new"), site="Annex")
        await users.update_user(write, domain_id, "102", changed)
        assert await users.get_user(write, domain_id, "202") == replace(changed, revision=2)
    facts = await db.facts.for_mac(MAC)
    assert facts is not None
    assert facts.phone.lines[1].extension == "202"
    assert facts.users["202"].sip_password == Secret("new")
    await refused(
        db,
        Rejected,
        "already",
        lambda w: users.update_user(w, domain_id, "202", replace(changed, extension="101")),
    )


async def test_a_user_with_a_line_is_not_deleted(db: Database) -> None:
    domain_id = await filled(db)
    await refused(
        db,
        Conflict,
        "phone 00:15:65:aa:bb:cc",
        lambda w: users.delete_user(w, domain_id, "101", revision=1),
    )
    async with db.write() as write:
        await users.delete_user(write, domain_id, "103", revision=1)
        with pytest.raises(NotFound):
            await users.get_user(write, domain_id, "103")


async def test_users_are_refused_with_every_fault(db: Database) -> None:
    domain_id = await filled(db)
    await refused(
        db,
        RejectedAll,
        "102",
        lambda w: users.insert_users(w, domain_id, [User(extension="101"), User(extension="102")]),
    )
    await refused(
        db,
        Rejected,
        "Nowhere",
        lambda w: users.insert_users(w, domain_id, [User(extension="110", site="Nowhere")]),
    )
    await refused(
        db,
        Conflict,
        "102",
        lambda w: users.update_users(w, domain_id, [replace(USERS[1], revision=9)]),
    )


async def test_a_directory_keeps_the_order_it_was_given(db: Database) -> None:
    domain_id = await filled(db)
    async with db.write() as write:
        assert [d.name for d in await directories.list_directories(write, domain_id)] == [
            "company",
            "suppliers",
        ]
        suppliers = await directories.get_directory(write, domain_id, "suppliers")
        assert [entry.name for entry in suppliers.entries] == ["Zulu", "Alpha"]
        changed = Directory(
            name="vendors",
            entries=(DirectoryEntry(name="B", number="1"), DirectoryEntry(name="A", number="2")),
            revision=suppliers.revision,
        )
        await directories.update_directory(write, domain_id, "suppliers", changed)
        assert await directories.get_directory(write, domain_id, "vendors") == replace(
            changed, revision=suppliers.revision + 1
        )
        await directories.delete_directory(write, domain_id, "vendors", revision=2)


async def test_the_company_directory_stays(db: Database) -> None:
    domain_id = await filled(db)
    async with db.read() as read:
        company = await directories.get_directory(read, domain_id, "company")
    renamed = replace(company, name="firm")
    await refused(
        db,
        Conflict,
        "keeps its name",
        lambda w: directories.update_directory(w, domain_id, "company", renamed),
    )
    await refused(
        db,
        Conflict,
        "own",
        lambda w: directories.delete_directory(w, domain_id, "company", revision=company.revision),
    )


async def test_a_layout_is_replaced_and_its_phones_follow(db: Database) -> None:
    domain_id = await filled(db)
    async with db.write() as write:
        assert await layouts.list_layouts(write, domain_id) == (replace(LAYOUT, revision=1),)
        only = Layout(
            name="desk", buttons=(Button(module=0, key=5, kind=ButtonKind.LOCK),), revision=1
        )
        await layouts.update_layout(write, domain_id, "reception", only)
    facts = await db.facts.for_mac(MAC)
    assert facts is not None
    assert facts.phone.layout == "desk"
    assert [(b.module, b.key) for b in facts.phone.buttons] == [(0, 2), (0, 5), (1, 1)]
    await refused(
        db,
        Conflict,
        "001565aabbcc",
        lambda w: layouts.delete_layout(w, domain_id, "desk", revision=2),
    )


async def test_overrides_replace_what_stands_at_their_place(db: Database) -> None:
    domain_id = await filled(db)
    async with db.write() as write:
        before = await overrides.list_overrides(write, domain_id)
        assert [(o.scope, o.site, o.model, o.key, o.value) for o in before] == [
            ("domain", None, "Yealink SIP-T46U", "k", None),
            ("site", "HQ", None, "k", "hq"),
        ]
        again = replace(before[1], value="other", author="tech", at=NOW)
        await overrides.set_override(write, domain_id, again)
        assert (await overrides.list_overrides(write, domain_id))[1] == again
        await overrides.delete_override(write, domain_id, again)
        assert await overrides.list_overrides(write, domain_id) == before[:1]
        with pytest.raises(NotFound):
            await overrides.delete_override(write, domain_id, again)
        await overrides.replace_overrides(write, domain_id, [again])
        assert await overrides.list_overrides(write, domain_id) == (again,)
    lost = Override(scope="site", site="Nowhere", family="f", key="k", value="v")
    await refused(db, Rejected, "Nowhere", lambda w: overrides.set_override(w, domain_id, lost))


async def test_the_servers_overrides_come_first_in_every_domain(db: Database) -> None:
    await filled(db)
    one = Override(scope="server", family="f", key="k", value="v", author="root", at=NOW)
    async with db.write() as write:
        await overrides.set_server_override(write, replace(one, value="old"))
        await overrides.set_server_override(write, one)
        assert await overrides.list_server_overrides(write) == (one,)
    facts = await db.facts.for_mac(MAC)
    assert facts is not None
    assert facts.domain.overrides[0] == one
    async with db.write() as write:
        await overrides.delete_server_override(write, one)
    await refused(db, NotFound, "no override", lambda w: overrides.delete_server_override(w, one))
