"""What the demo tells. Amounts are decimals at the asset's scale, for people."""

from datetime import date
from uuid import UUID

from msgspec import Struct

from bezant.ledger.schemas import AccountType


class SceneRow(Struct, frozen=True):
    """A scene, and what happened in it."""

    scene: str
    happened: str


class RefusalRow(Struct, frozen=True):
    """Something that must be refused: with which code, and how it was answered."""

    attempt: str
    expected: str
    answered: str


class BusyRow(Struct, frozen=True):
    """An account that many transfers touched."""

    account: str
    transfers: int
    balance: str
    asset: str


class MatchRow(Struct, frozen=True):
    """What a rule matched: lines of the bank, and entries of the books."""

    rule: str
    lines: int
    entries: int


class BreakRow(Struct, frozen=True):
    """What has no counterpart. `amount` is signed: what went out is negative."""

    what: str
    reason: str
    booked: date
    age_days: int
    amount: str


class ReconciliationReport(Struct, frozen=True):
    """The bank's statement of a month against the books.

    Attributes:
        difference: of the closing balances, the bank's less the books'.
        is_planted_one: the only break is the one that was planted.
        breaks_left: once what the bank knew was booked.
        difference_left: as `difference`, after that.
    """

    account: str
    month: str
    lines: int
    matches: list[MatchRow]
    breaks: list[BreakRow]
    difference: str
    is_planted_one: bool
    breaks_left: int
    difference_left: str

    @property
    def is_good(self) -> bool:
        """Whether exactly what was planted was found, and nothing is left after it was booked."""
        return self.is_planted_one and not self.breaks_left and is_zero(self.difference_left)


class MonthReport(Struct, frozen=True):
    """How a month ended. `result` is income less expenses, in EUR."""

    period: str
    title: str
    status: str
    result: str


class ProofRow(Struct, frozen=True):
    """Whether the proof of a transaction holds, and whether it still does if it is changed."""

    what: str
    seq: int
    holds: bool
    changed_holds: bool


class TrialRow(Struct, frozen=True):
    """A line of the trial balance: a node of the chart; `code` is None for those without one."""

    code: str | None
    name: str
    type: AccountType
    depth: int
    asset: str
    debits: str
    credits: str
    balance: str


class TotalRow(Struct, frozen=True):
    """All of an asset, by side."""

    asset: str
    debits: str
    credits: str


class RecountRow(Struct, frozen=True):
    """The balances of a type, as the trial balance has them and as they add up one by one."""

    asset: str
    type: AccountType
    accounts: int
    reported: str
    counted: str


class Report(Struct, frozen=True):
    """A day. On one date the same seed and customers give the same report, but for `book`.

    Attributes:
        totals: of all postings, as the trial balance has them.
        recount: all balances, read one by one, against those of the trial balance.
        own_totals: of the balances that were read one by one, on the side where they stand.
        trial_balance_refused: with which code the platform refused it; None where it did not.
    """

    seed: int
    customers: int
    book: UUID
    scenes: list[SceneRow]
    refusals: list[RefusalRow]
    transfers: int
    busiest: list[BusyRow]
    reconciliation: ReconciliationReport | None
    month: MonthReport | None
    proofs: list[ProofRow]
    trial_balance: list[TrialRow]
    totals: list[TotalRow]
    recount: list[RecountRow]
    own_totals: list[TotalRow]
    trial_balance_refused: str | None
    books_balance: bool

    @property
    def is_good(self) -> bool:
        """Whether the day came out as it must; each of these can fail."""
        return (
            self.books_balance
            and all(row.expected == row.answered for row in self.refusals)
            and self.reconciliation is not None
            and self.reconciliation.is_good
            and self.month is not None
            and self.month.status == "closed"
            and bool(self.proofs)
            and all(row.holds and not row.changed_holds for row in self.proofs)
        )


def is_zero(amount: str) -> bool:
    """Whether a decimal is zero at any scale."""
    return not amount.strip("-0.")
