"""An account is closed in one commit: its last interest, what is left, and its end."""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from bezant.banking.accounts import (
    BANK_ACCOUNT,
    AccountStatus,
    BankAccount,
    BankAccountNotFound,
    account_of,
    check_can_receive,
    ledger_account,
)
from bezant.banking.accounts import records as account_records
from bezant.banking.accounts.domain import check_status
from bezant.banking.accounts.errors import AccountChanged, BlocksStand
from bezant.banking.accounts.riders import view
from bezant.banking.closing.errors import AccountOverdrawn, PayoutNotPossible
from bezant.banking.closing.schemas import ClosedAccount
from bezant.banking.interest.domain import PARTS, final
from bezant.banking.interest.records import (
    REMAINDER,
    STANDING,
    AssetInterest,
    DayAccrued,
    Standing,
    ensure_accounts,
    interest_accounts,
    standing_key,
)
from bezant.banking.limits import Spending, spend
from bezant.banking.mandates import SignaturesNeeded, Signing, reads_of_mandates
from bezant.banking.mandates.domain import ALONE
from bezant.banking.mandates.signing import mandates_of
from bezant.banking.terms.limits import Channel
from bezant.kernel.calls import Answer
from bezant.kernel.database import Row
from bezant.kernel.ids import derived_id
from bezant.ledger import Decision, ReadKind, Reads, RiderKinds, Seen, change_account, post
from bezant.ledger.schemas import AccountChange, NewTransaction, Posting
from bezant.ledger.schemas import AccountStatus as LedgerStatus


class Last(msgspec.Struct, frozen=True):
    """What was found out about an asset of the account, and from what.

    Attributes:
        legs: of the ledger's account, when it was looked at.
        accrued_until: the last day that was accrued; None for none.
        days: what was earned since, and corrections of days before.
    """

    asset: str
    legs: int
    accrued_until: date | None
    days: list[DayAccrued]


