"""An agent that verifies a book again and again while others post."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from msgspec import Struct

from bezant.cli.bench.agent import Rounds, serve
from bezant.cli.verify import yield_processor
from bezant.kernel.database import Database
from bezant.ledger import verify_book


class Setup(Struct, frozen=True):
    """Which book."""

    database_url: str
    tenant_id: UUID
    book: UUID


class Ready(Struct, frozen=True):
    """It can begin."""


class Round(Struct, frozen=True):
    """For how long; what is not finished by then is given up, unless nothing was replayed."""

    seconds: float


class Outcome(Struct, frozen=True):
    """How many transactions were replayed per second, over all verifications."""

    per_second: float


@asynccontextmanager
async def prepare(setup: Setup) -> AsyncIterator[tuple[Ready, Rounds[Round]]]:
    """Connect, as `bezant verify` does."""
    yield_processor()
    database = await Database.open(setup.database_url, connections_max=1)

    async def run(asked: Round) -> Outcome:
        ended = under_way = 0

        def progress(transactions: int) -> None:
            nonlocal under_way
            under_way = transactions

        async def verify() -> None:
            nonlocal ended, under_way
            report = await verify_book(database, setup.tenant_id, setup.book, progress=progress)
            assert report.findings == [], report.findings
            ended, under_way = ended + report.transactions, 0

        started = time.perf_counter()
        with suppress(TimeoutError):
            async with asyncio.timeout(asked.seconds):
                while True:
                    await verify()
        if not ended + under_way:
            await verify()  # something is replayed, however short the round
        return Outcome((ended + under_way) / (time.perf_counter() - started))

    try:
        yield Ready(), run
    finally:
        await database.close()


def main() -> None:
    """Run the agent."""
    serve(Setup, Round, prepare)
