"""What the API says of an account, as the cache keeps it."""

from collections.abc import Callable
from typing import Final, NamedTuple

from msgspec import Struct

from bezant.ledger import accounts
from bezant.ledger.domain import Account
from bezant.ledger.schemas import Balance


class View(NamedTuple):
    """An answer that follows from an account and nothing else.

    Attributes:
        kind: its name among the cache's entries, and in metrics.
    """

    kind: str
    render: Callable[[Account], Struct]


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


BALANCE: Final = View("balance", balance_of)
ACCOUNT: Final = View("account", accounts.view)
