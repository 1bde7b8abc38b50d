"""A bank whose customers pay each other, and others by a rail of the tests'."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.ledger import Ledger
from bezant.payments.orders.domain import Attempt
from bezant.server.banking import Banking
from bezant.server.payments import Payments
from bezant.vault import VaultClient
from customers import CustomerBank, open_bank
from fixtures_api import Api, Tenant
from fixtures_ledger import Bank
from paying import Desk
from rails import SchemeRail


@pytest.fixture(scope="module")
async def own(api: Api) -> AsyncIterator[Tenant]:
    """A tenant for this module."""
    async with api.tenant() as tenant:
        yield tenant


@pytest.fixture(scope="module")
async def bank(own: Tenant) -> CustomerBank:
    return await open_bank(own)


@pytest.fixture
def desk(
    database: Database, ledger: Ledger, sealer: VaultClient, own: Tenant, bank: CustomerBank
) -> Desk:
    rail = SchemeRail()
    clock, ids = SystemClock(), TimeOrderedIds()
    accounts = Banking.of(database, clock, ids, ledger, sealer, bytes(32)).accounts

    def process() -> Payments:
        rails = {rail.name: rail}
        return Payments.of(database, clock, ids, ledger, accounts, bytes(32), rails)

    teller = Bank(ledger, database, own.id, UUID(bank.book))
    return Desk(process(), process(), rail, teller)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts that a survivor takes over at once, while their sender may still send."""
    monkeypatch.setattr(Attempt, "is_free", lambda *_: True)
