"""What does a family's `family.toml` say? The schema of a manifest, as frozen pydantic models.

Everything a vendor needs that code must not know stands in a manifest. `docs/families.md` teaches
it; its reference tables are generated from the descriptions here.
"""

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from provisiond.catalog.onboarding import (
    AccountKeys,
    Dhcp,
    Outranked,
    Part,
    Pnp,
    ProvisioningUrl,
    Resync,
    UserAgentRule,
)
from provisiond.inventory.buttons import ButtonKind

Value = bool | int | str
"""A manifest's free values: what templates get to read as they stand."""

Syntax = Literal["lines", "sections", "elements", "attributes", "indexed", "named", "xml", "text"]
"""How a file is written and read back.

`lines`: `key = value`, one a line. `sections`: `Name   :value`, one a line, below `<SECTION>` and
`--List--  :` headers; a key is `SECTION/List/Name` with `_` for every blank. `elements`: an XML
element a key, its text the value; a path key `a/b` stands inside element `a`. `attributes`: an
XML attribute a key. `indexed`: the same as `elements`, where elements have an index in an
attribute: `a[1]/b[2]/c`. `named`: an XML element, always of the same name, with the key in an
attribute; `holder` says which. `xml`: a well-formed document without `param` (a directory).
`text`: anything else, without `param` (a boot file).
"""


class FileRule(Part):
    """One file that phones of the family ask for."""

    id: str = Field(
        description="short name, unique in the family; expected outputs and [[boot]] use it"
    )
    path: str = Field(
        description="anchored pattern of the name below the base URL, matched without regard to "
        "case: `{mac}` is the phone's MAC (12 hex digits, `:`, `-`, `.` or `_` between pairs "
        "forgiven), any other `{word}` stands for the models' `names.word`"
    )
    template: str | None = Field(
        default=None,
        description="template in the family's folder; left out: the phone asks for this name, and "
        "it is always answered 404 (an optional file, not a miss)",
    )
    scope: Literal["phone", "family", "site"] = Field(
        default="phone",
        description="`phone`: for one phone, by MAC or token. `family`: the same for all, holds "
        "nothing secret and nothing of a tenant. `site`: served below a token only",
    )
    syntax: Syntax = Field(default="lines", description="how the file is written and read back")
    index: str = Field(
        default="idx",
        pattern=r"^[A-Za-z_][\w.\-]*$",
        description="syntax `indexed`: the attribute that holds an element's index",
    )
    holder: str = Field(
        default="",
        pattern=r"^([A-Za-z_][\w.\-]*@[A-Za-z_][\w.\-]*)?$",
        description="syntax `named`: the element and its attribute with the key, `item@name`",
    )
    content_type: str = Field(default="text/plain; charset=utf-8", description="Content-Type")
    secret: bool = Field(
        default=False,
        description="holds passwords or a token: goes over plain transports only "
        "to admission.plain_networks",
    )
    proves_current: bool = Field(
        default=False, description="a phone that fetched this file has its current configuration"
    )
    conditional: bool = Field(
        default=False, description="the vendor understands 304 (a sourced fact only)"
    )
    needs: tuple[Literal["directory"], ...] = Field(
        default=(), description="what is loaded for this file beyond the phone itself"
    )
    query: tuple[str, ...] = Field(
        default=(), description="query parameters that the template reads; others are ignored"
    )
    revision: bool = Field(
        default=False,
        description="the vendor ignores a file whose number did not rise: the template prints "
        "`file.revision`, which rises by one with every change of the rest",
    )
    post_reads: bool = Field(default=False, description="the vendor fetches this file by POST")
    empty: str = Field(
        default="",
        description="what `param` writes for an empty value, where the phone reads `key =` as "
        "“keep what you have” and has a word for “nothing”",
    )
    reserved: dict[str, str] = Field(
        default={},
        description="the vendor's own words among values, in capitals, and what stands for a "
        "human's text that reads like one",
    )
    header: str = Field(default="", description="the exact first line, checked in the bytes")
    newline: Literal["lf", "crlf"] = Field(default="lf", description="line ends sent")
    ascii_only: bool = Field(
        default=False,
        description="other letters are transliterated, before the template reads them",
    )
    max_line_bytes: int | None = Field(default=None, ge=1, description="longest line allowed")
    max_bytes: int | None = Field(default=None, ge=1, description="largest file allowed")
    models: tuple[str, ...] = Field(default=(), description="only for these models; empty: all")

    @model_validator(mode="after")
    def _consistent(self) -> "FileRule":
        if self.scope == "family" and (self.secret or self.needs):
            raise ValueError("a file of scope family holds nothing secret and no directory")
        if (self.syntax == "named") != bool(self.holder):
            raise ValueError("syntax named has a holder such as item@name; no other syntax has one")
        if self.proves_current and self.template is None:
            raise ValueError("a file that is never served cannot prove a phone current")
        if self.scope != "phone" and self.proves_current:
            raise ValueError("only a file of scope phone can prove a phone current")
        return self


