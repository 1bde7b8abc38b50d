"""What a collection costs its creditor, where that is a customer here, and what they have back."""

from bezant.banking import (
    FeeEvent,
    account_of,
    charge_payment,
    give_fees_back,
    reads_of_fees_back,
    reads_of_payment_fees,
)
from bezant.kernel.database import Row
from bezant.ledger import Reads, Seen
from bezant.payments.direct_debits.collecting import Debit


def reads_of_costs(debit: Debit) -> Reads:
    """What `charge_creditor` and `give_costs_back` look at, besides the creditor's account."""
    if debit.creditor_account is None:
        return Reads()
    fees = reads_of_payment_fees(debit.creditor_account, debit.asset)
    back = reads_of_fees_back(debit.asset, debit.id)
    return Reads(fees.accounts | back.accounts, rows=(*fees.rows, *back.rows))


def charge_creditor(seen: Seen, debit: Debit, event: FeeEvent) -> tuple[Row, ...]:
    """Charge what the creditor's terms ask for; nothing where another bank has the account."""
    creditor = debit.creditor_account
    if creditor is None or debit.asset not in account_of(seen, creditor).assets:
        return ()
    return charge_payment(seen, creditor, debit.asset, event, debit.id)


def give_costs_back(seen: Seen, debit: Debit) -> tuple[Row, ...]:
    """Give back what a collection cost that has come back, where the terms said so."""
    if debit.creditor_account is None:
        return ()
    return give_fees_back(seen, debit.id, debit.creditor_side)
