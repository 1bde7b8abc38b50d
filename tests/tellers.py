"""Asking for statements."""

from dataclasses import dataclass
from datetime import date, datetime

from bezant.ledger import schemas as ledger_schemas
from bezant.ledger.history import Axis
from bezant.ledger.statements.domain import Period
from bezant.ledger.statements.pages import Asked
from bezant.ledger.statements.schemas import SectionName, Statement, StatementEntry
from bezant.ledger.statements.service import Part
from fixtures_ledger import Bank


@dataclass
class Teller:
    """Statements of a bank's book."""

    bank: Bank

    def asked(
        self,
        account: str,
        start: date,
        end: date,
        axis: Axis = Axis.BOOKING,
        known_at: datetime | None = None,
        *,
        content: bool = False,
    ) -> Asked:
        period = Period(axis, start, end)
        return Asked(self.bank.tenant_id, self.bank.book_id, account, period, known_at, content)

    async def page(
        self,
        asked: Asked,
        after: str | None = None,
        *,
        limit: int = 100,
        section: SectionName = "booked",
    ) -> Statement:
        return await self.bank.ledger.statements.page(
            self.bank.call(), asked, Part(section, after, limit)
        )

    async def whole(
        self, asked: Asked, *, limit: int = 100, section: SectionName = "booked"
    ) -> tuple[Statement, list[StatementEntry]]:
        """The first page, and the entries of all of them."""
        first = page = await self.page(asked, limit=limit, section=section)
        entries = list(page.entries)
        while page.next is not None:
            page = await self.page(asked, page.next, limit=limit, section=section)
            assert (page.id, page.known_at) == (first.id, first.known_at)
            assert (page.opening, page.closing) == (first.opening, first.closing)
            entries += page.entries
        return first, entries

    async def file(self, asked: Asked, kind: str) -> bytes:
        document = await self.bank.ledger.statements.file(self.bank.call(), asked, kind)
        with document.file as file:
            content = file.read()
        assert len(content) == document.size
        return content

    async def dated(
        self, debit: str, credit: str, amount: int, day: date, value: date | None = None
    ) -> ledger_schemas.PostedTransaction:
        """Post a leg that is booked on a day."""
        leg = self.bank.leg(debit, credit, amount, booking_date=day, value_date=value or day)
        return (await self.bank.post(leg)).value(ledger_schemas.PostedTransaction)
