"""How is a body made that a route takes, and one that names a record of another domain?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

import sqlalchemy as sa
from pydantic import BaseModel

from provisiond.inventory.access import PERMISSIONS, Role
from provisiond.inventory.emergency import Civic
from provisiond.inventory.mac import Mac
from provisiond.inventory.pending import PendingPhone
from provisiond.store.database import Database
from provisiond.store.emergency_checks import StoredCheck, add_check
from provisiond.store.pending import note_pending
from provisiond.store.schema import domain
from provisiond.web.api.route import Route
from provisiond.web.api.table import ROUTES
from tests.actions.inventory import DOMAIN, NOW
from tests.web.offices import FOREIGN, OTHER, OWN, Office

IN_A_DOMAIN = [route for route in ROUTES if "domain" in route.parameters]
KEYED = [route for route in IN_A_DOMAIN if len(route.parameters) > 1]
# Table, column, a key of both domains, and what the other domain's becomes.
RENAMED = (
    ("user_account", "extension", "101", "888"),
    ("call_destination", "extension", "300", "889"),
    ("site", "name", "HQ", "theirs"),
    ("directory", "name", "suppliers", "theirs"),
    ("layout", "name", "reception", "theirs"),
    ("time_frame", "name", "Office", "theirs"),
    ("emergency_address", "name", "Front", "theirs"),
)
EXAMPLES: dict[str, Any] = {
    "name": "new", "extension": "777", "mac": "02ac3e000999", "kind": "always",
    "number": "+18005550999", "domain": "new.example.test", "buttons": [], "role": "tech",
    "label": "x", "old": "x", "new": "x", "password": "x", "code": "1", "key": "A" * 32,
    "url": "https://hooks.example.test/x", "address": "Front", "phones": [], "line": 1,
    "frame": "Office", "changes": {}, "keys": [],
}  # fmt: skip
NAME, USER, PHONE = (
    ("theirs", "nobodys"),
    ("888", "998"),
    (str(Mac(FOREIGN.mac)), "02:ac:3e:00:09:ff"),
)
NUMBER = (FOREIGN.number, "+18005550299")
WAITING = "02ac3e000666"
# A field that names another record: a key that only the other domain has, and nobody's.
REFERENCES: dict[str, tuple[Any, Any]] = {
    "site": NAME, "sites": NAME, "layout": NAME, "directory": NAME, "frame": NAME,
    "emergency_address": NAME, "address": NAME, "AssignmentBody.name": NAME, "owner": USER,
    "users": USER, "extensions": USER, "destination": USER, "LineEntry.extension": USER,
    "PersonBody.extension": USER, "PersonChange.extension": USER, "phones": PHONE,
    "emergency_caller_id": NUMBER, "CallerIdBody.number": NUMBER, "validation": (0, 999_999),
}  # fmt: skip
# A key that the whole server has once: that it is taken is told, and nothing else.
TAKEN: dict[str, str] = {
    "PhoneBody.mac": FOREIGN.mac, "NumberEntry.number": FOREIGN.number, "SmsEntry.number":
    FOREIGN.sms, "EndpointBody.number": FOREIGN.number,
}  # fmt: skip
# What names no record, or the own one. Whoever adds a field says here, or above, which it is.
PLAIN = {
    "announcement", "building", "buttons", "changes", "keys", "calendars", "caller_id_prefix",
    "caller_name", "old_code", "revision",
    "carrier", "choice", "city", "code", "country", "county", "date", "dates", "days",
    "default", "disable_on", "disabled", "domain", "dry_run", "enable_on", "enabled", "end",
    "enhanced_voicemail", "entries", "even_if_shared", "every", "extension", "first_name",
    "floor", "group_mms", "handset", "handsets", "holidays", "hours", "house_number",
    "house_number_suffix", "in_directory", "ipei", "key", "kind", "label", "language",
    "last_name", "line", "line2", "lines", "location", "mac", "mms", "model", "module",
    "multi_floor", "name", "names", "new", "new_secret", "new_token", "notes", "number",
    "observance", "old", "overrides", "password", "post_directional", "postcode",
    "pre_directional", "read_only", "reboot", "region", "repeat", "replace", "role", "room",
    "rules", "second_factor", "settings", "shared", "sidecars", "sip_auth_user",
    "sip_password", "sip_user", "start", "state", "street", "street_suffix", "time_zone",
    "treatment", "unit", "until", "url", "value",
    "codecs", "dtmf", "emergency_numbers", "feature_codes", "firmware", "ntp_server",
    "outbound_proxy", "outbound_proxy_port", "phone_admin_password", "poll_minutes",
    "register_expires", "resync_route", "sip_port", "sip_server", "srtp", "tone_country",
    "transport", "vlan_pc", "vlan_phone", "voicemail_number",
}  # fmt: skip


@dataclass(frozen=True)
class Naming:
    """A field of a route's body that names a record: where it is, and the body that a key goes
    into."""

    route: Route
    where: tuple[str, ...]
    models: tuple[type[BaseModel], ...]
    what: str

    def body(self, key: Any) -> dict[str, Any]:
        """The body with this key there."""
        value: Any = [key] if _is_list(self.models[-1], self.where[-1]) else key
        steps = list(zip(self.where, self.models, strict=True))
        inner = {self.where[-1]: value}
        if self.where[-1] == "destination":
            inner["treatment"] = "user"
        for name, model in reversed(steps[:-1]):
            inner_model = self.models[self.where.index(name) + 1]
            inner = {**minimal(inner_model), **inner}
            inner = {name: [inner] if _is_list(model, name) else inner}
        return {**body_of(self.route).get("json", {}), **more_of(self.route), **inner}


def body_of(route: Route) -> dict[str, Any]:
    """What a route takes, well put: examples that its own schema allows. A required field without
    an example is a failure."""
    if route.request is None:
        return {}
    keyed = {route.keyed} if route.keyed is not None else set()
    body = {name: value for name, value in minimal(route.request).items() if name not in keyed}
    if "keys" in body:
        body["keys"] = [key_of(OWN, route)]
    return {"json": body}


def key_of(office: Office, route: Route) -> str:
    """A key of the noun that a route is of, as the paths of its records have it."""
    paths = {f"{route.path}/{{{r.parameters[-1]}}}" for r in KEYED} & {r.path for r in KEYED}
    return office.path(paths.pop()).rpartition("/")[2]


def minimal(model: type[BaseModel]) -> dict[str, Any]:
    """The required fields of a model."""
    needed = [name for name, field in model.model_fields.items() if field.is_required()]
    body = {name: EXAMPLES[name] for name in needed}
    if model.__name__ == "DestinationEntry":
        body["kind"] = "conference"
    return body


def more_of(route: Route) -> dict[str, Any]:
    """What gives the named record its meaning."""
    return {"role": "user", "domain": DOMAIN} if route.path.startswith("/people") else {}


def namings(route: Route) -> Iterator[Naming]:
    """Every field of the body that names a record, however deep it is."""
    if route.request is not None:
        yield from _namings(route, route.request, (), ())


def _namings(
    route: Route,
    model: type[BaseModel],
    where: tuple[str, ...],
    models: tuple[type[BaseModel], ...],
) -> Iterator[Naming]:
    models = (*models, model)
    for name, field in model.model_fields.items():
        what = next((each for each in (f"{model.__name__}.{name}", name) if each in REFERENCES), "")
        if what:
            yield Naming(route, (*where, name), models, what)
        for inner in models_in(field.annotation):
            yield from _namings(route, inner, (*where, name), models)


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models that a field may hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for each in get_args(annotation) for model in models_in(each)]


def fields_of(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Model and name of each field, those of models in it too."""
    for name, field in model.model_fields.items():
        yield model.__name__, name
        for inner in models_in(field.annotation):
            yield from fields_of(inner)


