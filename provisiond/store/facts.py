"""How does the phones' path read? One snapshot a phone; what a domain shares is kept.

The reading is written once, as generators that ask for rows; each engine has a runner of its own.
"""

import json
from collections import OrderedDict
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from provisiond.inventory.buttons import Button
from provisiond.inventory.directory import COMPANY, DirectoryEntry
from provisiond.inventory.domains import BUILT_IN, Site, inherit
from provisiond.inventory.facts import DomainFacts, KnownPhone, PhoneFacts, PhoneKeys
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Enrolment, Phone, PhoneLine
from provisiond.store import facts_select as select
from provisiond.store.epochs import Bump
from provisiond.store.facts_rows import (
    ButtonsByRow,
    UsersByExtension,
    enrolment_of,
    overrides_of,
)
from provisiond.store.facts_select import Rows, Statement, Statements
from provisiond.store.handsets_json import handsets_from_json
from provisiond.store.sealing import SecretKey
from provisiond.store.settings_json import settings_from_json

_KEPT = 50_000  # users and directory entries of all domains together, some 20 MiB

_T = TypeVar("_T")
Question = tuple[Statement, tuple[Any, ...]]
Reading = Generator[Question, Rows, _T]
"""A reading asks for the rows of statements, one after another, and returns what it made."""


class FactsReader(Protocol):
    """What the phones' path asks of the store.

    `known`, `for_mac` and `for_token` are the only queries without a domain, and answer it. Every
    call is one snapshot; all raise StoreUnavailable where the store cannot be read, and
    StoreUnusable where a secret does not open. A directory is read only where `directory` is true.
    """

    async def known(self, macs: Sequence[Mac]) -> KnownPhone | None:
        """Whether one of these MACs is a phone's, the first that is; one statement for each
        `KNOWN_TOGETHER` of them, whatever is found."""

    async def for_mac(self, mac: Mac, *, directory: bool = False) -> PhoneFacts | None: ...

    async def for_token(self, token: str, *, directory: bool = False) -> PhoneFacts | None: ...

    async def keys(self, mac: Mac) -> PhoneKeys | None:
        """The tokens of the phone with this MAC; one statement, whether there is one or not."""

    async def enrolment(self, domain_id: int, phone_id: int) -> tuple[Enrolment, bool] | None:
        """The admission facts alone, and whether the phone is enabled; None: it is gone."""

    async def epochs_since(self, seq: int) -> tuple[Bump, ...]:
        """The epochs that moved after this place in the order of changes; one statement."""

    async def close(self) -> None: ...


@dataclass(slots=True)
class _Kept:
    facts: DomainFacts
    directories: dict[int, tuple[DirectoryEntry, ...]] = field(default_factory=dict)

    @property
    def weight(self) -> int:
        return 1 + len(self.facts.users) + sum(map(len, self.directories.values()))


class DomainShelf:
    """Domain facts of one epoch each, the least recently used forgotten beyond a bound."""

    def __init__(self, bound: int = _KEPT) -> None:
        self._bound = bound
        self._kept: OrderedDict[int, _Kept] = OrderedDict()

    def get(self, domain_id: int, epoch: int) -> _Kept | None:
        """What is kept of this very epoch, or None."""
        kept = self._kept.get(domain_id)
        if kept is None or kept.facts.epoch != epoch:
            return None
        self._kept.move_to_end(domain_id)
        return kept

    def put(self, kept: _Kept) -> None:
        """Keep it in place of an older epoch's."""
        self._kept[kept.facts.domain_id] = kept
        self._kept.move_to_end(kept.facts.domain_id)
        weight = sum(one.weight for one in self._kept.values())
        while weight > self._bound and len(self._kept) > 1:
            _, gone = self._kept.popitem(last=False)
            weight -= gone.weight


