"""What of a record cannot stand, whatever the phone's model and whatever else is stored?

Every function answers with all faults at once; `where` is a field below the record
(`lines[1].extension`), empty for the record itself.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from functools import cache
from zoneinfo import available_timezones

from provisiond.inventory.buttons import MAX_KEY, MAX_MODULES, Button, ButtonKind
from provisiond.inventory.directory import Directory
from provisiond.inventory.domains import CODECS, FEATURE_CODES, Settings, Site
from provisiond.inventory.errors import Finding, Rejected
from provisiond.inventory.near import near
from provisiond.inventory.people import User
from provisiond.inventory.phones import Layout, Override, Phone
from provisiond.inventory.secret import is_token
from provisiond.inventory.texts import (
    first_unprintable,
    has_blank,
    is_dialled,
    is_extension,
    is_feature_code,
    is_host,
    is_ipei,
    is_sip_user,
    shown,
    text_faults,
)
from provisiond.inventory.time_zone import zone_rule

MAX_NAME = 128
MAX_LABEL = 128
MAX_NOTES = 4000
MAX_VALUE = 2048
MAX_LINES = 64
MAX_OVERRIDES = 2000
MAX_EMERGENCY_NUMBERS = 32
MAX_HANDSETS = 64
MASK = "***"
"""What stands for a secret that is not told; as a new value it means "leave it alone"."""

_NUMBERS = {
    "sip_port": (1, 65535, "a port"),
    "outbound_proxy_port": (1, 65535, "a port"),
    "register_expires": (30, 86400, "seconds"),
    "vlan_phone": (0, 4094, "a VLAN, 0 for untagged"),
    "vlan_pc": (0, 4094, "a VLAN, 0 for untagged"),
    "poll_minutes": (0, 43200, "minutes, 0 for never"),
}
_HOSTS = ("sip_server", "outbound_proxy", "ntp_server")


def settings_faults(settings: Settings) -> tuple[Finding, ...]:
    """What is wrong with a layer of settings; what is not set is not wrong."""
    return tuple(_settings(settings))


def domain_faults(name: str) -> tuple[Finding, ...]:
    """What is wrong with a domain's name, which is a SIP domain in lower case."""
    if not is_host(name) or name != name.lower() or ":" in name:
        return (
            Finding(
                where="domain",
                message=f"{shown(name)} is no SIP domain.",
                remedy="Use a name such as pbx.example.test, in lower case, without port.",
            ),
        )
    return ()


def site_faults(site: Site) -> tuple[Finding, ...]:
    """What is wrong with a site."""
    return (
        *text_faults("name", site.name, MAX_NAME, needed=True),
        *(_below("settings", f) for f in _settings(site.settings)),
    )


def user_faults(user: User) -> tuple[Finding, ...]:
    """What is wrong with a user."""
    return tuple(_user(user))


def directory_faults(directory: Directory) -> tuple[Finding, ...]:
    """What is wrong with a directory and its entries."""
    found = list(text_faults("name", directory.name, MAX_NAME, needed=True))
    for index, entry in enumerate(directory.entries):
        where = f"entries[{index}]"
        found += text_faults(f"{where}.name", entry.name, MAX_NAME, needed=True)
        if not is_dialled(entry.number):
            found.append(
                Finding(
                    where=f"{where}.number",
                    message=f"{shown(entry.number)} cannot be dialled.",
                    remedy="Use digits, *, #, + and what people write between them.",
                )
            )
    return tuple(found)


def layout_faults(layout: Layout) -> tuple[Finding, ...]:
    """What is wrong with a layout; whether its buttons fit is a matter of each phone's model."""
    return (*text_faults("name", layout.name, MAX_NAME, needed=True), *_buttons(layout.buttons))