def roles_of(route: Route) -> list[Role]:
    """Who may ask it."""
    assert route.noun is not None
    return [role for role in Role if route.verb in PERMISSIONS[role].get(route.noun, frozenset())]


async def told_apart(db: Database) -> int:
    """Give the other domain keys that only it has, and a validation, whose id is answered; and
    let a phone of nobody's wait."""
    async with db.write() as write:
        for table, column, own, theirs in RENAMED:
            await write.connection.execute(
                sa.text(
                    f"UPDATE {table} SET {column} = '{theirs}' WHERE {column} = '{own}' AND "
                    f"domain_id = (SELECT id FROM domain WHERE name = '{OTHER}')"
                )
            )
        row = await write.first(sa.select(domain.c.id).where(domain.c.name == OTHER))
        assert row is not None
        place = Civic(country="US", city="Elsewhere")
        check = StoredCheck(asked=place, choices=(place,), outcome="checked", provider="", at=NOW)
        waits = PendingPhone(
            mac=Mac(WAITING), address="192.0.2.9", transport="http", first_seen=NOW, last_seen=NOW,
            vendor="Acme", model="D-6",
        )  # fmt: skip
        await note_pending(write, [waits])
        return await add_check(write, row.id, check)


def _is_list(model: type[BaseModel], name: str) -> bool:
    return "tuple[" in str(model.model_fields[name].annotation)
