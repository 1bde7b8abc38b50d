"""Interest as rows of a commit, and as legs of the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import msgspec

from bezant.banking.interest import store
from bezant.banking.interest.domain import PARTS
from bezant.kernel.database import Row, RowKind
from bezant.kernel.errors import Refusal
from bezant.kernel.ids import derived_id
from bezant.ledger import Draft, ReadKind, Seen, open_account, post
from bezant.ledger.schemas import AccountType, NewAccount, NewTransaction, Posting, Reversal

STANDING: Final = ReadKind("interest_standing", store.READ_STANDINGS)
"""What an account has accrued in an asset, by `standing_key`."""

REMAINDER: Final = ReadKind("interest_remainder", store.READ_REMAINDERS)
"""What of a book's interest is not in the ledger yet, by `standing_key` of the book."""

_DAY: Final = timedelta(days=1)

_STANDING: Final = RowKind("interest_standing", store.SAVE_STANDINGS, key_columns=2)
_ACCRUAL: Final = RowKind("interest_accrual", store.INSERT_ACCRUALS)
_REMAINDER: Final = RowKind("interest_remainder", store.SAVE_REMAINDERS, key_columns=2)
_BOOKING: Final = RowKind("interest_booking", store.INSERT_BOOKINGS)


def standing_key(of: UUID, asset: str) -> str:
    """The key of an account's or a book's row of an asset."""
    return f"{of}/{asset}"


def accrued_account(asset: str) -> str:
    """Where interest waits until it is booked; below zero as long as customers owe more of it."""
    return f"interest:accrued:{asset}"


def expense_account(asset: str) -> str:
    """What interest costs the bank."""
    return f"interest:expense:{asset}"


def income_account(asset: str) -> str:
    """What interest earns the bank."""
    return f"interest:income:{asset}"


def interest_accounts(asset: str) -> dict[str, AccountType]:
    """The ledger's accounts of interest in an asset."""
    return {
        accrued_account(asset): AccountType.LIABILITY,
        expense_account(asset): AccountType.EXPENSE,
        income_account(asset): AccountType.INCOME,
    }


def ensure_accounts(draft: Draft, asset: str, accounts: Mapping[str, AccountType]) -> None:
    """Open those of the institution's own accounts that are not there yet."""
    for name, kind in accounts.items():
        if name not in draft.book.accounts:
            open_account(draft, NewAccount(name, asset, kind))


class DayAccrued(msgspec.Struct, frozen=True, array_like=True):
    """What a day earned, as a rider carries it.

    Attributes:
        revision: 0 for what the day earned first; later ones correct it.
        balance: at the end of the day, minor units.
        parts: that the day earned, as is known now.
        before: the same as was known before; 0 for the first revision.
    """

    day: date
    revision: int
    product_version: int
    balance: str
    parts: str
    before: str = "0"


