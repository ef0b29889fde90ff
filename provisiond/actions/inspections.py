"""Can every phone of the inventory be served, and as its owner means it?"""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from provisiond.actions.dial_plan_checks import dial_plan_warnings
from provisiond.actions.import_check import override_row_findings, phone_findings
from provisiond.actions.import_check_numbers import reach_of
from provisiond.actions.inventory_load import domain_names, load_domain, load_server
from provisiond.actions.inventory_state import DomainContents, ServerContents
from provisiond.actions.number_checks import RuleLint
from provisiond.actions.render_file import Place, current_rule, place_of, render_phone_file
from provisiond.actions.sms import sms_reference_findings
from provisiond.catalog.build import effective_settings, phone_urls
from provisiond.catalog.check import star_code_findings
from provisiond.catalog.lint import lint
from provisiond.catalog.manifest import Manifest
from provisiond.catalog.overrides import choose, matches
from provisiond.catalog.param import Entry
from provisiond.catalog.samples import render_sample
from provisiond.catalog.shelf import Shelf
from provisiond.catalog.structure import check_structure
from provisiond.inventory.domains import BUILT_IN, Settings, inherit
from provisiond.inventory.errors import Finding, ProvisiondError
from provisiond.inventory.facts import DomainFacts, PhoneFacts
from provisiond.inventory.look_ahead import LOOK_WORK, LookAhead
from provisiond.inventory.phones import Phone
from provisiond.inventory.urls import PublicUrls
from provisiond.store.database import Database

_LOOK_WORK = 20 * LOOK_WORK  # a domain; nobody waits for it


async def inspect_inventory(
    db: Database, shelf: Shelf, urls: PublicUrls, at: datetime
) -> tuple[Finding, ...]:
    """Every finding about the store's records: each phone against its model, its current file
    rendered and read back, its provisioning URL measured, feature codes that phones take for
    their own; numbers with rules that can never win or that lead to what is disabled. `where`
    begins with the domain and the MAC or number."""
    async with db.read() as read:
        server = await load_server(read)
        names = await domain_names(read)
    found = [
        replace(finding, where="server overrides")
        for row in server.overrides
        for finding in override_row_findings(row, shelf, admin=True)
    ]
    for name in names:
        async with db.read() as read:
            contents = await load_domain(read, name)
        found += await asyncio.to_thread(_domain, contents, server, shelf, urls, at.year)
        found += await asyncio.to_thread(_numbers, contents, server, at)
    return tuple(found)


def _domain(
    contents: DomainContents, server: ServerContents, shelf: Shelf, urls: PublicUrls, year: int
) -> list[Finding]:
    name = contents.domain.name
    facts = DomainFacts(
        domain_id=contents.domain_id or 0,
        name=name,
        epoch=0,
        settings=inherit(BUILT_IN, server.settings, contents.domain.settings),
        sites=contents.sites,
        users=contents.users,
        overrides=(*server.overrides, *contents.overrides),
    )
    found: list[Finding] = []
    if not facts.settings.sip_server:
        found.append(
            Finding(
                where=f"{name} settings",
                message="no sip_server is set; phones would not know where to register.",
                remedy="Set settings.sip_server.",
                severity="warning",
            )
        )
    for row in contents.overrides:
        place = f"{name} site {row.site}" if row.site else name
        site = contents.sites.get(row.site or "")
        layers = (server.settings, contents.domain.settings, site.settings if site else Settings())
        emergency = inherit(*layers).emergency_numbers
        rows = override_row_findings(row, shelf, admin=True, emergency=emergency)
        found += (replace(finding, where=f"{place} overrides") for finding in rows)
    told = {finding.message for finding in found}
    found += [
        replace(finding, where=f"{name} {finding.where}")
        for finding in dial_plan_warnings(replace(contents, phones={}), server, shelf)
        if finding.message.partition(": ")[2] not in told
    ]
    found += _star_codes(facts, contents.phones.values(), shelf)
    for mac in sorted(contents.phones):
        phone = contents.phones[mac]
        own = list(phone_findings(phone, contents, shelf, server=server.settings, admin=True))
        if shelf.find_model(phone.model) is not None:
            own += _file(facts, phone, contents, shelf, urls, year)
        place = f"{name} {mac}"
        found += (replace(f, where=f"{place} {f.where}".rstrip(), line=None) for f in own)
    return found


def _numbers(contents: DomainContents, server: ServerContents, at: datetime) -> list[Finding]:
    reach = reach_of(contents, server.settings)
    lint = RuleLint(reach, LookAhead(at, _LOOK_WORK))
    name = contents.domain.name
    found = [
        replace(finding, where=f"{name} {number.number} {finding.where}")
        for number in contents.numbers.values()
        for finding in lint.of(number)
    ]
    return found + [
        replace(finding, where=f"{name} SMS {number.number} {finding.where}")
        for number in contents.sms_numbers.values()
        for finding in sms_reference_findings(number, reach)
    ]


