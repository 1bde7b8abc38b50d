"""A platform writes snapshots by itself, and answers questions about the past from them."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg

from bezant.ledger.history.blocks import SHAPE
from bezant.server import endpoint
from fixtures_api import fresh_key
from fixtures_servers import open_folder
from running_platform import running

WRITTEN = """
    SELECT p.seq, max(b.through) AS through FROM history_progress p
    JOIN history_block b ON b.book_id = p.book_id GROUP BY p.seq
"""


async def snapshot(data_dir: Path) -> dict[str, Any]:
    """How far the book is looked through, and how many legs of its accounts are in blocks."""
    connection = await asyncpg.connect(endpoint.read(data_dir).database_url)
    try:
        async with asyncio.timeout(60):
            while (row := await connection.fetchrow(WRITTEN)) is None:
                await connection.execute("SELECT pg_sleep(0.1)")
    finally:
        await connection.close()
    return dict(row)


async def test_a_platform_writes_snapshots_of_busy_accounts() -> None:
    with open_folder() as parent:
        async with running(parent / "data") as platform, platform.client() as client:

            async def post(path: str, body: object) -> dict[str, Any]:
                answer = await client.post(path, json=body, headers=fresh_key())
                assert answer.is_success, answer.text
                answered: dict[str, Any] = answer.json()
                return answered

            asset = {"code": "EUR", "scale": 2}
            book = await post("/v1/books", {"name": "Money", "assets": [asset]})
            path = f"/v1/books/{book['id']}"
            for account in ("world", "till"):
                await post(f"{path}/accounts", {"id": account, "asset": "EUR", "type": "asset"})
            leg = {"debit": "till", "credit": "world", "asset": "EUR", "amount": "1"}
            count = SHAPE.block_legs + 100
            items = [
                {
                    "id": str(uuid4()),
                    "effective_at": f"2020-01-{1 + number % 28:02}T00:00:00Z",
                    "postings": [leg],
                }
                for number in range(count)
            ]
            await post(f"{path}/transactions/batch", {"transactions": items})
            written = await snapshot(platform.data_dir)
            assert written["through"] == SHAPE.block_legs
            assert written["seq"] >= count
            at = "effective_at=2020-01-14T12:00:00Z"
            balance = (await client.get(f"{path}/accounts/till/balance?{at}")).json()
            early = sum(number % 28 < 14 for number in range(count))
            assert (balance["posted"], balance["version"]) == (str(early), early)