def override_faults(override: Override) -> tuple[Finding, ...]:
    """What is wrong with a hand-set parameter, whatever its family."""
    key, value = override.key, override.value
    found = list(text_faults("key", key, 255, needed=True))
    found += text_faults("author", override.author, MAX_NAME)
    if any(c.isspace() or c == "=" for c in key.strip()):
        found.append(
            Finding(
                where="key",
                message=f"{shown(key)} is no parameter's name.",
                remedy="Give the name alone; its value stands apart.",
            )
        )
    if value is None:
        return tuple(found)
    if len(value) > MAX_VALUE:
        message = f"it has {len(value)} characters; {MAX_VALUE} are the most."
        found.append(Finding(where="value", message=message, remedy="Shorten it."))
    bad = first_unprintable(value)
    if bad is not None:
        found.append(
            Finding(
                where="value",
                message=f"the value of {shown(key)} holds {bad}; it would end the parameter.",
                remedy="Remove it: a value is one line.",
            )
        )
    return tuple(found)


def phone_faults(phone: Phone) -> tuple[Finding, ...]:
    """What is wrong with a phone, its lines, buttons, overrides and settings among themselves."""
    return tuple(_phone(phone))


def _phone(phone: Phone) -> Iterator[Finding]:
    yield from text_faults("name", phone.name, MAX_NAME)
    yield from text_faults("model", phone.model, MAX_NAME)
    if not phone.model:
        message = "the model is missing."
        yield Finding(where="model", message=message, remedy='Give "Vendor Model", as on the box.')
    yield from text_faults("notes", phone.notes, MAX_NOTES, lines=True)
    seen: dict[int, int] = {}
    if len(phone.lines) > MAX_LINES:
        message = f"{len(phone.lines)} lines; {MAX_LINES} are the most any phone has."
        yield Finding(where="lines", message=message, remedy="Remove some.")
    for index, line in enumerate(phone.lines):
        where = f"lines[{index}]"
        if not 1 <= line.line <= MAX_LINES:
            message = f"there is no line {line.line}."
            yield Finding(where=f"{where}.line", message=message, remedy="Count from 1.")
        if seen.setdefault(line.line, index) != index:
            yield Finding(
                where=f"{where}.line",
                message=f"line {line.line} is given twice, by lines[{seen[line.line]}] too.",
                remedy="Give each line of a phone once.",
            )
        yield from text_faults(f"{where}.label", line.label, MAX_LABEL)
    yield from _handsets(phone)
    if len(phone.sidecars) > MAX_MODULES:
        message = f"{len(phone.sidecars)} sidecars; {MAX_MODULES} are the most."
        yield Finding(where="sidecars", message=message, remedy="Remove some.")
    for index, sidecar in enumerate(phone.sidecars):
        yield from text_faults(f"sidecars[{index}]", sidecar, MAX_NAME, needed=True)
    yield from _buttons(phone.buttons)
    if len(phone.overrides) > MAX_OVERRIDES:
        message = f"{len(phone.overrides)} overrides; {MAX_OVERRIDES} are the most of a phone."
        remedy = "Override for the model in the domain, or remove some."
        yield Finding(where="overrides", message=message, remedy=remedy)
    for key, value in phone.overrides:
        override = Override(scope="phone", family="", key=key, value=value)
        yield from (replace(f, where=f"overrides.{key}") for f in override_faults(override))
    yield from (_below("settings", f) for f in _settings(phone.settings))
    for field in ("held_reason", "first_address", "first_user_agent"):
        text = getattr(phone.enrolment, field) or ""
        yield from text_faults(f"enrolment.{field}", text, MAX_VALUE)
    if phone.token and not is_token(phone.token.reveal()):
        yield Finding(
            where="token",
            message="it is no token: 26 letters a-z and digits 2-7.",
            remedy="Leave it out; one is made.",
        )


