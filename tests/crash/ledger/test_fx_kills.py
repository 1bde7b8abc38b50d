"""A killed commit leaves a quote unused, or used with all of its postings: never half."""

import asyncio
import random
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from bezant.kernel.calls import Answer
from bezant.kernel.database import Database
from bezant.kernel.errors import Unavailable
from bezant.ledger.fx.schemas import Quote
from fixtures_ledger import new_bank, open_ledger
from integration.ledger.fx.desk import Desk
from kills import Servers
from processes.exchanger import Errand
from proxies import CommitProxy, Cut

pytestmark = pytest.mark.long

SCRIPT = Path(__file__).parents[2] / "processes" / "exchanger.py"
KILLS = 8
QUOTES = 40
SOLD, BOUGHT = 1_000, 1_243

# Used, the legs that stand, and rows of the conversion: of one quote.
OUTCOME = """
    SELECT count(DISTINCT t.leg) AS legs, count(DISTINCT c.quote_id) AS conversions
    FROM (SELECT 1) AS one
    LEFT JOIN transfer t ON t.tenant_id = $1 AND t.book_id = $2 AND t.transaction_id = $3
    LEFT JOIN fx_conversion c ON c.tenant_id = $1 AND c.book_id = $2 AND c.quote_id = $3
"""


@pytest.fixture
async def desk(servers: Servers, run_folder: Path) -> AsyncIterator[Desk]:
    """A desk on servers that the test kills; Ann has what she needs."""
    database = await Database.open(servers.app_url)
    async with open_ledger(database, run_folder) as ledger:
        desk = await Desk.open(await new_bank(ledger, database))
        await desk.pay_in("EUR", 10**9)
        yield desk
    assert (await desk.bank.verify()).findings == []
    await database.close()


async def quotes(desk: Desk) -> list[Quote]:
    return [
        await desk.quote("EUR", "USD", SOLD, spread_bp=50, expires_in_s=86_400)
        for _ in range(QUOTES)
    ]


async def used(desk: Desk, made: list[Quote]) -> set[UUID]:
    """The quotes that were carried out, each of them whole, and no other in any part."""
    found = set()
    for quote in made:
        row = await desk.bank.database.fetchrow(
            OUTCOME, desk.bank.tenant_id, desk.bank.book_id, quote.id
        )
        assert row is not None
        assert (row["legs"], row["conversions"]) in {(0, 0), (4, 1)}
        if row["legs"]:
            found.add(quote.id)
    return found


async def balances(desk: Desk) -> tuple[int, int]:
    """What Ann sold and bought so far."""
    return 10**9 - await desk.bank.posted("ann:EUR"), await desk.bank.posted("ann:USD")


async def carry_out_until_killed(errand: Errand, answers: int) -> set[UUID]:
    """Run the errand in a process that is killed soon after so many answers; who was answered."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(SCRIPT)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(msgspec.json.encode(errand))
    process.stdin.close()
    told = [await process.stdout.readline() for _ in range(answers)]
    # At an instant that has nothing to do with the last answer.
    await asyncio.sleep(random.uniform(0, 0.01))
    with suppress(ProcessLookupError):
        process.kill()
    told += (await process.stdout.read()).splitlines()
    await process.wait()
    lines = [line.split() for line in told if line.endswith((b" 201", b" 201\n"))]
    return {UUID(quote.decode()) for quote, _ in lines}


async def test_a_killed_application_leaves_no_quote_half_used(
    desk: Desk, servers: Servers, run_folder: Path
) -> None:
    total, cut_off = 0, 0
    await desk.bank.ledger.close()
    for kill in range(KILLS):
        async with open_ledger(desk.bank.database, run_folder) as ledger:
            desk.bank.ledger = ledger
            made = await quotes(desk)
        bank = desk.bank
        errand = Errand(
            servers.app_url,
            str(run_folder),
            bank.tenant_id,
            bank.book_id,
            [quote.id for quote in made],
        )
        answered = await carry_out_until_killed(errand, 1 + kill % 4)
        assert answered
        # Whoever takes the lane waits for what was sent before the kill.
        async with open_ledger(desk.bank.database, run_folder) as ledger:
            desk.bank.ledger = ledger
            probe = await desk.exchange("EUR", "USD", SOLD, spread_bp=50)
            stand = await used(desk, made)
            assert answered <= stand
            assert {probe.quote.id} == await used(desk, [probe.quote])
            total += len(stand) + 1
            cut_off += len(stand) < QUOTES
            assert await balances(desk) == (total * SOLD, total * BOUGHT)
    assert cut_off


async def test_a_killed_database_leaves_no_quote_half_used(desk: Desk, servers: Servers) -> None:
    for _ in range(2):
        before = await balances(desk)
        made = await quotes(desk)

        async def patiently(quote: Quote) -> Answer:
            while True:
                try:
                    return await desk.convert(quote, f"convert-{quote.id}")
                except Unavailable:
                    await asyncio.sleep(0.02)

        running = [asyncio.create_task(patiently(quote)) for quote in made]
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        await servers.kill_postgres()
        answers = await asyncio.gather(*running)
        assert {answer.status for answer in answers} == {201}
        assert await used(desk, made) == {quote.id for quote in made}
        after = (before[0] + QUOTES * SOLD, before[1] + QUOTES * BOUGHT)
        assert await balances(desk) == after


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
async def test_conversions_whose_commit_was_cut_take_effect_once(
    app_url: str, run_folder: Path, cut: Cut
) -> None:
    with tempfile.TemporaryDirectory(prefix="bzp-", dir="/tmp") as folder:
        async with CommitProxy(app_url, Path(folder)).serving() as proxy:
            database = await Database.open(proxy.url, name="proxied")
            async with open_ledger(database, run_folder) as ledger:
                desk = await Desk.open(await new_bank(ledger, database))
                await desk.pay_in("EUR", 10**9)
                made = (await quotes(desk))[:5]
                proxy.cut = cut
                answers = await asyncio.gather(
                    *(desk.convert(quote, f"{cut}-{quote.id}") for quote in made)
                )
                assert proxy.cuts == 1
                assert {answer.status for answer in answers} == {201}
                assert any(answer.is_replay for answer in answers) is (cut is Cut.AFTER)
                assert await used(desk, made) == {quote.id for quote in made}
                assert await balances(desk) == (5 * SOLD, 5 * BOUGHT)
                assert (await desk.bank.verify()).findings == []
            await database.close()
