"""An agent that ends days of a bank: an ordinary one, then the last of a month."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.banking import NewBankAccount, NewEndOfDay, NewInstitution, NewProduct
from bezant.cli.bench.agent import Rounds, serve
from bezant.kernel.calls import Call
from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.unsealed import Unsealed
from bezant.ledger import Ledger, schemas
from bezant.server.banking import Banking

# Far ahead, so that the platform's workers leave the jobs of these days to whoever measures.
_BEGIN: Final = datetime(2100, 1, 30, 12, tzinfo=UTC)
_DAY_S: Final = 86_400
_OPENED_AT_ONCE: Final = 16
_TERMS: Final[dict[str, Any]] = {
    "assets": ["EUR"],
    "overdraft": {"EUR": str(10**9)},
    "interest": {
        "EUR": {
            "capitalisation": "month",
            "day_count": "30E/360",
            "tiers": [{"rate": "1.25"}, {"rate": "2", "above": "500000"}],
            "overdraft_rate": "9.9",
        }
    },
    "fees": [{"code": "keeping", "asset": "EUR", "gross": "490", "every": "month", "vat": "19"}],
}


class Setup(Struct, frozen=True):
    """Where, and how many accounts."""

    database_url: str
    run_folder: str
    tenant_id: UUID
    accounts: int


class Ready(Struct, frozen=True):
    """The accounts are open and have money."""


class Round(Struct, frozen=True):
    """End the next day."""


class Outcome(Struct, frozen=True):
    """How fast that was."""

    accounts_per_second: float


class _Bank:
    """A bank in a book of its own, whose clock is moved from day to day."""

    def __init__(
        self, setup: Setup, database: Database, ledger: Ledger, clock: ManualClock
    ) -> None:
        self._setup = setup
        self._ledger = ledger
        self._clock = clock
        self._ids = TimeOrderedIds()
        self._banking = Banking.of(database, clock, self._ids, ledger, Unsealed(), bytes(32))
        self._book = UUID(int=0)

    async def prepare(self) -> None:
        """Open the accounts, and pay something in."""
        assets = [schemas.Asset("EUR", 2)]
        made = await self._ledger.create_book(self._call(), schemas.NewBook("Bench", assets))
        self._book = made.value(schemas.Book).id
        world = schemas.NewAccount("world", "EUR", schemas.AccountType.ASSET)
        await self._ledger.open_account(self._call(), self._book, world)
        product = await self._product()
        for start in range(0, self._setup.accounts, _OPENED_AT_ONCE):
            end = min(start + _OPENED_AT_ONCE, self._setup.accounts)
            await asyncio.gather(*(self._open(product, number) for number in range(start, end)))

    async def end_day(self, _: Round) -> Outcome:
        """End the day that the clock shows."""
        ends, tenant_id, day = self._banking.ends_of_days, self._setup.tenant_id, self._clock.now()
        self._clock.advance(seconds=_DAY_S)
        started = await ends.start(self._call(), NewEndOfDay(self._book, day.date()))
        run_id = UUID(started.value(dict)["id"])
        began = time.perf_counter()
        await ends.carry_out(tenant_id, run_id)
        seconds = time.perf_counter() - began
        done = await ends.run(tenant_id, run_id)
        assert done.accounts == self._setup.accounts
        return Outcome(done.accounts / seconds)

    async def _product(self) -> UUID:
        code = str(self._ids.new().int % 10**8).zfill(8)
        new = NewInstitution(self._book, "Bench", "DE", code, "COBADEFFXXX")
        made = await self._banking.institutions.create(self._call(), new)
        asked = {
            "code": f"bench-{self._book.hex}",
            "institution_id": made.value(dict)["id"],
            "kind": "savings",
            "terms": _TERMS,
        }
        product = msgspec.convert(asked, NewProduct)
        answer = await self._banking.products.create(self._call(), product)
        return UUID(answer.value(dict)["id"])

    async def _open(self, product: UUID, number: int) -> None:
        opened = await self._banking.accounts.open(self._call(), NewBankAccount(product))
        account = opened.value(dict)["ledger_accounts"]["EUR"]
        leg = schemas.Posting("world", account, "EUR", str(100_000 + 977 * number))
        await self._ledger.post(self._call(), self._book, schemas.NewTransaction([leg]))

    def _call(self) -> Call:
        call_id = self._ids.new()
        return Call(
            call_id,
            self._setup.tenant_id,
            "key:bench",
            "bench",
            "/bench",
            "bench",
            str(call_id),
            b"bench",
        )


@asynccontextmanager
async def prepare(setup: Setup) -> AsyncIterator[tuple[Ready, Rounds[Round]]]:
    """Open the accounts."""
    database = await Database.open(setup.database_url, name="bench")
    clock = ManualClock(_BEGIN)
    ledger = Ledger(database, Path(setup.run_folder), clock=clock)
    await ledger.start()
    try:
        bank = _Bank(setup, database, ledger, clock)
        await bank.prepare()
        yield Ready(), bank.end_day
    finally:
        await ledger.close()
        await database.close()


def main() -> None:
    """Run the agent."""
    serve(Setup, Round, prepare)
