"""Two banks of the platform that collect from each other, through one clearing system."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from uuid import UUID

from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.kernel.unsealed import Unsealed
from bezant.ledger.errors import AccountNotFound
from bezant.payments.direct_debits import schemas
from bezant.payments.direct_debits.collecting import DebitState
from bezant.payments.direct_debits.domain import incoming_id
from bezant.payments.rails.sepa import (
    CsmLink,
    DebitListener,
    Participant,
    Participants,
    SepaDebitRail,
    csm_routes,
)
from bezant.payments.sandbox import csm
from bezant.server.banking import Banking
from bezant.server.direct_debits import DirectDebits
from clearing import SECRET, UNUSED, System, clearing_system, listening
from debiting import DUE, OURS, START, Collecting, Named, SchemeDebits, founded
from faults.proxy import FaultProxy
from fixtures_ledger import IDS, open_ledger

THEIRS = Named("10070000", "DEUTDEBBXXX")
SETTLEMENT = "settlement:sdd:EUR"
AMOUNT = 1_000
FUNDS = 10_000
_ROUNDS = 4


@dataclass
class Street:
    """A creditor's bank, a debtor's bank, and what is between them.

    Attributes:
        proxy: on the way of both to the clearing system.
    """

    creditors: Collecting
    debtors: Collecting
    system: System
    proxy: FaultProxy
    clock: ManualClock

    async def opened(self, funds: int = FUNDS, **mandate: object) -> "Pair":
        """A payee here, a payer there, and a collection that is announced."""
        payee, payer = await self.creditors.open(), await self.debtors.open(funds)
        signed = await self.creditors.mandate(payee, await self.debtors.iban(payer), **mandate)
        debit = await self.creditors.collect(signed, AMOUNT)
        return Pair(self, payee, payer, debit)

    async def wind_to(self, day: date, at: time = time(8)) -> None:
        """Let it become that late, and both banks work, and their messages arrive."""
        await self.creditors.wind_to(day, at)
        await self.work()

    async def work(self) -> None:
        """What is to be done, again and again: what came too early comes again."""
        for _ in range(_ROUNDS):
            await self.creditors.work()
            await self.debtors.work()
            await self._arrived()

    async def cycle(self) -> int:
        """Have the clearing system settle, and everybody hear of it."""
        settled = self.system.clearing.cycle()
        await self._arrived()
        return settled

    async def _arrived(self) -> None:
        # What has to come again takes longer than this, and comes in a later round.
        try:
            async with asyncio.timeout(0.5):
                await self.system.deliveries.drained()
        except TimeoutError:
            pass

    async def check(self) -> None:
        """All three books say the same, and each is whole."""
        positions = self.system.clearing.books
        for desk, named in ((self.creditors, OURS), (self.debtors, THEIRS)):
            try:
                posted = await desk.bank.posted(SETTLEMENT)
            except AccountNotFound:
                posted = 0
            assert posted == positions.position(named.bic)
            assert (await desk.bank.verify()).findings == []


@dataclass
class Pair:
    """A payee and a payer, and a collection between them."""

    street: Street
    payee: UUID
    payer: UUID
    debit: UUID

    @property
    def received(self) -> UUID:
        """What the debtor's bank knows the collection by."""
        desk = self.street.debtors
        return incoming_id(
            desk.bank.tenant_id, desk.institution.id, "sdd", OURS.bic, self.debit.hex
        )

    async def states(self) -> tuple[DebitState, DebitState]:
        """At the creditor's bank, and at the debtor's."""
        here = await self.street.creditors.state(self.debit)
        there = await self.street.debtors.state(self.received)
        return here[0], there[0]

    async def money(self) -> tuple[int, int]:
        """What the payee has, and what the payer has."""
        return (
            await self.street.creditors.booked(self.payee),
            await self.street.debtors.booked(self.payer),
        )

    async def settled(self) -> "Pair":
        """It, once it has settled on both sides."""
        street = self.street
        await street.wind_to(EVE)
        await street.wind_to(DUE)
        await street.cycle()
        await street.work()
        return self

    async def refund(self, *, unauthorised: bool = False) -> None:
        """Have the payer take it back."""
        desk = self.street.debtors
        asked = schemas.RefundAsked(unauthorised=unauthorised)
        answer = await desk.direct.debits.refund(desk.bank.call(), self.received, asked)
        assert not answer.is_refusal
        await self.street.work()

    async def reverse(self, code: str = "AM05") -> None:
        """Have the payee give it back."""
        desk = self.street.creditors
        asked = schemas.DebitReason(code)
        answer = await desk.direct.debits.reverse(desk.bank.call(), self.debit, asked)
        assert not answer.is_refusal
        await self.street.work()

    async def cancel(self, code: str = "CUST") -> None:
        """Have the payee stop it."""
        desk = self.street.creditors
        asked = schemas.DebitReason(code)
        answer = await desk.direct.debits.cancel(desk.bank.call(), self.debit, asked)
        assert not answer.is_refusal
        await self.street.work()


EVE = date(2026, 3, 17)
assert EVE < DUE


@asynccontextmanager
async def open_street(database: Database, run_folder: Path) -> AsyncIterator[Street]:
    """Both banks in one platform, in tenants of their own, whose messages all leave the house."""
    clock = ManualClock(START)
    async with (
        open_ledger(database, run_folder, clock) as ledger,
        clearing_system(clock) as system,
        FaultProxy(system.server.port).serving() as proxy,
        AsyncExitStack() as opened,
    ):
        banking = Banking.of(database, clock, IDS, ledger, Unsealed(), bytes(32))
        banks = [await founded(ledger, database, banking, each) for each in (OURS, THEIRS)]
        who = Participants(
            Participant(named.bic, bank.tenant_id, institution.id)
            for named, (bank, institution, _) in zip((OURS, THEIRS), banks, strict=True)
        )
        link = CsmLink.to(f"http://127.0.0.1:{proxy.port}", SECRET, 1.0, UNUSED)
        opened.push_async_callback(link.close)
        rail = SepaDebitRail(link, who, clock)
        direct = DirectDebits.of(
            database, clock, IDS, ledger, banking.accounts, bytes(32), {rail.name: rail},
            allow_unregistered_creditors=True,
        )  # fmt: skip
        listener = DebitListener(direct.collections, rail)
        routes = csm_routes({rail.name: listener}, who, SECRET)
        url = await opened.enter_async_context(listening(routes))
        for named in (OURS, THEIRS):
            system.clearing.admit(csm.Participant(named.bic, f"{url}/sepa"))
        creditors, debtors = (
            Collecting(bank, clock, banking, direct, SchemeDebits(), institution, product)
            for bank, institution, product in banks
        )
        street = Street(creditors, debtors, system, proxy, clock)
        yield street
        await street.check()
        await system.deliveries.close()