class FactsProgram:
    """The readings of the phones' path, for any runner."""

    def __init__(self, statements: Statements, key: SecretKey) -> None:
        self._statements = statements
        self._key = key
        self._shelf = DomainShelf()
        self._buttons = ButtonsByRow()

    def known(self, macs: Sequence[str]) -> Reading[KnownPhone | None]:
        """The first of these MACs that is a phone's."""
        found: dict[str, Any] = {}
        size = select.KNOWN_TOGETHER
        for start in range(0, len(macs), size):
            some = (*macs[start : start + size], *(macs[start],) * size)[:size]
            rows = yield self._statements.known_phones, some
            found.update({row[0]: row for row in rows})
        for mac in macs:
            if mac in found:
                _, domain_id, epoch, phone_id, model, *admission = found[mac]
                return KnownPhone(
                    domain_id=domain_id,
                    epoch=epoch,
                    phone_id=phone_id,
                    mac=Mac(mac),
                    model=model,
                    enrolment=enrolment_of(*admission[:7]),
                    enabled=bool(admission[7]),
                )
        return None

    def for_mac(self, mac: str, directory: bool) -> Reading[PhoneFacts | None]:
        """The facts of the phone with this MAC."""
        rows = yield self._statements.phone_by_mac, (mac,)
        return (yield from self._phone(rows, directory))

    def for_token(self, token_hash: bytes, directory: bool) -> Reading[PhoneFacts | None]:
        """The facts of the phone whose token has this hash."""
        rows = yield self._statements.phone_by_token, (token_hash,)
        return (yield from self._phone(rows, directory, token_hash))

    def keys(self, mac: str) -> Reading[PhoneKeys | None]:
        """The tokens of the phone with this MAC."""
        rows = yield self._statements.phone_keys, (mac,)
        if not rows:
            return None
        domain_id, epoch, phone_id, token, old_token = rows[0]
        where = f"phone/{domain_id}/{phone_id}/token"
        return PhoneKeys(
            domain_id=domain_id,
            epoch=epoch,
            phone_id=phone_id,
            tokens=tuple([self._key.open(one, where) for one in (token, old_token) if one]),
        )

    def enrolment(self, domain_id: int, phone_id: int) -> Reading[tuple[Enrolment, bool] | None]:
        """The admission facts alone."""
        rows = yield self._statements.enrolment, (domain_id, phone_id)
        return (enrolment_of(*rows[0][:7]), bool(rows[0][7])) if rows else None

    def epochs_since(self, seq: int) -> Reading[tuple[Bump, ...]]:
        """Which epochs moved."""
        rows = yield self._statements.epochs, (seq,)
        return tuple([Bump(kind=k, domain_id=d, value=v, seq=s) for k, d, v, s in rows])

    def _phone(
        self, rows: Rows, directory: bool, token_hash: bytes | None = None
    ) -> Reading[PhoneFacts | None]:
        if not rows:
            return None
        (domain_id, epoch, phone_id, mac, model, name, site, notes, directory_name, directory_id,
         layout, layout_id, settings, handsets, token, found_by, revision,
         *admission) = rows[0]  # fmt: skip
        kept = self._shelf.get(domain_id, epoch)
        if kept is None:
            kept = _Kept((yield from self._domain(domain_id, epoch)))
            self._shelf.put(kept)
        parts = yield self._statements.phone_parts, (domain_id, phone_id, layout_id or 0)
        lines, users, sidecars, buttons, overrides = self._parts(parts, kept.facts)
        entries = None
        if directory:
            entries = yield from self._directory(kept, directory_id, directory_name)
        where = f"phone/{domain_id}/{phone_id}"
        phone = Phone(
            mac=Mac(mac),
            model=model,
            name=name,
            site=site,
            notes=notes,
            directory=directory_name,
            enabled=bool(admission[7]),
            lines=lines,
            handsets=handsets_from_json(json.loads(handsets)) if handsets != "[]" else (),
            sidecars=sidecars,
            layout=layout,
            buttons=buttons,
            overrides=overrides,
            settings=settings_from_json(json.loads(settings), self._key, where),
            token=self._key.open(token, f"{where}/token"),
            enrolment=enrolment_of(*admission[:7]),
            revision=revision,
        )
        return PhoneFacts(
            domain=kept.facts,
            phone=phone,
            phone_id=phone_id,
            epoch=epoch,
            users=users,
            directory=entries,
            by_old_token=token_hash is not None and bytes(found_by) != token_hash,
        )

    def _parts(
        self, rows: Rows, facts: DomainFacts
    ) -> tuple[
        tuple[PhoneLine, ...],
        dict[str, User],
        tuple[str, ...],
        tuple[Button, ...],
        tuple[tuple[str, str | None], ...],
    ]:
        lines: list[PhoneLine] = []
        users: dict[str, User] = {}
        sidecars: list[tuple[int, str]] = []
        layout: dict[tuple[int, int], Button] = {}
        own: dict[tuple[int, int], Button] = {}
        overrides: list[tuple[str, str | None]] = []
        made = self._buttons.get
        for row in rows:
            kind, one, two, three, first, second, _, sealed = row
            if kind == select.PHONE_BUTTON:
                own[one, two] = made(row[1:7])
            elif kind == select.LAYOUT_BUTTON:
                layout[one, two] = made(row[1:7])
            elif kind == select.LINE:
                lines.append(PhoneLine(line=one, extension=first, label=second, shared=three == 1))
                users[first] = self._line_user(facts, two, first, sealed)
            elif kind == select.SIDECAR:
                sidecars.append((one, first))
            else:
                overrides.append((first, second))
        lines.sort(key=lambda line: line.line)
        sidecars.sort()
        overrides.sort(key=lambda pair: pair[0])
        buttons = layout | own
        return (
            tuple(lines),
            users,
            tuple([model for _, model in sidecars]),
            tuple([buttons[place] for place in sorted(buttons)]),
            tuple(overrides),
        )

    def _line_user(
        self, facts: DomainFacts, user_id: int, extension: str, sealed: bytes | None
    ) -> User:
        user = facts.users[extension]
        if sealed is None:
            return user
        where = f"user_account/{facts.domain_id}/{user_id}/sip_password"
        return replace(user, sip_password=self._key.open(sealed, where))

    def _directory(
        self, kept: _Kept, directory_id: int | None, name: str | None
    ) -> Reading[tuple[DirectoryEntry, ...]]:
        if directory_id is None:
            return ()
        known = kept.directories.get(directory_id)
        if known is None:
            rows = yield self._statements.directory, (kept.facts.domain_id, directory_id)
            entries = [DirectoryEntry(name=row[0], number=row[1]) for row in rows]
            if name == COMPANY:
                entries += [
                    DirectoryEntry(name=user.display_name, number=user.extension)
                    for user in kept.facts.users.values()
                    if user.in_directory
                ]
            entries.sort(key=lambda entry: (entry.name.casefold(), entry.name, entry.number))
            known = kept.directories[directory_id] = tuple(entries)
        return known

    def _domain(self, domain_id: int, epoch: int) -> Reading[DomainFacts]:
        ((name, own, server),) = yield self._statements.domain, (domain_id,)
        site_rows = yield self._statements.sites, (domain_id,)
        user_rows = yield self._statements.users, (domain_id,)
        override_rows = yield self._statements.overrides, (domain_id,)
        key = self._key
        sites = {
            row[0]: Site(
                name=row[1],
                settings=settings_from_json(json.loads(row[2]), key, f"site/{domain_id}/{row[0]}"),
                revision=row[3],
            )
            for row in site_rows
        }
        names = {site_id: site.name for site_id, site in sites.items()}
        return DomainFacts(
            domain_id=domain_id,
            name=name,
            epoch=epoch,
            settings=inherit(
                BUILT_IN,
                settings_from_json(json.loads(server), key, "server_settings/1"),
                settings_from_json(json.loads(own), key, f"domain/{domain_id}"),
            ),
            sites={site.name: site for site in sites.values()},
            users=UsersByExtension(user_rows, names),
            overrides=overrides_of(override_rows, names),
        )
