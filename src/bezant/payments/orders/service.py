"""Ordering, signing, cancelling and reading payments."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from bezant.banking import (
    AccountPlace,
    AccountRestrictions,
    AccountService,
    BankAccountNotFound,
    counterparty_of,
)
from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, Gathering
from bezant.kernel.fingerprints import Fingerprints
from bezant.kernel.ids import Ids
from bezant.kernel.sealing import SealedSecret, SecretSealer
from bezant.payments.orders import errors, reviews, riders, schemas, store
from bezant.payments.orders.across import AcrossBooks
from bezant.payments.orders.domain import Direction, Order
from bezant.payments.orders.records import view
from bezant.payments.orders.terms import Content, Sending, Terms, terms_of
from bezant.payments.orders.ways import Ways
from bezant.payments.rails import Coordinates, Outgoing, Rail
from bezant.payments.states import OrderState
from bezant.payments.vop import PayeeProof, proof_of

if TYPE_CHECKING:
    import asyncpg

    from bezant.ledger import Ledger, Rider

_BEFORE_ALL: Final = UUID(int=0)
_A_MOMENT: Final = timedelta(seconds=1)
DAYS_AHEAD: Final = timedelta(days=366)
"""How far ahead a payment may be ordered."""


@dataclass(frozen=True, slots=True)
class Secrecy:
    """How what payments say is kept.

    Attributes:
        sealer: seals it.
        fingerprints: by which counterparties are recognized.
    """

    sealer: SecretSealer
    fingerprints: Fingerprints


@dataclass(frozen=True, slots=True)
class Means:
    """How payments leave.

    Attributes:
        rails: by name; book transfers need none.
        sender: this process, in attempts.
    """

    rails: Mapping[str, Rail]
    sender: UUID


@dataclass(frozen=True, slots=True)
class Prepared:
    """A payment that was found to lead somewhere.

    Attributes:
        book_id: of the payer, in whose lane it is decided.
        payee_book: where both are ours and it is another.
        payee: how they were verified.
    """

    book_id: UUID
    terms: Terms
    content: Content
    payee: PayeeProof
    payee_book: UUID | None = None


class PaymentService:
    """The payments of a tenant's customers.

    Args:
        database: connected as the application's role.
        ledger: in whose commits orders are taken and carried out.
        accounts: tells whose account an IBAN is.
        secrecy: of what payments say.
        means: of sending them.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        ledger: "Ledger",
        accounts: AccountService,
        secrecy: Secrecy,
        means: Means,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._ledger = ledger
        self._accounts = accounts
        self._sealer = secrecy.sealer
        self._fingerprints = secrecy.fingerprints
        self._rails = means.rails
        self._ways = Ways(accounts, means.rails)
        self._sender = means.sender
        self._orders = Gathering(database, store.READ_ORDERS)
        self._contents = Gathering(database, store.FIND_CONTENTS)
        self._restrictions = AccountRestrictions(database, clock)

    async def create(self, call: Call, new: schemas.NewPayment) -> Answer:
        """`POST /v1/payments` -> 201 `Payment`.

        Raises:
            UnknownDebtorAccount: the tenant has no such.
            UnknownRail: the platform has no such.
            Refusal: the creditor cannot be paid in this way.
        """
        call = self._fingerprints.covered(call)
        prepared = await self.prepared(call.tenant_id, new, self._ids.new())
        if new.execute_on is not None:
            await self.check_day(call.tenant_id, prepared.book_id, new.execute_on, "execute_on")
        return await self.order_prepared(call, prepared)

    async def prepared(self, tenant_id: UUID, new: schemas.NewPayment, order_id: UUID) -> Prepared:
        """What is asked for, as the lane takes it, under an identifier.

        Raises:
            UnknownDebtorAccount: or another refusal, as `create`.
        """
        try:
            payer = await self._accounts.place(tenant_id, new.debtor_account)
        except BankAccountNotFound:
            raise errors.UnknownDebtorAccount(
                "There is no such account.", field="debtor_account"
            ) from None
        way = await self._ways.find(tenant_id, payer, new)
        terms = Terms(
            order_id,
            payer.institution_id,
            way.direction,
            way.rail,
            payer.id,
            way.creditor_account,
            new.party_id,
            new.channel,
            counterparty_of(self._fingerprints, way.counterparty),
            new.asset,
            int(new.amount),
            new.execute_on,
            self._is_instant(way.rail),
        )
        content = schemas.PaymentContent(
            new.debtor_name, new.creditor.name, way.iban, new.end_to_end_id, new.remittance
        )
        if way.direction is Direction.OUT:
            self._rails[way.rail].check(self._outgoing(tenant_id, payer, terms, content))
        sealed = self.sealed(tenant_id, order_id, msgspec.json.encode(content))
        payee = proof_of(
            self._fingerprints, new.verification_id, new.confirmed, way.rail, content.creditor_iban,
            content.creditor_name,
        )  # fmt: skip
        said = Content(self._ids.new(), sealed)
        return Prepared(payer.book_id, terms, said, payee, way.creditor_book)

    async def order_prepared(self, call: Call, prepared: Prepared) -> Answer:
        """Take an order; one under its identifier that was taken before is taken once."""
        rider = riders.CreatePayment(
            prepared.terms, self.sending(), prepared.content, call.actor, prepared.payee
        )
        # For a day nothing moves yet.
        is_now = prepared.terms.execute_on is None
        payee_book = prepared.payee_book if is_now else None
        return await self._submit_over(call, rider, prepared.terms, prepared.book_id, payee_book)

    async def approve(self, call: Call, order_id: UUID, asked: schemas.Signature) -> Answer:
        """`POST /v1/payments/{payment}/approve` -> 200 `Payment`."""
        order = await self._ordered(call.tenant_id, order_id)
        rider = riders.ApprovePayment(self.terms(order), self.sending(), asked.party_id, call.actor)
        return await self.carry_out(call, order, rider)

    async def withdraw(self, call: Call, order_id: UUID, asked: schemas.Signature) -> Answer:
        """`POST /v1/payments/{payment}/withdraw` -> 200 `Payment`."""
        order = await self._ordered(call.tenant_id, order_id)
        return await self._submit(
            call, order, riders.WithdrawSignature(self.terms(order), asked.party_id)
        )

    async def cancel(self, call: Call, order_id: UUID, asked: schemas.Cancellation) -> Answer:
        """`POST /v1/payments/{payment}/cancel` -> 200 `Payment`."""
        order = await self._ordered(call.tenant_id, order_id)
        rider = riders.CancelPayment(order_id, order.payer, asked.reason, call.actor)
        return await self._submit(call, order, rider)

    async def release(self, call: Call, order_id: UUID) -> Answer:
        """`POST /v1/payments/{payment}/release` -> 200 `Payment`."""
        order = await self._ordered(call.tenant_id, order_id)
        rider = reviews.ReleasePayment(self.terms(order), self.sending(), call.actor)
        return await self.carry_out(call, order, rider)

    async def reject(self, call: Call, order_id: UUID, asked: schemas.Rejection) -> Answer:
        """`POST /v1/payments/{payment}/reject` -> 200 `Payment`."""
        order = await self._ordered(call.tenant_id, order_id)
        rider = reviews.RejectPayment(
            order_id, order.payer, OrderState.UNDER_REVIEW, asked.reason, call.actor
        )
        return await self._submit(call, order, rider)

    async def order(self, tenant_id: UUID, order_id: UUID) -> Order:
        """An order as it stands.

        Raises:
            PaymentNotFound: the tenant has no such.
        """
        row = await self._orders.find(tenant_id, order_id)
        if row is None:
            raise errors.PaymentNotFound("There is no such payment.")
        return Order.of(dict(row))

    async def _ordered(self, tenant_id: UUID, order_id: UUID) -> Order:
        order = await self.order(tenant_id, order_id)
        if order.direction is Direction.IN:
            raise errors.PaymentNotWaiting(f"Payment {order_id} came in.", state=order.state)
        return order

    async def page(
        self,
        tenant_id: UUID,
        debtor: UUID | None,
        *,
        after: str | None,
        limit: int,
        direction: Direction | None = None,
    ) -> schemas.Payments:
        """The tenant's payments, or those from an account, after the one named `after`."""
        start = _BEFORE_ALL if after is None else UUID(after)
        if debtor is None:
            listed = await self._database.fetch(store.LIST, tenant_id, start, limit + 1, direction)
        else:
            listed = await self._database.fetch(
                store.LIST_OF_DEBTOR, tenant_id, debtor, start, limit + 1, direction
            )
        ids = [row["order_id"] for row in listed[:limit]]
        rows = await self._database.fetch(store.READ_ORDERS, tenant_id, ids)
        orders = sorted((Order.of(dict(row)) for row in rows), key=lambda order: order.id)
        more = str(ids[-1]) if len(listed) > limit else None
        return schemas.Payments([view(order) for order in orders], more)

    async def transitions(self, tenant_id: UUID, order_id: UUID) -> schemas.Transitions:
        """`GET /v1/payments/{payment}/transitions`."""
        await self.order(tenant_id, order_id)
        rows = await self._database.fetch(store.LIST_TRANSITIONS, tenant_id, order_id)
        return schemas.Transitions([_transition(row) for row in rows])

    async def read(self, call: Call, order_id: UUID) -> schemas.PaymentContent:
        """`GET /v1/payments/{payment}/content`. The audit entry is durable before the answer.

        Raises:
            PaymentNotFound: the tenant has no such.
            SubjectRestricted: a customer on either side is not to be read of for the purpose.
        """
        order = await self.order(call.tenant_id, order_id)
        await self._restrictions.check(call, (order.debtor_account, order.creditor_account))
        await audit.write(self._database, self._clock, call, Answer(200, b""))
        return await self._content(call.tenant_id, order_id)

    async def outgoing(self, tenant_id: UUID, order: Order) -> Outgoing:
        """What a rail gets of an order's newest attempt: the same at every repeat."""
        payer = await self._accounts.place(tenant_id, order.payer)
        content = await self._content(tenant_id, order.id)
        assert order.attempt is not None
        return self._outgoing(
            tenant_id, payer, self.terms(order), content, order.attempt.id, order.attempt.began_at
        )

    async def sent_by(self, tenant_id: UUID, order_id: UUID) -> datetime | None:
        """When an order's newest attempt had been sent for the last time; None where it was not."""
        found = await self._database.fetch(store.READ_SENT_BY, tenant_id, order_id)
        return found[0]["at"] if found else None

    def sealed(self, tenant_id: UUID, order_id: UUID, content: bytes) -> bytes:
        """What a payment says, or a message about it, as it is stored."""
        return self._sealer.seal(content, _context(tenant_id, order_id))

    def opened(self, tenant_id: UUID, order_id: UUID, sealed: bytes) -> bytes:
        """What was sealed by `sealed`."""
        return self._sealer.open(SealedSecret(sealed), _context(tenant_id, order_id))

    async def check_day(self, tenant_id: UUID, book_id: UUID, day: date, field: str) -> None:
        """Refuse a day that is over where the book is, or far ahead.

        Raises:
            DayOutOfReach: naming the field that asks for it.
        """
        today = self._clock.now().astimezone(await self.zone(tenant_id, book_id)).date()
        if not today <= day <= today + DAYS_AHEAD:
            raise errors.DayOutOfReach(
                f"A payment is for a day from {today} to {today + DAYS_AHEAD}.", field=field
            )

    def until(self, instant: datetime) -> timedelta:
        """How long it is until an instant; a moment at the least."""
        return max(self.left(instant), _A_MOMENT)

    def left(self, instant: datetime) -> timedelta:
        """How long it is until an instant; not above zero once it has come."""
        return instant - self._clock.now()

    def deadline(self, order: Order) -> datetime | None:
        """When an order's newest attempt must have its answer; None where nothing says so."""
        within_s = self._rails[order.rail].answers_within_s
        if within_s is None or order.attempt is None:
            return None
        return order.attempt.began_at + timedelta(seconds=within_s)

    def state_in(self, answer: Answer) -> OrderState:
        """The state in the answer of a rider on orders."""
        return answer.value(schemas.Payment).state

    def terms(self, order: Order) -> Terms:
        """The terms of an order that stands, for riders."""
        return terms_of(order, is_instant=self._is_instant(order.rail))

    def sending(self) -> Sending:
        """That this process sends what is decided to be sent."""
        return Sending(self._ids.new(), self._sender)

    async def zone(self, tenant_id: UUID, book_id: UUID) -> ZoneInfo:
        """The time zone that a book's days are counted in."""
        return ZoneInfo((await self._ledger.book(tenant_id, book_id)).time_zone)

    def _is_instant(self, rail: str) -> bool:
        return rail in self._rails and self._rails[rail].answers_within_s is not None

    async def payee_book(self, tenant_id: UUID, order: Order) -> UUID | None:
        """The book of who is paid, where both sides are ours."""
        if order.direction is not Direction.INTERNAL:
            return None
        return (await self._accounts.place(tenant_id, order.payee)).book_id

    async def carry_out(self, call: Call, order: Order, rider: "Rider") -> Answer:
        """Have a rider that may move an order's money carried out, where both of its sides are."""
        payee_book = await self.payee_book(call.tenant_id, order)
        return await self._submit_over(call, rider, self.terms(order), order.book_id, payee_book)

    async def _submit_over(
        self, call: Call, rider: "Rider", terms: Terms, book_id: UUID, payee_book: UUID | None
    ) -> Answer:
        if payee_book is None or payee_book == book_id:
            return await self._ledger.submit(call, book_id, rider)
        assert terms.creditor_account is not None
        across = AcrossBooks(rider, book_id, payee_book, terms.creditor_account, terms.asset)
        return await self._ledger.submit_jointly(call, across)

    async def _submit(self, call: Call, order: Order, rider: "Rider") -> Answer:
        return await self._ledger.submit(call, order.book_id, rider)

    async def _content(self, tenant_id: UUID, order_id: UUID) -> schemas.PaymentContent:
        row = await self._contents.find(tenant_id, order_id)
        if row is None:
            return schemas.PaymentContent(None, None, None, "NOTPROVIDED", None)
        return schemas.CONTENT.decode(self.opened(tenant_id, order_id, row["sealed"]))

    def _outgoing(
        self,
        tenant_id: UUID,
        payer: AccountPlace,
        terms: Terms,
        content: schemas.PaymentContent,
        attempt_id: UUID = _BEFORE_ALL,
        accepted_at: datetime | None = None,
    ) -> Outgoing:
        number = self._accounts.opened_number(tenant_id, payer)
        accepted_at = accepted_at or self._clock.now()
        within_s = self._rails[terms.rail].answers_within_s
        return Outgoing(
            tenant_id=tenant_id,
            order_id=terms.id,
            attempt_id=attempt_id,
            institution_id=terms.institution_id,
            amount=terms.amount,
            asset=terms.asset,
            debtor=Coordinates(content.debtor_name or "", number.iban, account_id=payer.id),
            creditor=Coordinates(content.creditor_name or "", content.creditor_iban),
            end_to_end_id=content.end_to_end_id,
            remittance=content.remittance,
            accepted_at=accepted_at,
            deadline=None if within_s is None else accepted_at + timedelta(seconds=within_s),
        )


def _context(tenant_id: UUID, order_id: UUID) -> bytes:
    return b"payment_content" + tenant_id.bytes + order_id.bytes


def _transition(row: "asyncpg.Record") -> schemas.Transition:
    before = row["from_state"]
    return schemas.Transition(
        row["seq"],
        None if before == "none" else OrderState(before),
        OrderState(row["to_state"]),
        row["at"],
        row["actor"],
        row["reason"],
    )