def _star_codes(facts: DomainFacts, phones: Iterable[Phone], shelf: Shelf) -> Iterator[Finding]:
    """Once a family and domain, not once a phone."""
    models = {phone.model for phone in phones}
    found = (shelf.find_model(model) for model in sorted(models))
    families = {known[0].name: known[0] for known in found if known is not None}
    for family in families.values():
        for finding in star_code_findings(family, facts.settings.feature_codes or ()):
            yield replace(finding, where=f"{facts.name} {finding.where}")


def _file(
    facts: DomainFacts,
    phone: Phone,
    contents: DomainContents,
    shelf: Shelf,
    urls: PublicUrls,
    year: int,
) -> Iterator[Finding]:
    """The file that proves the phone current, as it would be served now."""
    layout = contents.layouts.get(phone.layout or "")
    shared = {(b.module, b.key): b for b in layout.buttons} if layout is not None else {}
    buttons = shared | {(button.module, button.key): button for button in phone.buttons}
    placed = replace(phone, buttons=tuple(buttons[at] for at in sorted(buttons)))
    users = {line.extension: facts.users[line.extension] for line in phone.lines}
    whole = PhoneFacts(domain=facts, phone=placed, phone_id=0, epoch=0, users=users)
    try:
        place = place_of(shelf, whole.phone.model)
        rule = current_rule(place)
        rendered = render_phone_file(place=place, rule=rule, facts=whole, urls=urls, year=year)
    except ProvisiondError as fault:
        yield Finding(where="", message=f"its file cannot be rendered: {fault}")
        return
    yield from check_structure(rendered.body, rule, rendered.record)
    yield from lint(rendered.body, rule)
    yield from _url(place, whole, urls)
    yield from _undone(place, whole, urls, year)


def _url(place: Place, facts: PhoneFacts, urls: PublicUrls) -> Iterator[Finding]:
    manifest = place.family.manifest
    made = phone_urls(manifest, place.model, urls, facts.phone.token, effective_settings(facts))
    size, most = len(made.provisioning.encode()), manifest.provisioning_url.max_bytes
    if not made.provisioning:
        schemes = ", ".join(manifest.provisioning_url.schemes)
        yield Finding(
            where="provisioning URL",
            message="the phone can be given no URL of this server.",
            remedy=f"Set a public_url that it can fetch over: {schemes}.",
        )
    elif size > most:
        yield Finding(
            where="provisioning URL",
            message=f"it has {size} bytes; a {facts.phone.model} keeps {most}.",
            remedy="Shorten public_url.",
        )


def _undone(place: Place, facts: PhoneFacts, urls: PublicUrls, year: int) -> Iterator[Finding]:
    """Overrides without which the phone would stay with its tokened URL, and with them does not."""
    manifest, phone = place.family.manifest, facts.phone
    made = phone_urls(manifest, place.model, urls, phone.token, effective_settings(facts))
    keys = (manifest.provisioning_url.key, *(rival.key for rival in manifest.outranked_by))
    rows = facts.domain.overrides
    chosen = choose(rows, place.family.name, place.model.name, phone.site, phone.overrides)
    touching = any(matches(each.key, keys) for each in chosen)
    if not made.provisioning or not touching:
        return
    for rule in place.family.rules_for(place.model):
        if rule.scope != "phone" or rule.template is None:
            continue
        try:
            rendered = render_phone_file(place=place, rule=rule, facts=facts, urls=urls, year=year)
            sample = render_sample(place.family, place.model, "plain", rule)
        except ProvisiondError:
            continue  # the file is told of where it is what the phone waits for
        settled = [
            key for key in keys if any(matches(own, (key,)) for own in sample.record.entries)
        ]
        for key, entry in rendered.record.entries.items():
            if entry.layer == "template" or not matches(key, settled):
                continue
            if not _holds(entry, manifest, made.provisioning, phone.token.reveal()):
                yield _undoing(phone, entry)


def _holds(entry: Entry, manifest: Manifest, url: str, token: str) -> bool:
    """Whether what was printed still settles all that the manifest wants of this key."""
    value = entry.printed_value
    if value is None:
        return False
    if matches(entry.key, (manifest.provisioning_url.key,)) and url not in value:
        return False
    return all(
        token in value if rival.value is None else value == rival.value
        for rival in manifest.outranked_by
        if matches(entry.key, (rival.key,))
    )


def _undoing(phone: Phone, entry: Entry) -> Finding:
    layer = entry.layer.partition("/")[0]
    if layer == "phone":
        remedy = f"Remove it with `provisiond phones edit {phone.mac} --no-override {entry.key}`."
    else:
        remedy = f"Remove it from the overrides of the {layer}."
    return Finding(
        where=f"overrides.{entry.key}",
        message=f"an override undoes the enrolment of {phone.mac}: {entry.key} no longer keeps "
        "the phone at its own URL.",
        remedy=remedy,
    )
