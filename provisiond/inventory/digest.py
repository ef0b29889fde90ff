"""Does this phone know its password? HTTP Digest (RFC 7616), the arithmetic of it.

Nothing here keeps state: which nonces are good, and which counts of them are spent, is decided by
whoever asks. Only `qop=auth` is spoken: without it a request could be played back.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import Enum

from provisiond.inventory.secret import TOKEN_ALPHABET, Secret

REALM = "provisiond"
_PASSWORD_LENGTH = 20  # 100 bits
_PARAMETER = re.compile(
    r'\s*([A-Za-z0-9*]{1,32})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))\s*(?:,|$)'
)
_HEX8 = re.compile(r"[0-9a-fA-F]{8}")
_WANTED = ("username", "realm", "nonce", "uri", "response", "qop", "nc", "cnonce")


class Algorithm(Enum):
    """What a response is hashed with, in the spelling of the header."""

    SHA_256 = "SHA-256"
    MD5 = "MD5"

    def hashed(self, text: str) -> str:
        """The hash as lower-case hex digits."""
        octets = text.encode("utf-8", "surrogateescape")
        if self is Algorithm.SHA_256:
            return hashlib.sha256(octets).hexdigest()
        return hashlib.md5(octets, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestAnswer:
    """What a client answers a challenge with; `count` is nc as a number."""

    user: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: Algorithm
    client_nonce: str
    nc: str

    @property
    def count(self) -> int:
        """The how-manieth request with this nonce it is, from 1."""
        return int(self.nc, 16)

    def is_of(self, method: str, password: Secret) -> bool:
        """Whether the response was made with this password for this method."""
        hashed = self.algorithm.hashed
        secret = hashed(f"{self.user}:{self.realm}:{password.reveal()}")
        asked = hashed(f"{method}:{self.uri}")
        right = hashed(f"{secret}:{self.nonce}:{self.nc}:{self.client_nonce}:auth:{asked}")
        return hmac.compare_digest(right.encode(), self.response.lower().encode())


def read_answer(parameters: str) -> DigestAnswer | None:
    """The answer in what stands behind `Digest ` in Authorization (RFC 7616 section 3.4).

    None for what cannot be read, lacks a parameter or names one twice, and for what is not
    offered: another algorithm, another qop, hashed or encoded user names.
    """
    found: dict[str, str] = {}
    at = 0
    while at < len(parameters):
        part = _PARAMETER.match(parameters, at)
        if part is None:
            return None
        name = part.group(1).lower()
        if name in found:
            return None
        quoted = part.group(2)
        found[name] = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else part.group(3)
        at = part.end()
    if any(not found.get(name) for name in _WANTED) or "username*" in found:
        return None
    if found["qop"].lower() != "auth" or found.get("userhash", "false").lower() != "false":
        return None
    if _HEX8.fullmatch(found["nc"]) is None or not found["response"].isascii():
        return None
    algorithm = _algorithm(found.get("algorithm", "MD5"))
    if algorithm is None:
        return None
    return DigestAnswer(
        user=found["username"],
        realm=found["realm"],
        nonce=found["nonce"],
        uri=found["uri"],
        response=found["response"],
        algorithm=algorithm,
        client_nonce=found["cnonce"],
        nc=found["nc"],
    )


def challenge(algorithm: Algorithm, nonce: str, *, stale: bool = False) -> str:
    """A WWW-Authenticate value; `stale` says that only the nonce was too old."""
    end = ", stale=true" if stale else ""
    return f'Digest realm="{REALM}", qop="auth", algorithm={algorithm.value}, nonce="{nonce}"{end}'


def phone_password(key: bytes, token: Secret) -> Secret:
    """The password of the phone that has this token: 20 letters and digits.

    It comes from the token by a keyed hash, so that a new token brings a new password, and
    neither tells the other.
    """
    octets = hmac.digest(key, token.reveal().lower().encode(), "sha256")
    return Secret("".join([TOKEN_ALPHABET[octet & 31] for octet in octets[:_PASSWORD_LENGTH]]))


def _algorithm(text: str) -> Algorithm | None:
    for algorithm in Algorithm:
        if text.upper() == algorithm.value:
            return algorithm
    return None
