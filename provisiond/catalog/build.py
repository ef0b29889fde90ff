"""What does a template get to read? Facts of the inventory made into a clean context."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from provisiond.catalog.cleaning import Cleaner, clean, clean_label, cleaner_of
from provisiond.catalog.context import (
    AccountContext,
    Context,
    DirectoryContext,
    FamilyContext,
    FileContext,
    HandsetContext,
    KeyContext,
    ModelContext,
    PhoneContext,
    SettingsContext,
    SidecarContext,
    UrlContext,
)
from provisiond.catalog.family import Family
from provisiond.catalog.manifest import ButtonRule, FileRule, Manifest, ModelRule
from provisiond.catalog.placing import SIDECAR_BANK, KeySlot, phone_slots, place, sidecar_slots
from provisiond.inventory.buttons import CODE_NEEDED, CODE_OPTIONAL, Button, ButtonKind, expand_code
from provisiond.inventory.domains import Dtmf, ResyncRoute, Settings, SipTransport, Srtp, inherit
from provisiond.inventory.facts import PhoneFacts
from provisiond.inventory.people import User
from provisiond.inventory.phones import Phone
from provisiond.inventory.secret import Secret
from provisiond.inventory.time_zone import zone_rule
from provisiond.inventory.urls import PublicUrls

_LINE_KINDS = (ButtonKind.LINE, ButtonKind.SHARED_LINE)


def build_context(
    *,
    family: Family,
    model: ModelRule,
    facts: PhoneFacts,
    rule: FileRule,
    urls: PublicUrls,
    year: int,
    revision: int = 0,
    query: Sequence[tuple[str, str]] = (),
) -> Context:
    """The context of one file of one phone. `year` is the UTC year: no other clock is read."""
    manifest = family.manifest
    phone = facts.phone
    settings = effective_settings(facts)
    said = cleaner_of(ascii_only=rule.ascii_only)
    accounts = tuple(_accounts(manifest, model, facts, said))
    keys, sidecars = _keys(
        _Desk(
            manifest=manifest,
            model=model,
            settings=settings,
            codes=dict(settings.feature_codes or ()),
            accounts=accounts,
            users=facts.domain.users,
            said=said,
        ),
        facts,
    )
    asked = dict(query)
    return Context(
        phone=_phone(phone, model, said),
        model=ModelContext(name=model.name, accounts=model.accounts, features=model.features),
        domain=said(facts.domain.name),
        accounts=accounts,
        lines=tuple(account for account in accounts if account.used),
        handsets=tuple(_handsets(model, facts, said)),
        keys=keys,
        sidecars=sidecars,
        settings=_settings(settings, phone.mac.text, said),
        zone=zone_rule(settings.time_zone or "Etc/UTC", year),
        urls=_with_login(phone_urls(manifest, model, urls, phone.token, settings), urls, phone),
        directory=_directory(phone.directory, facts, said),
        file=FileContext(id=rule.id, revision=revision if rule.revision else 0),
        tables=manifest.tables,
        query={name: said(asked.get(name, "")) for name in rule.query},
    )


def build_family_context(
    *, family: Family, rule: FileRule, urls: PublicUrls, words: Mapping[str, str]
) -> FamilyContext:
    """The context of a file of scope family: nothing of a tenant is in it."""
    manifest = family.manifest
    named = [
        model
        for model in manifest.model
        if words
        and all(model.names.get(w, "").casefold() == v.casefold() for w, v in words.items())
    ]
    base = urls.best(manifest.provisioning_url.schemes)
    return FamilyContext(
        urls=UrlContext(
            base=base,
            provisioning=provisioning_url(manifest, base),
            scheme=base.partition(":")[0],
            firmware="",
        ),
        file=FileContext(id=rule.id, revision=0),
        tables=manifest.tables,
        names=words,
        model=ModelContext(
            name=named[0].name, accounts=named[0].accounts, features=named[0].features
        )
        if len(named) == 1
        else None,
    )


def effective_settings(facts: PhoneFacts) -> Settings:
    """The phone's settings with its site's, the domain's and the server's below them."""
    site = facts.domain.sites.get(facts.phone.site or "")
    layers = [facts.domain.settings]
    if site is not None:
        layers.append(site.settings)
    return inherit(*layers, facts.phone.settings)


def phone_urls(
    manifest: Manifest, model: ModelRule, urls: PublicUrls, token: Secret, settings: Settings
) -> UrlContext:
    """The phone's URLs; the firmware's file is an asset below the tokened base."""
    public = urls.best(model.schemes or manifest.provisioning_url.schemes)
    base = f"{public}p/{token.reveal()}/" if public and token else public
    asset = dict(settings.firmware or ()).get(f"{manifest.vendor} {model.name}", "")
    return UrlContext(
        base=base,
        provisioning=provisioning_url(manifest, base),
        scheme=base.partition(":")[0],
        firmware=f"{base}assets/{clean(asset)}" if asset and base else "",
    )


def _with_login(made: UrlContext, urls: PublicUrls, phone: Phone) -> UrlContext:
    password = urls.password(phone.token)
    if not password or not made.base:
        return made
    return replace(made, user=phone.mac.text, password=password.reveal())


def provisioning_url(manifest: Manifest, base: str) -> str:
    """The base URL in the form this family's phones want it."""
    wanted = manifest.provisioning_url
    if not base:
        return ""
    if wanted.form == "bare":
        return base.partition("://")[2].rstrip("/")
    if wanted.form == "full":
        return base + wanted.file
    return base


