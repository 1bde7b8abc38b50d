"""A bank whose accounts earn interest and cost fees, and whose clock a test moves."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from bezant.banking.accounts import Account, NewBankAccount, ledger_account
from bezant.banking.accounts.schemas import ProductMove
from bezant.banking.closing.schemas import Closing
from bezant.banking.end_of_day import EndOfDayService
from bezant.banking.end_of_day.schemas import NewRun, Run
from bezant.banking.fees.schemas import Charge, Charges, NewCharge
from bezant.banking.institutions.schemas import Institution, NewInstitution
from bezant.banking.interest.domain import PARTS
from bezant.banking.products import NewProduct, Product
from bezant.banking.products.schemas import NewVersion
from bezant.banking.terms.fees import FeeEvent
from bezant.kernel.calls import Answer
from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.kernel.unsealed import Unsealed
from bezant.ledger import Ledger
from bezant.ledger import schemas as ledger_schemas
from bezant.server.banking import Banking
from fixtures_ledger import IDS, Bank, new_bank, open_ledger

BEGIN = datetime(2026, 1, 1, 9, tzinfo=UTC)
"""When tests open their accounts, unless they say otherwise."""

SAVINGS: Mapping[str, Any] = {
    "capitalisation": "month",
    "day_count": "ACT/365F",
    "tiers": [{"rate": "3.65"}],
    "overdraft_rate": "7.3",
}
"""A ten-thousandth a day, and twice as much for overdrafts."""

OVERDRAWN: dict[str, Any] = {"overdraft": {"EUR": "1000000"}, "interest": {"EUR": SAVINGS}}
"""The same for accounts that may be overdrawn."""


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


@dataclass
class Savings:
    """A tenant's book with an institution and a product."""

    teller: Bank
    banking: Banking
    clock: ManualClock
    product: UUID = field(default_factory=IDS.new)

    @property
    def ends(self) -> EndOfDayService:
        return self.banking.ends_of_days

    async def agree(self, terms: Mapping[str, Any]) -> None:
        """Make an institution and a product of it."""
        asked = {
            "code": f"savings-{IDS.new().hex}",
            "institution_id": await self.institution(),
            "kind": "savings",
            "terms": {"assets": ["EUR"], **terms},
        }
        product = msgspec.convert(asked, NewProduct)
        answer = await self.banking.products.create(self.teller.call(), product)
        self.product = answer.value(Product).id

    async def revise(self, **terms: Any) -> int:  # noqa: ANN401 - members by name
        """Another version of the product; its number."""
        tenant_id = self.teller.tenant_id
        newest = (await self.banking.products.find(tenant_id, self.product)).version
        new = {"after": newest, "terms": {"assets": ["EUR"], **terms}}
        answer = await self.banking.products.add_version(
            self.teller.call(), self.product, msgspec.convert(new, NewVersion)
        )
        return answer.value(Product).version

    async def move(self, account: UUID, version: int) -> Answer:
        """Put an account under another version."""
        to = ProductMove(version)
        return await self.banking.accounts.move(self.teller.call(), account, to)

    async def institution(self, bank_code: str = "37040044") -> UUID:
        """Make an institution of the book."""
        new = NewInstitution(self.teller.book_id, "Savings", "DE", bank_code, "COBADEFFXXX")
        made = await self.banking.institutions.create(self.teller.call(), new)
        return made.value(Institution).id

    def wind_to(self, at: datetime) -> None:
        wait = at - self.clock.now()
        assert wait >= timedelta(0)
        self.clock.advance(seconds=int(wait.total_seconds()))

    async def open(self, amount: int = 0, *, on: date | None = None) -> UUID:
        """An account with money that counts from a day, by default today."""
        new = NewBankAccount(self.product)
        account = (await self.banking.accounts.open(self.teller.call(), new)).value(Account)
        if amount:
            await self.pay_in(account.id, amount, on=on)
        return account.id

    async def pay_in(self, account: UUID, amount: int, *, on: date | None = None) -> None:
        """Move money from the world, or to it, from a day on."""
        debit, credit = "world", ledger_account(account, "EUR")
        if amount < 0:
            debit, credit = credit, debit
        leg = self.teller.leg(debit, credit, abs(amount), value_date=on)
        answer = await self.teller.post(leg)
        answer.value(ledger_schemas.PostedTransaction)

    async def begin_day(self, day: date) -> Answer:
        return await self.ends.start(self.teller.call(), NewRun(self.teller.book_id, day))

    async def end_day(self, day: date) -> Run:
        """Let a day be over, and end it."""
        if self.clock.now() < noon(day + timedelta(days=1)):
            self.wind_to(noon(day + timedelta(days=1)))
        run = (await self.begin_day(day)).value(Run)
        await self.ends.carry_out(self.teller.tenant_id, run.id)
        return await self.ends.run(self.teller.tenant_id, run.id)

    async def end_days(self, first: date, last: date) -> None:
        for ordinal in range(first.toordinal(), last.toordinal() + 1):
            await self.end_day(date.fromordinal(ordinal))

    async def close(self, account: UUID, payout_to: UUID | None = None) -> Answer:
        asked = Closing("customer_left", payout_to)
        return await self.banking.closings.close(self.teller.call(), account, asked)

    async def charge(self, account: UUID, event: FeeEvent, reference: str) -> list[Charge]:
        """Charge the fees of an event in euros."""
        new = NewCharge(event, "EUR", reference)
        answer = await self.banking.fees.charge(self.teller.call(), account, new)
        return answer.value(Charges).charges

    async def booked(self, account: UUID) -> int:
        """What is on an account."""
        return await self.teller.posted(ledger_account(account, "EUR"))

    async def accrued(self, account: UUID) -> list[tuple[date, int, int]]:
        """The days of an account, their revisions, and their parts."""
        rows = await self.teller.database.fetch(
            "SELECT day, revision, parts FROM interest_accrual WHERE tenant_id = $1"
            " AND account_id = $2 ORDER BY day, revision",
            self.teller.tenant_id,
            account,
        )
        return [(row["day"], row["revision"], int(row["parts"])) for row in rows]

    async def total(self, account: UUID) -> int:
        """All that an account ever earned, parts."""
        return sum(parts for _, _, parts in await self.accrued(account))

    async def check(self) -> None:
        """Rows and ledger say the same, to the part."""
        database, tenant_id = self.teller.database, self.teller.tenant_id
        accrued = await database.fetch(
            "SELECT account_id, sum(parts) AS parts FROM interest_accrual WHERE tenant_id = $1"
            " GROUP BY account_id",
            tenant_id,
        )
        booked = await database.fetch(
            "SELECT account_id, sum(amount) AS amount, sum(rounding) AS rounding"
            " FROM interest_booking WHERE tenant_id = $1 GROUP BY account_id",
            tenant_id,
        )
        standing = await database.fetch(
            "SELECT account_id, sum(parts) AS parts FROM interest_standing WHERE tenant_id = $1"
            " GROUP BY account_id",
            tenant_id,
        )
        earned = {row["account_id"]: int(row["parts"]) for row in accrued}
        for row in booked:
            earned[row["account_id"]] += int(row["rounding"]) - int(row["amount"]) * PARTS
        assert {row["account_id"]: int(row["parts"]) for row in standing} == earned
        remainder = await database.fetchrow(
            "SELECT coalesce(sum(expense_parts - income_parts), 0) AS parts"
            " FROM interest_remainder WHERE tenant_id = $1",
            tenant_id,
        )
        assert remainder is not None
        waiting = 0
        if earned:
            waiting = await self.teller.posted("interest:accrued:EUR")
        assert waiting * PARTS + int(remainder["parts"]) == sum(earned.values())
        assert (await self.teller.verify()).findings == []


@asynccontextmanager
async def open_savings(
    database: Database,
    run_folder: Path,
    *,
    begin: datetime = BEGIN,
    time_zone: str = "UTC",
    chunk: int = 1_000,
    **terms: Any,  # noqa: ANN401 - members by name
) -> AsyncIterator[Savings]:
    """A bank with a product; whatever a test did, its rows and its book agree."""
    clock = ManualClock(begin)
    async with open_ledger(database, run_folder, clock) as ledger:
        bank = await (await new_bank(ledger, database)).create(time_zone=time_zone)
        await bank.open("world", ledger_schemas.AccountType.ASSET)
        savings = Savings(bank, assemble(database, clock, ledger, chunk), clock)
        await savings.agree(terms or {"interest": {"EUR": SAVINGS}})
        yield savings
        await savings.check()


def assemble(database: Database, clock: ManualClock, ledger: Ledger, chunk: int) -> Banking:
    """Banking as a worker has it, with chunks as large as a test wants them."""
    banking = Banking.of(database, clock, IDS, ledger, Unsealed(), bytes(32))
    ends = EndOfDayService(database, clock, IDS, ledger, chunk=chunk)
    return replace(banking, ends_of_days=ends)
