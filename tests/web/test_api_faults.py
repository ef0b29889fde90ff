"""A fault of a body hides no other: planted in every route of the table that takes one."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from provisiond.inventory.access import Role
from provisiond.inventory.mac import Mac
from provisiond.store.database import Database
from provisiond.web.api.bulk import ManyBody
from provisiond.web.api.route import Route
from provisiond.web.api.table import ROUTES
from tests.actions.inventory import DOMAIN
from tests.actions.people import joined
from tests.web.bodies import REFERENCES, WAITING, Naming, body_of, key_of, namings, told_apart
from tests.web.offices import OWN, Client, asked, token
from tests.web.test_api_tenants import contents, name_of

# Whose handlers are not tried out: passwords are guessed there, others are asked, or no field can
# be wrong by itself. All that cannot be read is told of them, too.
ALONE = {
    "/login", "/me/password", "/me/second-factor", "/me/second-factor/remove",
    "/domains/{domain}/address-validations", "/people/{name}/reset",
    "/domains/{domain}/address-validations/{validation}/accept",
    "/domains/{domain}/phones/{mac}/enrolment", "/domains/{domain}/phones/{mac}/resyncs",
    "/phones/{mac}/resync", "/domains/{domain}/layouts/{name}/application",
}  # fmt: skip
# What only a handler refuses: of fields that are needed, and of others.
NEEDED = {"number": "zz", "name": "", "extension": "abc", "label": "", "domain": "a b"}
OTHERS = {
    "time_zone": "Mars/X", "url": "ftp://x", "TokenBody.domain": "never.example.test",
    "WebhookBody.domain": "never.example.test", "WebhookChange.domain": "never.example.test",
}  # fmt: skip
# What others are judged by.
DECISIVE = {"model", "lines", "sidecars", "treatment", "kind", "role", "enable_on"}


class Planted:
    """A body with faults of every sort that its route can have, in fields that have nothing to do
    with each other; `fields` is where they are to be told."""

    def __init__(self, route: Route) -> None:
        assert route.request is not None
        self.route = route
        self.model: type[BaseModel] = route.request
        self.body: dict[str, Any] = body_of(route)["json"]
        self.inner, self.place, self.subject = self.body, "", ""
        self.fields: set[str] = set()
        if issubclass(self.model, ManyBody):
            self._of_many(self.model)
        if "model" in self.model.model_fields:
            self.inner["model"] = "Acme D-6"
        self.free = list(self.model.model_fields)
        if route.path not in ALONE:
            self._refused()
        self._unread()

    def _of_many(self, model: type[BaseModel]) -> None:
        """The faults are of the changes, and of a key that is none."""
        key = key_of(OWN, self.route)
        changes = model.model_fields["changes"].annotation
        assert isinstance(changes, type)
        assert issubclass(changes, BaseModel)
        self.model, self.inner, self.place = changes, {}, "changes."
        self.subject = (str(Mac(key)) if "phones" in self.route.path else key) + "."
        self.body |= {"keys": [key, "?" * 300], "changes": self.inner}
        self.fields.add("keys[1]")

    def _refused(self) -> None:
        """What only the handler can tell: records that nobody has, and what cannot stand."""
        for naming in namings(self.route):
            self._nobody(naming)
        for name in [*self.free]:
            is_needed = self.model.model_fields[name].is_required() or name == self.route.keyed
            value = OTHERS.get(f"{self.model.__name__}.{name}", OTHERS.get(name))
            value = NEEDED.get(name, value) if is_needed else value
            if value is not None:
                self._plant(name, value, self.subject + name)

    def _nobody(self, naming: Naming) -> None:
        body, where = naming.body(REFERENCES[naming.what][1]), naming.where
        if self.place:
            body, where = body["changes"], where[1:]
        if where[0] in self.free:
            beside = body.keys() - self.inner.keys() - {where[0]}  # what gives it its meaning
            self.inner |= {name: body[name] for name in beside}
            self.free = [name for name in self.free if name not in beside]
            item = "[0]" if isinstance(body[where[0]], list) else ""
            told = ".".join([f"{where[0]}{item}", *where[1:]])
            self._plant(where[0], body[where[0]], self.subject + told)

    def _unread(self) -> None:
        """A text with U+0000, what the model does not take, and a name that is no field."""
        text = next((name for name in self._plain() if self._takes(name, "a")), None)
        if text is not None:
            self._plant(text, "a\0b", self.place + text)
        for name in self._plain():
            refused = [value for value in ("x", {"x": 1}) if not self._takes(name, value)]
            if refused:
                self._plant(name, refused[0], self.place + name)
                break
        self.inner["colour"] = "red"
        self.fields.add(self.place + "colour")

    def _plain(self) -> Iterator[str]:
        """Fields without a fault by which no others are judged."""
        return (name for name in self.free if name not in DECISIVE)

    def _plant(self, name: str, value: Any, told: str) -> None:
        self.inner[name] = value
        self.fields.add(told)
        self.free.remove(name)

    def _takes(self, name: str, value: Any) -> bool:
        field: Any = self.model.model_fields[name].rebuild_annotation()
        try:
            TypeAdapter(field).validate_python(value)
        except ValidationError:
            return False
        return True


async def test_every_fault_of_every_body_is_told_at_once(client: Client, db: Database) -> None:
    await told_apart(db)
    await joined(db, "olga", Role.MANAGER, DOMAIN)
    who = await token(db, Role.ADMIN)
    hook = {"name": "nobody", "url": "https://hooks.example.test/"}
    assert (await asked(client, "POST", "/webhooks", who, json=hook))[0].status == 201
    before = await contents(db)
    bodied = [route for route in ROUTES if route.request is not None]
    assert {route.path for route in bodied if route.rehearsed is None} == ALONE
    for route in bodied:
        planted = Planted(route)
        path = OWN.path(route.path)
        path = path.replace(OWN.mac, WAITING) if "pending" in path else path
        answer, problem = await asked(
            client, route.method, path, who, json=planted.body, extra={"If-Match": "*"}
        )
        assert answer.status == 422, (name_of(route), problem)
        told = sorted(error["field"] for error in problem["errors"])
        assert told == sorted(planted.fields), (name_of(route), planted.body)
        assert len(told) > 1, (name_of(route), told)
    assert await contents(db) == before


async def test_nothing_hides_what_is_wrong_with_the_rest(client: Client, db: Database) -> None:
    """Neither another fault of the same record, nor whoever has the name that stands in for one
    that cannot be read."""
    who = await token(db, Role.ADMIN)
    hook = {"url": "https://hooks.example.test/"}
    for path, known, body in (
        ("/people", {"role": "tech"}, {"role": "manager"}),
        ("/webhooks", hook, hook),
    ):
        answer, _ = await asked(client, "POST", path, who, json={**known, "name": "x"})
        assert answer.status == 201
        wrong = {**body, "name": "\0", "domain": "never.example.test"}
        _, problem = await asked(client, "POST", path, who, json=wrong)
        assert [error["field"] for error in problem["errors"]] == ["name", "domain"]
    monday = {"days": ["mon"], "start": "08:00", "end": "17:00"}
    day = {"start": "2026-12-24T00:00", "end": "2026-12-25T00:00"}
    cases: tuple[tuple[dict[str, Any], list[str]], ...] = (
        ({"kind": "weekly", "hours": []}, ["name", "hours"]),
        ({"kind": "weekly", "hours": [monday] * 66}, ["name", "hours[64]"]),
        ({"kind": "custom", "dates": [{**day, "end": "x"}]}, ["name", "dates[0].end"]),
        (
            {"kind": "custom", "hours": [{**monday, "end": "08:00"}], "dates": [{"start": "x"}]},
            ["name", "dates[0].start", "dates[0].end", "hours[0].end"],
        ),
    )
    for parts, told in cases:
        frame = {"name": "T\0", **parts}
        _, problem = await asked(client, "POST", f"/domains/{DOMAIN}/timeframes", who, json=frame)
        assert [error["field"] for error in problem["errors"]] == told
    rules = [{"frame": "Office", "treatment": "user", "destination": "101"}] * 65
    number = {"number": "+18005550198", "notes": "\0", "rules": [{"frame": "\0"}, *rules]}
    _, problem = await asked(client, "POST", f"/domains/{DOMAIN}/numbers", who, json=number)
    fields = sorted(error["field"] for error in problem["errors"])
    assert fields == ["notes", "rules[0].frame", "rules[65]"]
