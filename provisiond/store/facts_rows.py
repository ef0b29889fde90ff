"""How do rows become the records of the phones' path? Each as late, and as seldom, as can be."""

from collections.abc import Iterator, Mapping
from sys import intern
from typing import Any

from provisiond.inventory.buttons import Button, ButtonKind
from provisiond.inventory.people import User
from provisiond.inventory.phones import Enrolment, Override
from provisiond.inventory.secret import Secret
from provisiond.store.facts_select import Rows
from provisiond.store.instants import from_stored_if_any

_NO_PASSWORD = Secret("")
_SHARED_BUTTONS = 20_000  # some 4 MiB


class UsersByExtension(Mapping[str, User]):
    """A domain's users, each made when it is asked for: of thousands, a phone names a few."""

    def __init__(self, rows: Rows, sites: Mapping[int, str]) -> None:
        self._rows = {row[0]: _without_repeats(row) for row in rows}
        self._sites = sites

    def __getitem__(self, extension: str) -> User:
        row = self._rows[extension]
        return User(
            extension=extension,
            first_name=row[1],
            last_name=row[2],
            sip_user=row[3],
            sip_auth_user=row[4],
            sip_password=_NO_PASSWORD,
            site=self._sites[row[5]] if row[5] is not None else None,
            in_directory=bool(row[6]),
            revision=row[7],
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def _without_repeats(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same user, whose SIP names are as a rule the extension: one text instead of three."""
    extension, first, last, sip_user, sip_auth_user, *rest = row
    if sip_user == extension:
        sip_user = extension
    if sip_auth_user == extension:
        sip_auth_user = extension
    return (extension, first, last, sip_user, sip_auth_user, *rest)


class ButtonsByRow:
    """Buttons that many phones share are made once. For one thread."""

    def __init__(self) -> None:
        self._made: dict[tuple[Any, ...], Button] = {}

    def get(self, row: tuple[Any, ...]) -> Button:
        """The button of (module, key, line, kind, value, label)."""
        button = self._made.get(row)
        if button is None:
            module, key, line, kind, value, label = row
            button = Button(
                module=module, key=key, kind=ButtonKind(kind), line=line, value=value, label=label
            )
            if len(self._made) >= _SHARED_BUTTONS:
                self._made.clear()
            self._made[row] = button
        return button


def overrides_of(rows: Rows, sites: dict[int, str]) -> tuple[Override, ...]:
    """The overrides of server, domain and sites, farthest first."""
    found = [
        (
            scope,
            Override(
                scope=("server", "domain", "site")[scope],
                family=family,
                key=key,
                value=value,
                model=model or None,
                site=sites[site_id] if site_id is not None else None,
                author=author,
                at=from_stored_if_any(at),
            ),
        )
        for scope, site_id, family, model, key, value, author, at in rows
    ]
    found.sort(
        key=lambda pair: (
            pair[0],
            pair[1].site or "",
            pair[1].family,
            pair[1].model or "",
            pair[1].key,
        )
    )
    return tuple([override for _, override in found])


def _shared(text: str | None) -> str | None:
    """The text that others hold too: thousands of phones are behind one address."""
    return intern(text) if text is not None else None


def enrolment_of(
    opened_at: int | None,
    open_until: int | None,
    closed_at: int | None,
    held_reason: str | None,
    first_address: str | None,
    first_user_agent: str | None,
    renewed_at: int | None,
) -> Enrolment:
    """The enrolment of the columns that a phone's row begins its admission facts with."""
    return Enrolment(
        opened_at=from_stored_if_any(opened_at),
        open_until=from_stored_if_any(open_until),
        closed_at=from_stored_if_any(closed_at),
        held_reason=held_reason,
        first_address=_shared(first_address),
        first_user_agent=_shared(first_user_agent),
        renewed_at=from_stored_if_any(renewed_at),
    )
