"""Who has an extension? The users of a domain with their SIP credentials."""

from dataclasses import dataclass

from provisiond.inventory.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person (or room) with an extension; the SIP account that phones register.

    `extension` is 1-15 of `0-9*#`. Empty `sip_user`/`sip_auth_user` mean the extension.
    `in_directory` decides whether the company directory shows the user.
    """

    extension: str
    first_name: str = ""
    last_name: str = ""
    sip_user: str = ""
    sip_auth_user: str = ""
    sip_password: Secret = Secret("")
    site: str | None = None
    in_directory: bool = True
    revision: int = 0

    @property
    def display_name(self) -> str:
        """First and last name, or the extension where both are empty."""
        return f"{self.first_name} {self.last_name}".strip() or self.extension
