"""Which statements does the phones' path run? Written once, compiled once for each engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import Dialect

from provisiond.store.epochs import DOMAIN
from provisiond.store.schema import (
    button,
    directory,
    directory_entry,
    domain,
    epoch,
    layout,
    override_value,
    phone,
    phone_line,
    phone_sidecar,
    server_override,
    server_settings,
    site,
    user_account,
)

LINE, SIDECAR, LAYOUT_BUTTON, PHONE_BUTTON, OVERRIDE = range(1, 6)
"""The kinds of row that the statement of a phone's parts gives, in its first column."""

KNOWN_TOGETHER = 4
"""MACs that are looked up at once: whether one is known must not show in how many are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """SQL as a driver takes it; `order` says which value stands at each place of it."""

    sql: str
    order: tuple[int, ...]

    def arguments(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """The values in the driver's order."""
        return tuple([values[i] for i in self.order])


Rows = Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """All statements of the phones' path; the comments say which values they take."""

    known_phones: Statement  # KNOWN_TOGETHER macs
    phone_by_mac: Statement  # mac
    phone_by_token: Statement  # token hash
    phone_keys: Statement  # mac
    phone_parts: Statement  # domain, phone, layout (0: none)
    enrolment: Statement  # domain, phone
    domain: Statement  # domain
    sites: Statement  # domain
    users: Statement  # domain
    overrides: Statement  # domain
    directory: Statement  # domain, directory
    epochs: Statement  # seq


def compile_statements(dialect: Dialect) -> Statements:
    """The statements for one engine's driver."""

    def one(statement: sa.Select[Any] | sa.CompoundSelect[Any], *names: str) -> Statement:
        compiled = statement.compile(dialect=dialect)
        places: Sequence[str] = compiled.positiontup or ()
        values = compiled.params
        order = []
        for place in places:
            if place not in names:
                raise ValueError(f"{place}={values[place]!r} is a value within the statement")
            order.append(names.index(place))
        return Statement(sql=str(compiled), order=tuple(order))

    macs = [f"mac{place}" for place in range(KNOWN_TOGETHER)]
    token = sa.bindparam("hash", type_=sa.LargeBinary())
    return Statements(
        known_phones=one(_known(macs), *macs),
        phone_by_mac=one(_phone().where(phone.c.mac == _text("mac")), "mac"),
        phone_by_token=one(
            _phone().where((phone.c.token_hash == token) | (phone.c.old_token_hash == token)),
            "hash",
        ),
        phone_keys=one(_keys(), "mac"),
        phone_parts=one(_phone_parts(), "domain_id", "phone_id", "layout_id"),
        enrolment=one(_enrolment(), "domain_id", "phone_id"),
        domain=one(_domain(), "domain_id"),
        sites=one(_sites(), "domain_id"),
        users=one(_users(), "domain_id"),
        overrides=one(_overrides(), "domain_id"),
        directory=one(_directory(), "domain_id", "directory_id"),
        epochs=one(_epochs(), "seq"),
    )


def _number(name: str) -> sa.BindParameter[int]:
    return sa.bindparam(name, type_=sa.BigInteger())


def _text(name: str) -> sa.BindParameter[str]:
    return sa.bindparam(name, type_=sa.String())


def _literal(value: str | int) -> sa.ColumnElement[Any]:
    return sa.literal_column(f"'{value}'" if isinstance(value, str) else str(value))


# The branches of a UNION must agree on their types, which a bare NULL has none of.
_NO_NUMBER: sa.ColumnElement[Any] = sa.cast(sa.null(), sa.Integer())
_NO_TEXT: sa.ColumnElement[Any] = sa.cast(sa.null(), sa.Text())
_NO_BYTES: sa.ColumnElement[Any] = sa.cast(sa.null(), sa.LargeBinary())

_ENROLMENT = (
    phone.c.opened_at,
    phone.c.open_until,
    phone.c.closed_at,
    phone.c.held_reason,
    phone.c.first_address,
    phone.c.first_user_agent,
    phone.c.renewed_at,
    phone.c.enabled,
)


def _own_epoch() -> sa.ColumnElement[bool]:
    return (epoch.c.domain_id == phone.c.domain_id) & (epoch.c.kind == _literal(DOMAIN))


def _known(macs: Sequence[str]) -> sa.Select[Any]:
    """MAC, domain, its epoch, id and model, then the admission facts."""
    return (
        sa.select(
            phone.c.mac, phone.c.domain_id, epoch.c.value, phone.c.id, phone.c.model, *_ENROLMENT
        )
        .select_from(phone)
        .join(epoch, _own_epoch())
        .where(phone.c.mac.in_([_text(mac) for mac in macs]))
    )


def _keys() -> sa.Select[Any]:
    """Domain, its epoch, id, token and the token before it."""
    return (
        sa.select(phone.c.domain_id, epoch.c.value, phone.c.id, phone.c.token, phone.c.old_token)
        .select_from(phone)
        .join(epoch, _own_epoch())
        .where(phone.c.mac == _text("mac"))
    )


