"""Are challenges answered as RFC 7616 has it? Its examples, and what servers really send."""

import hashlib
import re

import pytest

from provisiond.inventory.secret import Secret
from provisiond.outbound.sip_digest import Credentials, Login, parse_challenge

LOGIN = Login(user="Mufasa", password=Secret("Circle Of Life"))
WWW = "WWW-Authenticate"


def fields(value: str) -> dict[str, str]:
    return dict(re.findall(r'(\w+)="?([^",]*)"?', value))


def answered(challenge: str, header: str = WWW) -> tuple[str, dict[str, str]]:
    credentials = Credentials(LOGIN)
    assert credentials.meet([(header, challenge)])
    ((name, value),) = credentials.headers("NOTIFY", "sip:101@192.0.2.1")
    return name, fields(value)


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512-256", "MD5-sess", "SHA-256-sess"])
@pytest.mark.parametrize("qop", ["", ', qop="auth"', ', qop="auth,auth-int"', ", qop=auth"])
def test_the_response_is_what_the_rfc_computes(algorithm: str, qop: str) -> None:
    name, said = answered(f'Digest realm="r", nonce="n", algorithm={algorithm}{qop}, opaque="o"')
    hashed = algorithm.removesuffix("-sess").replace("SHA-512-256", "sha512_256").replace("-", "")

    def h(text: str) -> str:
        return hashlib.new(hashed.lower(), text.encode()).hexdigest()

    first = h("Mufasa:r:Circle Of Life")
    if algorithm.endswith("-sess"):
        first = h(f"{first}:n:{said['cnonce']}")
    middle = f"n:00000001:{said['cnonce']}:auth" if qop else "n"
    assert said["response"] == h(f"{first}:{middle}:{h('NOTIFY:sip:101@192.0.2.1')}")
    assert (name, said["opaque"], said["algorithm"]) == ("Authorization", "o", algorithm)
    assert ("nc" in said) == bool(qop)


def test_the_example_of_rfc_7616_comes_out() -> None:
    first = hashlib.sha256(b"Mufasa:http-auth@example.org:Circle of Life").hexdigest()
    second = hashlib.sha256(b"GET:/dir/index.html").hexdigest()
    nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
    client = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    text = f"{first}:{nonce}:00000001:{client}:auth:{second}".encode()
    expected = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"  # §3.9.1
    assert hashlib.sha256(text).hexdigest() == expected


def test_a_nonce_that_is_used_again_counts_on() -> None:
    credentials = Credentials(LOGIN)
    proxy = 'Digest realm="p", nonce="1", qop="auth"'
    assert credentials.meet([("Proxy-Authenticate", proxy)])
    credentials.headers("NOTIFY", "sip:a@b.example")
    assert credentials.meet([(WWW, 'Digest realm="w", nonce="2"')])
    headers = dict(credentials.headers("NOTIFY", "sip:a@b.example"))
    assert fields(headers["Proxy-Authorization"])["nc"] == "00000002"
    assert fields(headers["Authorization"])["realm"] == "w"


def test_a_second_challenge_is_a_refusal_unless_the_nonce_was_stale() -> None:
    credentials = Credentials(LOGIN)
    assert credentials.meet([(WWW, 'Digest realm="r", nonce="1"')])
    assert not credentials.meet([(WWW, 'Digest realm="r", nonce="2"')])
    assert credentials.meet([(WWW, 'Digest realm="r", nonce="3", stale=true')])
    assert not credentials.meet([(WWW, 'Digest realm="r", nonce="3", stale=true')])


def test_of_several_the_topmost_that_is_understood_is_answered() -> None:
    credentials = Credentials(LOGIN)
    offered = [
        'Bearer realm="r"',
        'Digest realm="r", nonce="1", algorithm=SHA3-256',
        'Digest realm="r", nonce="2", algorithm=SHA-256',
        'Digest realm="r", nonce="3", algorithm=MD5',
    ]
    assert credentials.meet([(WWW, text) for text in offered])
    ((_, value),) = credentials.headers("NOTIFY", "sip:a@b.example")
    assert (fields(value)["nonce"], fields(value)["algorithm"]) == ("2", "SHA-256")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Digest",
        "Digest nonce",
        'Digest realm="r"',
        'Digest nonce="n"',
        'Basic realm="r"',
        'Digest realm="r", nonce="n", qop="auth-int"',
        'Digest realm="r", nonce="n", algorithm=ROT13',
    ],
)
def test_what_cannot_be_answered_is_none(text: str) -> None:
    assert parse_challenge(WWW, text) is None
    assert not Credentials(LOGIN).meet([(WWW, text)])


def test_quotes_travel_escaped() -> None:
    challenge = parse_challenge(WWW, r'Digest realm="a \"b\" \\ c", nonce="n,=", qop="auth"')
    assert challenge is not None
    assert (challenge.realm, challenge.nonce) == (r'a "b" \ c', "n,=")
    credentials = Credentials(LOGIN)
    credentials.meet([(WWW, r'Digest realm="a \"b\"", nonce="n"')])
    assert (
        r'realm="a \"b\""'
        in dict(credentials.headers("NOTIFY", "sip:a@b.example"))["Authorization"]
    )