def _handsets(phone: Phone) -> Iterator[Finding]:
    lines = {line.line for line in phone.lines}
    numbers: dict[int, int] = {}
    ipeis: dict[str, int] = {}
    for index, handset in enumerate(phone.handsets):
        where = f"handsets[{index}]"
        if not 1 <= handset.handset <= MAX_HANDSETS:
            message = f"there is no handset {handset.handset}."
            yield Finding(where=f"{where}.handset", message=message, remedy="Count from 1.")
        if numbers.setdefault(handset.handset, index) != index:
            message = f"handset {handset.handset} is given twice."
            yield Finding(
                where=f"{where}.handset", message=message, remedy="Give each handset once."
            )
        yield from text_faults(f"{where}.name", handset.name, MAX_LABEL)
        if handset.ipei and not is_ipei(handset.ipei):
            yield Finding(
                where=f"{where}.ipei",
                message=f"{shown(handset.ipei)} is no IPEI: 10 digits 0-9 and a-f.",
                remedy="Read it in the handset's menu under status, or leave it out: any handset "
                "may then subscribe in this place.",
            )
        elif handset.ipei and ipeis.setdefault(handset.ipei, index) != index:
            message = f"the IPEI is that of handsets[{ipeis[handset.ipei]}] too."
            yield Finding(
                where=f"{where}.ipei", message=message, remedy="Each handset has its own."
            )
        for line in handset.lines:
            if line not in lines:
                yield Finding(
                    where=f"{where}.lines",
                    message=f"the phone has no line {line}.",
                    remedy="Add the line, or take it from the handset.",
                )


def _user(user: User) -> Iterator[Finding]:
    if not is_extension(user.extension):
        yield Finding(
            where="extension",
            message=f"{shown(user.extension)} is no extension: 1-15 digits, * or #.",
            remedy="Give the number that people dial.",
        )
    yield from text_faults("first_name", user.first_name, MAX_NAME)
    yield from text_faults("last_name", user.last_name, MAX_NAME)
    for field in ("sip_user", "sip_auth_user"):
        text = getattr(user, field)
        if text and not is_sip_user(text):
            yield Finding(
                where=field,
                message=f"{shown(text)} cannot be the user part of a SIP address.",
                remedy="Use letters, digits and -_.!~*'()&=+$,;?/ (RFC 3261), without @ and host.",
            )
    password = user.sip_password.reveal()
    if has_blank(password) or len(password) > 128:
        yield Finding(
            where="sip_password",
            message="it holds a blank, a line break or another unprintable character, or has "
            "more than 128 characters; phones would register with something else.",
            remedy="Set another one, here and at the registrar.",
        )


def _buttons(buttons: Iterable[Button]) -> Iterator[Finding]:
    seen: dict[tuple[int, int], int] = {}
    for index, button in enumerate(buttons):
        where = f"buttons[{index}]"
        if not 0 <= button.module <= MAX_MODULES:
            message = f"there is no module {button.module}."
            remedy = f"0 is the phone, 1-{MAX_MODULES} are its sidecars."
            yield Finding(where=f"{where}.module", message=message, remedy=remedy)
        if not 1 <= button.key <= MAX_KEY:
            message = f"there is no key {button.key}."
            yield Finding(where=f"{where}.key", message=message, remedy="Count from 1.")
        place = (button.module, button.key)
        if seen.setdefault(place, index) != index:
            yield Finding(
                where=where,
                message=f"key {button.key} of module {button.module} is given twice, by "
                f"buttons[{seen[place]}] too.",
                remedy="Remove one of them.",
            )
        if button.line is not None and not 1 <= button.line <= MAX_LINES:
            message = f"there is no line {button.line}."
            yield Finding(where=f"{where}.line", message=message, remedy="Count from 1.")
        most = MAX_VALUE if button.kind is ButtonKind.URL else 255
        yield from text_faults(f"{where}.value", button.value, most)
        yield from text_faults(f"{where}.label", button.label, MAX_LABEL)


