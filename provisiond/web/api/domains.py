"""How do programs keep domains, their sites, and the layouts that phones share?"""

from dataclasses import replace
from typing import Any

from pydantic import Field

from provisiond.actions.domains import (
    AddDomain,
    ChangeDomain,
    DeleteDomain,
    DomainView,
    add_domain,
    change_domain,
    delete_domain,
    list_all_domains,
    show_domain,
)
from provisiond.actions.import_merge import merge_layout, merge_settings
from provisiond.actions.inventory_schema import Entry, LayoutEntry, SettingsEntry
from provisiond.actions.inventory_write import settings_tree
from provisiond.actions.layouts import (
    AddLayout,
    ChangeLayout,
    DeleteLayout,
    add_layout,
    change_layout,
    delete_layout,
    list_domain_layouts,
    show_layout,
)
from provisiond.actions.sites import (
    AddSite,
    ChangeSite,
    DeleteSite,
    add_site,
    change_site,
    delete_site,
    list_domain_sites,
    show_site,
)
from provisiond.inventory.access import Noun
from provisiond.inventory.domains import Domain, Settings, Site
from provisiond.inventory.phones import Layout
from provisiond.web.api.kept import Keeping, faults, kept, listing, named_part, seen
from provisiond.web.api.phone_shapes import ButtonShown, SettingsShown, button_shown
from provisiond.web.api.route import Call, Reply
from provisiond.web.api.shapes import NamedQuery, Record


class DomainBody(Entry):
    """A domain. Of `settings` only those that are given change; null takes one away."""

    domain: str
    settings: SettingsEntry = SettingsEntry()


class SiteBody(Entry):
    """A site. Of `settings` only those that are given change; null takes one away."""

    name: str
    settings: SettingsEntry = SettingsEntry()
    emergency_address: str | None = None


class DomainShown(Record):
    """A domain, and how many of each noun it holds."""

    domain: str
    settings: SettingsShown
    counts: dict[str, int] = Field(default_factory=dict)


class SiteShown(Record):
    """A site and what its settings put over the domain's."""

    name: str
    settings: SettingsShown
    emergency_address: str | None


class LayoutShown(Record):
    """A layout, and the phones that have it."""

    name: str
    buttons: list[ButtonShown]
    phones: list[str] = Field(default_factory=list)


async def list_domains(call: Call) -> Reply:
    """The domains that the asker knows of."""
    only = call.actor.domain
    if only is not None:
        views: tuple[DomainView, ...] = (await show_domain(call.desk.db, only),)
    else:
        views = await list_all_domains(call.desk.db)
    page = named_part(call, views, lambda view: view.domain.name)
    return listing(call, page, _domain_shown, DomainShown)


async def get_domain(call: Call) -> Reply:
    """One domain."""
    view = await show_domain(call.desk.db, call.of("domain"))
    return Reply(body=_domain_shown(view), revision=view.domain.revision)


async def post_domain(call: Call) -> Reply:
    """Add a domain; a password for its phones' menus is made where none is given."""
    body: DomainBody = call.body
    domain = Domain(name=body.domain, settings=merge_settings(Settings(), body.settings))
    desk = call.desk
    saved = await add_domain(desk.db, desk.shelf(), call.actor, AddDomain(domain=domain), call.at)
    shown = _domain_record(saved.record).model_copy(update={"warnings": faults(saved.warnings)})
    return Reply(
        body=shown, revision=saved.record.revision, location=f"/domains/{saved.record.name}"
    )


async def patch_domain(call: Call) -> Reply:
    """Change a domain; its phones follow."""
    body: DomainBody = call.body
    stood = (await show_domain(call.desk.db, call.of("domain"))).domain
    domain = Domain(
        name=body.domain,
        settings=merge_settings(stood.settings, body.settings),
        revision=seen(call, stood.revision),
    )
    command = ChangeDomain(name=stood.name, domain=domain)
    saved = await change_domain(call.desk.db, call.desk.shelf(), call.actor, command, call.at)
    shown = _domain_record(saved.record).model_copy(update={"warnings": faults(saved.warnings)})
    return Reply(body=shown, revision=saved.record.revision)


async def remove_domain(call: Call) -> Reply:
    """Delete a domain with everything below it."""
    command = DeleteDomain(name=call.of("domain"), revision=call.revision)
    await delete_domain(call.desk.db, call.actor, command, call.at)
    return Reply()


async def list_sites(call: Call) -> Reply:
    """Every site."""
    rows = await list_domain_sites(call.desk.db, call.of("domain"))
    page = named_part(call, rows, lambda site: site.name)
    return listing(call, page, site_shown, SiteShown)


async def get_site(call: Call) -> Reply:
    """One site."""
    site = await show_site(call.desk.db, call.of("domain"), call.of("name"))
    return Reply(body=site_shown(site), revision=site.revision)


async def post_site(call: Call) -> Reply:
    """Add a site."""
    body: SiteBody = call.body
    site = Site(
        name=body.name,
        settings=merge_settings(Settings(), body.settings),
        emergency_address=body.emergency_address,
    )
    command = AddSite(domain=call.of("domain"), site=site)
    saved = await add_site(call.desk.db, call.desk.shelf(), call.actor, command, call.at)
    return _saved(site_shown(saved.record), saved.warnings)


