"""A quote expires by the clock of the batch that would carry it out; expiry wins."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.ledger.fx.schemas import Conversion
from fixtures_ledger import code, new_bank, open_ledger
from integration.ledger.fx.desk import Desk

START = datetime(2060, 1, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
async def desk(clock: ManualClock, database: Database, run_folder: Path) -> AsyncIterator[Desk]:
    """A desk whose time the test tells."""
    async with open_ledger(database, run_folder, clock) as ledger:
        desk = await Desk.open(await new_bank(ledger, database))
        clock.advance(seconds=1)
        await desk.pay_in("EUR", 100_000)
        clock.advance(seconds=1)
        yield desk
        assert (await desk.bank.verify()).findings == []


async def test_until_its_last_microsecond_a_quote_is_carried_out(
    desk: Desk, clock: ManualClock
) -> None:
    quote = await desk.quote("EUR", "USD", 100, expires_in_s=60)
    clock.advance(seconds=59, microseconds=999_998)
    done = (await desk.convert(quote)).value(Conversion)
    assert done.transaction.recorded_at < quote.expires_at


async def test_expiry_wins_at_the_same_instant_and_whoever_asks_is_told_so(
    desk: Desk, clock: ManualClock
) -> None:
    quote = await desk.quote("EUR", "USD", 100, expires_in_s=60)
    clock.advance(seconds=60)
    answers = await asyncio.gather(*(desk.convert(quote) for _ in range(50)))
    assert Counter(code(each) for each in answers) == {"QUOTE_EXPIRED": 50}
    assert await desk.bank.posted("ann:USD") == 0
    assert await desk.bank.posted("ann:EUR") == 100_000


async def test_a_used_quote_expires_as_well(desk: Desk, clock: ManualClock) -> None:
    quote = await desk.quote("EUR", "USD", 100, expires_in_s=60)
    assert (await desk.convert(quote)).status == 201
    assert code(await desk.convert(quote)) == "QUOTE_USED"
    clock.advance(seconds=60)
    assert code(await desk.convert(quote)) == "QUOTE_EXPIRED"
