"""A small made-up family whose templates a test writes itself, and a context to render them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from provisiond.catalog.context import (
    AccountContext,
    Context,
    DirectoryContext,
    FileContext,
    KeyContext,
    ModelContext,
    PhoneContext,
    SettingsContext,
    UrlContext,
)
from provisiond.catalog.manifest import FileRule, Manifest
from provisiond.catalog.overrides import Applied
from provisiond.catalog.render import Rendered, Renderer
from provisiond.inventory.time_zone import zone_rule

SETTINGS = SettingsContext(
    sip_server="pbx.example.test",
    sip_port=5060,
    outbound_proxy="",
    outbound_proxy_port=5060,
    transport="udp",
    register_expires=600,
    codecs=("opus", "pcmu"),
    srtp="off",
    dtmf="rfc2833",
    vlan_phone=0,
    vlan_pc=0,
    vlan_set=False,
    language="en",
    tone_country="US",
    ntp_server="pool.ntp.org",
    poll_minutes=1440,
    poll_jitter=7,
    voicemail_number="*97",
    feature_codes={"park": "{value}"},
    admin_password="hunter2",
    emergency_numbers=("911",),
    resync_route="via_proxy",
)


def context(label: str = "101", value: str = "103", **changes: Any) -> Context:
    """A phone with one line and two keys; `label` and `value` are the second key's."""
    line = AccountContext(
        number=1, used=True, extension="101", label=label, display_name=label, user="101",
        auth_user="101", password="s3cret",
    )  # fmt: skip
    fields: dict[str, Any] = {
        "phone": PhoneContext(mac="02ac3eaabbcc", name="Desk", model="D-1", site=""),
        "model": ModelContext(name="D-1", accounts=2, features={"screen": True}),
        "domain": "pbx.example.test",
        "accounts": (line, AccountContext(number=2, used=False)),
        "lines": (line,),
        "handsets": (),
        "keys": (
            KeyContext(position=1, bank="line", number=1, kind="line", line=1, code={"type": 15}),
            KeyContext(
                position=2, bank="line", number=2, kind="blf", line=1, value=value, label=label,
                code={"type": 16},
            ),
        ),
        "sidecars": (),
        "settings": SETTINGS,
        "zone": zone_rule("Europe/Berlin", 2026),
        "urls": UrlContext(base="b/", provisioning="b/", scheme="https", firmware=""),
        "directory": DirectoryContext(name="company", entries=()),
        "file": FileContext(id="main", revision=1),
        "tables": {"language": {"en": "English"}},
        "query": {},
    }  # fmt: skip
    return Context(**(fields | changes))


def manifest(*rules: FileRule) -> Manifest:
    """The least a manifest holds, with these files."""
    return Manifest.model_validate(
        {
            "vendor": "Acme",
            "title": "made up",
            "file": [rule.model_dump() for rule in rules],
            "layouts": {"one": {}},
            "model": [{"name": "D-1", "accounts": 2, "layout": "one"}],
            "buttons": {},
            "provisioning_url": {"form": "base", "key": "url", "max_bytes": 100},
            "resync": {"event": "check-sync"},
        }
    )


def rule(syntax: str = "lines", **changes: Any) -> FileRule:
    """A file of this syntax, made by `main.j2`."""
    return FileRule.model_validate(
        {
            "id": "main",
            "path": "{mac}.cfg",
            "template": "main.j2",
            "syntax": syntax,
            "holder": "item@name" if syntax == "named" else "",
            **changes,
        }
    )


def renderer(folder: Path, sources: Mapping[str, str], *rules: FileRule) -> Renderer:
    """A renderer of these templates, written to `folder`."""
    for name, text in sources.items():
        (folder / name).write_text(text, encoding="utf-8")
    return Renderer("acme/made-up", folder, manifest(*rules or (rule(),)))


def rendered(
    folder: Path,
    template: str,
    file: FileRule | None = None,
    overrides: tuple[Applied, ...] = (),
    **changes: Any,
) -> Rendered:
    """What `template` gives as `main.j2`."""
    file = file or rule()
    return renderer(folder, {"main.j2": template}, file).render(file, context(**changes), overrides)


def override(key: str, value: str | None) -> Applied:
    """A phone's own override."""
    return Applied(key=key, value=value, layer="phone", author="tech")
