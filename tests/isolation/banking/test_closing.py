"""Of a payment and a closing at the same moment one wins, and no money is stranded."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from bezant.banking.accounts import ledger_account
from bezant.banking.closing.riders import CloseBankAccount
from bezant.banking.end_of_day.schemas import Run
from bezant.banking.interest.domain import PARTS
from bezant.kernel.calls import Answer
from bezant.kernel.database import Database
from savings import BEGIN, Savings, noon, open_savings

ROUNDS = 12
AMOUNT = 1_000


async def pay(bank: Savings, debit: UUID, credit: UUID) -> Answer:
    leg = bank.teller.leg(ledger_account(debit, "EUR"), ledger_account(credit, "EUR"), AMOUNT)
    return await bank.teller.post(leg)


async def test_of_a_payment_and_a_closing_one_wins(database: Database, run_folder: Path) -> None:
    async with open_savings(database, run_folder) as bank:
        staying, giver = await bank.open(), await bank.open(AMOUNT * ROUNDS)
        total = AMOUNT * ROUNDS
        for round_no in range(ROUNDS):
            leaving = await bank.open(2 * AMOUNT)
            total += 2 * AMOUNT
            sides = (leaving, giver) if round_no % 2 else (giver, leaving)
            closing, paying = bank.close(leaving, staying), pay(bank, *sides)
            if round_no % 3:
                closed, paid = [each.status for each in await asyncio.gather(closing, paying)]
            else:
                paid, closed = [each.status for each in await asyncio.gather(paying, closing)]
            assert (closed, paid) in {(200, 201), (200, 422), (409, 201)}
            if closed == 409:
                assert (await bank.close(leaving, staying)).status == 200
            assert await bank.booked(leaving) == 0
        assert await bank.booked(staying) + await bank.booked(giver) == total


async def close_on_a_stale_look(bank: Savings, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Have money arrive between a closing's look and its commit; its status, and its interest."""
    leaving, staying = await bank.open(1_000_000), await bank.open()
    bank.wind_to(bank.clock.now() + timedelta(days=1))
    submit = bank.teller.ledger.submit

    async def late(call: object, book_id: UUID, rider: object) -> Answer:
        if isinstance(rider, CloseBankAccount):
            await bank.pay_in(leaving, 1_000_000, on=BEGIN.date())
        return await submit(call, book_id, rider)  # type: ignore[arg-type]

    monkeypatch.setattr(bank.teller.ledger, "submit", late)
    answer = await bank.close(leaving, staying)
    return answer.status, await bank.total(leaving)


async def test_a_closing_is_refused_where_its_look_is_stale(
    database: Database, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_savings(database, run_folder) as bank:
        assert await close_on_a_stale_look(bank, monkeypatch) == (409, 0)


async def test_control_a_closing_that_does_not_compare_loses_interest(
    database: Database, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = CloseBankAccount._book_interest

    def blindly(self: CloseBankAccount, seen: object, last: object) -> object:
        names = seen.draft.book.accounts  # type: ignore[attr-defined]
        account = names[ledger_account(self.id, "EUR")]
        legs, account.version = account.version, last.legs  # type: ignore[attr-defined]
        try:
            return look(self, seen, last)  # type: ignore[arg-type]
        finally:
            account.version += legs - last.legs  # type: ignore[attr-defined]

    monkeypatch.setattr(CloseBankAccount, "_book_interest", blindly)
    async with open_savings(database, run_folder) as bank:
        status, parts = await close_on_a_stale_look(bank, monkeypatch)
        assert status == 200
        assert parts == 100 * PARTS, "twice as much was on the account"


async def test_of_two_that_carry_out_a_run_each_chunk_is_done_by_one(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder, chunk=2) as bank:
        accounts = [await bank.open(10_000) for _ in range(9)]
        bank.wind_to(noon(BEGIN.date() + timedelta(days=1)))
        run = (await bank.begin_day(BEGIN.date())).value(Run)
        carry_out = bank.ends.carry_out
        await asyncio.gather(*(carry_out(bank.teller.tenant_id, run.id) for _ in range(4)))
        assert (await bank.ends.run(bank.teller.tenant_id, run.id)).accounts == len(accounts)
        assert {len(await bank.accrued(account)) for account in accounts} == {1}
        assert await bank.teller.posted("interest:expense:EUR") == len(accounts)
