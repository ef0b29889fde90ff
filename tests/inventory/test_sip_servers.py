"""Two spellings of a SIP server are one server, two servers are two."""

import pytest

from provisiond.inventory.sip_servers import may_be_one_server, server_address

NAME, ADDRESS = "pbx.example.test", "192.0.2.1"


@pytest.mark.parametrize(
    ("own", "other", "one"),
    [
        (NAME, "PBX.Example.test.", True),
        (NAME, "other.example.test", False),
        (NAME, ADDRESS, False),
        (ADDRESS, NAME, True),
        (ADDRESS, "192.0.2.2", False),
        ("127.0.0.1", ADDRESS, True),
        (ADDRESS, "127.0.0.1", False),
        ("[2001:DB8::1]", "2001:db8:0::1", True),
        ("::ffff:192.0.2.1", ADDRESS, True),
        ("127.1", ADDRESS, True),
        ("0x7f.0x1", NAME, True),
        ("010.0.0.1", NAME, True),
        ("3cx", NAME, False),
    ],
)
def test_a_server_is_known_by_whatever_spelling(own: str, other: str, one: bool) -> None:
    assert may_be_one_server(own, other) is one


def test_an_address_is_told_from_a_name() -> None:
    assert server_address("[::ffff:192.0.2.1]") == ADDRESS
    assert server_address(NAME) is None