async def patch_site(call: Call) -> Reply:
    """Change a site; the phones there follow."""
    body: SiteBody = call.body
    stood = await show_site(call.desk.db, call.of("domain"), call.of("name"))
    site = replace(
        stood,
        name=body.name,
        settings=merge_settings(stood.settings, body.settings),
        revision=seen(call, stood.revision),
    )
    if "emergency_address" in body.model_fields_set:
        site = replace(site, emergency_address=body.emergency_address)
    command = ChangeSite(domain=call.of("domain"), name=stood.name, site=site)
    saved = await change_site(call.desk.db, call.desk.shelf(), call.actor, command, call.at)
    return _saved(site_shown(saved.record), saved.warnings)


async def remove_site(call: Call) -> Reply:
    """Delete a site nobody is at."""
    command = DeleteSite(domain=call.of("domain"), name=call.of("name"), revision=call.revision)
    await delete_site(call.desk.db, call.actor, command, call.at)
    return Reply()


async def list_layouts(call: Call) -> Reply:
    """Every layout."""
    rows = await list_domain_layouts(call.desk.db, call.of("domain"))
    page = named_part(call, rows, lambda one: one.name)
    return listing(call, page, layout_shown, LayoutShown)


async def get_layout(call: Call) -> Reply:
    """One layout, and the phones that have it."""
    view = await show_layout(call.desk.db, call.of("domain"), call.of("name"))
    phones = [str(mac) for mac in view.phones]
    shown = layout_shown(view.layout).model_copy(update={"phones": phones})
    return Reply(body=shown, revision=view.layout.revision)


async def post_layout(call: Call) -> Reply:
    """Add a layout."""
    body: LayoutEntry = call.body
    command = AddLayout(domain=call.of("domain"), layout=merge_layout(None, body))
    saved = await add_layout(call.desk.db, call.actor, command, call.at)
    return _saved(layout_shown(saved.record), saved.warnings)


async def patch_layout(call: Call) -> Reply:
    """Change a layout; its phones follow."""
    body: LayoutEntry = call.body
    stood = (await show_layout(call.desk.db, call.of("domain"), call.of("name"))).layout
    layout = replace(merge_layout(stood, body), name=body.name, revision=seen(call, stood.revision))
    command = ChangeLayout(domain=call.of("domain"), name=stood.name, layout=layout)
    saved = await change_layout(call.desk.db, call.desk.shelf(), call.actor, command, call.at)
    return _saved(layout_shown(saved.record), saved.warnings)


async def remove_layout(call: Call) -> Reply:
    """Delete a layout no phone has."""
    command = DeleteLayout(domain=call.of("domain"), name=call.of("name"), revision=call.revision)
    await delete_layout(call.desk.db, call.actor, command, call.at)
    return Reply()


def site_shown(site: Site) -> SiteShown:
    """A site as programs see it."""
    return SiteShown(
        revision=site.revision,
        name=site.name,
        settings=_settings(site.settings),
        emergency_address=site.emergency_address,
    )


def layout_shown(layout: Layout) -> LayoutShown:
    """A layout as programs see it."""
    buttons = [button_shown(button) for button in layout.buttons]
    return LayoutShown(revision=layout.revision, name=layout.name, buttons=buttons)


def _domain_shown(view: DomainView) -> DomainShown:
    return _domain_record(view.domain).model_copy(update={"counts": dict(view.counts)})


def _domain_record(domain: Domain) -> DomainShown:
    return DomainShown(
        revision=domain.revision, domain=domain.name, settings=_settings(domain.settings)
    )


def _settings(settings: Settings) -> SettingsShown:
    return SettingsShown.model_validate(settings_tree(settings))


def _saved(shown: Record, warnings: Any) -> Reply:
    body = shown.model_copy(update={"warnings": faults(warnings)})
    return Reply(body=body, revision=shown.revision)


ROUTES = (
    *kept(
        Keeping(
            noun=Noun.DOMAINS,
            path="/domains",
            key="domain",
            one="a domain",
            many="domains",
            listed=list_domains,
            shown=get_domain,
            added=post_domain,
            changed=patch_domain,
            removed=remove_domain,
            query=NamedQuery,
            request=DomainBody,
            answer=DomainShown,
            rehearsed={"domain": "x????????????.invalid"},
        )
    ),
    *kept(
        Keeping(
            noun=Noun.SITES,
            path="/domains/{domain}/sites",
            key="name",
            one="a site",
            many="sites",
            listed=list_sites,
            shown=get_site,
            added=post_site,
            changed=patch_site,
            removed=remove_site,
            query=NamedQuery,
            request=SiteBody,
            answer=SiteShown,
            rehearsed={"name": "x????????????"},
        )
    ),
    *kept(
        Keeping(
            noun=Noun.LAYOUTS,
            path="/domains/{domain}/layouts",
            key="name",
            one="a layout",
            many="layouts",
            listed=list_layouts,
            shown=get_layout,
            added=post_layout,
            changed=patch_layout,
            removed=remove_layout,
            query=NamedQuery,
            request=LayoutEntry,
            answer=LayoutShown,
            rehearsed={"name": "x????????????"},
        )
    ),
)
