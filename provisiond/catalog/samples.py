"""Which made-up phones show whether a family's templates are right? Plain, full and nasty.

`plain` is one line and no button. `full` uses what the model has: every account, every kind of
button that is available, the layout and the sidecars filled, every setting set. `nasty` is full
of what people and attackers type into names, labels and passwords.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import cycle

from provisiond.catalog.build import build_context, build_family_context
from provisiond.catalog.context import Context, FamilyContext
from provisiond.catalog.family import Family
from provisiond.catalog.manifest import FileRule, Manifest, ModelRule
from provisiond.catalog.overrides import Applied
from provisiond.catalog.placing import KeySlot, phone_slots, sidecar_slots
from provisiond.catalog.render import Rendered
from provisiond.inventory.buttons import Button, ButtonKind
from provisiond.inventory.directory import DirectoryEntry
from provisiond.inventory.domains import (
    BUILT_IN,
    CODECS,
    Dtmf,
    ResyncRoute,
    Settings,
    SipTransport,
    Site,
    Srtp,
    inherit,
)
from provisiond.inventory.facts import DomainFacts, PhoneFacts
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Handset, Phone, PhoneLine
from provisiond.inventory.secret import Secret
from provisiond.inventory.urls import PublicUrls

SAMPLES = ("plain", "full", "nasty")
YEAR = 2026
TOKEN = "abcdefghijklmnopqrstuvwxyz"
PASSWORD = "s3cret-pass"
ADMIN_PASSWORD = "Adm1n-Pass-8"
URLS = PublicUrls(
    https="https://prov.example.test/",
    http="http://prov.example.test/",
    tftp="tftp://prov.example.test/",
)

HOSTILE = (
    "a;b = c, d|e <f> & \"g\" 'h'",
    "]]><!-- x --><x a='1'/>&amp;&lt;&#10;",
    "line one\r\naccount.1.password = stolen\n#!version:1.0.0.1",
    "%NULL% $PROXY $MA [macro] {{ 7 * 7 }} {% raw %} ${x} `id`",
    "Ελλάδα Ünïcödé 日本語 العربية עברית e\u0301",
    "\u202ertl\u202c \u200fx\u200b emoji 👩\u200d💻 🇩🇪",
    "  blanks at both ends  ",
    "tab\there nul\x00 bell\x07 del\x7f nel\x85 ls\u2028 ps\u2029 bom\ufeff",
    "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>&y;",
    "# comment // comment ; comment -- comment",
    "quote\\ back\\\\slash \\n \\u0041 'single' \"double\"",
    "x" * 200,
    "é" * 200,
)
"""What the nasty sample types into every field: separators of each syntax, ends of documents,
injected lines, vendors' macros, other scripts, controls and non-characters, great lengths."""

_VALUES = {
    ButtonKind.BLF: "103",
    ButtonKind.PARK: "701",
    ButtonKind.PERSONAL_PARK: "101",
    ButtonKind.SPEED_DIAL: "+12125550100",
    ButtonKind.DTMF: "1,2#",
    ButtonKind.QUEUE_LOGIN: "400",
    ButtonKind.QUEUE_LOGOUT: "400",
    ButtonKind.QUEUE_TOGGLE: "400",
    ButtonKind.TIMEFRAME_TOGGLE: "500",
    ButtonKind.FORWARD: "104",
    ButtonKind.DIRECTED_PICKUP: "103",
    ButtonKind.PAGING: "224.0.1.116:5001",
    ButtonKind.INTERCOM: "104",
    ButtonKind.TRANSFER: "105",
    ButtonKind.PREFIX: "9",
    ButtonKind.URL: "https://pbx.example.test/lights?room=1&on=1",
}
_LINES = (ButtonKind.LINE, ButtonKind.SHARED_LINE)
_ORDER = {kind: place for place, kind in enumerate(ButtonKind)}
_CODES = (
    ("group_pickup", "*8"),
    ("intercom", "*80{value}"),
    ("move_call", "*86"),
    ("paging", "*84{value}"),
    ("park", "{value}"),
    ("personal_park", "*68{value}"),
    ("pickup", "**{value}"),
    ("queue_login", "*45{value}"),
    ("queue_logout", "*46{value}"),
    ("queue_toggle", "*47{value}"),
    ("record", "*1"),
    ("timeframe_toggle", "*28{value}"),
    ("unpark", "{value}"),
)


def sample_contexts(family: Family, model: ModelRule, rule: FileRule) -> Mapping[str, Context]:
    """The context of one file of a model for each of the samples, by the sample's name."""
    return {name: sample_context(family, model, name, rule) for name in SAMPLES}


def sample_context(family: Family, model: ModelRule, sample: str, rule: FileRule) -> Context:
    """What a phone of this model in this sample gives a template; always the same."""
    facts = sample_facts(family.manifest, model, sample, directory="directory" in rule.needs)
    return _context(family, model, facts, rule)


