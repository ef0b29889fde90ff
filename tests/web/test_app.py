"""What monitors get from the web listener."""

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.parser import text_string_to_metric_families
from pytest_aiohttp import AiohttpClient

from provisiond.web.app import Health, make_app
from provisiond.web.health import Check


async def fine() -> str | None:
    return None


async def store_is_away() -> str | None:
    return "the store cannot be read"


def app(*checks: Check, registry: CollectorRegistry | None = None) -> web.Application:
    return make_app(
        Health(checks=checks, registry=registry or CollectorRegistry(), version="1.2.3")
    )


async def test_healthz_says_that_the_process_is_alive(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(app(Check(name="store", ask=store_is_away)))
    answer = await client.get("/healthz")
    assert answer.status == 200
    assert await answer.json() == {"alive": True, "version": "1.2.3"}
    assert answer.headers["Cache-Control"] == "no-store"


async def test_readyz_is_200_where_all_is_well(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(app(Check(name="store", ask=fine)))
    answer = await client.get("/readyz")
    assert answer.status == 200
    assert await answer.json() == {
        "ready": True,
        "checks": [{"name": "store", "ready": True, "reason": ""}],
    }


async def test_readyz_is_503_with_the_reasons(aiohttp_client: AiohttpClient) -> None:
    checks = (Check(name="store", ask=store_is_away), Check(name="listeners", ask=fine))
    client = await aiohttp_client(app(*checks))
    answer = await client.get("/readyz")
    assert answer.status == 503
    assert await answer.json() == {
        "ready": False,
        "checks": [
            {"name": "store", "ready": False, "reason": "the store cannot be read"},
            {"name": "listeners", "ready": True, "reason": ""},
        ],
    }


async def test_metrics_are_prometheus_text_of_the_registry_given(
    aiohttp_client: AiohttpClient,
) -> None:
    registry = CollectorRegistry()
    Counter("files_served", "Files served.", registry=registry).inc(3)
    client = await aiohttp_client(app(registry=registry))
    answer = await client.get("/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    families = {f.name: f for f in text_string_to_metric_families(await answer.text())}
    assert families["files_served"].samples[0].value == 3


async def test_metrics_speak_openmetrics_where_asked(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(app())
    answer = await client.get("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert (await answer.text()).endswith("# EOF\n")


@pytest.mark.parametrize(
    "accept",
    [
        'application/openmetrics-text; version="\xff";q=zz,;;,',
        "application/openmetrics-text; version=1.0.0rc1",
        "text/plain; version=latest",
        "text/plain; version=..; escaping=\xff",
        ";;,,=;version=",
    ],
)
async def test_metrics_are_plain_text_for_an_accept_header_that_means_nothing(
    accept: str, aiohttp_client: AiohttpClient
) -> None:
    client = await aiohttp_client(app())
    answer = await client.get("/metrics", headers={"Accept": accept})
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_monitors_may_ask_with_head_and_change_nothing(
    path: str, aiohttp_client: AiohttpClient
) -> None:
    client = await aiohttp_client(app(Check(name="store", ask=fine)))
    assert (await client.head(path)).status == 200
    assert (await client.post(path)).status == 405
