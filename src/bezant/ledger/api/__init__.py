"""The ledger's routes: what each takes, answers and declines."""

from collections.abc import Sequence

from bezant.kernel.http import Operation
from bezant.ledger.api.accounts import of_account_batches, of_account_changes, of_account_reads
from bezant.ledger.api.books import of_books
from bezant.ledger.api.holds import of_holds
from bezant.ledger.api.limit_groups import of_limit_groups
from bezant.ledger.api.transactions import of_transactions
from bezant.ledger.handlers import Routes
from bezant.ledger.service import Ledger

__all__ = ["operations"]


def operations(ledger: Ledger) -> Sequence[Operation]:
    """The ledger's operations, the busiest first: routing tries them in order."""
    routes = Routes(ledger)
    return [
        *of_transactions(routes),
        *of_account_reads(routes),
        *of_holds(routes),
        *of_account_changes(routes),
        *of_account_batches(routes),
        *of_limit_groups(routes),
        *of_books(routes),
    ]
