"""Capturing: the payee is paid, and others get their parts of it, in one transaction."""

from collections.abc import Iterator
from uuid import UUID

import msgspec

from bezant.banking import (
    BANK_ACCOUNT,
    BankAccountNotFound,
    FeeEvent,
    account_of,
    charge_payment,
    check_can_receive,
    ledger_account,
    reads_of_payment_fees,
)
from bezant.kernel.calls import Answer
from bezant.ledger import Decision, Reads, RiderKinds, Seen, open_account, post
from bezant.ledger.schemas import AccountType, NewAccount, NewTransaction, Posting
from bezant.payments.captures.domain import way_to
from bezant.payments.captures.holding import LEGS_MAX, capturing, reads_of
from bezant.payments.captures.records import capture_rows, capture_view, totals_row
from bezant.payments.captures.riders import authorized, bank_accounts, sides
from bezant.payments.captures.schemas import NewCapture
from bezant.payments.fees import FEE_SCHEDULE, Division, Share, divide, fees_of
from bezant.payments.fees.errors import UnknownShareAccount
from bezant.payments.orders.records import went
from bezant.payments.orders.terms import Terms
from bezant.payments.settlements.items import ItemKind, Sums, item_row


@RiderKinds.register
class CapturePayment(msgspec.Struct, frozen=True):
    """`POST /v1/payments/{payment}/captures`."""

    terms: Terms
    id: UUID
    new: NewCapture
    actor: str

    @property
    def weight(self) -> int:
        """Of the reservations, the fee, the tax and the shares."""
        return LEGS_MAX + 2 + len(self.new.shares)

    def reads(self) -> Reads:
        """The order with its totals and reservations, and who gets a part."""
        terms, new = self.terms, self.new
        receivers = frozenset(ledger_account(share.account_id, terms.asset) for share in new.shares)
        schedule = () if new.fee_schedule_id is None else ((FEE_SCHEDULE, new.fee_schedule_id),)
        shares = ((BANK_ACCOUNT, share.account_id) for share in new.shares)
        assert terms.creditor_account is not None
        event = reads_of_payment_fees(terms.creditor_account, terms.asset)
        own = {fee_account(terms), vat_account(terms)}
        return reads_of(
            terms,
            *bank_accounts(terms),
            *schedule,
            *shares,
            *event.rows,
            accounts=sides(terms) | receivers | own | event.accounts,
        )

    def decide(self, seen: Seen) -> Decision:
        """Pay the payee, and of that the fee, the tax and the shares.

        What the payee's own product asks for a capture comes off afterwards, and never stops it.

        Raises:
            AuthorizationNotOpen: nothing remains of it.
            AuthorizationExpired: its time is over.
            CaptureAboveAuthorized: less remains.
            UnknownFeeSchedule: the tenant has no such for the asset.
            UnknownShareAccount: nobody of the book has it, or the payee does.
            FeeAboveCapture: see there.
            SharesAboveCapture: see there.
        """
        terms, new, at = self.terms, self.new, seen.draft.at
        order, before = authorized(seen, terms.id)
        asked = None if new.amount is None else int(new.amount)
        totals, amount = before.capture(asked, at, is_final=new.final)
        assert terms.creditor_account is not None
        check_can_receive(account_of(seen, terms.creditor_account), terms.asset, at)
        division = self._divided(seen, amount)
        _open_missing(seen, terms, division)
        captures, voids = capturing(seen, terms.id, amount, is_final=new.final)
        legs = list(_legs(terms, division))
        posted = post(seen.draft, NewTransaction(legs, id=self.id, captures=captures, voids=voids))
        order, rows = went(seen, order, *way_to(order, totals.state), actor=self.actor)
        capture = (self.id, division, new.fee_schedule_id, at)
        sums = Sums(amount, 0, division.fee, division.vat, division.shared, division.net)
        further = (
            totals_row(seen, totals),
            *capture_rows(terms.id, *capture, self.actor),
            item_row(order, ItemKind.CAPTURE, self.id, posted.seq, posted.recorded_at, sums),
            *charge_payment(
                seen, terms.creditor_account, terms.asset, FeeEvent.PAYMENT_CAPTURE, self.id
            ),
        )
        return Decision(Answer.of(capture_view(terms.id, *capture), 201), (*rows, *further))

    def _divided(self, seen: Seen, amount: int) -> Division:
        terms, new = self.terms, self.new
        fees = None
        if new.fee_schedule_id is not None:
            fees = fees_of(seen, new.fee_schedule_id, terms.asset)
        for share in new.shares:
            self._check_receiver(seen, share.account_id)
        shares = [
            Share(each.account_id, None if each.amount is None else int(each.amount), each.parts)
            for each in new.shares
        ]
        return divide(amount, fees, shares)

    def _check_receiver(self, seen: Seen, account_id: UUID) -> None:
        if account_id == self.terms.creditor_account:
            raise UnknownShareAccount("The payee keeps what others do not get.", field="shares")
        try:
            receiver = account_of(seen, account_id)
        except BankAccountNotFound:
            raise UnknownShareAccount("There is no such account.", field="shares") from None
        check_can_receive(receiver, self.terms.asset, seen.draft.at)


def fee_account(terms: Terms) -> str:
    """The ledger's account of what fees earn in an asset."""
    return f"payments:fees:{terms.asset}"


def vat_account(terms: Terms) -> str:
    """The ledger's account of the tax on fees, which is owed to the state."""
    return f"payments:fees:vat:{terms.asset}"


def _open_missing(seen: Seen, terms: Terms, division: Division) -> None:
    wanted = (
        (division.fee, NewAccount(fee_account(terms), terms.asset, AccountType.INCOME)),
        (division.vat, NewAccount(vat_account(terms), terms.asset, AccountType.LIABILITY)),
    )
    for amount, account in wanted:
        if amount and account.id not in seen.draft.book.accounts:
            open_account(seen.draft, account)


def _legs(terms: Terms, division: Division) -> Iterator[Posting]:
    """What goes on from the payee; what it gets comes from the reservations."""
    assert terms.creditor_account is not None
    payee, asset = ledger_account(terms.creditor_account, terms.asset), terms.asset
    if division.fee:
        yield Posting(payee, fee_account(terms), asset, str(division.fee), "payment.fee")
    if division.vat:
        yield Posting(payee, vat_account(terms), asset, str(division.vat), "payment.fee.vat")
    for account_id, amount in division.shares:
        if amount:
            to = ledger_account(account_id, asset)
            yield Posting(payee, to, asset, str(amount), "payment.share")
