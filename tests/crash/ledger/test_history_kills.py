"""A writer of snapshots that is killed, wherever it is, leaves whole blocks and an exact past."""

import asyncio
import random
import sys
from pathlib import Path

from bezant.kernel.database import Database
from bezant.ledger import Ledger
from bezant.ledger.history import History
from integration.ledger.history.conftest import new_life, snapshots_of
from past import Past

SCRIPT = Path(__file__).parents[2] / "processes" / "historian.py"
KILLS = 8

# Blocks without a chunk on each of the three axes.
HALF_BLOCKS = """
    SELECT b.after_seq FROM history_block b WHERE b.tenant_id = $1 AND b.book_id = $2 AND (
        SELECT count(DISTINCT c.axis) FROM history_chunk c
        WHERE c.tenant_id = $1 AND c.book_id = $2 AND c.account_no = b.account_no
            AND c.after_seq = b.after_seq AND c.level = b.level) < 3
"""


async def test_kills_leave_whole_blocks_and_an_exact_past(
    ledger: Ledger, database: Database, app_url: str
) -> None:
    life = await new_life(ledger, database, 2)
    key, written = (life.bank.tenant_id, life.bank.book_id), 0
    for _ in range(KILLS):
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(SCRIPT), app_url, *map(str, key), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        for _ in range(random.randrange(20, 40)):
            await life.post()
        process.kill()
        await process.wait()
        assert await database.fetch(HALF_BLOCKS, *key) == []
        seq = (await History(database).head(*key)).seq
        await life.check(await Past.read(database, *key), seq, 5)
        rows = await database.fetch(
            "SELECT after_seq FROM history_block WHERE tenant_id = $1 AND book_id = $2", *key
        )
        assert len(rows) >= written
        written = len(rows)
    assert written
    # Whoever comes next goes on from there.
    assert await snapshots_of(database).write_book(*key, seq) >= 0
    await life.check(await Past.read(database, *key), seq, 20)
    assert (await life.bank.verify()).findings == []
