"""Limits as a check."""

from bezant.banking import spend
from bezant.ledger import Seen
from bezant.payments.checks.port import Asked, Judgement, RowKeys, Verdict


class LimitCheck:
    """What the limits of the product, the account and the customer allow is spent, once."""

    def reads(self, asked: Asked) -> RowKeys:
        """See `PreExecution`."""
        return asked.spending.reads()

    def judge(self, seen: Seen, asked: Asked) -> Judgement:
        """Spend.

        Raises:
            LimitExceeded: it comes to more than a limit.
            CounterpartyDenied: the account does not pay whom it would go to.
        """
        return Judgement(Verdict.ALLOW, rows=spend(seen, asked.spending))
