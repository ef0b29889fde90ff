"""Does the phones' path read what is stored, in one snapshot and few statements?"""

from dataclasses import replace

from provisiond.inventory.buttons import ButtonKind
from provisiond.inventory.mac import Mac
from provisiond.store import domains, phones, users
from provisiond.store.database import Database
from tests.store.inventory import DOMAIN, MAC, NOW, PHONE, TOKEN, USERS, filled


async def test_a_phone_comes_back_with_all_that_was_put_in(db: Database) -> None:
    domain_id = await filled(db)
    facts = await db.facts.for_mac(MAC)
    assert facts is not None
    phone = facts.phone
    assert replace(phone, buttons=PHONE.buttons, revision=0) == PHONE
    assert facts.domain.domain_id == domain_id
    assert facts.domain.name == DOMAIN.name
    assert facts.epoch == facts.domain.epoch == db.epochs.domain(domain_id)
    assert list(facts.users) == ["101", "102"]
    assert facts.users["101"].sip_password == USERS[0].sip_password
    assert facts.users["101"].site == "HQ"
    assert facts.directory is None


async def test_a_phones_own_buttons_go_over_its_layouts(db: Database) -> None:
    await filled(db)
    facts = await db.facts.for_mac(MAC)
    assert facts is not None
    assert [(b.module, b.key, b.kind, b.value) for b in facts.phone.buttons] == [
        (0, 1, ButtonKind.LINE, ""),
        (0, 2, ButtonKind.BLF, "103"),
        (1, 1, ButtonKind.PARK, "701"),
    ]


async def test_the_domain_hands_down_settings_and_overrides(db: Database) -> None:
    await filled(db)
    facts = await db.facts.for_mac(MAC)
    assert facts is not None
    settings = facts.domain.settings
    assert (settings.sip_port, settings.ntp_server) == (5061, "pool.ntp.org")
    assert settings.phone_admin_password == DOMAIN.settings.phone_admin_password
    assert settings.feature_codes == (("queue_login", "*81"), ("pickup", "*8{value}"))
    assert facts.domain.sites["HQ"].settings.time_zone == "America/New_York"
    assert [(o.scope, o.site, o.model, o.value) for o in facts.domain.overrides] == [
        ("domain", None, "Yealink SIP-T46U", None),
        ("site", "HQ", None, "hq"),
    ]
    assert facts.domain.overrides[1].at == NOW
    assert not any(user.sip_password for user in facts.domain.users.values())


async def test_a_token_is_matched_in_either_case(db: Database) -> None:
    await filled(db)
    for token in (TOKEN.reveal(), TOKEN.reveal().upper()):
        facts = await db.facts.for_token(token)
        assert facts is not None
        assert facts.phone.mac == MAC
    assert await db.facts.for_token("b" * 26) is None


async def test_the_company_directory_holds_visible_users_and_entries_by_name(
    db: Database,
) -> None:
    await filled(db)
    facts = await db.facts.for_mac(MAC, directory=True)
    assert facts is not None
    assert facts.directory is not None
    assert [(e.name, e.number) for e in facts.directory] == [
        ("Alice Example", "101"),
        ("Bob", "102"),
        ("Reception", "100"),
    ]


async def test_another_directory_holds_its_entries_alone(db: Database) -> None:
    domain_id = await filled(db)
    async with db.write() as write:
        phone = await phones.get_phone(write, domain_id, MAC)
        await phones.update_phone(write, domain_id, MAC, replace(phone, directory="suppliers"))
    facts = await db.facts.for_mac(MAC, directory=True)
    assert facts is not None
    assert facts.directory is not None
    assert [e.name for e in facts.directory] == ["Alpha", "Zulu"]


async def test_nobody_has_an_unknown_mac(db: Database) -> None:
    await filled(db)
    assert await db.facts.for_mac(Mac("001565000001")) is None


async def test_a_change_is_in_the_very_next_facts_and_moves_the_epoch(db: Database) -> None:
    domain_id = await filled(db)
    before = await db.facts.for_mac(MAC, directory=True)
    async with db.write() as write:
        bob = await users.get_user(write, domain_id, "102")
        await users.update_user(write, domain_id, "102", replace(bob, first_name="Robert"))
        domain = (await domains.get_domain(write, DOMAIN.name))[1]
        changed = replace(domain.settings, sip_port=5070)
        await domains.update_domain(write, domain_id, replace(domain, settings=changed))
    after = await db.facts.for_mac(MAC, directory=True)
    assert before is not None
    assert after is not None
    assert after.users["102"].first_name == "Robert"
    assert after.domain.settings.sip_port == 5070
    assert after.directory is not None
    assert "Robert" in [entry.name for entry in after.directory]
    assert after.epoch == db.epochs.domain(domain_id) > before.epoch


async def test_admission_facts_are_read_alone(db: Database) -> None:
    domain_id = await filled(db)
    facts = await db.facts.for_mac(MAC)
    assert facts is not None
    assert await db.facts.enrolment(domain_id, facts.phone_id) == (PHONE.enrolment, True)
    assert await db.facts.enrolment(domain_id, facts.phone_id + 999) is None
