"""How is a SIP challenge answered? Digest credentials by RFC 7616, as RFC 3261 and 8760 use it."""

import hashlib
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.request import parse_http_list

from provisiond.inventory.secret import Secret

_ANSWERED_IN: Final = {
    "WWW-Authenticate": "Authorization",
    "Proxy-Authenticate": "Proxy-Authorization",
}


def _md5(text: bytes) -> str:
    return hashlib.md5(text, usedforsecurity=False).hexdigest()


def _sha256(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _sha512_256(text: bytes) -> str:
    return hashlib.new("sha512_256", text).hexdigest()


_HASHES: Final[dict[str, Callable[[bytes], str]]] = {
    "MD5": _md5,  # what nearly all phones and servers speak
    "SHA-256": _sha256,
    **({"SHA-512-256": _sha512_256} if "sha512_256" in hashlib.algorithms_available else {}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who we are to a server or phone that asks: a line's SIP user and password."""

    user: str
    password: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One Digest challenge that can be answered. `qop` is `auth`, or empty for RFC 2069's way."""

    header: str
    realm: str
    nonce: str
    algorithm: str
    qop: str
    opaque: str | None
    stale: bool


@dataclass(slots=True)
class Credentials:
    """The challenges that a request has met, and what answers them from then on.

    A request may be challenged by a proxy and by the phone behind it: both answers go with each
    repeat, the count of a nonce rising with its use (RFC 7616 §3.4).
    """

    login: Login
    _met: dict[str, Challenge] = field(default_factory=dict)
    _used: dict[str, int] = field(default_factory=dict)

    def meet(self, challenges: Iterable[tuple[str, str]]) -> bool:
        """Take what a 401 or 407 asks for. False where it cannot be answered, or where our answer
        was refused already: the password is not right then."""
        news = False
        asked: set[str] = set()
        for header, value in challenges:
            challenge = parse_challenge(header, value)
            # RFC 8760 §2.4: of several the topmost that is understood.
            if challenge is None or header in asked:
                continue
            asked.add(header)
            before = self._met.get(header)
            if before is None or (challenge.stale and challenge.nonce != before.nonce):
                self._met[header] = challenge
                self._used[header] = 0
                news = True
        return news

    def headers(self, method: str, uri: str) -> tuple[tuple[str, str], ...]:
        """The header fields that answer what was met so far."""
        made = []
        for header, challenge in self._met.items():
            self._used[header] += 1
            value = _answer(challenge, self.login, method, uri, self._used[header])
            made.append((_ANSWERED_IN[header], value))
        return tuple(made)


def parse_challenge(header: str, value: str) -> Challenge | None:
    """The challenge in a header's value, or None where it is none that we can answer.

    It is read with the standard library's list parser: sipmessage's stops at `qop="auth,auth-int"`.
    """
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    said: dict[str, str] = {}
    for part in parse_http_list(rest):
        name, _, text = part.partition("=")
        said[name.strip().lower()] = _unquoted(text.strip())
    algorithm = said.get("algorithm", "MD5").upper()
    offered = [each.strip().lower() for each in said.get("qop", "").split(",")]
    known = algorithm.removesuffix("-SESS") in _HASHES
    if not known or "nonce" not in said or "realm" not in said:
        return None
    if "auth" not in offered and offered != [""]:
        return None  # auth-int alone: no phone or server is known to ask for it
    return Challenge(
        header=header,
        realm=said["realm"],
        nonce=said["nonce"],
        algorithm=algorithm,
        qop="auth" if "auth" in offered else "",
        opaque=said.get("opaque"),
        stale=said.get("stale", "").lower() == "true",
    )


def _answer(challenge: Challenge, login: Login, method: str, uri: str, count: int) -> str:
    digest = _HASHES[challenge.algorithm.removesuffix("-SESS")]
    client = secrets.token_hex(8)
    secret = f"{login.user}:{challenge.realm}:{login.password.reveal()}"
    first = digest(secret.encode())
    if challenge.algorithm.endswith("-SESS"):
        first = digest(f"{first}:{challenge.nonce}:{client}".encode())
    second = digest(f"{method}:{uri}".encode())
    middle = challenge.nonce
    if challenge.qop:
        middle = f"{challenge.nonce}:{count:08x}:{client}:{challenge.qop}"
    fields = [
        f"username={_quoted(login.user)}",
        f"realm={_quoted(challenge.realm)}",
        f"nonce={_quoted(challenge.nonce)}",
        f"uri={_quoted(uri)}",
        f'response="{digest(f"{first}:{middle}:{second}".encode())}"',
        f"algorithm={_spelt(challenge.algorithm)}",
    ]
    if challenge.qop or challenge.algorithm.endswith("-SESS"):
        fields.append(f'cnonce="{client}"')
    if challenge.qop:
        fields += [f"qop={challenge.qop}", f"nc={count:08x}"]
    if challenge.opaque is not None:
        fields.append(f"opaque={_quoted(challenge.opaque)}")
    return "Digest " + ", ".join(fields)


def _spelt(algorithm: str) -> str:
    return algorithm.replace("-SESS", "-sess")


def _unquoted(text: str) -> str:
    """Without its quotes; the list parser has taken the escapes away already."""
    quoted = len(text) > 1 and text.startswith('"') and text.endswith('"')
    return text[1:-1] if quoted else text


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
