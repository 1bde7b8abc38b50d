"""Authorising, capturing and voiding payments between accounts of the platform."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.banking import AccountService, BankAccount, BankAccountNotFound, counterparty_of
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.fingerprints import Fingerprints
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Again, Done, Handling, Job, Outcome
from bezant.payments.captures import schemas, store
from bezant.payments.captures.capturing import CapturePayment
from bezant.payments.captures.domain import Totals
from bezant.payments.captures.errors import AuthorizationNotFound
from bezant.payments.captures.jobs import EXPIRE, Expire
from bezant.payments.captures.records import authorization_view
from bezant.payments.captures.riders import (
    AuthorizePayment,
    Ended,
    ExpireAuthorization,
    IncrementAuthorization,
    VoidAuthorization,
)
from bezant.payments.fees.schemas import ShareOfCapture
from bezant.payments.orders import PaymentService, errors
from bezant.payments.orders.domain import BOOK, Direction, Order
from bezant.payments.orders.schemas import Cancellation, PaymentContent
from bezant.payments.orders.terms import Terms, terms_of

if TYPE_CHECKING:
    import asyncpg

    from bezant.ledger import Ledger

_BEFORE_ALL: Final = UUID(int=0)
_A_MOMENT: Final = timedelta(seconds=1)


class CaptureService:
    """The authorisations of a tenant's customers, and what is captured of them.

    Args:
        database: connected as the application's role.
        ledger: in whose commits money is reserved and moved.
        payments: knows orders, and seals what they say.
        accounts: of customers.
        fingerprints: by which counterparties are recognized.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        ledger: "Ledger",
        payments: PaymentService,
        accounts: AccountService,
        fingerprints: Fingerprints,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._ledger = ledger
        self._payments = payments
        self._accounts = accounts
        self._fingerprints = fingerprints

    async def authorize(self, call: Call, new: schemas.NewAuthorization) -> Answer:
        """`POST /v1/authorizations` -> 201 `Authorization`.

        Raises:
            UnknownDebtorAccount: the tenant has no such.
            UnknownCreditorAccount: as that.
            SameAccounts: the two are one.
            CreditorInAnotherBook: see there.
        """
        call = self._fingerprints.covered(call)
        payer = await self._payer(call.tenant_id, new)
        order_id = self._ids.new()
        terms = Terms(
            order_id,
            payer.institution_id,
            Direction.INTERNAL,
            BOOK,
            payer.id,
            new.creditor_account,
            new.party_id,
            new.channel,
            counterparty_of(self._fingerprints, str(new.creditor_account)),
            new.asset,
            int(new.amount),
            is_instant=True,  # whoever waits for the answer cannot wait for a review
        )
        content = PaymentContent(None, None, None, new.end_to_end_id, new.remittance)
        sealed = self._payments.sealed(call.tenant_id, order_id, msgspec.json.encode(content))
        rider = AuthorizePayment(terms, new.expires_in_s, self._ids.new(), sealed, call.actor)
        return await self._ledger.submit(call, payer.book_id, rider)

    async def capture(self, call: Call, order_id: UUID, new: schemas.NewCapture) -> Answer:
        """`POST /v1/payments/{payment}/captures` -> 201 `Capture`."""
        order = await self._authorized(call.tenant_id, order_id)
        rider = CapturePayment(terms_of(order, is_instant=True), self._ids.new(), new, call.actor)
        return await self._ledger.submit(call, order.book_id, rider)

    async def increment(self, call: Call, order_id: UUID, new: schemas.Increment) -> Answer:
        """`POST /v1/payments/{payment}/increment` -> 200 `Authorization`."""
        order = await self._authorized(call.tenant_id, order_id)
        terms = terms_of(order, is_instant=True)
        rider = IncrementAuthorization(terms, int(new.amount), call.actor)
        return await self._ledger.submit(call, order.book_id, rider)

    async def void(self, call: Call, order_id: UUID, asked: Cancellation) -> Answer:
        """`POST /v1/payments/{payment}/void` -> 200 `Authorization`."""
        order = await self._authorized(call.tenant_id, order_id)
        rider = VoidAuthorization(terms_of(order, is_instant=True), asked.reason, call.actor)
        return await self._ledger.submit(call, order.book_id, rider)

    async def find(self, tenant_id: UUID, order_id: UUID) -> schemas.Authorization:
        """`GET /v1/authorizations/{payment}`.

        Raises:
            AuthorizationNotFound: the tenant has no such.
        """
        order = await self._authorized(tenant_id, order_id)
        totals = await self._totals(tenant_id, order_id)
        assert totals is not None
        return authorization_view(order, totals)

    async def page(
        self, tenant_id: UUID, order_id: UUID, *, after: str | None, limit: int
    ) -> schemas.Captures:
        """A payment's captures after the one named `after`.

        Raises:
            PaymentNotFound: the tenant has no such.
        """
        await self._payments.order(tenant_id, order_id)
        start = _BEFORE_ALL if after is None else UUID(after)
        rows = await self._database.fetch(
            store.LIST_CAPTURES, tenant_id, order_id, start, limit + 1
        )
        ids = [row["capture_id"] for row in rows[:limit]]
        shares: dict[UUID, list[ShareOfCapture]] = {each: [] for each in ids}
        for row in await self._database.fetch(store.LIST_SHARES, tenant_id, order_id, ids):
            share = ShareOfCapture(row["account_id"], str(int(row["amount"])))
            shares[row["capture_id"]].append(share)
        found = [_capture(order_id, row, shares[row["capture_id"]]) for row in rows[:limit]]
        return schemas.Captures(found, str(ids[-1]) if len(rows) > limit else None)

    async def expire(self, job: Job[Expire]) -> Outcome:
        """Give back what remains of an authorisation whose time is over."""
        order = await self._payments.order(job.tenant_id, job.payload.order_id)
        totals = await self._totals(job.tenant_id, order.id)
        if totals is None or totals.expires_at is None or not totals.remaining:
            return Done()
        call = Call(
            id=self._ids.new(),
            tenant_id=job.tenant_id,
            actor="payments:expiry",
            action="payment.expire",
            resource=f"/v1/payments/{order.id}",
            origin="job",
        )
        rider = ExpireAuthorization(terms_of(order, is_instant=True), totals.expires_at, call.actor)
        answer = await self._ledger.submit(call, order.book_id, rider)
        if answer.value(Ended) is Ended.EARLY:
            return Again("early", wait=max(totals.expires_at - self._clock.now(), _A_MOMENT))
        return Done()

    def handling(self) -> Handling[Expire]:
        """Who carries out the jobs of expiry, for the runner of a process."""
        return Handling(EXPIRE, self.expire)

    async def _payer(self, tenant_id: UUID, new: schemas.NewAuthorization) -> BankAccount:
        try:
            payer = await self._accounts.account(tenant_id, new.debtor_account)
        except BankAccountNotFound:
            raise errors.UnknownDebtorAccount(
                "There is no such account.", field="debtor_account"
            ) from None
        try:
            payee = await self._accounts.account(tenant_id, new.creditor_account)
        except BankAccountNotFound:
            raise errors.UnknownCreditorAccount(
                "There is no such account.", field="creditor_account"
            ) from None
        if payee.id == payer.id:
            raise errors.SameAccounts("An account does not pay itself.", field="creditor_account")
        if payee.book_id != payer.book_id:
            raise errors.CreditorInAnotherBook("It is of another book.", field="creditor_account")
        return payer

    async def _authorized(self, tenant_id: UUID, order_id: UUID) -> Order:
        order = await self._payments.order(tenant_id, order_id)
        totals = await self._totals(tenant_id, order_id)
        if totals is None or totals.expires_at is None:
            raise AuthorizationNotFound("The payment was not authorised first.")
        return order

    async def _totals(self, tenant_id: UUID, order_id: UUID) -> Totals | None:
        row = await self._database.fetchrow(store.READ_TOTALS, tenant_id, [order_id])
        return None if row is None else Totals.of(dict(row))


def _capture(
    order_id: UUID, row: "asyncpg.Record", shares: list[ShareOfCapture]
) -> schemas.Capture:
    return schemas.Capture(
        id=row["capture_id"],
        payment_id=order_id,
        amount=str(int(row["amount"])),
        fee=str(int(row["fee"])),
        vat=str(int(row["vat"])),
        shares=shares,
        net=str(int(row["net"])),
        fee_schedule_id=row["fee_schedule_id"],
        captured_at=row["captured_at"],
    )