def _phone(phone: Phone, model: ModelRule, said: Cleaner) -> PhoneContext:
    return PhoneContext(
        mac=phone.mac.text,
        name=said(phone.name),
        model=model.name,
        site=said(phone.site or ""),
    )


def _accounts(
    manifest: Manifest, model: ModelRule, facts: PhoneFacts, said: Cleaner
) -> Iterable[AccountContext]:
    lines = {line.line: line for line in facts.phone.lines}
    count = max(model.accounts, *lines, 0) if lines else model.accounts
    for number in range(1, min(count, model.accept_accounts or model.accounts) + 1):
        line = lines.get(number)
        user = facts.users.get(line.extension) if line is not None else None
        if line is None or user is None:
            yield _unused(number)
            continue
        yield AccountContext(
            number=number,
            used=True,
            extension=said(user.extension),
            label=clean_label(line.label or user.extension, manifest.limits, said),
            display_name=said(user.display_name),
            user=said(user.sip_user or user.extension),
            auth_user=said(user.sip_auth_user or user.sip_user or user.extension),
            password=said(user.sip_password.reveal()),
            shared=line.shared,
        )


@cache
def _unused(number: int) -> AccountContext:
    return AccountContext(number=number, used=False)


def _handsets(model: ModelRule, facts: PhoneFacts, said: Cleaner) -> Iterable[HandsetContext]:
    handsets = {handset.handset: handset for handset in facts.phone.handsets}
    for number in range(1, model.handsets + 1):
        handset = handsets.get(number)
        if handset is None:
            yield HandsetContext(number=number, used=False)
            continue
        yield HandsetContext(
            number=number,
            used=True,
            name=said(handset.name),
            ipei=said(handset.ipei),
            lines=handset.lines,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """What a key's meaning depends on beside its button."""

    manifest: Manifest
    model: ModelRule
    settings: Settings
    codes: Mapping[str, str]
    accounts: Sequence[AccountContext]
    users: Mapping[str, User]
    said: Cleaner
    meanings: dict[ButtonKind, "_Meaning"] = field(default_factory=dict)


def _keys(
    desk: _Desk, facts: PhoneFacts
) -> tuple[tuple[KeyContext, ...], tuple[SidecarContext, ...]]:
    phone, manifest = facts.phone, desk.manifest
    used = [line for line in phone.lines if line.line <= len(desk.accounts)]
    placed = place(manifest, desk.model, phone.sidecars, used, phone.buttons)

    def key(module: int, slot: KeySlot) -> KeyContext:
        button = placed.get((module, slot.position))
        return _empty(manifest, slot) if button is None else _key(desk, slot, button)

    keys = tuple([key(0, slot) for slot in phone_slots(manifest.layouts[desk.model.layout])])
    sidecars = tuple(
        SidecarContext(
            unit=unit,
            type=name,
            keys=tuple(key(unit, slot) for slot in sidecar_slots(manifest.sidecars[name])),
            features=manifest.sidecars[name].features,
        )
        for unit, name in enumerate(phone.sidecars, 1)
        if name in manifest.sidecars
    )
    return keys, sidecars


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meaning:
    """What a kind of button is to this model and domain; the same for all its buttons.

    `code` is the domain's code that the kind dials, `pickup` one that it may have beside.
    """

    word: str
    rule: ButtonRule
    blocked: bool
    code: str | None
    pickup: str | None
    default_line: int


def _meaning(desk: _Desk, kind: ButtonKind) -> _Meaning:
    known = desk.meanings.get(kind)
    if known is None:
        rule, wanted = desk.manifest.buttons[kind], CODE_NEEDED.get(kind)
        known = desk.meanings[kind] = _Meaning(
            word=kind.value,
            rule=rule,
            blocked=kind is ButtonKind.NONE
            or bool(rule.unavailable)
            or kind.value in desk.model.unavailable
            or (wanted is not None and wanted not in desk.codes),
            code=desk.codes.get(wanted or ""),
            pickup=desk.codes.get(CODE_OPTIONAL.get(kind, "")) or None,
            default_line=1 if rule.needs_line or kind in _LINE_KINDS else 0,
        )
    return known


def _fits_bank(rule: ButtonRule, bank: str) -> bool:
    if bank == SIDECAR_BANK:
        return rule.sidecar
    return rule.allows(bank)


def _key(desk: _Desk, slot: KeySlot, button: Button) -> KeyContext:
    """The key with its button; empty where this model or domain cannot have the button here."""
    kind = button.kind
    meaning = _meaning(desk, kind)
    if meaning.blocked or not _fits_bank(meaning.rule, slot.bank):
        return _empty(desk.manifest, slot)
    value = button.value
    if meaning.code is not None:
        value = expand_code(meaning.code, value)
    elif kind is ButtonKind.VOICEMAIL:
        value = value or desk.settings.voicemail_number or ""
    line = button.line or meaning.default_line
    return KeyContext(
        position=slot.position,
        bank=slot.bank,
        number=slot.number,
        kind=meaning.word,
        line=line,
        value=desk.said(value),
        label=clean_label(_shown(desk, button, line), desk.manifest.limits, desk.said),
        pickup=desk.said(expand_code(meaning.pickup, button.value)) if meaning.pickup else "",
        code=meaning.rule.code,
    )


def _shown(desk: _Desk, button: Button, line: int) -> str:
    """The label, else the line's, a colleague's name, the value, the kind."""
    if button.label:
        return button.label
    if button.kind in _LINE_KINDS:
        return desk.accounts[line - 1].label if 0 < line <= len(desk.accounts) else ""
    user = desk.users.get(button.value)
    if user is not None:
        return user.display_name
    return button.value or button.kind.value.replace("_", " ").capitalize()


def _empty(manifest: Manifest, slot: KeySlot) -> KeyContext:
    return KeyContext(
        position=slot.position,
        bank=slot.bank,
        number=slot.number,
        code=manifest.buttons[ButtonKind.NONE].code,
    )


def _settings(settings: Settings, mac: str, said: Cleaner) -> SettingsContext:
    poll = settings.poll_minutes or 0
    spread = int.from_bytes(hashlib.sha256(mac.encode()).digest()[:8])
    transport = settings.transport or SipTransport.UDP
    sip_port = settings.sip_port or (5061 if transport is SipTransport.TLS else 5060)
    return SettingsContext(
        sip_server=said(settings.sip_server or ""),
        sip_port=sip_port,  # RFC 3261 §18.2.1: 5061 with TLS
        outbound_proxy=said(settings.outbound_proxy or ""),
        outbound_proxy_port=settings.outbound_proxy_port or sip_port,
        transport=transport.value,
        register_expires=settings.register_expires or 600,
        codecs=settings.codecs or (),
        srtp=(settings.srtp or Srtp.OFF).value,
        dtmf=(settings.dtmf or Dtmf.RFC2833).value,
        vlan_phone=settings.vlan_phone or 0,
        vlan_pc=settings.vlan_pc or 0,
        vlan_set=settings.vlan_phone is not None or settings.vlan_pc is not None,
        language=said(settings.language or "en"),
        tone_country=said(settings.tone_country or "US").upper(),
        ntp_server=said(settings.ntp_server or ""),
        poll_minutes=poll,
        poll_jitter=spread % poll if poll else 0,
        voicemail_number=said(settings.voicemail_number or ""),
        feature_codes={name: said(code) for name, code in settings.feature_codes or ()},
        admin_password=said((settings.phone_admin_password or Secret("")).reveal()),
        emergency_numbers=tuple(said(number) for number in settings.emergency_numbers or ()),
        resync_route=(settings.resync_route or ResyncRoute.VIA_PROXY).value,
    )


def _directory(name: str | None, facts: PhoneFacts, said: Cleaner) -> DirectoryContext:
    entries = facts.directory or ()
    return DirectoryContext(
        name=said(name or ""),
        entries=tuple((said(entry.name), said(entry.number)) for entry in entries),
    )
