"""An agent that posts through a ledger of its own process, as a worker of the platform does.

Every transaction comes under an idempotency key or an id of its own; every second account has an
overdraft limit; the proof is always written. Of ten transactions in a batch, one reserves, and one
captures or voids what an earlier batch of the same caller reserved.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace
from prometheus_client import REGISTRY

from bezant.cli.bench import store
from bezant.cli.bench.agent import Rounds, percentile, serve
from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.ledger import Ledger, schemas, transfer_id

CONNECTIONS_MAX: Final = 16
OPENED_AT_ONCE: Final = 8_000
HOT_ACCOUNT: Final = "hot"
# Far beyond what a run can reach: limits are judged, and refuse nothing.
_OVERDRAFT: Final = str(10**15)
_ASSET: Final = "EUR"
_POOL: Final = 50_000
_HOLD_EVERY: Final = 10
_HOLD_S: Final = 3_600
_AMOUNT_MAX: Final = 100_00


class Setup(Struct, frozen=True):
    """What to prepare.

    Attributes:
        run_folder: where the lanes' sockets are.
        books: how many.
        accounts: in each.
        share_partition: whether the books are of one partition of every table, or each of its own;
            None for as it comes.
    """

    database_url: str
    run_folder: str
    tenant_id: UUID
    books: int
    accounts: int
    share_partition: bool | None = None


class Ready(Struct, frozen=True):
    """What was prepared."""

    books: list[UUID]


class Round(Struct, frozen=True):
    """What to post, for how long.

    Attributes:
        callers: concurrent ones in each book, each waiting for its answer before the next request.
        batch: transactions in a request; 1 posts singly.
        books: how many of the prepared books.
        is_hot: whether every transfer credits the same account.
        is_replay: whether every request repeats the first.
        singles: callers in each book that post one transfer a request beside the others.
    """

    seconds: float
    callers: int
    batch: int = 1
    books: int = 1
    is_hot: bool = False
    is_replay: bool = False
    singles: int = 0


class Outcome(Struct, frozen=True):
    """What a round came to.

    Attributes:
        transfers: those of `singles` are not counted.
        seconds: until the last answer.
        p99_ms: of one request.
        singles_p99_ms: of one request of `singles`; None without them.
        commits: of the lanes.
        aborts: serialization failures, each followed by another try.
    """

    transfers: int
    seconds: float
    p99_ms: float
    singles_p99_ms: float | None
    commits: int
    aborts: int

    @property
    def per_second(self) -> float:
        """Transfers a second."""
        return self.transfers / self.seconds


@dataclass(slots=True)
class _Poster:
    setup: Setup
    database: Database
    ledger: Ledger
    books: list[UUID] = field(default_factory=list)
    ids: TimeOrderedIds = field(default_factory=TimeOrderedIds)
    dice: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - load
    pairs: list[schemas.Posting] = field(default_factory=list)
    hot: list[schemas.Posting] = field(default_factory=list)

    def call(self, key: str | None = None) -> Call:
        call_id = self.ids.new()
        return Call(
            id=call_id,
            tenant_id=self.setup.tenant_id,
            actor="key:bench",
            action="transaction.post",
            resource="/v1/books/bench/transactions",
            origin="bench",
            idempotency_key=key or str(call_id),
            fingerprint=b"bench",
        )

    async def prepare(self) -> None:
        self.books = await self._create_books()
        for book in self.books:
            await self._open_accounts(book)
        names = [_account(number) for number in range(self.setup.accounts)]
        # Legs are made beforehand, since making them is the client's work and not the ledger's.
        for _ in range(min(_POOL, 10 * len(names))):
            debit, credit = self.dice.sample(names, 2)
            amount = str(self.dice.randrange(1, _AMOUNT_MAX))
            self.pairs.append(schemas.Posting(debit, credit, _ASSET, amount))
            self.hot.append(schemas.Posting(debit, HOT_ACCOUNT, _ASSET, amount))

    async def _create_books(self) -> list[UUID]:
        """As many books as wanted that lie as wanted; others are made in passing and stay empty."""
        share, count = self.setup.share_partition, self.setup.books
        by_partition: dict[str, list[UUID]] = {}
        while True:
            new = schemas.NewBook("Bench", [schemas.Asset(_ASSET, 2)])
            book = (await self.ledger.create_book(self.call(), new)).value(schemas.Book).id
            row = await self.database.fetchrow(store.FIND_PARTITION, self.setup.tenant_id, book)
            assert row is not None
            by_partition.setdefault(row["name"], []).append(book)
            if share is False:
                found = [books[0] for books in by_partition.values()]
            elif share:
                found = max(by_partition.values(), key=len)
            else:
                found = [book for books in by_partition.values() for book in books]
            if len(found) == count:
                return found

    async def _open_accounts(self, book: UUID) -> None:
        liability = schemas.AccountType.LIABILITY
        limits = (schemas.Limits(), schemas.Limits(overdraft=_OVERDRAFT))
        accounts = [schemas.NewAccount(HOT_ACCOUNT, _ASSET, liability)]
        for number in range(self.setup.accounts):
            new = schemas.NewAccount(_account(number), _ASSET, liability, limits[number % 2])
            accounts.append(new)
        for start in range(0, len(accounts), OPENED_AT_ONCE):
            portion = accounts[start : start + OPENED_AT_ONCE]
            answers = await asyncio.gather(
                *(self.ledger.open_account(self.call(), book, new) for new in portion)
            )
            assert all(answer.status == HTTPStatus.CREATED for answer in answers)

    async def run(self, asked: Round) -> Outcome:
        commits, aborts = _commits(), _aborts()
        started = time.perf_counter()
        until = started + asked.seconds
        books = self.books[: asked.books]
        single = Round(asked.seconds, asked.singles)
        latencies, of_singles = await asyncio.gather(
            self._keep_calling(books, asked, until), self._keep_calling(books, single, until)
        )
        return Outcome(
            len(latencies) * asked.batch,
            time.perf_counter() - started,
            percentile(latencies, 99) * 1000,
            percentile(of_singles, 99) * 1000 if of_singles else None,
            int(_commits() - commits),
            int(_aborts() - aborts),
        )

    async def _keep_calling(self, books: list[UUID], asked: Round, until: float) -> list[float]:
        """Post until an instant, and answer how long each request took."""
        latencies: list[float] = []
        first_key = str(self.ids.new())

        async def caller(book: UUID) -> None:
            send = self._sender(book, asked, first_key)
            # Each posts at least once, however short the round.
            while True:
                sent = time.perf_counter()
                _check(await send())
                now = time.perf_counter()
                latencies.append(now - sent)
                if now >= until:
                    return

        await asyncio.gather(*(caller(book) for book in books for _ in range(asked.callers)))
        return latencies

    def _sender(
        self, book: UUID, asked: Round, first_key: str
    ) -> Callable[[], Coroutine[Any, Any, Answer]]:
        legs = self.hot if asked.is_hot else self.pairs
        if asked.is_replay:
            same = schemas.NewTransaction([legs[0]])
            return lambda: self.ledger.post(self.call(first_key), book, same)
        if asked.batch == 1:
            return lambda: self.ledger.post(
                self.call(), book, schemas.NewTransaction([self.dice.choice(legs)])
            )

        held: deque[UUID] = deque()

        def send() -> Coroutine[Any, Any, Answer]:
            items = self._batch(asked.batch, legs, held)
            held.extend(
                transfer_id(item.id, 0)
                for item in items
                if item.postings and item.postings[0].pending
            )
            return self.ledger.post_batch(self.call(), book, schemas.NewBatch(items))

        return send

    def _batch(
        self, size: int, legs: list[schemas.Posting], held: deque[UUID]
    ) -> list[schemas.BatchTransaction]:
        """Postings, and in each ten one that reserves and one that settles what was reserved."""
        new, choice, item = self.ids.new, self.dice.choice, schemas.BatchTransaction
        batch = []
        for number in range(size):
            kind = number % _HOLD_EVERY
            if kind == 0:
                leg = replace(choice(legs), pending=True, expires_in_s=_HOLD_S)
                batch.append(item(id=new(), postings=[leg]))
            elif kind == 1 and held:
                batch.append(item(id=new(), captures=[schemas.Capture(held.popleft())]))
            elif kind == 1 + _HOLD_EVERY // 2 and held:
                batch.append(item(id=new(), voids=[held.popleft()]))
            else:
                batch.append(item(id=new(), postings=[choice(legs)]))
        return batch


def _account(number: int) -> str:
    return f"customers:{number}:wallet"


def _check(answer: Answer) -> None:
    """A benchmark of refusals would be fast."""
    assert not answer.is_refusal, answer.body
    assert b'"code"' not in answer.body, answer.body[:1000]


def _commits() -> float:
    return REGISTRY.get_sample_value("bezant_lane_batch_transfers_count") or 0.0


def _aborts() -> float:
    return REGISTRY.get_sample_value("bezant_db_serialization_aborts_total") or 0.0


@asynccontextmanager
async def prepare(setup: Setup) -> AsyncIterator[tuple[Ready, Rounds[Round]]]:
    """Open the books and their accounts."""
    database = await Database.open(setup.database_url, connections_max=CONNECTIONS_MAX)
    ledger = Ledger(database, Path(setup.run_folder))
    await ledger.start()
    try:
        poster = _Poster(setup, database, ledger)
        await poster.prepare()
        yield Ready(poster.books), poster.run
    finally:
        await ledger.close()
        await database.close()


def main() -> None:
    """Run the agent."""
    serve(Setup, Round, prepare)
