"""Payments at once pass a limit together only as far as it goes, whoever takes them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bezant.banking.terms.limits import LimitTerms, Window
from bezant.kernel.calls import Answer
from bezant.kernel.database import Database
from bezant.kernel.errors import Unavailable
from bezant.ledger import Ledger, ReadKind, schemas
from bezant.ledger.lane import commits
from bezant.ledger.lane.deciding import read_rows
from fixtures_ledger import IDS, Bank, new_bank, open_ledger
from spenders import Spender, daily

PAYMENTS = 50
EACH = 9
LIMIT = 100
IN_A_DAY = daily(LIMIT)


@pytest.fixture
async def two(database: Database, run_folder: Path) -> AsyncIterator[tuple[Ledger, Ledger]]:
    """Two processes' ledgers."""
    async with open_ledger(database, run_folder) as one, open_ledger(database, run_folder) as other:
        yield one, other


async def funded(bank: Bank) -> Spender:
    """An account of a new book with more than enough."""
    await bank.create()
    await bank.open("world", schemas.AccountType.ASSET)
    await bank.open("alice", overdraft="0")
    await bank.pay("world", "alice", 10_000)
    return Spender(bank)


async def pay_at_once(pay: Callable[[int], Awaitable[Answer]]) -> list[int]:
    answers = await asyncio.gather(
        *(pay(number) for number in range(PAYMENTS)), return_exceptions=True
    )
    return [answer.status if isinstance(answer, Answer) else 500 for answer in answers]


async def test_payments_through_two_processes_pass_together_only_up_to_the_limit(
    two: tuple[Ledger, Ledger], database: Database
) -> None:
    spender = await funded(await new_bank(two[0], database))
    await spender.limit(daily(LIMIT))
    through = [Spender(Bank(ledger, database, spender.bank.tenant_id)) for ledger in two]
    for each in through:
        each.account_id, each.bank.book_id = spender.account_id, spender.bank.book_id
    statuses = await pay_at_once(lambda number: through[number % 2].pay(EACH))
    assert statuses.count(201) == LIMIT // EACH
    assert statuses.count(422) == PAYMENTS - LIMIT // EACH
    assert await spender.bank.posted("alice") == 10_000 - EACH * (LIMIT // EACH)


async def pay_from_two_books(
    two: tuple[Ledger, Ledger], database: Database, limit: LimitTerms = IN_A_DAY
) -> int:
    """How much a customer pays from accounts in two books, each written by another process.

    Each payment is to somebody else.
    """
    bank, party = await new_bank(two[0], database), IDS.new()
    spenders = [await funded(Bank(ledger, database, bank.tenant_id)) for ledger in two]
    await spenders[0].limit(limit, party=party)

    async def patiently(number: int) -> Answer:
        """As clients do: repeat what was told to be repeated."""
        spender = spenders[number % 2]
        order = spender.spending(EACH, party=party, counterparty=bytes([number]))
        while True:
            try:
                return await spender.send(order)
            except Unavailable:
                continue

    statuses = await pay_at_once(patiently)
    assert set(statuses) <= {201, 422}
    return EACH * statuses.count(201)


async def test_a_customers_payments_from_two_books_pass_together_only_up_to_the_limit(
    two: tuple[Ledger, Ledger], database: Database
) -> None:
    assert await pay_from_two_books(two, database) == EACH * (LIMIT // EACH)


async def test_a_customer_pays_only_so_many_from_two_books(
    two: tuple[Ledger, Ledger], database: Database
) -> None:
    few = LimitTerms("EUR", Window.DAY, counterparties=3)
    assert await pay_from_two_books(two, database, few) == EACH * 3


async def test_control_limits_read_outside_of_the_commit_let_too_much_pass(
    two: tuple[Ledger, Ledger], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both lanes have read before either writes, as reads outside of their commits may."""
    both = asyncio.Barrier(2)
    met: list[UUID] = []

    async def read_outside(
        _connection: object,
        tenant_id: UUID,
        wanted: Iterable[tuple[ReadKind, object]],
        at: datetime,
    ) -> Mapping[tuple[str, Any], Mapping[str, Any]]:
        async with database._pool.acquire() as another:
            rows = await read_rows(another, tenant_id, wanted, at)
        if wanted and len(met) < 2:
            met.append(tenant_id)
            await both.wait()
        return rows

    monkeypatch.setattr(commits, "read_rows", read_outside)
    assert await pay_from_two_books(two, database) > LIMIT
