"""Does the warning about a held phone name the command that changes what may be out?"""

from dataclasses import replace

from provisiond.actions.setting_edits import edited_settings
from provisiond.actions.went_out import went_out
from provisiond.inventory.domains import Domain, Settings, Site
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Enrolment, Phone
from provisiond.inventory.secret import Secret
from provisiond.store.database import Database
from provisiond.store.domains import insert_domain
from provisiond.store.sites import insert_sites

HELD = Enrolment(held_reason="a second address")


def having(password: str) -> Settings:
    return edited_settings(Settings(), [f"phone_admin_password={password}"])


async def test_the_admin_password_is_changed_where_it_is_set(lite: Database) -> None:
    domain = Domain(name="a.test", settings=having("of-the-domain"))
    bare = Domain(name="b.test", settings=Settings())
    here = Phone(mac=Mac("02ac3e000001"), model="Acme D-6", enrolment=HELD)
    lab = replace(here, site="The lab")
    cases: tuple[tuple[Domain, Phone, str], ...] = (
        (domain, here, "domains edit a.test --set phone_admin_password=NEW"),
        (domain, replace(here, site="HQ"), "domains edit a.test --set"),
        (domain, lab, "sites edit 'The lab' --domain a.test --set"),
        (domain, replace(lab, settings=having("own")), f"phones edit {here.mac} --set"),
    )
    async with lite.write() as write:
        domain_id = await insert_domain(write, domain)
        sites = [Site(name="HQ"), Site(name="The lab", settings=having("of-the-lab"))]
        await insert_sites(write, domain_id, sites)
        for of, phone, edit in cases:
            [finding] = await went_out(write, domain_id, of, phone)
            assert f"`provisiond {edit}" in finding.remedy
            assert "admin password" in finding.message
            assert "of-the" not in str(finding)
        [finding] = await went_out(write, domain_id, bare, here)
        assert "admin password" not in f"{finding}{finding.remedy}"
        let_in = Phone(mac=here.mac, model=here.model)
        assert await went_out(write, domain_id, domain, let_in) == ()
    assert domain.settings.phone_admin_password == Secret("of-the-domain")