def _settings(settings: Settings) -> Iterator[Finding]:
    for field, (least, most, what) in _NUMBERS.items():
        number = getattr(settings, field)
        if number is not None and not least <= number <= most:
            remedy = f"Give {what}: {least}-{most}."
            yield Finding(where=field, message=f"{number} is out of range.", remedy=remedy)
    for field in _HOSTS:
        host = getattr(settings, field)
        if host and not is_host(host):
            yield Finding(
                where=field,
                message=f"{shown(host)} is no host name or address.",
                remedy="Give the name alone, without scheme and port.",
            )
    yield from _zone_and_language(settings)
    yield from _codecs(settings.codecs or ())
    yield from _feature_codes(settings.feature_codes or ())
    yield from _emergency_numbers(settings.emergency_numbers or ())
    if settings.voicemail_number and not is_dialled(settings.voicemail_number):
        message = f"{shown(settings.voicemail_number)} cannot be dialled."
        yield Finding(where="voicemail_number", message=message, remedy="Give digits, * and #.")
    password = settings.phone_admin_password
    if password is not None and (has_blank(password.reveal()) or len(password.reveal()) > 32):
        yield Finding(
            where="phone_admin_password",
            message="it holds a blank or an unprintable character, or has more than 32 characters.",
            remedy="Use letters and digits.",
        )
    for model, asset in settings.firmware or ():
        yield from text_faults("firmware", model, MAX_NAME, needed=True)
        yield from text_faults(f"firmware.{model}", asset, 255, needed=True)
        if any(part in ("", ".", "..") for part in asset.split("/")) or "\\" in asset:
            message = f"{shown(asset)} is no file below assets/."
            remedy = "Give its name as it stands in the assets folder."
            yield Finding(where=f"firmware.{model}", message=message, remedy=remedy)


def _zone_and_language(settings: Settings) -> Iterator[Finding]:
    if settings.time_zone is not None:
        try:
            zone_rule(settings.time_zone, 2026)
        except Rejected as fault:
            remedy = _near(settings.time_zone, _zones()) or fault.remedy
            yield Finding(where="time_zone", message=fault.message, remedy=remedy)
    if settings.language is not None and not _is_language(settings.language):
        yield Finding(
            where="language",
            message=f"{shown(settings.language)} is no language tag.",
            remedy="Use a BCP 47 tag such as en, de or fr-CA.",
        )
    country = settings.tone_country
    if country is not None and not (len(country) == 2 and country.isascii() and country.isalpha()):
        yield Finding(
            where="tone_country",
            message=f"{shown(country)} is no country.",
            remedy="Use two letters (ISO 3166), such as US or DE.",
        )


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _is_language(tag: str) -> bool:
    parts = tag.split("-")
    if not tag.isascii() or not (2 <= len(parts[0]) <= 3 and parts[0].isalpha()):
        return False
    return all(1 < len(part) <= 8 and part.isalnum() for part in parts[1:]) and len(parts) <= 4


def _emergency_numbers(numbers: tuple[str, ...]) -> Iterator[Finding]:
    place = "emergency_numbers"
    if len(numbers) > MAX_EMERGENCY_NUMBERS:
        message = f"there are more than {MAX_EMERGENCY_NUMBERS}."
        yield Finding(where=place, message=message, remedy="Give those that are dialled for help.")
    for number in numbers:
        if not is_extension(number):
            message = f"{shown(number)} is no number as it is dialled."
            yield Finding(where=place, message=message, remedy="Give digits only, such as 911.")


def _codecs(codecs: tuple[str, ...]) -> Iterator[Finding]:
    for codec in codecs:
        if codec not in CODECS:
            yield Finding(
                where="codecs",
                message=f"{shown(codec)} is no codec we know.",
                remedy=_near(codec, CODECS) or f"There are {', '.join(CODECS)}.",
            )
    if len(set(codecs)) != len(codecs):
        yield Finding(where="codecs", message="one is given twice.", remedy="Remove it.")


def _feature_codes(codes: tuple[tuple[str, str], ...]) -> Iterator[Finding]:
    for name, code in codes:
        where = f"feature_codes.{name}"
        if name not in FEATURE_CODES:
            yield Finding(
                where=where,
                message=f"there is no feature code {shown(name)}.",
                remedy=_near(name, FEATURE_CODES) or f"There are {', '.join(FEATURE_CODES)}.",
            )
        if not is_feature_code(code):
            yield Finding(
                where=where,
                message=f"{shown(code)} cannot be dialled.",
                remedy="Use digits, * and #, with {value} once at most, where the number goes.",
            )


def _near(text: str, names: Collection[str]) -> str:
    close = near(text, names)
    return f"Did you mean {' or '.join(close)}?" if close else ""


def _below(place: str, finding: Finding) -> Finding:
    return replace(finding, where=f"{place}.{finding.where}" if finding.where else place)
