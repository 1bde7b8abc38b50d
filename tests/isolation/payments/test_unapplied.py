"""Giving money that waits to many at once, through two processes: to one of them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import UUID

import pytest

from bezant.kernel.calls import Answer
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.errors import Unavailable
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.unsealed import Unsealed
from bezant.ledger import Ledger, verify_book
from bezant.payments import UnappliedService
from bezant.payments.unapplied.schemas import Application, SendingBack
from bezant.server.banking import Banking
from bezant.server.payments import Payments
from customers import CustomerBank, open_bank
from fixtures_api import Api
from fixtures_ledger import Bank, open_ledger
from paying import posted
from unclaimed import collected_for_nobody

MANY = 50


@pytest.fixture
async def two(database: Database, run_folder: Path) -> AsyncIterator[tuple[Ledger, Ledger]]:
    """Two processes' ledgers."""
    async with open_ledger(database, run_folder) as one, open_ledger(database, run_folder) as other:
        yield one, other


@pytest.fixture
async def bank(api: Api) -> AsyncIterator[CustomerBank]:
    async with api.tenant() as tenant:
        yield await open_bank(tenant)


def unapplied_of(database: Database, ledger: Ledger) -> UnappliedService:
    """Money that waits, as a process has it."""
    clock, ids = SystemClock(), TimeOrderedIds()
    accounts = Banking.of(database, clock, ids, ledger, Unsealed(), bytes(32)).accounts
    payments = Payments.of(database, clock, ids, ledger, accounts, bytes(32), {})
    return payments.direct_debits.unapplied


async def patiently(ask: Callable[[], Awaitable[Answer]]) -> int:
    """As clients do: repeat what was told to be repeated."""
    while True:
        try:
            return (await ask()).status
        except Unavailable:
            continue


async def test_of_50_who_are_given_all_of_it_at_once_one_gets_it(
    bank: CustomerBank, two: tuple[Ledger, Ledger], database: Database
) -> None:
    debit = UUID(await collected_for_nobody(bank))
    through = [unapplied_of(database, ledger) for ledger in two]
    accounts = [UUID((await bank.open())["id"]) for _ in range(2)]
    teller = Bank(two[0], database, bank.tenant.id)

    def apply(number: int) -> Callable[[], Awaitable[Answer]]:
        call, new = teller.call(), Application(accounts[number % 2], "claimed")
        return lambda: through[number // 2 % 2].apply(call, debit, new)

    statuses = await asyncio.gather(*(patiently(apply(number)) for number in range(MANY)))
    assert (statuses.count(201), statuses.count(409)) == (1, MANY - 1)
    booked = [int((await bank.balance(str(account)))["booked"]) for account in accounts]
    assert sorted(booked) == [0, 100]
    assert await posted(bank, f"unapplied:{debit}") == "0"


async def test_parts_and_sending_back_at_once_never_give_away_more_than_waits(
    bank: CustomerBank, two: tuple[Ledger, Ledger], database: Database
) -> None:
    debit = UUID(await collected_for_nobody(bank))
    through = [unapplied_of(database, ledger) for ledger in two]
    account = UUID((await bank.open())["id"])
    teller = Bank(two[0], database, bank.tenant.id)

    def either(number: int) -> Callable[[], Awaitable[Answer]]:
        call, service = teller.call(), through[number % 2]
        if number % 10 == 0:
            return lambda: service.send_back(call, debit, SendingBack("sent_back"))
        return lambda: service.apply(call, debit, Application(account, "part", "30"))

    statuses = await asyncio.gather(*(patiently(either(number)) for number in range(MANY)))
    assert set(statuses) <= {201, 409, 422}
    given = int((await bank.balance(str(account)))["booked"])
    left = int(await posted(bank, f"unapplied:{debit}") or 0)
    # Either all of it went back at once, or parts of 30 were applied, of which there are three.
    assert (given, left, statuses.count(201)) in {(0, 0, 1), (90, 10, 3)}
    assert (await verify_book(database, bank.tenant.id, UUID(bank.book))).findings == []