def _phone() -> sa.Select[Any]:
    """A phone with its domain's epoch: 17 columns, then the admission facts."""
    return (
        sa.select(
            phone.c.domain_id,
            epoch.c.value,
            phone.c.id,
            phone.c.mac,
            phone.c.model,
            phone.c.name,
            site.c.name,
            phone.c.notes,
            directory.c.name,
            phone.c.directory_id,
            layout.c.name,
            phone.c.layout_id,
            phone.c.settings,
            phone.c.handsets,
            phone.c.token,
            phone.c.token_hash,
            phone.c.revision,
            *_ENROLMENT,
        )
        .select_from(phone)
        .join(epoch, _own_epoch())
        .outerjoin(site, _same(phone.c.site_id, site))
        .outerjoin(directory, _same(phone.c.directory_id, directory))
        .outerjoin(layout, _same(phone.c.layout_id, layout))
    )


def _same(reference: sa.Column[Any], table: sa.Table) -> sa.ColumnElement[bool]:
    return (table.c.domain_id == phone.c.domain_id) & (table.c.id == reference)


def _phone_parts() -> sa.CompoundSelect[Any]:
    """Rows of (kind, three integers, three texts, bytes); what each means stands in facts.py."""
    return sa.union_all(
        _lines(),
        _of_phone(
            phone_sidecar, SIDECAR, number=phone_sidecar.c.position, text=phone_sidecar.c.model
        ),
        _buttons(LAYOUT_BUTTON, button.c.layout_id, "layout_id"),
        _buttons(PHONE_BUTTON, button.c.phone_id, "phone_id"),
        _of_phone(
            override_value, OVERRIDE, text=override_value.c.key, second=override_value.c.value
        ),
    )


def _lines() -> sa.Select[Any]:
    return (
        sa.select(
            _literal(LINE),
            phone_line.c.line,
            phone_line.c.user_id,
            sa.cast(phone_line.c.shared, sa.Integer()),
            user_account.c.extension,
            phone_line.c.label,
            _NO_TEXT,
            user_account.c.sip_password,
        )
        .join(
            user_account,
            (user_account.c.domain_id == phone_line.c.domain_id)
            & (user_account.c.id == phone_line.c.user_id),
        )
        .where(phone_line.c.domain_id == _number("domain_id"))
        .where(phone_line.c.phone_id == _number("phone_id"))
    )


def _of_phone(
    table: sa.Table,
    kind: int,
    *,
    text: sa.Column[str],
    number: sa.ColumnElement[Any] | None = None,
    second: sa.ColumnElement[Any] | None = None,
) -> sa.Select[Any]:
    return (
        sa.select(
            _literal(kind),
            number if number is not None else _NO_NUMBER,
            _NO_NUMBER,
            _NO_NUMBER,
            text,
            second if second is not None else _NO_TEXT,
            _NO_TEXT,
            _NO_BYTES,
        )
        .where(table.c.domain_id == _number("domain_id"))
        .where(table.c.phone_id == _number("phone_id"))
    )


def _buttons(kind: int, owner: sa.Column[Any], name: str) -> sa.Select[Any]:
    return (
        sa.select(
            _literal(kind),
            button.c.module,
            button.c.key,
            button.c.line,
            button.c.kind,
            button.c.value,
            button.c.label,
            _NO_BYTES,
        )
        .where(button.c.domain_id == _number("domain_id"))
        .where(owner == _number(name))
    )


def _enrolment() -> sa.Select[Any]:
    return (
        sa.select(*_ENROLMENT)
        .where(phone.c.domain_id == _number("domain_id"))
        .where(phone.c.id == _number("phone_id"))
    )


def _domain() -> sa.Select[Any]:
    return sa.select(domain.c.name, domain.c.settings, server_settings.c.settings).where(
        domain.c.id == _number("domain_id"), server_settings.c.id == _literal(1)
    )


def _sites() -> sa.Select[Any]:
    return sa.select(site.c.id, site.c.name, site.c.settings, site.c.revision).where(
        site.c.domain_id == _number("domain_id")
    )


def _users() -> sa.Select[Any]:
    return sa.select(
        user_account.c.extension,
        user_account.c.first_name,
        user_account.c.last_name,
        user_account.c.sip_user,
        user_account.c.sip_auth_user,
        user_account.c.site_id,
        user_account.c.in_directory,
        user_account.c.revision,
    ).where(user_account.c.domain_id == _number("domain_id"))


def _overrides() -> sa.CompoundSelect[Any]:
    """Of the server, the domain and its sites: scope, site id, family, model, key, value, …"""
    no_site: sa.ColumnElement[Any] = sa.cast(sa.null(), sa.BigInteger())
    mine = override_value
    whole = server_override
    return sa.union_all(
        sa.select(
            _literal(0), no_site, whole.c.family, whole.c.model, whole.c.key, whole.c.value,
            whole.c.author, whole.c.at,
        ),
        sa.select(
            sa.case((mine.c.site_id.is_(None), _literal(1)), else_=_literal(2)),
            mine.c.site_id, mine.c.family, mine.c.model, mine.c.key, mine.c.value,
            mine.c.author, mine.c.at,
        )
        .where(mine.c.domain_id == _number("domain_id"))
        .where(mine.c.phone_id.is_(None)),
    )  # fmt: skip


def _directory() -> sa.Select[Any]:
    return (
        sa.select(directory_entry.c.name, directory_entry.c.number)
        .where(directory_entry.c.domain_id == _number("domain_id"))
        .where(directory_entry.c.directory_id == _number("directory_id"))
    )


def _epochs() -> sa.Select[Any]:
    return sa.select(epoch.c.kind, epoch.c.domain_id, epoch.c.value, epoch.c.seq).where(
        epoch.c.seq > _number("seq")
    )
