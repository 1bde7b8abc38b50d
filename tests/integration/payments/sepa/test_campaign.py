"""Orders through a network that fails and a clearing system that misbehaves, by seed."""

import os
import random
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.jobs import Done, Job
from bezant.ledger import Ledger, verify_book
from bezant.payments import NewPayment, OrderState, Payment
from bezant.payments.orders.domain import Attempt
from bezant.payments.orders.jobs import SURVIVE, Survive
from bezant.payments.orders.schemas import Creditor
from bezant.payments.rails.sepa import InstantRail
from bezant.payments.sandbox.csm import Misbehaviour
from bezant.server.banking import Banking
from bezant.server.payments import Payments
from bezant.vault import VaultClient
from clearing import OUR_BIC, THEIR_IBAN, System, clearing_system, participants, rails_to
from customers import CustomerBank, open_bank
from faults.proxy import Fault, FaultProxy, Plan, Side
from fixtures_api import Api
from fixtures_ledger import Bank

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

RUNS = 300
TOLD_EVERY = 500
RUNS_OF_EVERY_BYTE = 12_500
"""Four fifths of these have a fault each, which are more than there are bytes times faults."""
ANSWER_S = 0.05
FUNDS = 10**9
BYTES = {Side.REQUEST: 1_400, Side.ANSWER: 1_000}
ROUNDS_MAX = 20

HONEST_BOOKS = [kind for kind in Misbehaviour if kind is not Misbehaviour.LIES_LATE]
"""A clearing system that settles and says that it did not cannot be found out by asking it."""


