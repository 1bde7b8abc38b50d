"""Refunds and captures at once, through two processes: together never more than there is."""

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
from bezant.ledger import Ledger
from bezant.payments.captures.schemas import NewCapture
from bezant.payments.refunds.schemas import NewRefund
from bezant.payments.returns.schemas import NewClaim
from bezant.server.banking import Banking
from bezant.server.payments import Payments
from customers import open_bank
from fixtures_api import Api
from fixtures_ledger import Bank, open_ledger
from paying import posted
from shopping import Shop, open_shop

MANY = 100


@pytest.fixture
async def two(database: Database, run_folder: Path) -> AsyncIterator[tuple[Ledger, Ledger]]:
    """Two processes' ledgers."""
    async with open_ledger(database, run_folder) as one, open_ledger(database, run_folder) as other:
        yield one, other


@pytest.fixture
async def shop(api: Api) -> AsyncIterator[Shop]:
    async with api.tenant() as tenant:
        yield await open_shop(await open_bank(tenant))


def payments_of(database: Database, ledger: Ledger) -> Payments:
    """Payments as a process has them."""
    clock, ids = SystemClock(), TimeOrderedIds()
    accounts = Banking.of(database, clock, ids, ledger, Unsealed(), bytes(32)).accounts
    return Payments.of(database, clock, ids, ledger, accounts, bytes(32), {})


async def patiently(ask: Callable[[], Awaitable[Answer]]) -> int:
    """As clients do: repeat what was told to be repeated."""
    while True:
        try:
            return (await ask()).status
        except Unavailable:
            continue


async def test_of_100_refunds_of_60_on_100_through_two_processes_exactly_one_is_paid(
    shop: Shop, two: tuple[Ledger, Ledger], database: Database
) -> None:
    payment = UUID(await shop.captured(100))
    await shop.captured(9_000)
    through = [payments_of(database, ledger) for ledger in two]
    teller = Bank(two[0], database, shop.bank.tenant.id)

    def refund(number: int) -> Callable[[], Awaitable[Answer]]:
        call = teller.call()
        new = NewRefund("returned", "60")
        return lambda: through[number % 2].refunds.refund(call, payment, new)

    statuses = await asyncio.gather(*(patiently(refund(number)) for number in range(MANY)))
    assert (statuses.count(201), statuses.count(422)) == (1, MANY - 1)
    assert await shop.money() == (960, 0, 9_040)


async def test_captures_and_refunds_among_each_other_stay_within_what_there_is(
    shop: Shop, two: tuple[Ledger, Ledger], database: Database
) -> None:
    payment = await shop.authorize(100)
    through = [payments_of(database, ledger) for ledger in two]
    teller = Bank(two[0], database, shop.bank.tenant.id)

    def either(number: int) -> Callable[[], Awaitable[Answer]]:
        call, services = teller.call(), through[number % 2]
        if number % 4 < 2:
            return lambda: services.captures.capture(call, UUID(payment), NewCapture("30"))
        return lambda: services.refunds.refund(call, UUID(payment), NewRefund("returned", "25"))

    statuses = await asyncio.gather(*(patiently(either(number)) for number in range(40)))
    assert set(statuses) <= {201, 409, 422}
    standing = await shop.standing(payment)
    captured, refunded = int(standing["captured"]), int(standing["refunded"])
    assert captured == 90
    assert refunded <= captured
    assert await shop.money() == (10_000 - captured + refunded, 10, captured - refunded)


async def test_claims_and_refunds_through_two_processes_pay_the_payer_once_in_all(
    shop: Shop, two: tuple[Ledger, Ledger], database: Database
) -> None:
    payment = UUID(await shop.captured(100))
    await shop.captured(900)
    through = [payments_of(database, ledger) for ledger in two]
    teller = Bank(two[0], database, shop.bank.tenant.id)

    def either(number: int) -> Callable[[], Awaitable[Answer]]:
        call, services = teller.call(), through[number % 2]
        if number % 4 < 2:
            return lambda: services.claims.claim(call, payment, NewClaim())
        return lambda: services.refunds.refund(call, payment, NewRefund("returned", "60"))

    statuses = await asyncio.gather(*(patiently(either(number)) for number in range(40)))
    assert statuses.count(201) == 2, "a claim and a refund"
    assert await shop.money() == (9_100, 0, 940)
    assert await posted(shop.bank, f"unauthorised:{payment}") == "40"
