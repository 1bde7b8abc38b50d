"""Fees of events, for whoever commits the event itself: a payment, a card, a statement."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.banking.accounts import ACCOUNT_TERMS, BANK_ACCOUNT, available_on, ledger_account
from bezant.banking.fees import store
from bezant.banking.fees.charging import (
    Due,
    FeeOutcome,
    charge,
    charge_id,
    fee_accounts,
    values_of,
)
from bezant.banking.fees.domain import for_event
from bezant.banking.fees.returning import pledged
from bezant.banking.fees.schemas import Charge
from bezant.banking.fees.waivers import FEE_WAIVERS
from bezant.banking.terms.fees import Fee, FeeEvent
from bezant.kernel.database import Row
from bezant.ledger import ReadKind, Reads, Seen

CHARGE: Final = ReadKind("fee_charge", store.READ_CHARGES)
"""What became of a fee, by its identifier."""


class _Terms(Struct, frozen=True):
    """What is read of terms here."""

    fees: list[Fee] = []


_TERMS: Final = msgspec.json.Decoder(_Terms)


def reads_of_event(account_id: UUID, asset: str, reference: str, fees: Sequence[Fee]) -> Reads:
    """What a rider looks at that charges fees of an event."""
    names = {ledger_account(account_id, asset), *fee_accounts(asset)}
    charges = [(CHARGE, charge_id(account_id, fee, reference)) for fee in fees]
    account = (BANK_ACCOUNT, account_id), (FEE_WAIVERS, account_id)
    return Reads(frozenset(names), rows=(*account, *charges))


def charge_event(
    seen: Seen, account_id: UUID, asset: str, reference: str, fees: Sequence[Fee]
) -> tuple[tuple[Row, ...], list[Charge]]:
    """Charge the fees of an event, each once for a reference.

    One that cannot be paid is recorded as refused, and nothing is posted for it: what the event
    itself does stands.

    Returns:
        The rows of those that were not charged before, and what became of all.
    """
    draft, rows, charges = seen.draft, [], []
    today = draft.at.astimezone(draft.book.time_zone).date()
    for fee in fees:
        due = Due(fee, today, available_on(seen, account_id, asset), reference, today)
        found = seen.row(CHARGE, due.charge_id(account_id))
        if found is None:
            row = charge(seen, account_id, due)
            found = values_of(row)
            seen.amend(CHARGE, due.charge_id(account_id), found)
            rows.append(row)
        charges.append(view(found))
    return tuple(rows), charges


def reads_of_payment_fees(account_id: UUID, asset: str) -> Reads:
    """What `charge_payment` looks at besides the account itself."""
    rows = (ACCOUNT_TERMS, account_id), (FEE_WAIVERS, account_id)
    return Reads(frozenset(fee_accounts(asset)), rows=rows)


def charge_payment(
    seen: Seen, account_id: UUID, asset: str, event: FeeEvent, payment_id: UUID
) -> tuple[Row, ...]:
    """Charge what an account's terms ask for a payment, in the commit that settles it.

    A balance that waives a fee is that after the payment. What cannot be paid is recorded as
    refused: the payment stands.

    Returns:
        The rows of the fees; none where it is free.
    """
    row = seen.row(ACCOUNT_TERMS, account_id)
    assert row is not None, "an account is under terms"
    fees = for_event(_TERMS.decode(row["terms"]).fees, event, asset)
    rows, charges = charge_event(seen, account_id, asset, f"payment/{payment_id}", fees)
    charged = list(zip(fees, charges, strict=True))
    return (*rows, *pledged(seen, account_id, asset, payment_id, charged))


def view(row: Mapping[str, Any]) -> Charge:
    """The wire form."""
    return Charge(
        row["charge_id"],
        row["code"],
        row["asset"],
        row["day"],
        str(row["gross"]),
        str(row["net"]),
        str(row["vat"]),
        FeeOutcome(row["outcome"]),
        row["reason"],
        row["transaction_id"],
        row["charged_at"],
        row.get("given_back_at"),
    )