@RiderKinds.register
class CloseBankAccount(msgspec.Struct, frozen=True):
    """`POST /v1/accounts/{account}/close`.

    The last days' interest was found out before, from the history of the book. Nothing was posted
    to the account in the meantime, or this is refused: a payment comes first, or the closing does.

    Attributes:
        signed_by: who signs the payout, where that is known.
        counterparty: a keyed fingerprint of the account that gets what is left.
    """

    id: UUID
    book_id: UUID
    product_version: int
    payout_to: UUID | None
    today: date
    lasts: list[Last]
    reason: str
    actor: str
    signed_by: list[UUID]
    counterparty: bytes | None

    @property
    def weight(self) -> int:
        """Interest and payout of each asset, and what the bank's own accounts get."""
        return 4 * len(self.lasts)

    def reads(self) -> Reads:
        """Both accounts, their ledger accounts, and what has accrued."""
        assets = [last.asset for last in self.lasts]
        names = {ledger_account(self.id, asset) for asset in assets}
        rows: list[tuple[ReadKind, Any]] = [(BANK_ACCOUNT, self.id)]
        if self.payout_to is not None:
            names.update(ledger_account(self.payout_to, asset) for asset in assets)
            rows += [
                (BANK_ACCOUNT, self.payout_to),
                *reads_of_mandates(self.payout_to),
                *(key for asset in assets for key in self._signing(asset, 0).reads()),
                *(key for asset in assets for key in self._spending(asset, 0).reads()),
            ]
        for asset in assets:
            names.update(interest_accounts(asset))
        keys = [(STANDING, standing_key(self.id, asset)) for asset in assets]
        left = [(REMAINDER, standing_key(self.book_id, asset)) for asset in assets]
        return Reads(frozenset(names), rows=(*rows, *keys, *left))

    def decide(self, seen: Seen) -> Decision:
        """Close it.

        Raises:
            StatusNotAllowed: it cannot follow.
            BlocksStand: see there.
            AccountChanged: something happened to it since it was looked at.
            AccountOverdrawn: see there.
            PayoutNotPossible: see there.
            SignaturesNeeded: the payout is to others, and needs more of them.
            LimitExceeded: or whatever else forbids such a payment.
            AccountNotEmpty: something is reserved.
            OverdraftExceeded: the account lacks what its last interest costs.
        """
        account = account_of(seen, self.id)
        check_status(account.status, AccountStatus.CLOSED)
        if account.is_blocked(seen.draft.at):
            raise BlocksStand(f"Something is blocked on account {self.id}.")
        if (
            set(account.assets) != {last.asset for last in self.lasts}
            or account.product_version != self.product_version
        ):
            raise AccountChanged(f"Account {self.id} has changed.")
        interest, paid_out = {}, {}
        rows: list[Row] = []
        for last in self.lasts:
            booked, of_interest = self._book_interest(seen, last)
            left, of_payout = self._pay_out(seen, last.asset)
            interest[last.asset], paid_out[last.asset] = str(booked), str(left)
            rows += (*of_interest, *of_payout)
            closing = AccountChange(status=LedgerStatus.CLOSED)
            change_account(seen.draft, ledger_account(self.id, last.asset), closing)
        after, of_account = account_records.became(
            seen, account, AccountStatus.CLOSED, self.reason, self.actor
        )
        answer = ClosedAccount(view(after), interest, paid_out)
        return Decision(Answer.of(answer), (*rows, *of_account))

    def _book_interest(self, seen: Seen, last: Last) -> tuple[int, list[Row]]:
        """Accrue the last days, and book all that there is, to the nearest minor unit."""
        customer = ledger_account(self.id, last.asset)
        accrued = Standing.find(seen, self.id, last.asset)
        if (
            seen.draft.book.accounts[customer].version != last.legs
            or accrued.accrued_until != last.accrued_until
        ):
            raise AccountChanged(f"Account {self.id} has changed; ask again under a new key.")
        if not last.days and accrued.accrued_until is None:
            return 0, []
        ensure_accounts(seen.draft, last.asset, interest_accounts(last.asset))
        interest = AssetInterest(seen, last.asset)
        accrued = interest.accrue(self.id, accrued, last.days, None)
        amount = final(accrued.parts)
        interest.book(
            self.id,
            self.today,
            amount,
            customer,
            counts_from=self.today,
            rounding=amount * PARTS - accrued.parts,
        )
        interest.save(self.id, Standing(accrued.accrued_until, 0))
        return amount, interest.finish(self._id("interest", last.asset), self.today)

    def _pay_out(self, seen: Seen, asset: str) -> tuple[int, tuple[Row, ...]]:
        """Move what is left to the account that gets it; minor units, and rows of its judging."""
        left = seen.draft.book.accounts[ledger_account(self.id, asset)].posted
        if left < 0:
            raise AccountOverdrawn(f"Account {self.id} owes {-left} {asset}.")
        if left == 0:
            return 0, ()
        payee = self._payee(seen)
        check_can_receive(payee, asset, seen.draft.at)
        judged = self._judged(seen, payee.id, asset, left)
        leg = Posting(
            ledger_account(self.id, asset),
            ledger_account(payee.id, asset),
            asset,
            str(left),
            code="closing",
        )
        post(seen.draft, NewTransaction([leg], id=self._id("payout", asset)))
        return left, judged

    def _judged(self, seen: Seen, payee_id: UUID, asset: str, amount: int) -> tuple[Row, ...]:
        """Judge a payout as the payment that it is, unless the same parties hold both accounts."""
        at = seen.draft.at
        holders = mandates_of(seen, self.id).holders(at)
        if holders and holders == mandates_of(seen, payee_id).holders(at):
            return ()
        signing = self._signing(asset, amount)
        signed, given = signing.standing(seen), ALONE
        rows: list[Row] = []
        for party_id in self.signed_by:
            signed = signing.approve(seen, party_id, self.actor)
            given = signed.given
            rows += signed.rows
        if given < signed.needed:
            raise SignaturesNeeded(f"It needs {signed.needed} signatures.", needed=signed.needed)
        return (*rows, *spend(seen, self._spending(asset, amount)))

    def _signing(self, asset: str, amount: int) -> Signing:
        return Signing(self.id, self._id("payout", asset), asset, amount)

    def _spending(self, asset: str, amount: int) -> Spending:
        return Spending(
            self.id,
            self._id("payout", asset),
            asset,
            amount,
            Channel.API,
            self.signed_by[0] if self.signed_by else None,
            self.counterparty,
        )

    def _payee(self, seen: Seen) -> BankAccount:
        if self.payout_to is None or self.payout_to == self.id:
            raise PayoutNotPossible("Name another account for what is left.", field="payout_to")
        try:
            return account_of(seen, self.payout_to)
        except BankAccountNotFound:
            raise PayoutNotPossible("The book has no such account.", field="payout_to") from None

    def _id(self, what: str, asset: str) -> UUID:
        return derived_id(f"closing/{self.id}/{what}/{asset}".encode())
