"""Grandstream devices with lines, buttons and settings, and their files as a device reads them."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

from provisiond.catalog.build import build_context
from provisiond.catalog.family import Family, load_family, model_key
from provisiond.catalog.overrides import Applied
from provisiond.catalog.render import Rendered
from provisiond.catalog.structure import check_structure
from provisiond.inventory.buttons import Button, ButtonKind
from provisiond.inventory.directory import DirectoryEntry
from provisiond.inventory.domains import BUILT_IN, Settings, inherit
from provisiond.inventory.facts import DomainFacts, PhoneFacts
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Handset, Phone, PhoneLine
from provisiond.inventory.secret import Secret
from provisiond.inventory.urls import PublicUrls

TEMPLATES = Path(__file__).parents[2] / "templates" / "models"
MAC = "c074ad000001"
TOKEN = "abcdefghijklmnopqrstuvwxyz"
PATH = f"prov.example.test/p/{TOKEN}"
PUBLIC = PublicUrls(
    https="https://prov.example.test/",
    http="http://prov.example.test/",
    tftp="tftp://prov.example.test/",
)
SETTINGS = Settings(
    sip_server="pbx.example.test",
    outbound_proxy="proxy.example.test",
    voicemail_number="*97",
    time_zone="America/New_York",
    phone_admin_password=Secret("Adm1n-pass"),
    ntp_server="pool.ntp.org",
    feature_codes=(
        ("pickup", "*8{value}"),
        ("queue_login", "*81"),
        ("queue_logout", "*82"),
        ("queue_toggle", "*83"),
        ("timeframe_toggle", "*28{value}"),
        ("move_call", "*86"),
        ("personal_park", "*68"),
        ("group_pickup", "*80"),
        ("record", "*1"),
        ("park", "{value}"),
    ),
)
USERS = {
    "101": User(
        extension="101",
        first_name="Alice",
        last_name="Example",
        sip_user="101",
        sip_auth_user="auth101",
        sip_password=Secret("s3cret-1"),
    ),
    "102": User(extension="102", first_name="Bob", sip_password=Secret("s3cret-2")),
    "103": User(extension="103", first_name="Carol", last_name="Example"),
}
TWO_LINES = (PhoneLine(line=1, extension="101"), PhoneLine(line=2, extension="102"))


def grandstream(name: str) -> Family:
    """One of the vendor's families."""
    return load_family(TEMPLATES / "grandstream" / name, f"grandstream/{name}")


def button(
    key: int,
    kind: str,
    value: str = "",
    label: str = "",
    *,
    module: int = 0,
    line: int | None = None,
) -> Button:
    """A button of this kind, its words as in inventories."""
    return Button(
        module=module, key=key, kind=ButtonKind(kind), line=line, value=value, label=label
    )


def render(
    family: Family,
    model: str,
    file: str = "config",
    *,
    settings: Settings = Settings(),
    lines: Sequence[PhoneLine] = TWO_LINES,
    buttons: Sequence[Button] = (),
    sidecars: tuple[str, ...] = (),
    handsets: tuple[Handset, ...] = (),
    users: Mapping[str, User] = USERS,
    overrides: Sequence[Applied] = (),
    entries: tuple[DirectoryEntry, ...] | None = None,
    directory: str | None = "company",
    year: int = 2026,
    urls: PublicUrls = PUBLIC,
) -> Rendered:
    """One file; its bytes hold what was recorded."""
    rule = family.rule(file)
    named = family.models[model_key(model)]
    phone = Phone(
        mac=Mac(MAC),
        model=f"Grandstream {model}",
        lines=tuple(lines)[: named.accept_accounts or named.accounts],
        buttons=tuple(buttons),
        sidecars=sidecars,
        handsets=handsets,
        directory=directory,
        token=Secret(TOKEN),
    )
    domain = DomainFacts(
        domain_id=1,
        name="pbx.example.test",
        epoch=1,
        settings=inherit(BUILT_IN, SETTINGS, settings),
        users=users,
    )
    facts = PhoneFacts(
        domain=domain, phone=phone, phone_id=1, epoch=1, users=users, directory=entries
    )
    context = build_context(
        family=family, model=named, facts=facts, rule=rule, urls=urls, year=year
    )
    rendered = family.renderer.render(rule, context, overrides)
    assert check_structure(rendered.body, rule, rendered.record) == ()
    return rendered


def values(rendered: Rendered) -> dict[str, str]:
    """Alias or P-value to value, as an XML parser finds them; nothing stands there twice."""
    root = ElementTree.fromstring(rendered.body)
    assert root.tag == "gs_provision"
    assert root.get("version") == "1"
    (config,) = root
    assert config.tag == "config"
    items = [(e.get("name") or e.tag, e.text or "") for e in config]
    if config.get("version") == "2":
        assert {e.tag for e in config} == {"item"}
    else:
        assert config.get("version") == "1"
        assert all(re.fullmatch(r"P\d{1,5}", e.tag) for e in config)
    assert len(dict(items)) == len(items)
    return dict(items)


def config(family: Family, model: str, **wanted: object) -> dict[str, str]:
    """The configuration of a phone, as `values` reads it."""
    return values(render(family, model, **wanted))  # type: ignore[arg-type]


def override(key: str, value: str | None) -> Applied:
    """An override of the phone itself."""
    return Applied(key=key, value=value, layer="phone")
