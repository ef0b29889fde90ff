"""Which rows hold this part of a text? Asked of an index, on either engine by its own means.

SQLite keeps the trigrams of phones and users in FTS5 tables, which triggers keep up to date;
PostgreSQL has its own index of trigrams (pg_trgm) on the columns. A migration that rebuilds one of
these tables drops its triggers and must call `make_index` again.
"""

import sqlalchemy as sa

from provisiond.inventory.mac import Mac
from provisiond.store.dialects import holds
from provisiond.store.schema import phone, phone_line, user_account
from provisiond.store.transaction import Read

LEAST = 3
"""Shorter parts are looked for row by row in the domain: three letters are the least to index."""

COLUMNS = {
    "phone": {"mac": "mac", "name": "name"},
    "user_account": {"extension": "extension", "full_name": "first_name || ' ' || last_name"},
}
"""Table → indexed name → what it holds."""
_HEX = frozenset("0123456789abcdef")
_SEPARATORS = str.maketrans("", "", " :-._\t")


def make_index(connection: sa.Connection) -> None:
    """Make the index of the tables as they are now. For migrations: it blocks."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    for table, columns in COLUMNS.items():
        if connection.dialect.name == "postgresql":
            listed = ", ".join(f"({text}) gin_trgm_ops" for text in columns.values())
            connection.execute(
                sa.text(f"CREATE INDEX ix_{table}_search ON {table} USING gin ({listed})")
            )
        else:
            _make_sqlite(connection, table, columns)


def phones_with(read: Read, domain_id: int, text: str) -> sa.ColumnElement[bool]:
    """Phones whose MAC (in any notation) or name holds the text, or that of a line's user."""
    bare = bare_mac(text)
    parts = {"name": text} if bare is None else {"name": text, "mac": bare}
    of_users = sa.select(phone_line.c.phone_id).where(
        phone_line.c.domain_id == domain_id,
        phone_line.c.user_id.in_(_ids(read, domain_id, user_account, _user_parts(text))),
    )
    return phone.c.id.in_(sa.union(_ids(read, domain_id, phone, parts), of_users))


def users_with(read: Read, domain_id: int, text: str) -> sa.ColumnElement[bool]:
    """Users whose extension, or first and last name, hold the text."""
    return user_account.c.id.in_(_ids(read, domain_id, user_account, _user_parts(text)))


def bare_mac(text: str) -> str | None:
    """The hex digits of what may be a part of a MAC address, or None where it is none."""
    bare = text.lower().translate(_SEPARATORS)
    return bare if bare and len(bare) <= len(Mac("0" * 12).text) and _HEX.issuperset(bare) else None


def _user_parts(text: str) -> dict[str, str]:
    return {"extension": text, "full_name": text}


def _ids(
    read: Read, domain_id: int, table: sa.Table, parts: dict[str, str]
) -> sa.Select[tuple[int]]:
    """The ids of a table's rows in the domain of which one indexed text holds its part."""
    columns = COLUMNS[table.name]
    engine = read.connection.dialect.name
    if engine == "postgresql" or any(len(part) < LEAST for part in parts.values()):
        texts = {name: sa.literal_column(f"({columns[name]})", sa.Text()) for name in parts}
        held = [holds(texts[name], part) for name, part in parts.items()]
        if engine == "postgresql":
            held = [texts[name].ilike(_like(part), escape="\\") for name, part in parts.items()]
        return sa.select(table.c.id).where(table.c.domain_id == domain_id, sa.or_(*held))
    index = sa.table(f"{table.name}_search", sa.column("rowid", sa.BigInteger()))
    wanted = " OR ".join(f"{name} : {_quoted(part)}" for name, part in parts.items())
    matching = sa.literal_column(f"{table.name}_search").op("MATCH")(wanted)
    return sa.select(index.c.rowid).where(matching)


def _make_sqlite(connection: sa.Connection, table: str, columns: dict[str, str]) -> None:
    names = ", ".join(columns)

    def values(row: str) -> str:
        texts = [text.replace("first_name", f"{row}.first_name") for text in columns.values()]
        texts = [text.replace("last_name", f"{row}.last_name") for text in texts]
        return ", ".join(text if "." in text else f"{row}.{text}" for text in texts)

    gone = f"INSERT INTO {table}_search({table}_search, rowid, {names}) VALUES('delete', "
    gone += f"old.id, {values('old')});"
    come = f"INSERT INTO {table}_search(rowid, {names}) VALUES (new.id, {values('new')});"  # noqa: S608
    watched = "mac, name" if table == "phone" else "extension, first_name, last_name"
    for statement in (
        f"CREATE VIRTUAL TABLE {table}_search USING fts5({names}, content='', tokenize='trigram')",
        f"INSERT INTO {table}_search(rowid, {names}) "  # noqa: S608 - names of ours
        f"SELECT {table}.id, {values(table)} FROM {table}",
        f"CREATE TRIGGER {table}_search_come AFTER INSERT ON {table} BEGIN {come} END",
        f"CREATE TRIGGER {table}_search_gone AFTER DELETE ON {table} BEGIN {gone} END",
        f"CREATE TRIGGER {table}_search_moved AFTER UPDATE OF {watched} ON {table} "
        f"BEGIN {gone} {come} END",
    ):
        connection.exec_driver_sql(statement)


def _quoted(part: str) -> str:
    """A part as FTS5 takes it as one string, whatever is in it."""
    return '"' + part.replace('"', '""').replace("\0", "\ufffd") + '"'


def _like(part: str) -> str:
    for special in ("\\", "%", "_"):
        part = part.replace(special, f"\\{special}")
    return f"%{part}%"
