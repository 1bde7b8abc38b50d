"""A bank account in a book, its statements, and reconciliations that are carried out."""

import asyncio
import hashlib
import io
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from bezant.formats.statement_csv import CsvMapping
from bezant.kernel.calls import Answer
from bezant.ledger import ReconciliationService, schemas
from bezant.ledger.reconciliation import schemas as wire
from bezant.ledger.reconciliation.importing import Format, Upload
from bezant.ledger.reconciliation.rules import Rule
from fixtures_ledger import Bank
from jobbers import running
from swift import Swift

DAY = date(2026, 3, 2)


@dataclass
class Desk:
    """The account `nostro` of a bank's book, and whoever reconciles it."""

    bank: Bank
    service: ReconciliationService

    @property
    def place(self) -> tuple[UUID, UUID]:
        return self.bank.tenant_id, self.bank.book_id

    async def send(
        self,
        file: bytes,
        form: Format = Format.MT940,
        mapping: CsvMapping | None = None,
        key: str | None = None,
    ) -> Answer:
        """Import a file."""
        digest = hashlib.sha256(file).digest()
        upload = Upload(form, io.BytesIO(file), digest, mapping)
        call = self.bank.call(key, digest)
        return await self.service.import_statement(call, self.bank.book_id, "nostro", upload)

    async def imported(self, statement: Swift) -> wire.Import:
        """Import a statement, which must succeed."""
        return (await self.send(statement.written())).value(wire.Import)

    async def book(
        self, amount: int, day: date = DAY, other: str = "world", **metadata: str
    ) -> str:
        """Book money on the account: in if positive, else out; the entry's place."""
        debit, credit = ("nostro", other) if amount > 0 else (other, "nostro")
        leg = self.bank.leg(debit, credit, abs(amount), booking_date=day, value_date=day)
        answer = await self.bank.post(leg, metadata=metadata or None)
        return f"{answer.value(schemas.PostedTransaction).seq}.0"

    async def ask(
        self,
        last: date = date(2026, 3, 31),
        first: date | None = None,
        rules: list[Rule] | None = None,
    ) -> UUID:
        """Ask for a reconciliation; its id."""
        new = wire.NewReconciliation("nostro", wire.Period(last, first), rules)
        answer = await self.service.reconcile(self.bank.call(), self.bank.book_id, new)
        return answer.value(wire.Reconciliation).id

    async def done(self, reconciliation: UUID) -> wire.Reconciliation:
        """Have it carried out, and wait for that."""
        async with running(self.bank.database, self.service.handling()), asyncio.timeout(30):
            while True:
                found = await self.service.reconciliation(*self.place, reconciliation)
                if found.summary is not None:
                    return found
                await self.bank.database.fetch("SELECT pg_sleep(0.01)")

    async def reconcile(self, **asked: Any) -> "Report":  # noqa: ANN401 - members by name
        """Reconcile, and read all of it."""
        return await self.report(await self.ask(**asked))

    async def report(self, reconciliation: UUID) -> "Report":
        found = await self.done(reconciliation)
        assert found.summary is not None
        matches = await self.service.matches(*self.place, reconciliation, after=None, limit=10_000)
        breaks = await self.service.breaks(*self.place, reconciliation, after=None, limit=10_000)
        return Report(reconciliation, found.summary, matches.matches, breaks.breaks)


@dataclass
class Report:
    """All of a reconciliation."""

    id: UUID
    summary: wire.Summary
    matches: list[wire.MatchView]
    breaks: list[wire.BreakView]

    def pairs(self) -> dict[tuple[int, ...], tuple[str, ...]]:
        return {tuple(each.lines): tuple(each.entries) for each in self.matches}

    def reasons(self) -> dict[object, str]:
        return {each.line or each.entry: each.reason for each in self.breaks}


@pytest.fixture
async def desk(bank: Bank, reconciliations: ReconciliationService) -> Desk:
    await bank.open("nostro", schemas.AccountType.ASSET)
    return Desk(bank, reconciliations)
