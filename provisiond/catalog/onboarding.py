"""How does a phone come aboard? A manifest's parts about its URL, its name, DHCP and accounts."""

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Part(BaseModel):
    """What all parts of a manifest share: unknown keys are faults, records are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AccountKeys(Part):
    """Where the SIP accounts stand in the rendered files: what a simulated phone registers with.

    A key is text in which `{}` is the account's number, or a list with the key of account 1, of
    account 2, and so on.
    """

    user: str | tuple[str, ...] = Field(description="SIP user")
    auth_user: str | tuple[str, ...] = Field(
        default="", description="SIP authentication user; empty: there is no key of its own"
    )
    password: str | tuple[str, ...] = Field(description="SIP password")
    server: str | tuple[str, ...] = Field(
        description="registrar: the value is `host` or `host:port`, or begins so before a `;`"
    )
    first: int = Field(default=1, ge=0, description="what `{}` stands for in account 1")
    models: tuple[str, ...] = Field(
        default=(), description="only for these models; empty: all. The first that fits counts"
    )

    def key_of(self, field: str, number: int) -> str:
        """The key of `user`, `auth_user`, `password` or `server` of an account, or nothing."""
        said: str | tuple[str, ...] = getattr(self, field)
        if isinstance(said, str):
            return said.replace("{}", str(number - 1 + self.first))
        return said[number - 1] if number <= len(said) else ""


class ProvisioningUrl(Part):
    """In what form the phone wants its URL."""

    form: Literal["base", "bare", "full"] = Field(
        description="`base`: URL of a folder. `bare`: host and path without scheme. `full`: URL "
        "with the file's name"
    )
    file: str = Field(default="", description="form full: file name with the vendor's own macro")
    key: str = Field(description="the parameter that holds it")
    max_bytes: int = Field(ge=1, description="longest value the phone keeps")
    schemes: tuple[Literal["https", "http", "tftp"], ...] = Field(
        default=("https", "http", "tftp"), description="what the models can fetch over"
    )


class Outranked(Part):
    """What would go before the tokened URL at the next boot, and how it is switched off."""

    by: str = Field(description="what it is: a DHCP option, PnP, redirection, a boot file")
    key: str = Field(description="parameter in the enrolled file that settles it")
    value: str | None = Field(
        default=None,
        description="value that switches it off; left out: the tokened URL must be "
        "part of the value",
    )
    file: str = Field(
        default="",
        description="id of the [[file]] that settles it: models without that file have no such "
        "rival; empty: all have it",
    )


class UserAgentExample(Part):
    """A User-Agent that real phones sent."""

    text: str = Field(description="the header's value")
    model: str = Field(description="what the `model` group must give")
    version: str = Field(default="", description="what the `version` group must give")
    mac: str = Field(default="", description="the MAC it carries, 12 hex digits, or nothing")


class UserAgentRule(Part):
    """How phones of the family call themselves."""

    pattern: str = Field(description="regular expression with groups model, version, mac")
    examples: tuple[UserAgentExample, ...] = Field(min_length=1, description="real ones")

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            compiled = re.compile(pattern)
        except re.error as fault:
            raise ValueError(f"no regular expression: {fault}") from fault
        if "model" not in compiled.groupindex:
            raise ValueError("the pattern needs a group (?P<model>…)")
        return pattern


class Resync(Part):
    """How the phone is told to fetch again."""

    event: str = Field(description="SIP NOTIFY Event header: fetch without reboot where possible")
    reboot_event: str = Field(default="", description="Event header that reboots; empty: none")
    content_type: str = Field(default="", description="of the body, where one is needed")
    body: str = Field(default="", description="body, where one is needed")
    reboot_body: str = Field(default="", description="body that reboots; empty: as `body`")
    port: int = Field(
        default=5060,
        ge=1,
        le=65535,
        description="where the phone takes SIP, for those told directly whose contact nobody knows",
    )
    trusted_from: Literal["registrar", "anyone"] = Field(
        default="registrar", description="from whom the rendered configuration accepts it"
    )
    note: str = Field(default="", description="in words")


class Pnp(Part):
    """SIP plug and play by multicast SUBSCRIBE."""

    supported: bool = Field(default=False, description="the phone asks 224.0.1.75")
    trailing_slash: bool = Field(default=True, description="the URL must end in a slash")


class Dhcp(Part):
    """Which DHCP options the phone reads for its URL, first wins."""

    options: tuple[int, ...] = Field(default=(), description="option numbers in order")
    form: Literal["url", "host", "bare"] = Field(
        default="url",
        description="what 66 may hold: a `url`, a TFTP server's `host`, or `bare`: host and path",
    )
    file: str = Field(default="", description="file the URL must name, with the vendor's macro")
    vendor_classes: tuple[str, ...] = Field(
        default=(),
        description="what option 60 of these phones begins with; where it is known, a DHCP server "
        "tells them apart by it and not by MAC prefix",
    )
    option_43: dict[str, str] = Field(
        default={},
        description="sub-options of 43 to their values, in order; `{url}` is the public URL. "
        "Empty: 43 is not handed out",
    )
    option_43_nul: bool = Field(
        default=False, description="each value in 43 ends in a NUL that its length counts"
    )
