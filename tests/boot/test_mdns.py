"""Is what is advertised what there is, and found by another program that speaks DNS-SD?"""

import asyncio

import pytest
from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from provisiond.boot.mdns import Advertised, Advertiser, advertised_url, read_advertised


@pytest.mark.parametrize(
    ("url", "kind", "port", "text"),
    [
        ("https://prov.example.test", "_https._tcp.local.", 443, (("path", "/"),)),
        ("http://10.0.0.1:8080/p", "_http._tcp.local.", 8080, (("path", "/p"),)),
        ("tftp://10.0.0.1", "_tftp._udp.local.", 69, ()),
    ],
)
def test_a_url_becomes_a_service(
    url: str, kind: str, port: int, text: tuple[tuple[str, str], ...]
) -> None:
    made = advertised_url(url, "phones")
    assert made == Advertised(type=kind, name="phones", port=port, text=text)


def test_a_service_of_the_settings_is_read() -> None:
    read = read_advertised("_proxy._udp:5060 my proxy sipUrl=sip:x@y:5060;transport=udp a=")
    assert (read.type, read.port, read.name) == ("_proxy._udp.local.", 5060, "my proxy")
    assert read.text == (("sipUrl", "sip:x@y:5060;transport=udp"), ("a", ""))


@pytest.mark.parametrize("text", ["_http._tcp", "http._tcp:80", "_http:80", "_a._tcp:0", ""])
def test_a_service_that_is_none_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"_http\._tcp"):
        read_advertised(text or "x")


@pytest.mark.may_block("zeroconf opens its sockets in the loop, once at the start")
async def test_a_long_host_name_is_cut_and_what_cannot_be_advertised_leaves_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    advertiser = Advertiser(["127.0.0.1"], "é" + "h" * 63)
    wrong = Advertised(type="_much-too-long-a-type._tcp.local.", name="wrong", port=80)
    service = Advertised(type="_provisiond-test._tcp.local.", name="provisiond portal", port=80)
    browser = AsyncZeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
    try:
        await advertiser.advertise([wrong, service, service])
        name = "provisiond portal on é" + "h" * 36
        for told in (name, f"{name}-2"):
            found = AsyncServiceInfo(service.type, f"{told}.{service.type}")
            assert await found.async_request(browser.zeroconf, 5000), told
            assert found.server == "é" + "h" * 61 + ".local."
    finally:
        await browser.async_close()
        await advertiser.close()
    assert [line.getMessage() for line in caplog.records if "wrong is not" in line.getMessage()]


@pytest.mark.may_block("zeroconf opens its sockets in the loop, once at the start")
async def test_it_is_found_and_gone_again() -> None:
    advertiser = Advertiser(["127.0.0.1"], "host.example.test")
    service = Advertised(type="_provisiond-test._tcp.local.", name="phones", port=80)
    browser = AsyncZeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
    try:
        await advertiser.advertise([service, service])
        for name in ("phones on host", "phones on host-2"):
            found = AsyncServiceInfo(service.type, f"{name}.{service.type}")
            assert await found.async_request(browser.zeroconf, 5000)
            assert (found.port, found.server) == (80, "host.local.")
            assert found.parsed_addresses() == ["127.0.0.1"]
        await advertiser.close()
        await asyncio.sleep(0)
        again = AsyncServiceInfo(service.type, f"phones on host.{service.type}")
        fresh = AsyncZeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
        try:
            assert not await again.async_request(fresh.zeroconf, 1500)
        finally:
            await fresh.async_close()
    finally:
        await browser.async_close()
        await advertiser.close()
