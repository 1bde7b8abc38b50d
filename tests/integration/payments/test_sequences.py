"""Whatever a scheme says of a payment, in whatever order: money is neither made nor lost."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest

from arriving import back
from bezant.kernel.database import Database
from bezant.ledger import verify_book
from bezant.payments import Payment
from bezant.payments.executing import outcome_of
from bezant.payments.rails import NotSent, Outcome, Pending, Rejected, Settled, Taken, Unknown
from bezant.payments.states import OrderState
from customers import CustomerBank
from paying import Desk, posted

AMOUNT = 1_000
FUNDS = 1_500
SETTLEMENT, EXPOSURE = "settlement:scheme:EUR", "instant_in_doubt:scheme:EUR"
CARRIED_OUT = {OrderState.SETTLED, OrderState.PARTIALLY_RETURNED, OrderState.RETURNED}


@dataclass
class Story:
    """One payment, and what is told of it."""

    bank: CustomerBank
    desk: Desk
    dice: random.Random
    payer: str
    made: Payment
    spent: int = 0
    returned: int = 0

    async def hear(self) -> None:
        """An outcome, before or after the deadline."""
        order = await self.desk.first.orders.order(self.bank.tenant.id, self.made.id)
        assert order.attempt is not None
        outcomes: list[Outcome] = [
            Settled("1", datetime.now(UTC)), Rejected("AC04"), Rejected("AB05"), NotSent("NONE"),
            Unknown("CUT_OFF"), Unknown("CUT_OFF"), Pending("1"), Pending("1"),
        ]  # fmt: skip
        deadline = self.dice.choice([None, order.attempt.began_at])
        rider = outcome_of(order, self.dice.choice(outcomes), "rail:scheme", None, deadline)
        await self.desk.teller.ledger.submit(self.desk.teller.call(), order.book_id, rider)

    async def spend(self) -> None:
        """The payer takes what they can, the overdraft too."""
        balance = await self.bank.balance(self.payer)
        available = int(balance["available"])
        if available:
            leg = {"debit": f"accounts:{self.payer}:EUR", "credit": "world", "asset": "EUR"}
            body = {"postings": [leg | {"amount": str(available)}]}
            await self.bank.tenant.create(f"{self.bank.book_path}/transactions", body)
            self.spent += available

    async def give_back(self) -> None:
        """The scheme returns some of it, which shows that it was carried out."""
        state = (await self.desk.state_of(self.made.id)).state
        if state not in CARRIED_OUT:
            return
        amount = self.dice.randint(1, 700)
        answer = await self.desk.first.receiver.returned(
            await back(self.bank, self.desk, self.made.id, amount=amount)
        )
        if isinstance(answer, Taken):
            self.returned += amount

    async def claim(self) -> None:
        """The payer did not authorise it: the institution bears what has not come back."""
        path = f"/v1/payments/{self.made.id}/unauthorised"
        await self.bank.tenant.post(path, {})


async def _posted(bank: CustomerBank, account: str) -> int:
    return int(await posted(bank, account) or 0)


@pytest.mark.parametrize("seed", range(12))
async def test_money_is_conserved_over_any_sequence(
    bank: CustomerBank, desk: Desk, seed: int
) -> None:
    dice = random.Random(seed)
    outside = await _posted(bank, SETTLEMENT)
    payer = await bank.funded(FUNDS)
    story = Story(bank, desk, dice, payer, await desk.order(payer))
    for _ in range(8):
        turns = [story.hear, story.spend, story.give_back, story.claim]
        await dice.choices(turns, [6, 1, 3, 1])[0]()
    state = (await desk.state_of(story.made.id)).state
    kept = AMOUNT - story.returned if state in CARRIED_OUT else 0
    assert 0 <= story.returned <= AMOUNT
    assert outside - await _posted(bank, SETTLEMENT) == kept, "what the scheme has of it"
    booked = int((await bank.balance(payer))["booked"])
    owed = await _posted(bank, f"receivable:{story.made.id}")
    borne = FUNDS - story.spent - booked
    refunded = await _posted(bank, f"unauthorised:{story.made.id}")
    assert borne + owed + refunded == kept, "is what the payer paid or owes, or what was refunded"
    assert borne >= 0, "nobody gets back more than they paid"
    assert await _posted(bank, EXPOSURE) == 0
    if state is OrderState.REJECTED:
        balance = await bank.balance(payer)
        assert int(balance["available"]) == booked + 50_000, "nothing is reserved any more"


async def test_the_books_are_whole_after_all_of_this(
    bank: CustomerBank, database: Database
) -> None:
    report = await verify_book(database, bank.tenant.id, UUID(bank.book))
    assert report.findings == []
