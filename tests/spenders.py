"""Payments that spend of limits, as payments do: a rider that posts and records what it spends."""

from typing import Any
from uuid import UUID

import msgspec

from bezant.banking.limits import Spending, reads_of_release, release, spend, store
from bezant.banking.terms.limits import Channel, LimitTerms, Window
from bezant.kernel.calls import Answer
from bezant.ledger import Decision, Reads, RiderKinds, Seen, post, schemas
from fixtures_ledger import IDS, Bank


@RiderKinds.register
class SpendingPayment(msgspec.Struct, frozen=True):
    """Pays out of `payer`, if limits allow it; `breaks` after it has spent."""

    spending: Spending
    payer: str = "alice"
    breaks: bool = False
    weight: int = 1

    def reads(self) -> Reads:
        """The accounts and what limits look at."""
        return Reads(frozenset({"world", self.payer}), rows=self.spending.reads())

    def decide(self, seen: Seen) -> Decision:
        """Spend and post."""
        rows = spend(seen, self.spending)
        if self.breaks:
            raise ZeroDivisionError
        leg = schemas.Posting(self.payer, "world", "EUR", str(self.spending.amount))
        return Decision(
            Answer.of(post(seen.draft, schemas.NewTransaction([leg])).view(), status=201), rows
        )


@RiderKinds.register
class FailedPayment(msgspec.Struct, frozen=True):
    """Gives back what an order spent."""

    account_id: UUID
    order_id: UUID
    weight: int = 1

    def reads(self) -> Reads:
        """What was spent."""
        return Reads(rows=reads_of_release(self.account_id, self.order_id))

    def decide(self, seen: Seen) -> Decision:
        """Give it back."""
        rows = release(seen, self.account_id, self.order_id)
        return Decision(Answer.of(len(rows)), rows)


class Spender:
    """An account with limits, whose money is `payer`'s."""

    def __init__(self, bank: Bank, payer: str = "alice") -> None:
        self.bank = bank
        self.payer = payer
        self.account_id = IDS.new()

    async def limit(self, *limits: LimitTerms, party: UUID | None = None, version: int = 1) -> None:
        """Agree on limits, at once."""
        kind, owner = ("account", self.account_id) if party is None else ("party", party)
        now, encoded = self.bank.ledger.now(), msgspec.json.encode(limits)
        values: list[Any] = [kind, owner, version, encoded, None, now, "test"]
        await self.bank.database.transaction(
            lambda connection: connection.execute(
                store.INSERT_SETTINGS, self.bank.tenant_id, *([value] for value in values)
            )
        )

    async def stand(self, counterparty: bytes, standing: str | None) -> None:
        """Put a counterparty on a list, or off it."""
        key = self.bank.tenant_id, self.account_id, counterparty
        now = self.bank.ledger.now()

        async def work(connection: Any) -> None:  # noqa: ANN401 - the driver's
            if standing is None:
                await connection.execute(store.DELETE_STANDING, *key)
            else:
                await connection.execute(store.SAVE_STANDING, *key, standing, now, "test")

        await self.bank.database.transaction(work)

    def spending(
        self,
        amount: int,
        *,
        channel: Channel = Channel.API,
        party: UUID | None = None,
        counterparty: bytes | None = None,
        is_instant: bool = False,
    ) -> Spending:
        """What a new order asks for."""
        return Spending(
            self.account_id, IDS.new(), "EUR", amount, channel, party, counterparty, is_instant
        )

    async def send(self, spending: Spending, *, breaks: bool = False) -> Answer:
        """Have an order carried out."""
        rider = SpendingPayment(spending, self.payer, breaks)
        return await self.bank.ledger.submit(self.bank.call(), self.bank.book_id, rider)

    async def pay(self, amount: int, **more: Any) -> Answer:  # noqa: ANN401 - members by name
        """Pay by a new order."""
        return await self.send(self.spending(amount, **more))

    async def fail(self, spending: Spending) -> int:
        """Let an order fail; how many rows that wrote."""
        rider = FailedPayment(self.account_id, spending.order_id)
        answer = await self.bank.ledger.submit(self.bank.call(), self.bank.book_id, rider)
        return answer.value(int)


def daily(amount: int, **more: Any) -> LimitTerms:  # noqa: ANN401 - members by name
    """At most so much in 24 hours."""
    return LimitTerms("EUR", Window.DAY, str(amount), **more)
