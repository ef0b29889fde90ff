"""What would this phone get, and why? Its files rendered for people, secrets masked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from provisiond.actions.inventory_write import is_secret_key
from provisiond.actions.render_file import Place, current_rule, place_of, render_phone_file
from provisiond.catalog.build import build_family_context
from provisiond.catalog.family import allows, file_name
from provisiond.catalog.manifest import FileRule
from provisiond.catalog.match import candidates, parse_name
from provisiond.catalog.param import Entry
from provisiond.catalog.render import Rendered
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.errors import NotFound, Refused
from provisiond.inventory.facts import PhoneFacts
from provisiond.inventory.faults import MASK
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Override
from provisiond.inventory.secret import Secret
from provisiond.inventory.urls import PublicUrls
from provisiond.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneFile:
    """A file the phone asks for: its rule and name; `served` is False for a plain 404."""

    id: str
    name: str
    served: bool
    proves_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """One rendered file. `assignments` say of each key where its value comes from."""

    domain: str
    mac: Mac
    model: str
    family: str
    file: PhoneFile
    files: tuple[PhoneFile, ...]
    body: bytes
    content_type: str
    assignments: tuple[Entry, ...]


async def preview_file(
    db: Database,
    shelf: Shelf,
    urls: PublicUrls,
    mac: Mac,
    file: str | None,
    at: datetime,
    *,
    domain: str | None = None,
    show_secrets: bool = False,
) -> Preview:
    """Render a file of a phone as it would be served now; masked unless `show_secrets`.

    `file` is a rule's id or the name the phone asks for; None is the file that proves it current.
    A phone that is not in `domain` is not there. Raises NotFound and TemplateFault.
    """
    facts = await db.facts.for_mac(mac, directory=True)
    if facts is None or domain not in (None, facts.domain.name):
        raise NotFound(f"there is no phone {mac}.")
    if not show_secrets:
        facts, urls = masked_facts(facts), replace(urls, passwords=b"")
    place = place_of(shelf, facts.phone.model)
    rule = current_rule(place) if file is None else find_rule(place, mac, file)
    if rule.template is None:
        raise NotFound(f"{file_name(rule, place.model, mac)} is never served: the phone gets 404.")
    rendered = _render(place, rule, facts, urls, at)
    return Preview(
        domain=facts.domain.name,
        mac=mac,
        model=facts.phone.model,
        family=place.family.name,
        file=_file(place, rule, mac),
        files=phone_files(place, mac),
        body=rendered.body,
        content_type=rule.content_type,
        assignments=tuple(rendered.record.entries.values()),
    )


def phone_files(place: Place, mac: Mac) -> tuple[PhoneFile, ...]:
    """Every file the phone may ask for, in the manifest's order."""
    rules = (compiled.rule for compiled in place.family.rules)
    return tuple(_file(place, rule, mac) for rule in rules if allows(rule, place.model))


def find_rule(place: Place, mac: Mac, file: str) -> FileRule:
    """The rule of this id, or of the file of this name. Raises NotFound naming what there is."""
    for compiled in place.family.rules:
        if compiled.rule.id == file and allows(compiled.rule, place.model):
            return compiled.rule
    try:
        matches = candidates([place.family], parse_name(file).path)
    except Refused:
        matches = ()
    for match in matches:
        if match.rule is not None and allows(match.rule, place.model):
            return match.rule
    there = ", ".join(f"{each.id} ({each.name})" for each in phone_files(place, mac))
    raise NotFound(f"a {place.model.name} asks for no file {file!r}; it asks for {there}.")


def masked_facts(facts: PhoneFacts) -> PhoneFacts:
    """The facts with `***` for every secret: what is not there cannot be printed."""
    phone = facts.phone
    return replace(
        facts,
        users={
            extension: replace(user, sip_password=_masked(user.sip_password))
            for extension, user in facts.users.items()
        },
        phone=replace(
            phone,
            token=_masked(phone.token),
            settings=replace(
                phone.settings, phone_admin_password=_maybe(phone.settings.phone_admin_password)
            ),
            overrides=tuple((key, _masked_value(key, value)) for key, value in phone.overrides),
        ),
        domain=replace(
            facts.domain,
            settings=replace(
                facts.domain.settings,
                phone_admin_password=_maybe(facts.domain.settings.phone_admin_password),
            ),
            sites={
                name: replace(
                    site,
                    settings=replace(
                        site.settings,
                        phone_admin_password=_maybe(site.settings.phone_admin_password),
                    ),
                )
                for name, site in facts.domain.sites.items()
            },
            overrides=_masked_rows(facts.domain.overrides),
        ),
    )


def _render(
    place: Place, rule: FileRule, facts: PhoneFacts, urls: PublicUrls, at: datetime
) -> Rendered:
    if rule.scope != "family":
        return render_phone_file(place=place, rule=rule, facts=facts, urls=urls, year=at.year)
    context = build_family_context(
        family=place.family, rule=rule, urls=urls, words=place.model.names
    )
    return place.family.renderer.render(rule, context)


def _file(place: Place, rule: FileRule, mac: Mac) -> PhoneFile:
    return PhoneFile(
        id=rule.id,
        name=file_name(rule, place.model, mac),
        served=rule.template is not None,
        proves_current=rule.proves_current,
    )


def _masked(secret: Secret) -> Secret:
    return Secret(MASK) if secret else secret


def _maybe(secret: Secret | None) -> Secret | None:
    return None if secret is None else _masked(secret)


def _masked_value(key: str, value: str | None) -> str | None:
    return MASK if value and is_secret_key(key) else value


def _masked_rows(rows: Sequence[Override]) -> tuple[Override, ...]:
    return tuple(replace(row, value=_masked_value(row.key, row.value)) for row in rows)