class ShiftedClock:
    """The machine's clock, ahead by as much as somebody has waited for."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return SystemClock().now() + self.ahead


@dataclass
class Street:
    """A bank that pays through a bad network."""

    bank: CustomerBank
    payer: str
    payments: Payments
    teller: Bank
    system: System
    proxy: FaultProxy
    clock: ShiftedClock
    rail: InstantRail
    plans: Iterator[Plan] = field(default_factory=lambda: iter(()))

    def wait_for(self, answer_s: float) -> None:
        """How long answers are waited for from now on."""
        self.rail._link.answer_s = answer_s

    async def run(self, dice: random.Random) -> tuple[UUID, OrderState]:
        """One order, to its end."""
        self.clock.ahead = timedelta(0)
        self._spoil(dice)
        order_id = await self.order(dice.randrange(1, 1_000))
        # Or its process died before it came to that.
        if dice.random() < 0.9:
            self.payments.execution.begin(self.teller.tenant_id, order_id)
            await self.payments.execution.close()
        return order_id, await self._end(order_id, dice)

    async def pay_undisturbed(self) -> tuple[UUID, OrderState]:
        """One order without a fault, to see that faults reach every byte of an exchange."""
        self.wait_for(10.0)
        self.proxy.begin(None)
        order_id = await self.order(1)
        self.payments.execution.begin(self.teller.tenant_id, order_id)
        await self.payments.execution.close()
        longest = self.proxy.longest
        assert all(0 < longest[side] <= BYTES[side] for side in Side)
        self.wait_for(ANSWER_S)
        return order_id, (await self.payments.orders.order(self.teller.tenant_id, order_id)).state

    async def order(self, amount: int) -> UUID:
        """An order that is not sent yet."""
        creditor = Creditor(iban=THEIR_IBAN, name="Grace Hopper")
        new = NewPayment(UUID(self.payer), creditor, "EUR", str(amount), "Ada Lovelace", "sct_inst")
        return (await self.payments.orders.create(self.teller.call(), new)).value(Payment).id

    def _spoil(self, dice: random.Random) -> None:
        self.proxy.begin(next(self.plans, None) if dice.random() < 0.8 else None)
        self.system.clearing.behaviours.queued.clear()
        kind = dice.choice(HONEST_BOOKS) if dice.random() < 0.7 else Misbehaviour.NONE
        self.system.behave(kind, delay_s=2 * ANSWER_S)

    async def _end(self, order_id: UUID, dice: random.Random) -> OrderState:
        for _ in range(ROUNDS_MAX):
            if dice.random() < 0.5:
                await self.proxy.release()
            outcome = await self.payments.execution.survive(_job(self.teller.tenant_id, order_id))
            if isinstance(outcome, Done):
                await self.proxy.release()
                return (await self.payments.orders.order(self.teller.tenant_id, order_id)).state
            self.clock.ahead += timedelta(seconds=dice.randrange(2, 15))
        raise AssertionError(f"no end after {ROUNDS_MAX} rounds")

    async def check(self, database: Database) -> None:
        """The ledger and the clearing system say the same of the money."""
        position = self.system.clearing.books.position(OUR_BIC)
        path = f"{self.bank.book_path}/accounts/settlement:sct_inst:EUR/balance"
        outside = (await self.bank.tenant.client.get(path)).json()
        assert int(outside["posted"]) == position
        balance = await self.bank.balance(self.payer)
        assert int(balance["booked"]) == FUNDS + position
        assert int(balance["available"]) == FUNDS + position + 50_000, "nothing is reserved"
        report = await verify_book(database, self.bank.tenant.id, UUID(self.bank.book))
        assert report.findings == []


def every_plan(dice: random.Random) -> Iterator[Plan]:
    """Every fault at every byte, each way, in some order; over and over."""
    places = [(side, at) for side in Side for at in range(BYTES[side])]
    plans = [Plan(fault, *place) for fault in Fault for place in places]
    while True:
        dice.shuffle(plans)
        yield from plans


def _job(tenant_id: UUID, order_id: UUID) -> Job[Survive]:
    return Job(
        id=uuid4(),
        tenant_id=tenant_id,
        kind=SURVIVE.name,
        payload=Survive(order_id),
        attempt=1,
        epoch=1,
        key=None,
        order=0,
        since=SystemClock().now(),
    )


@pytest.fixture
async def street(
    api: Api,
    database: Database,
    ledger: Ledger,
    sealer: VaultClient,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Street]:
    # Whoever asks takes over at once, so that nobody waits.
    monkeypatch.setattr(Attempt, "is_free", lambda *_: True)
    clock, ids, shifted = SystemClock(), TimeOrderedIds(), ShiftedClock()
    accounts = Banking.of(database, clock, ids, ledger, sealer, bytes(32)).accounts
    async with (
        api.tenant() as tenant,
        clearing_system(shifted) as system,
        FaultProxy(system.server.port).serving() as proxy,
    ):
        bank = await open_bank(tenant)
        payer = await bank.funded(FUNDS)
        who = participants(tenant.id, UUID(bank.institution))
        way = f"http://127.0.0.1:{proxy.port}"
        async with rails_to(way, shifted, answer_s=ANSWER_S, who=who) as (rail, _):
            payments = Payments.of(
                database, clock, ids, ledger, accounts, bytes(32), {rail.name: rail}
            )
            teller = Bank(ledger, database, tenant.id, UUID(bank.book))
            yield Street(bank, payer, payments, teller, system, proxy, shifted, rail)


async def campaign(
    street: Street,
    database: Database,
    runs: int,
    seed: int,
    tell: Callable[[str], None] = lambda _: None,
) -> None:
    again = f"BEZANT_SEED={seed} BEZANT_RUNS={runs} make campaign PYTEST_ARGS='-k misbehaves'"
    dice, ends = random.Random(seed), dict[UUID, OrderState]()
    street.plans = every_plan(dice)
    order_id, state = await street.pay_undisturbed()
    ends[order_id] = state
    try:
        for number in range(runs):
            if number % TOLD_EVERY == 0:
                tell(f"{number:,} of {runs:,} orders ended; {street.proxy.faults:,} faults")
            order_id, state = await street.run(dice)
            ends[order_id] = state
            assert state in {OrderState.SETTLED, OrderState.REJECTED}
        settled = [state for state in ends.values() if state is OrderState.SETTLED]
        statuses = [status for status, _ in street.system.statuses()]
        assert statuses.count("ACSC") == len(settled), (
            "what is settled is known to be, and only that"
        )
        assert 1 < len(settled) < runs
        assert street.proxy.faults > runs // 10
        await street.check(database)
    except AssertionError as error:
        error.add_note(f"After {len(ends)} runs. Repeat with: {again}")
        raise


async def test_no_payment_is_made_twice_or_lost(street: Street, database: Database) -> None:
    await campaign(street, database, RUNS, seed=int(os.environ.get("BEZANT_SEED", "20260303")))


@pytest.mark.parametrize("patience", [timedelta(seconds=20), timedelta(0)], ids=["ours", "none"])
async def test_control_who_believes_too_early_that_nothing_is_there_gives_money_away(
    street: Street, monkeypatch: pytest.MonkeyPatch, patience: timedelta
) -> None:
    monkeypatch.setattr(InstantRail, "under_way_max", patience)
    # Long enough to connect on a busy machine: the payment has to leave.
    street.wait_for(2.0)
    street.proxy.begin(Plan(Fault.DELAY, Side.REQUEST, 500))
    order_id = await street.order(100)
    street.payments.execution.begin(street.teller.tenant_id, order_id)
    await street.payments.execution.close()
    await street.payments.execution.survive(_job(street.teller.tenant_id, order_id))
    await street.proxy.release()
    assert street.system.statuses() == [("ACSC", None)]
    order = await street.payments.orders.order(street.teller.tenant_id, order_id)
    if patience:
        assert order.state is OrderState.UNKNOWN
    else:
        assert order.state is OrderState.REJECTED, "paid, and given back to the payer"


@pytest.mark.campaign
@pytest.mark.timeout(0)
async def test_a_clearing_system_that_misbehaves_doubles_and_loses_nothing(
    street: Street, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """BEZANT_RUNS of them, by BEZANT_SEED: by default every fault at every byte, and some more."""
    runs = int(os.environ.get("BEZANT_RUNS", RUNS_OF_EVERY_BYTE))

    def tell(line: str) -> None:
        with capsys.disabled():
            print(line)  # noqa: T201 - a long test says how far it is

    seed = int(os.environ.get("BEZANT_SEED", random.SystemRandom().randrange(2**32)))
    await campaign(street, database, runs, seed, tell)
