"""A desk per test; its book verifies whatever the test did."""

from collections.abc import AsyncIterator

import pytest

from bezant.kernel.database import Database
from bezant.ledger import Ledger
from fixtures_ledger import new_bank
from integration.ledger.fx.desk import Desk


@pytest.fixture
async def desk(ledger: Ledger, database: Database) -> AsyncIterator[Desk]:
    """A bank that exchanges."""
    desk = await Desk.open(await new_bank(ledger, database))
    yield desk
    assert (await desk.bank.verify()).findings == []