class Bank(Part):
    """A run of keys of one sort on the phone itself."""

    name: str = Field(default="line", description="bank's name; templates see it as `key.bank`")
    keys: int = Field(ge=0, description="keys in all, over all pages (the lower count on conflict)")
    accept: int | None = Field(
        default=None, description="accepted with a warning up to this key (the higher count)"
    )
    pages: int = Field(default=1, ge=1, description="pages they are spread over")
    columns: int = Field(default=1, ge=1, description="columns beside the screen, for drawing")
    first: int = Field(default=1, ge=0, description="the vendor's number of the first key")
    holes: tuple[int, ...] = Field(
        default=(), description="vendor numbers that exist and must not be configured"
    )
    unsafe: tuple[int, ...] = Field(
        default=(), description="vendor numbers left empty by automatic placing"
    )


class Layout(Part):
    """The keys of a model: banks in reading order; a button's `key` counts through all of them."""

    banks: tuple[Bank, ...] = Field(default=(), description="[[layouts.NAME.banks]] in order")


class SidecarRule(Part):
    """An expansion module."""

    keys: int = Field(ge=1, description="keys in all, over its pages (holes not counted)")
    accept: int | None = Field(default=None, description="accepted with a warning up to this key")
    pages: int = Field(default=1, ge=1, description="pages")
    columns: int = Field(default=2, ge=1, description="columns, for drawing")
    first: int = Field(default=1, ge=0, description="the vendor's number of the first key")
    holes: tuple[int, ...] = Field(default=(), description="vendor numbers not to be configured")
    unsafe: tuple[int, ...] = Field(default=(), description="left empty by automatic placing")
    features: dict[str, Value] = Field(default={}, description="free values for templates")


class ModelRule(Part):
    """One model as on the box, without the vendor's name."""

    name: str = Field(description="model as on the box: `SIP-T46U`")
    aliases: tuple[str, ...] = Field(default=(), description="other spellings people use")
    user_agents: tuple[str, ...] = Field(
        default=(), description="how the User-Agent's `model` group spells it, if not as `name`"
    )
    accounts: int = Field(ge=1, description="SIP accounts (the lower count on conflict)")
    accept_accounts: int | None = Field(default=None, description="accepted with a warning")
    layout: str = Field(description="name of one of the [layouts]")
    handsets: int = Field(default=0, ge=0, description="handsets of a DECT base; 0: it is none")
    sidecars: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default={}, description="sidecar type to how many of it may be attached"
    )
    mixed_sidecars: bool = Field(default=False, description="different types may be combined")
    schemes: tuple[Literal["https", "http", "tftp"], ...] = Field(
        default=(),
        description="what this model can fetch over, where it is less than the family's "
        "[provisioning_url] says (an old TLS, no HTTP); empty: the family's",
    )
    names: dict[str, str] = Field(default={}, description="values of `{word}` in file paths")
    features: dict[str, Value] = Field(default={}, description="free values for templates")
    unavailable: dict[str, str] = Field(
        default={}, description="button kind to the reason why this model cannot have it"
    )
    confidence: Literal["settled", "one source", "conflict", "derived"] = Field(
        default="settled", description="how sure the counts are"
    )
    note: str = Field(default="", description="what is uncertain, in words")


class ButtonRule(Part):
    """What a kind of button becomes."""

    code: dict[str, Value] = Field(default={}, description="the vendor's values: `key.code.NAME`")
    unavailable: str = Field(default="", description="reason why the family cannot have it")
    sidecar: bool = Field(default=True, description="allowed on sidecars")
    banks: tuple[str, ...] = Field(default=(), description="allowed in these banks; empty: all")
    needs_line: bool = Field(default=False, description="templates get line 1 where none is set")
    max_value: int | None = Field(default=None, description="longest value in characters")

    def allows(self, bank: str) -> bool:
        """Whether such a button may stand on a key of this bank of the phone."""
        return not self.banks or bank in self.banks


