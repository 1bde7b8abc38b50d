"""An order is carried out once, whichever processes its last signatures come through."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bezant.banking.terms.signing import SigningBand
from bezant.kernel.database import Database
from bezant.ledger import Ledger, schemas
from fixtures_ledger import IDS, Bank, code, new_bank, open_ledger
from signers import TABLE, Signers


@pytest.fixture
async def signed_orders(owner: Any) -> AsyncIterator[None]:  # noqa: ANN401 - the driver's connection
    """A table of orders, as the domain of payments has one."""
    await owner.execute(TABLE)
    await owner.execute("GRANT SELECT, INSERT, UPDATE ON signed_order TO bezant_app")
    yield
    await owner.execute("DROP TABLE signed_order")


@pytest.fixture
async def two(database: Database, run_folder: Path) -> AsyncIterator[tuple[Ledger, Ledger]]:
    """Two processes' ledgers."""
    async with open_ledger(database, run_folder) as one, open_ledger(database, run_folder) as other:
        yield one, other


@pytest.mark.usefixtures("signed_orders")
async def test_twenty_signatures_through_two_processes_pay_a_two_of_three_order_once(
    two: tuple[Ledger, Ledger], database: Database
) -> None:
    bank = await (await new_bank(two[0], database)).create()
    await bank.open("world", schemas.AccountType.ASSET)
    await bank.open("alice", overdraft="0")
    await bank.pay("world", "alice", 1_000)
    through = [Signers(Bank(ledger, database, bank.tenant_id, bank.book_id)) for ledger in two]
    through[1].account_id = through[0].account_id
    parties = [await through[0].mandate() for _ in range(3)]
    await through[0].agree(SigningBand("EUR", 2))
    order = IDS.new()
    answers = await asyncio.gather(
        *(through[number % 2].sign(order, parties[number % 3]) for number in range(20))
    )
    told = [answer.value(str) if answer.status == 200 else code(answer) for answer in answers]
    assert told.count("paid") == 1
    assert await bank.posted("alice") == 990
    assert (await bank.verify()).findings == []
