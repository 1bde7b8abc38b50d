"""An agent that fills a book and writes its statement, or reconciles the two as a worker does."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.cli.bench.agent import Rounds, serve
from bezant.cli.bench.statements import Movement, write_statement
from bezant.kernel.calls import Call
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.jobs import JobRunner
from bezant.kernel.sealing import KEY_BYTES, KeySealer
from bezant.ledger import Ledger, ReconciliationService, reconciliation, schemas

ACCOUNT: Final = "bank:main"

_SEED: Final = 20_260_302
_FIRST: Final = date(2026, 1, 1)
_LINES_A_DAY: Final = 3_000
_BATCH: Final = 4_000
_BREAK_EVERY: Final = 100
_LOOK_EVERY_S: Final = 0.05


class Setup(Struct, frozen=True):
    """What is measured, on which file."""

    database_url: str
    run_folder: str
    tenant_id: UUID
    file: str
    form: str
    lines: int


class Ready(Struct, frozen=True):
    """It can begin."""


class Round(Struct, frozen=True):
    """Reconcile a book that was filled; None fills one."""

    book: UUID | None


class Outcome(Struct, frozen=True):
    """What a round came to. Without a reconciliation all but the book is zero.

    Attributes:
        seconds: from the file's first byte until the last break is stored.
        memory_mib: the most that this process held at any time.
    """

    book: UUID
    seconds: float = 0.0
    import_seconds: float = 0.0
    matches: int = 0
    memory_mib: float = 0.0


class _Reconciler:
    def __init__(self, setup: Setup, database: Database, ledger: Ledger) -> None:
        self._setup = setup
        self._database = database
        self._ledger = ledger
        self._clock = SystemClock()
        self._ids = TimeOrderedIds()

    async def run(self, asked: Round) -> Outcome:
        if asked.book is None:
            return Outcome(await self._fill())
        return await self._reconcile(asked.book)

    def _call(self) -> Call:
        call_id = self._ids.new()
        return Call(
            id=call_id,
            tenant_id=self._setup.tenant_id,
            actor="bench",
            action="bench.reconcile",
            resource="/bench",
            origin="bench",
            idempotency_key=str(call_id),
            fingerprint=call_id.bytes,
        )

    def _movements(self) -> Iterator[Movement]:
        dice = Random(_SEED)  # noqa: S311 - the same at every run
        for number in range(self._setup.lines):
            yield Movement(
                number,
                (1 if dice.random() < 0.5 else -1) * dice.randrange(1, 1_000_000),  # noqa: PLR2004 - as many in as out
                _FIRST + timedelta(days=number // _LINES_A_DAY),
            )

    async def _fill(self) -> UUID:
        new = schemas.NewBook("Bench", [schemas.Asset("EUR", 2)])
        book = (await self._ledger.create_book(self._call(), new)).value(schemas.Book).id
        for account, kind in (
            (ACCOUNT, schemas.AccountType.ASSET),
            ("customers", schemas.AccountType.LIABILITY),
        ):
            opening = schemas.NewAccount(account, "EUR", kind)
            await self._ledger.open_account(self._call(), book, opening)
        items: list[schemas.BatchTransaction] = []
        for movement in self._movements():
            # What is planted is booked with another amount, so that it has no counterpart.
            planted = movement.number % _BREAK_EVERY == _BREAK_EVERY - 1
            items.append(self._transaction(movement, 1_000_000 if planted else 0))
            if len(items) == _BATCH:
                await self._post(book, items)
        await self._post(book, items)
        with Path(self._setup.file).open("wb") as file:  # noqa: ASYNC230 - nothing else is done
            write_statement(file, self._setup.form, self._movements())
        return book

    def _transaction(self, movement: Movement, more: int) -> schemas.BatchTransaction:
        pair = (ACCOUNT, "customers") if movement.amount > 0 else ("customers", ACCOUNT)
        amount = str(abs(movement.amount) + more)
        leg = schemas.Posting(
            *pair, "EUR", amount, booking_date=movement.day, value_date=movement.day
        )
        metadata = None
        if movement.end_to_end_id:
            metadata = {"end_to_end_id": movement.end_to_end_id}
        elif movement.reference:
            metadata = {"reference": movement.reference}
        return schemas.BatchTransaction(id=self._ids.new(), postings=[leg], metadata=metadata)

    async def _post(self, book: UUID, items: list[schemas.BatchTransaction]) -> None:
        if items:
            answer = await self._ledger.post_batch(self._call(), book, schemas.NewBatch(items))
            results = answer.value(schemas.BatchResults).results
            assert all(result.code is None for result in results), results[:3]
            items.clear()

    async def _reconcile(self, book: UUID) -> Outcome:
        service = ReconciliationService(
            self._database, self._clock, self._ids, KeySealer(bytes(KEY_BYTES))
        )
        runner = JobRunner(self._database, self._clock, self._ids, [service.handling()])
        started = time.perf_counter()
        with Path(self._setup.file).open("rb") as file:  # noqa: ASYNC230 - read by a thread
            digest = hashlib.file_digest(file, "sha256").digest()
            file.seek(0)
            upload = reconciliation.Upload(reconciliation.Format(self._setup.form), file, digest)
            answer = await service.import_statement(self._call(), book, ACCOUNT, upload)
        imported = answer.value(reconciliation.schemas.Import)
        assert imported.lines_added == self._setup.lines, imported
        import_seconds = time.perf_counter() - started
        last = _FIRST + timedelta(days=self._setup.lines // _LINES_A_DAY)
        new = reconciliation.schemas.NewReconciliation(ACCOUNT, reconciliation.schemas.Period(last))
        answer = await service.reconcile(self._call(), book, new)
        asked = answer.value(reconciliation.schemas.Reconciliation).id
        runner.start()
        try:
            while True:
                found = await service.reconciliation(self._setup.tenant_id, book, asked)
                if found.summary is not None:
                    break
                await asyncio.sleep(_LOOK_EVERY_S)
        finally:
            await runner.close()
        seconds = time.perf_counter() - started
        return Outcome(book, seconds, import_seconds, found.summary.matches, _peak_mib())


def _peak_mib() -> float:
    """The most that this process held in memory since it began (proc(5), `status`)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


@asynccontextmanager
async def prepare(setup: Setup) -> AsyncIterator[tuple[Ready, Rounds[Round]]]:
    """Connect as a worker does."""
    database = await Database.open(setup.database_url, connections_max=8)
    ledger = Ledger(database, Path(setup.run_folder))
    await ledger.start()
    try:
        yield Ready(), _Reconciler(setup, database, ledger).run
    finally:
        await ledger.close()
        await database.close()


def main() -> None:
    """Run the agent."""
    serve(Setup, Round, prepare)
