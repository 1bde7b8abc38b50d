"""An agent that asks for the past of two books that were laid in beforehand.

Each has a million entries, dated over ten years in an order that has nothing to do with that of
their recording: one has them all on a single account, the other on a hundred thousand.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.cli.bench import store
from bezant.cli.bench.agent import Rounds, percentile, serve
from bezant.kernel.calls import Call
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.ledger import (
    AtTime,
    Axis,
    History,
    Ledger,
    Moment,
    Reports,
    Snapshots,
    Span,
    schemas,
)

_START: Final = datetime(2016, 1, 1, tzinfo=UTC)
_STEP: Final = timedelta(minutes=5)
_LAID_AT_ONCE: Final = 50_000
_COUNTERPARTIES: Final = 1_000
_PAGE: Final = 100
_SCATTER: Final = 611_953
_QUIET_LOOKS: Final = 3
_QUIET_S: Final = 0.5


class Setup(Struct, frozen=True):
    """What to lay in.

    Attributes:
        run_folder: where the lanes' sockets are.
        entries: of the one account, and of all accounts of the other book together.
        accounts: of the other book.
    """

    database_url: str
    run_folder: str
    tenant_id: UUID
    entries: int
    accounts: int


class Ready(Struct, frozen=True):
    """It is laid in, and the snapshots are written.

    Attributes:
        snapshots_s: how long those took.
    """

    snapshots_s: float


class Question(StrEnum):
    """What is asked, again and again, at random moments."""

    BALANCE = "balance"
    ENTRIES = "entries"
    SUMS = "sums"
    WIDE_SUMS = "wide sums"
    TRIAL_BALANCE = "trial balance"
    WIDE_TRIAL_BALANCE = "wide trial balance"


class Round(Struct, frozen=True):
    """What to ask, for how long."""

    question: Question
    seconds: float


class Outcome(Struct, frozen=True):
    """How long answers took; the slowest of few, and the 99th percentile of many."""

    p99_ms: float
    slowest_s: float


@dataclass(frozen=True, slots=True)
class _Book:
    tenant_id: UUID
    id: UUID
    transfers: int
    seq: int
    first_account: int

    def moment(self, dice: random.Random) -> Moment:
        """Any pair of times, on any axis."""
        axis = dice.choice(list(Axis))
        until = _START + dice.randrange(self.transfers) * _STEP
        known = dice.randrange(self.seq + 1)
        return Moment(axis, until if axis is Axis.EFFECTIVE else until.date(), known)


async def _create_book(ledger: Ledger, ids: TimeOrderedIds, tenant_id: UUID) -> UUID:
    call_id = ids.new()
    call = Call(
        call_id, tenant_id, "key:bench", "book.create", "/v1/books", "bench", str(call_id), b"bench"
    )
    answer = await ledger.create_book(call, schemas.NewBook("Bench", [schemas.Asset("EUR", 2)]))
    assert answer.status == HTTPStatus.CREATED
    return answer.value(schemas.Book).id


async def _lay_in(
    database: Database,
    book: _Book,
    accounts: int,
    debits: tuple[int, int],
    credits_: tuple[int, int],
) -> None:
    """Write a book's rows as a lane would have left them, but for the proof.

    Accounts are debited in turn, from one on, so many of them; credited likewise.
    """
    key = (book.tenant_id, book.id)

    async def write(statement: str, *values: object) -> None:
        await database.transaction(lambda connection: connection.execute(statement, *key, *values))

    await write(store.LAY_IN_ACCOUNTS, book.first_account, accounts, _START)
    first = book.seq - book.transfers
    for start in range(0, book.transfers, _LAID_AT_ONCE):
        end = min(start + _LAID_AT_ONCE, book.transfers)
        scatter = (_START, _STEP, _SCATTER, book.transfers)
        await write(store.LAY_IN_TRANSFERS, first, start, end, *debits, *credits_, *scatter)
    await write(store.LAY_IN_BALANCES)
    await write(store.LAY_IN_HEAD, book.seq)


async def _write_snapshots(database: Database, book: _Book) -> float:
    """Write all that there are to be; the seconds until the last one.

    The platform's own writer is at it as well. Who is second with a block finds nothing to do at
    that moment, so that it is over when there is nothing twice.
    """
    snapshots = Snapshots(database, SystemClock(), TimeOrderedIds(), rest_per_work=0)
    started = ended = time.perf_counter()
    looks = 0
    while looks < _QUIET_LOOKS:
        if await snapshots.write_book(book.tenant_id, book.id, book.seq):
            looks = 0
            continue
        if looks == 0:
            ended = time.perf_counter()
        looks += 1
        await asyncio.sleep(_QUIET_S)
    return ended - started


@asynccontextmanager
async def prepare(setup: Setup) -> AsyncIterator[tuple[Ready, Rounds[Round]]]:
    """Lay the books in, and wait for their snapshots."""
    database = await Database.open(setup.database_url, connections_max=4)
    ids, dice = TimeOrderedIds(), random.Random(1)  # noqa: S311 - load
    books = []
    ledger = Ledger(database, Path(setup.run_folder))
    await ledger.start()
    try:
        for transfers in (setup.entries, setup.entries // 2):
            book_id = await _create_book(ledger, ids, setup.tenant_id)
            head = await History(database).head(setup.tenant_id, book_id)
            own = await ledger.accounts(setup.tenant_id, book_id, after=None, limit=100)
            seq, first = head.seq + transfers, len(own.accounts) + 1
            books.append(_Book(setup.tenant_id, book_id, transfers, seq, first))
    finally:
        await ledger.close()
    deep, wide = books
    one, half = deep.first_account, setup.accounts // 2
    await _lay_in(database, deep, _COUNTERPARTIES + 1, (one, 1), (one + 1, _COUNTERPARTIES))
    one = wide.first_account
    await _lay_in(database, wide, 2 * half, (one, half), (one + half, half))
    ready = Ready(await _write_snapshots(database, deep))
    asking = _questions(History(database), Reports(ledger), deep, wide, dice)

    async def run(asked: Round) -> Outcome:
        took: list[float] = []
        until = time.perf_counter() + asked.seconds
        while not took or time.perf_counter() < until:
            asked_at = time.perf_counter()
            await asking[asked.question]()
            took.append(time.perf_counter() - asked_at)
        return Outcome(percentile(took, 99) * 1000, max(took))

    try:
        yield ready, run
    finally:
        await database.close()


def _questions(
    history: History, reports: Reports, deep: _Book, wide: _Book, dice: random.Random
) -> dict[Question, Callable[[], Awaitable[object]]]:
    async def balance() -> None:
        at = deep.moment(dice)
        sums = await history.sums(deep.tenant_id, deep.id, deep.first_account, at)
        assert sums.version <= at.seq

    async def entries() -> None:
        at = deep.moment(dice)
        last = datetime(9999, 1, 1, tzinfo=UTC)
        end = last if at.axis is Axis.EFFECTIVE else last.date()
        span = Span(at.axis, at.until, end, at.seq)
        await history.entries(
            deep.tenant_id, deep.id, deep.first_account, span, after=None, limit=_PAGE
        )

    async def sums(book: _Book) -> None:
        found = await history.sums_of_book(book.tenant_id, book.id, book.moment(dice))
        debits = sum(each.debits_posted for each in found.values())
        assert debits == sum(each.credits_posted for each in found.values())

    async def trial_balance(book: _Book) -> None:
        at = book.moment(dice)
        asked = AtTime(at=at.until.isoformat(), axis=at.axis)
        [asset] = (await reports.trial_balance(book.tenant_id, book.id, asked)).assets
        assert asset.debits == asset.credits

    return {
        Question.BALANCE: balance,
        Question.ENTRIES: entries,
        Question.SUMS: lambda: sums(deep),
        Question.WIDE_SUMS: lambda: sums(wide),
        Question.TRIAL_BALANCE: lambda: trial_balance(deep),
        Question.WIDE_TRIAL_BALANCE: lambda: trial_balance(wide),
    }


def main() -> None:
    """Run the agent."""
    serve(Setup, Round, prepare)
