"""Behind a pooler in transaction mode."""

from typing import Any

import asyncpg

from bezant.kernel.database import Capabilities, Database, Engine


async def test_timeouts_live_in_the_transaction_since_the_session_belongs_to_others(
    app_url: str,
) -> None:
    async def lock_timeout(connection: Any) -> str:  # noqa: ANN401 - the driver's connection
        return str(await connection.fetchval("SHOW lock_timeout"))

    async with asyncpg.create_pool(app_url, min_size=1, max_size=1) as pool:
        database = Database(pool, Capabilities(Engine.POSTGRESQL, is_pooled=True))
        assert await database.transaction(lock_timeout) == "8s"
        async with database.connection() as connection:
            assert await lock_timeout(connection) == "0"
