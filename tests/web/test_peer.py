"""From where a person asks: a proxy's word counts only where it is trusted."""

from ipaddress import ip_network

import pytest
from aiohttp.test_utils import make_mocked_request

from provisiond.web.peer import Caller, caller_of

PROXY = (ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8"))


@pytest.mark.parametrize(
    ("remote", "headers", "expected"),
    [
        ("198.51.100.1", {}, ("198.51.100.1", False)),
        ("198.51.100.1", {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https"},
         ("198.51.100.1", False)),
        ("127.0.0.1", {"X-Forwarded-For": "6.6.6.6, 1.2.3.4", "X-Forwarded-Proto": "https"},
         ("1.2.3.4", True)),
        ("127.0.0.1", {"X-Forwarded-For": "6.6.6.6, 1.2.3.4, 10.0.0.9"}, ("1.2.3.4", False)),
        ("127.0.0.1", {"X-Forwarded-For": "1.2.3.4, rubbish"}, ("127.0.0.1", False)),
        ("127.0.0.1", {"X-Forwarded-Proto": "https, http"}, ("127.0.0.1", False)),
        ("::ffff:127.0.0.1", {"X-Forwarded-For": "2001:db8::1"}, ("2001:db8::1", False)),
        ("", {}, ("?", False)),
    ],
)  # fmt: skip
def test_the_caller(remote: str, headers: dict[str, str], expected: tuple[str, bool]) -> None:
    request = make_mocked_request("GET", "/", headers=headers).clone(remote=remote)
    assert caller_of(request, PROXY) == Caller(address=expected[0], secure=expected[1])