def sample_family_context(family: Family, model: ModelRule, rule: FileRule) -> FamilyContext:
    """What a template of scope family reads when a phone of this model asks."""
    words = {word: value for word, value in model.names.items() if f"{{{word}}}" in rule.path}
    return build_family_context(family=family, rule=rule, urls=URLS, words=words)


def render_sample(
    family: Family,
    model: ModelRule,
    sample: str,
    rule: FileRule,
    *,
    small: bool = False,
    overrides: Sequence[Applied] = (),
) -> Rendered:
    """A file of a sample phone; with `small` its directory has two entries only.

    Raises TemplateFault.
    """
    if rule.scope == "family":
        return family.renderer.render(rule, sample_family_context(family, model, rule))
    facts = sample_facts(family.manifest, model, sample, directory="directory" in rule.needs)
    if small and facts.directory:
        facts = replace(facts, directory=_small_directory())
    return family.renderer.render(rule, _context(family, model, facts, rule), overrides)


def sample_mac(manifest: Manifest) -> Mac:
    """A MAC address that the family's phones could have."""
    prefix = manifest.mac_prefixes[0] if manifest.mac_prefixes else "02ac3e"
    return Mac((prefix + "aabbccdd")[:12])


def sample_facts(
    manifest: Manifest, model: ModelRule, sample: str, *, directory: bool = False
) -> PhoneFacts:
    """A phone of the model in a domain, as the store would give it."""
    if sample == "plain":
        facts = _facts(manifest, model, _plain_settings(), lines=1, people=_people(1))
        return replace(facts, directory=_small_directory()) if directory else facts
    lines = model.accounts
    if sample == "full":
        facts = _facts(
            manifest,
            model,
            _full_settings(manifest, model),
            lines=lines,
            people=_people(max(lines, 6)),
            sidecars=_most_sidecars(manifest, model, last=False),
        )
        entries = tuple(
            DirectoryEntry(name=f"Person {n:02}", number=f"{200 + n}") for n in range(1, 41)
        )
    else:
        facts = _facts(
            manifest,
            model,
            _nasty_settings(),
            lines=lines,
            people=_hostile_people(max(lines, 6)),
            sidecars=_most_sidecars(manifest, model, last=True),
            hostile=True,
        )
        entries = tuple(
            DirectoryEntry(name=text, number=f"{300 + n}") for n, text in enumerate(HOSTILE)
        )
    return replace(facts, directory=entries) if directory else facts


def _context(family: Family, model: ModelRule, facts: PhoneFacts, rule: FileRule) -> Context:
    return build_context(
        family=family, model=model, facts=facts, rule=rule, urls=URLS, year=YEAR, revision=1
    )


def _small_directory() -> tuple[DirectoryEntry, ...]:
    return (
        DirectoryEntry(name="Bob & Sons <Ltd>", number="+12125550111"),
        DirectoryEntry(name="Reception", number="100"),
    )


def _facts(
    manifest: Manifest,
    model: ModelRule,
    settings: Settings,
    *,
    lines: int,
    people: Sequence[User],
    sidecars: tuple[str, ...] = (),
    hostile: bool = False,
) -> PhoneFacts:
    users = {user.extension: user for user in people}
    texts = cycle(HOSTILE)
    buttons: tuple[Button, ...] = ()
    if lines > 1 or len(people) > 1:
        buttons = tuple(_buttons(manifest, model, sidecars, lines, hostile=hostile))
    phone = Phone(
        mac=sample_mac(manifest),
        model=f"{manifest.vendor} {model.name}",
        name=HOSTILE[0] if hostile else "Front desk",
        site="HQ",
        lines=tuple(
            PhoneLine(
                line=n,
                extension=people[n - 1].extension,
                label=next(texts) if hostile else "",
                shared=n > 1 and n == lines,
            )
            for n in range(1, lines + 1)
        ),
        handsets=tuple(_handsets(model, lines, hostile=hostile)),
        sidecars=sidecars,
        buttons=buttons,
        token=Secret(TOKEN),
    )
    domain = DomainFacts(
        domain_id=1,
        name="pbx.example.test",
        epoch=1,
        settings=inherit(BUILT_IN, settings),
        sites={"HQ": Site(name="HQ")},
        users=users,
    )
    return PhoneFacts(domain=domain, phone=phone, phone_id=1, epoch=1, users=users)


def _handsets(model: ModelRule, lines: int, *, hostile: bool) -> Iterator[Handset]:
    """A handset for each line; in the plain sample, which has one line, one."""
    for number, text in zip(range(1, min(model.handsets, lines) + 1), cycle(HOSTILE), strict=False):
        yield Handset(
            handset=number,
            name=text if hostile else f"Handset {number}",
            ipei=f"0328d3{number:04x}" if number % 2 else "",
            lines=(number,),
        )


def _people(count: int) -> list[User]:
    first = ("Alice", "Bob", "Carol", "Dan", "Erin", "Frank")
    return [
        User(
            extension=f"{101 + n}",
            first_name=first[n % len(first)],
            last_name="Example" if n < len(first) else f"Example {n}",
            sip_password=Secret(f"{PASSWORD}-{n + 1}"),
        )
        for n in range(count)
    ]


