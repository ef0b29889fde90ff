"""The API describes itself, to programs and to people, and fetches nothing from elsewhere."""

import hashlib

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from provisiond.web.api.openapi import document, statuses
from provisiond.web.api.table import ROUTES
from provisiond.web.static_files import load_static
from tests.contracts.source import PACKAGE
from tests.web.offices import Client

VENDORED = {
    "swagger-ui-bundle.js.gz": "942e6424651db3a09f5a820c2bf585474ce8546335017a2b4384119b59e2309c",
    "swagger-ui.css.gz": "e41035a14ea8be1734f96d0585cd72f6f9c1e9c081a904c67f4eacce0e46200c",
}


async def test_the_document_is_one_of_openapi_3_1(client: Client) -> None:
    answer = await client.get("/api/openapi.json")
    told = await answer.json()
    OpenAPIV31SpecValidator(told).validate()
    assert told["info"]["title"] == "provisiond"
    assert len(told["paths"]) == len({route.path for route in ROUTES})


def test_every_route_tells_what_it_answers_and_what_it_needs() -> None:
    told = document(ROUTES, "1")
    for route in ROUTES:
        operation = told["paths"][f"/api/v1{route.path}"][route.method.lower()]
        assert operation["summary"]
        success = "204" if route.answer is None and route.stream is None else str(route.status)
        assert set(operation["responses"]) == {success, *map(str, statuses(route))}
        for status in statuses(route):
            content = operation["responses"][str(status)]["content"]
            assert list(content) == ["application/problem+json"]


def test_a_change_needs_nothing_but_what_changes() -> None:
    schemas = document(ROUTES, "1")["components"]["schemas"]
    assert schemas["UserEntry"]["required"] == ["extension"]
    assert "required" not in schemas["UserEntryChange"]
    for route in ROUTES:
        if route.keyed is not None and route.request is not None:
            fields = route.request.model_fields.items()
            needed = {name for name, field in fields if field.is_required()}
            assert needed <= {route.keyed}, (route.method, route.path)


async def test_the_page_asks_this_server_alone(client: Client) -> None:
    page = await client.get("/api/docs")
    text = await page.text()
    assert page.status == 200
    assert "//" not in text.replace("<!doctype", "")
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    for name in ("swagger-ui/swagger-ui.css", "swagger-ui/swagger-ui-bundle.js", "docs.js"):
        assert f"/static/{name}" in text
        assert (await client.get(f"/static/{name}")).status == 200
        bare = await client.get(f"/static/{name}", headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in bare.headers


@pytest.mark.parametrize("name", VENDORED)
def test_what_came_from_elsewhere_is_what_it_was(name: str) -> None:
    content = (PACKAGE / "web/static/swagger-ui" / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == VENDORED[name]


def test_no_file_of_the_pages_is_left_out() -> None:
    assert set(load_static()) == {
        "docs.js", "provisiond.css", "swagger-ui/swagger-ui-bundle.js", "swagger-ui/swagger-ui.css",
    }  # fmt: skip
