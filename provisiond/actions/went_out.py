"""Which passwords may be with somebody else since an enrolment was held, and what changes them?"""

import shlex

from provisiond.inventory.domains import Domain
from provisiond.inventory.errors import Finding
from provisiond.inventory.phones import Phone
from provisiond.store.database import Read
from provisiond.store.sites import get_site


async def went_out(read: Read, domain_id: int, domain: Domain, stood: Phone) -> tuple[Finding, ...]:
    """A warning that names what whoever came aboard before a hold may have, and the commands that
    change it; none where `stood`, the phone as it was, is not held."""
    if stood.enrolment.held_reason is None:
        return ()
    extensions = sorted({line.extension for line in stood.lines})
    secrets = [f"the SIP passwords of {', '.join(extensions)}"] if extensions else []
    admin = ""
    if edit := await _admin_password_edit(read, domain_id, domain, stood):
        secrets.append("the phones' admin password (phone_admin_password)")
        admin = (
            f"All phones that share the admin password need another one, too: `{edit} --set "
            "phone_admin_password=NEW`, and `provisiond resync MAC` for each. "
        )
    passwords = f", with {' and '.join(secrets)}," if secrets else ""
    finding = Finding(
        where="enrolment",
        severity="warning",
        message=f"it was held, so the phone's files{passwords} may be with somebody else.",
        remedy="Give those users other SIP passwords (`provisiond users edit EXT "
        f"--sip-password-stdin`) unless you know who asked. {admin}The phone has a new URL; the "
        "old one yields nothing any more.",
    )
    return (finding,)


async def _admin_password_edit(read: Read, domain_id: int, domain: Domain, phone: Phone) -> str:
    """The command that changes the record where this phone's admin password is set; empty where
    it has none."""
    if phone.settings.phone_admin_password:
        return f"provisiond phones edit {phone.mac}"
    if phone.site is not None:
        site = await get_site(read, domain_id, phone.site)
        if site.settings.phone_admin_password:
            return f"provisiond sites edit {shlex.quote(site.name)} --domain {domain.name}"
    if domain.settings.phone_admin_password:
        return f"provisiond domains edit {domain.name}"
    return ""