class Rebooking(msgspec.Struct, frozen=True, array_like=True):
    """What stands booked of a day, and what should; minor units.

    Attributes:
        revision: of the booking that comes.
        takes_back: the transaction that goes; None where nothing stands.
    """

    day: date
    revision: int
    before: str
    amount: str
    takes_back: UUID | None

    @property
    def difference(self) -> int:
        """What the account gets, or pays if it is below zero."""
        return int(self.amount) - int(self.before)


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account has accrued in an asset and was not booked, and until which day."""

    accrued_until: date | None
    parts: int

    @classmethod
    def find(cls, seen: Seen, account_id: UUID, asset: str) -> "Standing":
        """As the items before have left it."""
        row = seen.row(STANDING, standing_key(account_id, asset))
        if row is None:
            return cls(None, 0)
        return cls(row["accrued_until"], int(row["parts"]))

    def has(self, day: date) -> bool:
        """Whether a day was accrued."""
        return self.accrued_until is not None and day <= self.accrued_until


@dataclass(slots=True)
class AssetInterest:
    """What the items of a commit accrue in an asset: rows for each, one posting for all.

    Parts are summed for the bank's expense and for its income: whole minor units go into the
    ledger, and what is left is carried to the next commit.
    """

    seen: Seen
    asset: str
    expense: int = 0
    income: int = 0
    rows: list[Row] = field(default_factory=list)

    def accrue(
        self, account_id: UUID, standing: Standing, days: list[DayAccrued], run_id: UUID | None
    ) -> Standing:
        """Add days of an account, or corrections of days; what has accrued then."""
        until, parts, at = standing.accrued_until, standing.parts, self.seen.draft.at
        for day in days:
            now, before = int(day.parts), int(day.before)
            self._count(now)
            self._count(before, -1)
            parts += now - before
            if day.revision == 0:
                until = day.day if until is None else max(until, day.day)
            self.rows.append(
                Row(
                    _ACCRUAL,
                    (
                        account_id, self.asset, day.day, day.revision, day.product_version,
                        int(day.balance), now - before, run_id, at,
                    ),
                )
            )  # fmt: skip
        return Standing(until, parts)

    def book(
        self,
        account_id: UUID,
        day: date,
        amount: int,
        customer: str,
        *,
        counts_from: date,
        rounding: int = 0,
    ) -> None:
        """Post interest to an account.

        Args:
            account_id: whose.
            day: on which it is due.
            amount: minor units; below zero what the customer pays; zero where only the rounding is
                of note.
            customer: the ledger's account.
            counts_from: the value date.
            rounding: parts that are given (or taken) since nothing can be carried.

        Raises:
            Refusal: of the ledger's; nothing was done.
        """
        transaction_id = None
        if amount:
            transaction_id = self._booking_id(account_id, day)
            leg = _leg(accrued_account(self.asset), customer, self.asset, amount, counts_from)
            post(self.seen.draft, NewTransaction([leg], id=transaction_id))
        self._count(rounding)
        booked = (
            account_id, self.asset, day, 0, amount, rounding, transaction_id, self.seen.draft.at
        )  # fmt: skip
        self.rows.append(Row(_BOOKING, booked))

    def rebook(self, account_id: UUID, rebookings: Sequence[Rebooking], customer: str) -> bool:
        """Take bookings back and post them anew, as of the days that they count from: all or none.

        Args:
            account_id: whose.
            rebookings: what stands, and what should.
            customer: the ledger's account.

        Returns:
            Whether the account could pay for it.
        """
        draft, rows = self.seen.draft, []
        before = draft.savepoint()
        try:
            for each in rebookings:
                transaction_id = self._rebook(account_id, each, customer)
                values = (
                    account_id, self.asset, each.day, each.revision, each.difference, 0,
                    transaction_id, draft.at,
                )  # fmt: skip
                rows.append(Row(_BOOKING, values))
        except Refusal:
            draft.rollback(before)
            return False
        self.rows += rows
        return True

    def _rebook(self, account_id: UUID, rebooking: Rebooking, customer: str) -> UUID:
        counts_from, amount = rebooking.day + _DAY, int(rebooking.amount)
        legs, reverses = [], None
        if amount:
            accrued = accrued_account(self.asset)
            legs.append(_leg(accrued, customer, self.asset, amount, counts_from))
        if rebooking.takes_back is not None:
            reverses = Reversal(rebooking.takes_back, value_date=counts_from)
        transaction_id = self._booking_id(account_id, rebooking.day, rebooking.revision)
        # One transaction, so that the account need not have what it gets back at once.
        post(self.seen.draft, NewTransaction(legs, id=transaction_id, reverses=reverses))
        return transaction_id

    def _booking_id(self, account_id: UUID, day: date, revision: int = 0) -> UUID:
        of = b"interest" + account_id.bytes + self.asset.encode() + day.isoformat().encode()
        return derived_id(of + f"/{revision}".encode() if revision else of)

    def save(self, account_id: UUID, standing: Standing) -> None:
        """Keep what has accrued, where the items after this one see it."""
        assert standing.accrued_until is not None
        kept = {"accrued_until": standing.accrued_until, "parts": standing.parts}
        self.seen.amend(STANDING, standing_key(account_id, self.asset), kept)
        values = (account_id, self.asset, standing.accrued_until, standing.parts)
        self.rows.append(Row(_STANDING, values))

    def finish(self, transaction_id: UUID, day: date) -> list[Row]:
        """Post the sums, and hand over all rows."""
        draft = self.seen.draft
        key = standing_key(draft.book.book_id, self.asset)
        row = self.seen.row(REMAINDER, key) or {"expense_parts": 0, "income_parts": 0}
        expense, expense_left = divmod(int(row["expense_parts"]) + self.expense, PARTS)
        income, income_left = divmod(int(row["income_parts"]) + self.income, PARTS)
        accrued = accrued_account(self.asset)
        legs = [
            _leg(debit, credit, self.asset, amount, day)
            for debit, credit, amount in (
                (expense_account(self.asset), accrued, expense),
                (accrued, income_account(self.asset), income),
            )
            if amount
        ]
        if legs:
            post(draft, NewTransaction(legs, id=transaction_id))
        left = {"expense_parts": expense_left, "income_parts": income_left}
        self.seen.amend(REMAINDER, key, left)
        values = (draft.book.book_id, self.asset, expense_left, income_left)
        return [*self.rows, Row(_REMAINDER, values)]

    def _count(self, parts: int, times: int = 1) -> None:
        if parts > 0:
            self.expense += times * parts
        else:
            self.income -= times * parts


def _leg(debit: str, credit: str, asset: str, amount: int, value_date: date) -> Posting:
    """A leg of an amount that may be below zero: then it goes the other way."""
    if amount < 0:
        debit, credit = credit, debit
    return Posting(debit, credit, asset, str(abs(amount)), code="interest", value_date=value_date)