class BootStep(Part):
    """One request of the phone's boot, in order."""

    file: str = Field(description="id of a [[file]]")
    expect: Literal[200, 404] = Field(description="our answer for a phone of the inventory")
    link: str = Field(
        default="", description="key in an earlier file whose value is this file's URL"
    )
    link_base: str = Field(
        default="",
        description="key whose value the phone puts before a `link` that is a mere name, or, "
        "without a `link`, before the file's own name",
    )
    optional: bool = Field(default=False, description="only some firmware asks for it")
    note: str = Field(default="", description="in words")


class Limits(Part):
    """What does not fit is cut or refused."""

    label_chars: int | None = Field(default=None, description="longest label worth sending")
    value_bytes: int | None = Field(default=None, description="longest value of any parameter")
    directory_entries: int | None = Field(default=None, description="most entries in a directory")
    forbidden_in_labels: str = Field(default="", description="characters removed from labels")


class Manifest(Part):
    """A whole `family.toml`."""

    vendor: str = Field(description="vendor as on the box; the first word of model names")
    title: str = Field(description="the family in words")
    firmware: str = Field(default="", description="firmware generations covered, in words")
    mac_prefixes: tuple[str, ...] = Field(
        default=(), description="6, 7 or 9 hex digits; a hint, never authority"
    )
    mac_offsets: tuple[int, ...] = Field(
        default=(), description="further MACs one device asks with, as offsets to its own"
    )
    file: tuple[FileRule, ...] = Field(min_length=1, description="[[file]] rules")
    puts: tuple[str, ...] = Field(
        default=(), description="path patterns that phones PUT or POST; answered 405"
    )
    boot: tuple[BootStep, ...] = Field(default=(), description="[[boot]] steps in order")
    macros: dict[str, str] = Field(
        default={},
        description="[macros]: the vendor's own words in URLs, and what the phone puts there: "
        "`{mac}`, `{MAC}`, a `{word}` of the model's names, or `{=key}`, what it was last told for "
        "a key",
    )
    account_keys: tuple[AccountKeys, ...] = Field(
        default=(), description="[[account_keys]]: where the accounts stand in the files"
    )
    layouts: dict[str, Layout] = Field(description="[layouts.NAME]")
    sidecars: dict[str, SidecarRule] = Field(default={}, description="[sidecars.NAME]")
    model: tuple[ModelRule, ...] = Field(min_length=1, description="[[model]] entries")
    buttons: dict[ButtonKind, ButtonRule] = Field(description="[buttons.KIND] for every kind")
    user_agent: tuple[UserAgentRule, ...] = Field(default=(), description="[[user_agent]]")
    provisioning_url: ProvisioningUrl = Field(description="[provisioning_url]")
    outranked_by: tuple[Outranked, ...] = Field(default=(), description="[[outranked_by]]")
    resync: Resync = Field(description="[resync]")
    pnp: Pnp = Field(default=Pnp(), description="[pnp]")
    dhcp: Dhcp = Field(default=Dhcp(), description="[dhcp]")
    limits: Limits = Field(default=Limits(), description="[limits]")
    protected: tuple[str, ...] = Field(
        default=(),
        description="override keys that only an admin may set; `{}` is any index, "
        "`*` at the end anything below",
    )
    known_keys: tuple[str, ...] = Field(
        default=(), description="further keys the phones know, beside those the templates print"
    )
    star_codes: dict[str, str] = Field(
        default={}, description="star code that the phone acts on itself to the key that sets it"
    )
    dial_plans: dict[str, Literal["sequences", "digit_map", "braces"]] = Field(
        default={},
        description="[dial_plans]: parameter that holds a dial plan (`{}` is any index) to how it "
        "is written: `(911S0|xx.)`, `911|x.T` (RFC 3435) or `{ 911 | x+ }`; emergency numbers are "
        "tried on what templates and overrides put there",
    )
    dial_rules: tuple[str, ...] = Field(
        default=(),
        description="further parameters that can block, rewrite or cut a dialled number, and that "
        "nothing judges: only an admin may override them; `{}` and `*` as in `protected`, "
        "`dial_plans` within them excepted",
    )
    tables: dict[str, dict[str, Value]] = Field(
        default={}, description="[tables.NAME]: look-ups for templates (languages, tones, …)"
    )
    precedence: str = Field(default="", description="which file or setting wins, in words")

    @field_validator("mac_prefixes")
    @classmethod
    def _hex(cls, prefixes: tuple[str, ...]) -> tuple[str, ...]:
        for prefix in prefixes:
            if re.fullmatch(r"[0-9a-fA-F]{6,9}", prefix) is None:
                raise ValueError(f"{prefix!r} is not 6 to 9 hex digits")
        return tuple(prefix.lower() for prefix in prefixes)
