"""How soon the ledger is back after a kill of PostgreSQL in the middle of bulk posting."""

import time
from pathlib import Path

from fixtures_ledger import Bank
from kills import Servers, recovered
from posters import posting
from processes.poster import Job

BULK = 4_000
ENDLESS = 1_000_000
RECOVERY_S_MAX = 10.0


async def test_a_kill_in_mid_bulk_is_recovered_from_within_ten_seconds(
    killed_bank: Bank, servers: Servers, run_folder: Path
) -> None:
    load = Job(
        servers.app_url, str(run_folder), killed_bank.tenant_id, killed_bank.book_id, "bulk",
        count=ENDLESS, concurrency=2, is_patient=True, bulk=BULK,
    )  # fmt: skip
    async with posting(load) as poster:
        for _ in range(10):
            await poster.until("answered")
        killed_at = time.monotonic()
        await servers.kill_postgres()
        recovery_s = await recovered(poster, killed_at)
        await poster.kill()
    assert recovery_s < RECOVERY_S_MAX
    print(f"recovered in {recovery_s:.1f} s")  # noqa: T201 - shown by `pytest -s`
    posted = await killed_bank.posted("alice")
    assert posted % BULK == 0
    assert posted >= BULK * len(poster.answered())
