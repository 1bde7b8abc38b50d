"""The use cases of standing orders."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Database
from bezant.kernel.fingerprints import Fingerprints
from bezant.kernel.ids import Ids
from bezant.payments.orders import PaymentService
from bezant.payments.standing import schemas, store
from bezant.payments.standing.errors import StandingOrderNotFound
from bezant.payments.standing.records import Standing
from bezant.payments.standing.riders import (
    AmendStandingOrder,
    CancelStandingOrder,
    CreateStandingOrder,
)

if TYPE_CHECKING:
    import asyncpg

    from bezant.ledger import Ledger

_BEFORE_ALL: Final = UUID(int=0)


class StandingOrders:
    """A tenant's standing orders.

    Args:
        database: where they are read.
        ids: of new ones.
        ledger: in whose lanes they are made, changed and carried out.
        payments: knows what a payment needs, and seals what it says.
        fingerprints: of requests that name people.
    """

    def __init__(
        self,
        database: Database,
        ids: Ids,
        ledger: "Ledger",
        payments: PaymentService,
        fingerprints: Fingerprints,
    ) -> None:
        self._database = database
        self._ids = ids
        self._ledger = ledger
        self._payments = payments
        self._fingerprints = fingerprints

    async def create(self, call: Call, new: schemas.NewStandingOrder) -> Answer:
        """`POST /v1/standing-orders` -> 201 `StandingOrder`.

        Raises:
            UnknownDebtorAccount: the tenant has no such.
            DayOutOfReach: the first day is over, or far ahead.
            Refusal: the creditor cannot be paid in this way.
        """
        call = self._fingerprints.covered(call)
        standing_id = self._ids.new()
        payment = new.payment(new.amount, new.rule.first)
        prepared = await self._payments.prepared(call.tenant_id, payment, standing_id)
        book_id = prepared.book_id
        await self._payments.check_day(call.tenant_id, book_id, new.rule.first, "rule.first")
        sealed = self._payments.sealed(call.tenant_id, standing_id, msgspec.json.encode(new))
        rider = CreateStandingOrder(
            standing_id,
            new.debtor_account,
            new.party_id,
            new.rule,
            new.asset,
            int(new.amount),
            sealed,
            prepared.payee,
            call.actor,
        )
        return await self._ledger.submit(call, book_id, rider)

    async def amend(self, call: Call, standing_id: UUID, asked: schemas.Amendment) -> Answer:
        """`POST /v1/standing-orders/{order}/amend` -> 200 `StandingOrder`."""
        standing = await self.standing(call.tenant_id, standing_id)
        opened = self._payments.opened(call.tenant_id, standing_id, standing.sealed)
        rider = AmendStandingOrder(
            standing_id,
            standing.debtor_account,
            schemas.CONTENT.decode(opened).party_id,
            None if asked.amount is None else int(asked.amount),
            asked.last,
            call.actor,
        )
        return await self._ledger.submit(call, standing.book_id, rider)

    async def cancel(self, call: Call, standing_id: UUID) -> Answer:
        """`POST /v1/standing-orders/{order}/cancel` -> 200 `StandingOrder`."""
        standing = await self.standing(call.tenant_id, standing_id)
        return await self._ledger.submit(call, standing.book_id, CancelStandingOrder(standing_id))

    async def standing(self, tenant_id: UUID, standing_id: UUID) -> Standing:
        """A standing order as it stands.

        Raises:
            StandingOrderNotFound: the tenant has no such.
        """
        row = await self._database.fetchrow(store.READ, tenant_id, [standing_id])
        if row is None:
            raise StandingOrderNotFound("There is no such standing order.")
        return Standing.of(dict(row))

    async def page(
        self, tenant_id: UUID, debtor: UUID, *, after: str | None, limit: int
    ) -> schemas.StandingOrders:
        """Those of an account, after the one named `after`."""
        start = _BEFORE_ALL if after is None else UUID(after)
        rows = await self._database.fetch(store.LIST_OF_DEBTOR, tenant_id, debtor, start, limit + 1)
        found = [Standing.of(dict(row)).view() for row in rows[:limit]]
        return schemas.StandingOrders(found, str(found[-1].id) if len(rows) > limit else None)

    async def occurrences(
        self, tenant_id: UUID, standing_id: UUID, *, after: str | None, limit: int
    ) -> schemas.Occurrences:
        """`GET /v1/standing-orders/{order}/occurrences`.

        Raises:
            StandingOrderNotFound: the tenant has no such.
        """
        await self.standing(tenant_id, standing_id)
        rows = await self._database.fetch(
            store.LIST_OCCURRENCES, tenant_id, standing_id, int(after or 0), limit + 1
        )
        found = [_occurrence(row) for row in rows[:limit]]
        return schemas.Occurrences(found, str(found[-1].no) if len(rows) > limit else None)


def _occurrence(row: "asyncpg.Record") -> schemas.Occurrence:
    return schemas.Occurrence(
        row["occurrence_no"], row["day"], row["order_id"], row["code"], row["recorded_at"]
    )
