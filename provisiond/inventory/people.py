"""Who has an extension? The users of a domain with their SIP credentials."""

from dataclasses import dataclass

from provisiond.inventory.secret import Secret
from provisiond.inventory.telephone import E164


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person (or room) with an extension; the SIP account that phones register.

    `extension` is 1-15 of `0-9*#`. Empty `sip_user`/`sip_auth_user` mean the extension.
    `in_directory` decides whether the company directory shows the user. `emergency_address` names
    an address of the domain, `emergency_caller_id` is the callback number of an endpoint.
    """

    extension: str
    first_name: str = ""
    last_name: str = ""
    sip_user: str = ""
    sip_auth_user: str = ""
    sip_password: Secret = Secret("")
    site: str | None = None
    in_directory: bool = True
    emergency_address: str | None = None
    emergency_caller_id: E164 | None = None
    revision: int = 0

    @property
    def display_name(self) -> str:
        """First and last name, or the extension where both are empty."""
        return f"{self.first_name} {self.last_name}".strip() or self.extension
