"""A balance as the API has it."""

from bezant.ledger.domain import Account
from bezant.ledger.schemas import Balance


def balance_of(account: Account) -> Balance:
    """The wire form."""
    return Balance(
        account=account.id,
        asset=account.asset,
        posted=str(account.posted),
        pending_debits=str(account.debits_pending),
        pending_credits=str(account.credits_pending),
        available=str(account.available),
        version=account.version,
        as_of=account.as_of,
    )