def _hostile_people(count: int) -> list[User]:
    people = zip(range(count), cycle(HOSTILE), cycle(HOSTILE[3:]), strict=False)
    return [
        User(
            extension=f"{101 + n}",
            first_name=first,
            last_name=last,
            sip_auth_user=f"auth {first}"[:64],
            sip_password=Secret(f"{PASSWORD}{last}"[:96]),
        )
        for n, first, last in people
    ]


def _plain_settings() -> Settings:
    return Settings(
        sip_server="pbx.example.test",
        time_zone="America/New_York",
        voicemail_number="*97",
        phone_admin_password=Secret(ADMIN_PASSWORD),
    )


def _full_settings(manifest: Manifest, model: ModelRule) -> Settings:
    return Settings(
        sip_server="pbx.example.test",
        sip_port=5061,
        outbound_proxy="proxy.example.test",
        outbound_proxy_port=5063,
        transport=SipTransport.TLS,
        register_expires=300,
        codecs=CODECS,
        srtp=Srtp.REQUIRED,
        dtmf=Dtmf.INFO,
        vlan_phone=100,
        vlan_pc=200,
        time_zone="Europe/Berlin",
        language="de",
        tone_country="DE",
        ntp_server="ntp.example.test",
        poll_minutes=720,
        voicemail_number="*97",
        feature_codes=_CODES,
        phone_admin_password=Secret(ADMIN_PASSWORD),
        firmware=((f"{manifest.vendor} {model.name}", "firmware.bin"),),
        emergency_numbers=("110", "112"),
        resync_route=ResyncRoute.DIRECT,
    )


def _nasty_settings() -> Settings:
    return Settings(
        sip_server="pbx.example.test",
        outbound_proxy="2001:db8::1",
        transport=SipTransport.DNS_NAPTR,
        codecs=("g729",),
        srtp=Srtp.OPTIONAL,
        dtmf=Dtmf.AUTO,
        vlan_phone=0,
        time_zone="Australia/Lord_Howe",
        language="fr-CA",
        tone_country="ZZ",
        ntp_server=HOSTILE[0],
        poll_minutes=0,
        voicemail_number=HOSTILE[1],
        feature_codes=tuple((name, f"{code}{HOSTILE[0]}") for name, code in _CODES),
        phone_admin_password=Secret(f"{ADMIN_PASSWORD}:{HOSTILE[0]}"),
        emergency_numbers=(),
    )


def _most_sidecars(manifest: Manifest, model: ModelRule, *, last: bool) -> tuple[str, ...]:
    """As many sidecars as the model takes, of its first or its last type; mixed where allowed."""
    if not model.sidecars:
        return ()
    names = sorted(model.sidecars, key=list(manifest.sidecars).index)
    most = max(model.sidecars.values())
    if last and model.mixed_sidecars:
        return tuple(name for name, _ in zip(cycle(names), range(most), strict=False))
    name = names[-1] if last else names[0]
    return (name,) * model.sidecars[name]


def _buttons(
    manifest: Manifest, model: ModelRule, sidecars: Sequence[str], lines: int, *, hostile: bool
) -> Iterator[Button]:
    """Every kind that is available once, where it may stand; then the rest filled with BLF."""
    waiting: list[ButtonKind] = [
        kind
        for kind, rule in sorted(manifest.buttons.items(), key=lambda item: _ORDER[item[0]])
        if kind is not ButtonKind.NONE
        and not rule.unavailable
        and kind.value not in model.unavailable
    ]
    fill = ButtonKind.BLF if ButtonKind.BLF in waiting else ButtonKind.LINE
    texts = cycle(HOSTILE)
    for module, slot in _slots(manifest, model, sidecars):
        kind = next((k for k in (*waiting, fill) if _fits(manifest, k, module, slot)), None)
        if kind is None:
            continue
        if kind in waiting:
            waiting.remove(kind)
        count = module * 100 + slot.position
        value = _VALUES.get(kind, "")
        if kind is fill and kind is ButtonKind.BLF and count > 1:
            value = f"{102 + count % 50}"
        if hostile and value:
            value = next(texts)[: manifest.buttons[kind].max_value]
        yield Button(
            module=module,
            key=slot.position,
            kind=kind,
            line=(count - 1) % lines + 1 if kind in _LINES else None,
            value=value,
            label=next(texts) if hostile else ("" if count % 2 else f"Key {count}"),
        )


def _slots(
    manifest: Manifest, model: ModelRule, sidecars: Sequence[str]
) -> Iterator[tuple[int, KeySlot]]:
    for slot in phone_slots(manifest.layouts[model.layout]):
        if not slot.beyond:
            yield 0, slot
    for unit, name in enumerate(sidecars, 1):
        for slot in sidecar_slots(manifest.sidecars[name]):
            if not slot.beyond:
                yield unit, slot


def _fits(manifest: Manifest, kind: ButtonKind, module: int, slot: KeySlot) -> bool:
    rule = manifest.buttons[kind]
    return rule.sidecar if module else rule.allows(slot.bank)
