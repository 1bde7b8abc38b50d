"""Charging a fee in a commit: the customer pays, the bank and the tax office get."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import msgspec

from bezant.banking.accounts import account_of, available_on, check_can_pay, ledger_account
from bezant.banking.fees import store
from bezant.banking.fees.domain import Split, is_waived, split
from bezant.banking.fees.waivers import is_spared
from bezant.banking.interest.records import ensure_accounts
from bezant.banking.terms.fees import Fee
from bezant.kernel.database import Row, RowKind
from bezant.kernel.errors import Refusal
from bezant.kernel.ids import derived_id
from bezant.ledger import Draft, Seen, post
from bezant.ledger.schemas import AccountType, NewTransaction, Posting

_CHARGE: Final = RowKind("fee_charge", store.INSERT_CHARGES)
_COLUMNS: Final = (
    "account_id", "charge_id", "code", "asset", "day", "gross", "net", "vat", "outcome", "reason",
    "transaction_id", "charged_at",
)  # fmt: skip


class FeeOutcome(StrEnum):
    """What became of a fee. A refused one is asked for once more: at the next day's end."""

    CHARGED = "charged"
    WAIVED = "waived"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Due:
    """A fee that is due.

    Attributes:
        day: for which it is.
        balance: that may waive it, minor units.
        reference: what it is for, so that nothing is charged twice.
        counts_from: the value date.
    """

    fee: Fee
    day: date
    balance: int
    reference: str
    counts_from: date

    def charge_id(self, account_id: UUID) -> UUID:
        """Follows from whose it is and what for."""
        return charge_id(account_id, self.fee, self.reference)


def charge_id(account_id: UUID, fee: Fee, reference: str) -> UUID:
    """A charge's identifier, which its transaction has too."""
    return derived_id(f"fee/{account_id}/{fee.code}/{reference}".encode())


def fee_accounts(asset: str) -> dict[str, AccountType]:
    """The ledger's accounts of fees in an asset: the bank's own, and what it owes as VAT."""
    return {income_account(asset): AccountType.INCOME, vat_account(asset): AccountType.LIABILITY}


@dataclass(frozen=True, slots=True)
class Claim:
    """What an account is to pay.

    Attributes:
        id: of the charge, and of its transaction.
        day: for which it is.
        counts_from: the value date.
    """

    id: UUID
    code: str
    asset: str
    day: date
    parts: Split
    counts_from: date

    @classmethod
    def of(cls, account_id: UUID, due: Due) -> "Claim":
        """What a fee that is due comes to."""
        fee = due.fee
        charge_id = due.charge_id(account_id)
        return cls(charge_id, fee.code, fee.asset, due.day, split(fee), due.counts_from)


class Unpaid(msgspec.Struct, frozen=True, array_like=True):
    """A fee that could not be paid; minor units. It is asked for once more.

    Attributes:
        id: of the charge that was refused.
        day: for which it was.
    """

    id: UUID
    code: str
    day: date
    gross: str
    vat: str

    def claim(self, asset: str, counts_from: date) -> Claim:
        """What is asked for: the same for the same day."""
        parts = Split(int(self.gross), int(self.vat))
        again = derived_id(b"fee asked again" + self.id.bytes)
        return Claim(again, self.code, asset, self.day, parts, counts_from)


def charge(seen: Seen, account_id: UUID, due: Due) -> Row:
    """Charge a fee, waive it, or find that it cannot be paid; the row that says which.

    The rider reads the account, its waivers, its ledger account and those of `fee_accounts`.
    """
    claim = Claim.of(account_id, due)
    if is_waived(due.fee, due.balance):
        return _row(seen.draft, account_id, claim, FeeOutcome.WAIVED)
    return claim_of(seen, account_id, claim)


def claim_of(seen: Seen, account_id: UUID, claim: Claim) -> Row:
    """Have an account pay what it is to pay, or find that it cannot; the row that says which.

    A waiver that stands spares it, when it is asked once more too.
    """
    if is_spared(seen, account_id, claim.code, claim.day):
        return _row(seen.draft, account_id, claim, FeeOutcome.WAIVED)
    try:
        _post(seen, account_id, claim)
    except Refusal as refusal:
        return _row(seen.draft, account_id, claim, FeeOutcome.REFUSED, reason=refusal.code)
    return _row(seen.draft, account_id, claim, FeeOutcome.CHARGED, claim.id)


def _post(seen: Seen, account_id: UUID, claim: Claim) -> None:
    draft, asset, parts = seen.draft, claim.asset, claim.parts
    payer = ledger_account(account_id, asset)
    available = available_on(seen, account_id, asset)
    check_can_pay(account_of(seen, account_id), asset, parts.gross, available, draft.at)
    ensure_accounts(draft, asset, fee_accounts(asset))
    legs = [
        Posting(payer, to, asset, str(amount), code="fee", value_date=claim.counts_from)
        for to, amount in ((income_account(asset), parts.net), (vat_account(asset), parts.vat))
        if amount
    ]
    post(draft, NewTransaction(legs, id=claim.id))


def values_of(row: Row) -> dict[str, Any]:
    """The columns of a fee's row."""
    return dict(zip(_COLUMNS, row.values, strict=True))


def _row(
    draft: Draft,
    account_id: UUID,
    claim: Claim,
    outcome: FeeOutcome,
    transaction_id: UUID | None = None,
    *,
    reason: str | None = None,
) -> Row:
    parts = claim.parts
    values = (
        account_id, claim.id, claim.code, claim.asset, claim.day, parts.gross, parts.net,
        parts.vat, outcome, reason, transaction_id, draft.at,
    )  # fmt: skip
    return Row(_CHARGE, values)


def income_account(asset: str) -> str:
    """The ledger's account of what fees earn the bank."""
    return f"fees:income:{asset}"


def vat_account(asset: str) -> str:
    """The ledger's account of the VAT of fees, which the bank owes."""
    return f"fees:vat:{asset}"
