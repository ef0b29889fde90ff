"""What may a template read? The context, one documented dataclass a thing.

Every string in it was cleaned when it was built: no control, line separator or non-character is
left, so that no template construct can bring one back. `docs/families.md` lists these fields; its
table is generated from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisiond.catalog.manifest import Value
from provisiond.inventory.time_zone import ZoneRule


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneContext:
    """`phone`: the phone itself."""

    mac: str
    """12 lower-case hex digits"""
    name: str
    """what the inventory calls it"""
    model: str
    """model without the vendor's name"""
    site: str
    """the site's name, or empty"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelContext:
    """`model`: what the manifest says of the model."""

    name: str
    """as on the box, without the vendor"""
    accounts: int
    """SIP accounts"""
    features: Mapping[str, Value]
    """the manifest's free values"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountContext:
    """`accounts`: one for each account of the model, used or not; `lines` holds the used ones."""

    number: int
    """account and line number, from 1"""
    used: bool
    """whether a line is assigned; unused ones have empty fields"""
    extension: str = ""
    """the user's extension"""
    label: str = ""
    """what the screen shows: the line's label, else the extension"""
    display_name: str = ""
    """the user's first and last name"""
    user: str = ""
    """SIP user"""
    auth_user: str = ""
    """SIP authentication user"""
    password: str = ""
    """SIP password"""
    shared: bool = False
    """shared line appearance"""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandsetContext:
    """`handsets`: one for each handset that a DECT base may have, used or not."""

    number: int
    """from 1"""
    used: bool
    """whether the inventory has it; unused ones have empty fields"""
    name: str = ""
    """what its screen shows"""
    ipei: str = ""
    """serial number, 10 hex digits, or empty: any handset may subscribe here"""
    lines: tuple[int, ...] = ()
    """account numbers it rings for"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyContext:
    """`keys` and `sidecar.keys`: one for each key of the layout, used or not, in order."""

    position: int
    """key in reading order over all banks, from 1: as the inventory counts"""
    bank: str
    """the bank's name; `sidecar` on sidecars"""
    number: int
    """the vendor's number of the key inside its bank"""
    kind: str = "none"
    """the button's kind; `none` where there is no button"""
    line: int = 0
    """account it works on; 0 where it has none"""
    value: str = ""
    """what it dials or watches; a kind that dials a code has the code, expanded"""
    label: str = ""
    """what the screen shows; the button's label or what stands for it"""
    pickup: str = ""
    """blf: the pickup code for this value; park: the park code; else empty"""
    code: Mapping[str, Value] = field(default_factory=dict)
    """the manifest's [buttons.KIND].code"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarContext:
    """`sidecars`: one for each attached expansion module."""

    unit: int
    """1 is next to the phone"""
    type: str
    """the sidecar's name"""
    keys: tuple[KeyContext, ...]
    """its keys"""
    features: Mapping[str, Value]
    """the manifest's free values"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsContext:
    """`settings`: the domain's, site's and phone's settings, merged; never undefined."""

    sip_server: str
    """registrar and proxy: host name or address"""
    sip_port: int
    """its port"""
    outbound_proxy: str
    """host name, or empty"""
    outbound_proxy_port: int
    """its port"""
    transport: str
    """udp, tcp, tls or dns"""
    register_expires: int
    """seconds"""
    codecs: tuple[str, ...]
    """in order of preference: opus, g722, pcmu, pcma, g729, ilbc, g726_32"""
    srtp: str
    """off, optional or required"""
    dtmf: str
    """rfc2833, info, inband or auto"""
    vlan_phone: int
    """VLAN of the phone, 0 for untagged"""
    vlan_pc: int
    """VLAN of the PC port, 0 for untagged"""
    vlan_set: bool
    """whether somebody set a VLAN at all"""
    language: str
    """BCP 47: en, fr-CA"""
    tone_country: str
    """ISO 3166 alpha-2, upper case"""
    ntp_server: str
    """host name"""
    poll_minutes: int
    """how often the phone should fetch; 0 for never"""
    poll_jitter: int
    """minutes, 0 ≤ jitter < poll_minutes, a hash of the MAC: spreads the polls"""
    voicemail_number: str
    """what the message key dials, or empty"""
    feature_codes: Mapping[str, str]
    """codes by name, only those that are set, with `{value}` unexpanded"""
    admin_password: str
    """the phones' admin password of this domain"""
    emergency_numbers: tuple[str, ...]
    """numbers that must always dial"""
    resync_route: str
    """`via_proxy`: NOTIFY comes through the SIP server; `direct`: from provisiond itself"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlContext:
    """`urls`: where this phone finds things; all below its tokened base."""

    base: str
    """`https://host/p/<token>/`, the best scheme the model can fetch over; ends in a slash"""
    provisioning: str
    """the same in the form the manifest's [provisioning_url] asks for"""
    scheme: str
    """https, http or tftp"""
    firmware: str
    """URL of the firmware file set for this model, or empty"""
    user: str = ""
    """whom the phone logs in as at `base`, where the server wants a log-in; empty otherwise"""
    password: str = ""
    """its password there"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryContext:
    """`directory`: entries of the phone's directory, for files that need it."""

    name: str
    """the directory's name"""
    entries: tuple[tuple[str, str], ...]
    """(name, number), sorted by name"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContext:
    """`file`: the file being rendered."""

    id: str
    """rule id"""
    revision: int
    """rises by one with every change of the file, for vendors that compare; 0 otherwise"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """All a template of scope phone can read, by these names. A template of scope family reads
    `urls` (enrolment base without token), `tables`, `file`, `names` and nothing else."""

    phone: PhoneContext
    model: ModelContext
    domain: str
    """the SIP domain"""
    accounts: tuple[AccountContext, ...]
    lines: tuple[AccountContext, ...]
    handsets: tuple[HandsetContext, ...]
    keys: tuple[KeyContext, ...]
    sidecars: tuple[SidecarContext, ...]
    settings: SettingsContext
    zone: ZoneRule
    urls: UrlContext
    directory: DirectoryContext
    file: FileContext
    tables: Mapping[str, Mapping[str, Value]]
    """the manifest's [tables]"""
    query: Mapping[str, str]
    """the query parameters the rule declares; empty strings where the phone sent none"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyContext:
    """What a template of scope family can read: nothing of a tenant."""

    urls: UrlContext
    """`base` is the token-less enrolment URL"""
    file: FileContext
    tables: Mapping[str, Mapping[str, Value]]
    names: Mapping[str, str]
    """the `{word}` values captured from the path"""
    model: ModelContext | None
    """the model the path names, where it names exactly one"""
