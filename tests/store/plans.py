"""What does a list ask of the engine, and which way does the engine take to the rows?"""

from collections.abc import Awaitable, Callable, Sequence

import sqlalchemy as sa

from provisiond.store.database import Database, Read
from provisiond.store.search import COLUMNS


async def statements(read: Read, ask: Callable[[], Awaitable[object]]) -> list[tuple[str, object]]:
    """What is sent to the engine for a list."""
    sent: list[tuple[str, object]] = []

    def note(_c: object, _k: object, statement: str, parameters: object, *_: object) -> None:
        sent.append((statement, parameters))

    engine = read.connection.sync_connection
    assert engine is not None
    sa.event.listen(engine, "before_cursor_execute", note)
    await ask()
    sa.event.remove(engine, "before_cursor_execute", note)
    return sent


OF_PHONES = {
    "id": "1000000 + g",
    "mac": "lpad(to_hex(g), 12, '0')",
    "name": "'no. ' || md5(g::text)",
    "token_hash": "decode(lpad(to_hex(g), 64, '0'), 'hex')",
}
OF_USERS = {"id": "2000000 + g", "extension": "'9' || g", "first_name": "md5(g::text)"}


async def ten_thousand(db: Database, table: sa.Table, own: dict[str, str], first: str) -> None:
    """Copies of the `first` row, for a planner that reads a few rows faster without an index."""
    columns = [column.name for column in table.columns]
    values = ", ".join(own.get(name, f'"{name}"') for name in columns)
    listed = ", ".join(f'"{name}"' for name in columns)
    async with db.write() as write:
        await write.connection.execute(
            sa.text(
                f"INSERT INTO {table.name} ({listed}) SELECT {values} FROM (SELECT * FROM "
                f"{table.name} WHERE {first} ORDER BY domain_id LIMIT 1) one, "
                "generate_series(1, 10000) g"
            )
        )
        # As autovacuum does soon after.
        if table.name in COLUMNS:
            index = f"ix_{table.name}_search"
            await write.connection.execute(sa.text(f"SELECT gin_clean_pending_list('{index}')"))
        await write.connection.execute(sa.text("ANALYZE"))


async def explained(read: Read, sent: Sequence[tuple[str, object]]) -> str:
    plan = []
    postgres = read.connection.dialect.name == "postgresql"
    for statement, parameters in sent:
        words = "EXPLAIN " if postgres else "EXPLAIN QUERY PLAN "
        rows = await read.connection.exec_driver_sql(words + statement, parameters)  # type: ignore[arg-type]
        plan += [str(row[0 if postgres else 3]) for row in rows]
    return "\n".join(plan)
