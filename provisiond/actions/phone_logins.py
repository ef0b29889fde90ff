"""Has this phone proved who it is? In password mode: its user and password, by Digest or Basic.

The user is the phone's MAC, the password comes from its token. A failed log-in costs one
statement, whether a phone has that MAC or not.
"""

import binascii
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest

from provisiond.actions.file_messages import FileRequest
from provisiond.actions.nonces import Nonces, Standing
from provisiond.inventory.access import Transport
from provisiond.inventory.digest import (
    REALM,
    Algorithm,
    challenge,
    phone_password,
    read_answer,
)
from provisiond.inventory.errors import LoginNeeded, LoginRefused, NotAdmitted
from provisiond.inventory.facts import PhoneKeys
from provisiond.inventory.mac import Mac
from provisiond.inventory.secret import Secret, new_token
from provisiond.store.facts import FactsReader

_KEPT = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginTerms:
    """How phones log in: the `algorithms` offered, the first first; `basic` over HTTPS too;
    `prefixes` are paths that a proxy before us takes off (those of the public URLs)."""

    algorithms: tuple[Algorithm, ...] = (Algorithm.SHA_256, Algorithm.MD5)
    basic: bool = False
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """Whose request it is; `by_old_password` says that its password was renewed since."""

    phone_id: int
    by_old_password: bool


class PhoneLogins:
    """Lets phones in that know their password. `key` derives the passwords, `epoch` gives a
    domain's epoch: what is known of a phone holds until it moves."""

    def __init__(
        self,
        *,
        terms: LoginTerms,
        facts: FactsReader,
        key: bytes,
        nonces: Nonces,
        epoch: Callable[[int], int],
    ) -> None:
        self._terms = terms
        self._facts = facts
        self._key = key
        self._nonces = nonces
        self._epoch = epoch
        self._known: OrderedDict[Mac, PhoneKeys] = OrderedDict()
        self._nobody = phone_password(key, new_token())

    def password(self, token: Secret) -> Secret:
        """The password of the phone with this token."""
        return phone_password(self._key, token)

    async def demand(self, request: FileRequest) -> LoggedIn:
        """Whose request it is.

        Raises LoginNeeded and LoginRefused with challenges, NotAdmitted where the transport has
        no log-ins, and StoreUnavailable.
        """
        if request.peer.transport is Transport.TFTP:
            raise NotAdmitted("the mode is password, and TFTP has none")
        scheme, _, rest = request.authorization.partition(" ")
        if not scheme:
            raise LoginNeeded("no user and password were given", self._challenges(request))
        if scheme.lower() == "digest":
            return await self._by_digest(request, rest)
        if scheme.lower() == "basic":
            return await self._by_basic(request, rest)
        raise self._refusal(request, "the log-in is neither Digest nor Basic")

    async def _by_digest(self, request: FileRequest, parameters: str) -> LoggedIn:
        answer = read_answer(parameters)
        if answer is None or answer.algorithm not in self._terms.algorithms:
            raise self._refusal(request, "the Digest log-in cannot be read, or is not as offered")
        if answer.realm != REALM:
            raise self._refusal(request, "the log-in is for another realm")
        if not self._is_target(answer.uri, request.target):
            raise self._refusal(request, "the log-in is for another file")
        standing = self._nonces.standing(answer.nonce, answer.count, request.at)
        if standing is Standing.FORGED:
            raise self._refusal(request, "the nonce was not given here")
        phone = await self._proved(
            request, answer.user, lambda password: answer.is_of(request.method, password)
        )
        if standing is not Standing.GOOD:
            why = "the nonce is too old" if standing is Standing.STALE else "its count is spent"
            raise self._stale(request, why)
        # Another request may have spent it while the store was asked.
        if self._nonces.standing(answer.nonce, answer.count, request.at) is not Standing.GOOD:
            raise self._stale(request, "its count is spent")
        self._nonces.spend(answer.nonce, answer.count)
        return phone

    async def _by_basic(self, request: FileRequest, given: str) -> LoggedIn:
        if not self._terms.basic or request.peer.transport is not Transport.HTTPS:
            raise self._refusal(request, "Basic is not taken here")
        try:
            user, _, password = b64decode(given.strip(), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            raise self._refusal(request, "the Basic log-in cannot be read") from None
        return await self._proved(
            request, user, lambda right: compare_digest(right.reveal().encode(), password.encode())
        )

    async def _proved(
        self, request: FileRequest, user: str, is_right: Callable[[Secret], bool]
    ) -> LoggedIn:
        """The phone of this user, if one of its passwords is right."""
        mac = Mac.from_hex(user)
        if mac is None:
            raise self._refusal(request, "the user is no phone's MAC", unknown=True)
        known = self._known.get(mac)
        if known is not None and known.epoch == self._epoch(known.domain_id):
            place = self._place(known, is_right)
            if place is not None:
                return LoggedIn(phone_id=known.phone_id, by_old_password=place > 0)
        read = await self._facts.keys(mac)
        place = self._place(read, is_right)
        if read is None or place is None:
            reason = "no phone has this user" if read is None else f"a wrong password for {mac}"
            raise self._refusal(request, reason, unknown=read is None)
        self._known[mac] = read
        self._known.move_to_end(mac)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return LoggedIn(phone_id=read.phone_id, by_old_password=place > 0)

    def _place(self, keys: PhoneKeys | None, is_right: Callable[[Secret], bool]) -> int | None:
        """Which of the phone's passwords is right, 0 being the newest; None: none of them."""
        if keys is None:
            is_right(self._nobody)  # as much work as with a phone
            return None
        for place, token in enumerate(keys.tokens):
            if is_right(self.password(token)):
                return place
        return None

    def _is_target(self, uri: str, target: str) -> bool:
        """Whether the log-in was made for what was asked, here or before a proxy's door."""
        return uri == target or any(uri == prefix + target for prefix in self._terms.prefixes)

    def _stale(self, request: FileRequest, reason: str) -> LoginNeeded:
        return LoginNeeded(reason, self._challenges(request, stale=True), proved=True)

    def _refusal(self, request: FileRequest, reason: str, *, unknown: bool = False) -> LoginRefused:
        return LoginRefused(reason, self._challenges(request), unknown=unknown)

    def _challenges(self, request: FileRequest, *, stale: bool = False) -> tuple[str, ...]:
        nonce = self._nonces.issue(request.at)
        made = [challenge(algorithm, nonce, stale=stale) for algorithm in self._terms.algorithms]
        if self._terms.basic and request.peer.transport is Transport.HTTPS:
            made.append(f'Basic realm="{REALM}", charset="UTF-8"')
        return tuple(made)
