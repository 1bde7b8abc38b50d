"""What an order is about, before anything happened to it, and what is read to decide on it."""

from datetime import date
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from bezant.banking import (
    BANK_ACCOUNT,
    Channel,
    Signing,
    ledger_account,
    reads_of_payment_fees,
)
from bezant.ledger import ReadKind, Reads, Seen
from bezant.payments.checks import Asked, Checks
from bezant.payments.orders.domain import Direction, Order, settlement_account
from bezant.payments.states import OrderState

RowKeys: TypeAlias = tuple[tuple[ReadKind, Any], ...]


class Sending(msgspec.Struct, frozen=True):
    """Who sends what is decided to be sent.

    Attributes:
        attempt_id: the next attempt's, if there is one.
        sender: the process that will send it as soon as this is durable.
    """

    attempt_id: UUID
    sender: UUID


class Content(msgspec.Struct, frozen=True):
    """What an order says of the two sides, sealed."""

    id: UUID
    sealed: bytes


class Terms(msgspec.Struct, frozen=True):
    """An order before anything happened to it.

    Attributes:
        execute_on: the day, in the book's time zone; None for at once.
        is_instant: whether its rail answers at once, so that nobody can look at it before.
    """

    id: UUID
    institution_id: UUID
    direction: Direction
    rail: str
    debtor_account: UUID
    creditor_account: UUID | None
    party_id: UUID | None
    channel: Channel
    counterparty: bytes
    asset: str
    amount: int
    execute_on: date | None = None
    is_instant: bool = False

    @property
    def signing(self) -> Signing:
        """The signatures under it."""
        return Signing(self.debtor_account, self.id, self.asset, self.amount)

    @property
    def asked(self) -> Asked:
        """It, as checks see it."""
        return Asked(
            self.id,
            self.institution_id,
            self.rail,
            self.debtor_account,
            self.creditor_account,
            self.party_id,
            self.channel,
            self.counterparty,
            self.asset,
            self.amount,
            self.is_instant,
        )

    @property
    def sides(self) -> RowKeys:
        """The rows of the accounts of the two sides that are the platform's."""
        sides = [self.debtor_account]
        if self.creditor_account is not None:
            sides.append(self.creditor_account)
        return tuple((BANK_ACCOUNT, side) for side in sides)

    @property
    def ledger_accounts(self) -> frozenset[str]:
        """Where the ledger has the money, before and after."""
        payer = ledger_account(self.debtor_account, self.asset)
        if self.creditor_account is None:
            to = settlement_account(self.rail, self.asset)
        else:
            to = ledger_account(self.creditor_account, self.asset)
        return frozenset({payer, to, *self._fees.accounts})

    @property
    def depends_on(self) -> RowKeys:
        """The rows that decide whether it may be carried out."""
        return (*self.sides, *self._fees.rows, *Checks.reads(self.asked))

    @property
    def _fees(self) -> Reads:
        return reads_of_payment_fees(self.debtor_account, self.asset)

    def order(self, seen: Seen, actor: str) -> Order:
        """It, with nothing done yet."""
        return Order(
            id=self.id,
            book_id=seen.draft.book.book_id,
            institution_id=self.institution_id,
            direction=self.direction,
            rail=self.rail,
            state=OrderState.RECEIVED,
            seq=0,
            debtor_account=self.debtor_account,
            creditor_account=self.creditor_account,
            party_id=self.party_id,
            channel=self.channel,
            counterparty=self.counterparty,
            asset=self.asset,
            amount=self.amount,
            hold_id=None,
            attempt=None,
            reason=None,
            created_at=seen.draft.at,
            created_by=actor,
            execute_on=self.execute_on,
        )


def terms_of(order: Order, *, is_instant: bool) -> Terms:
    """The terms of an order that stands."""
    return Terms(
        order.id,
        order.institution_id,
        order.direction,
        order.rail,
        order.payer,
        order.creditor_account,
        order.party_id,
        order.channel,
        order.counterparty,
        order.asset,
        order.amount,
        order.execute_on,
        is_instant,
    )
