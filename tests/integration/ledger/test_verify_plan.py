"""How long verifying takes grows with history, not with its square."""

from typing import TYPE_CHECKING

from bezant.kernel.database import Database
from bezant.ledger.verify import store
from fixtures_ledger import Bank

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy


async def test_history_is_walked_in_order_on_tables_without_statistics(
    bank: Bank, database: Database
) -> None:
    async def plan(connection: "PoolConnectionProxy[asyncpg.Record]") -> str:
        await connection.execute(store.WITHOUT_LOOPS)
        key = bank.tenant_id, bank.book_id
        rows = await connection.fetch(f"EXPLAIN {store.WALK_TRANSFERS}", *key)
        return "\n".join(row[0] for row in rows)

    await bank.pay("world", "alice", 1)
    assert "Nested Loop" not in await database.read(plan)
