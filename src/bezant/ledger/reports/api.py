"""Routes of reports."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from bezant.kernel.http import Operation, Reading, ReadOperation
from bezant.kernel.pagination import InvalidCursor, Page, turn_page
from bezant.ledger import errors
from bezant.ledger.api.shared import BOOK, READ
from bezant.ledger.handlers import BookPath
from bezant.ledger.reports import schemas
from bezant.ledger.reports.service import Reports
from bezant.ledger.service import Ledger

_POSITION: Final = re.compile(
    r"[0-9]{1,18}/[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]{8,15}\+00:00)?/[A-Za-z0-9:._@-]{1,128}"
)


class ReportRoutes:
    """The handlers."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    async def trial_balance(self, asked: Reading[BookPath, schemas.At]) -> schemas.TrialBalance:
        """`GET …/trial-balance`."""
        return await self._reports.trial_balance(
            asked.principal.tenant_id, asked.path.book, asked.query, read_after=asked.read_after
        )

    async def accounts(
        self, asked: Reading[BookPath, schemas.AtPage]
    ) -> schemas.AccountTrialBalance:
        """`GET …/trial-balance/accounts`."""
        query = asked.query
        # A cursor is of one report: with other times it is none.
        times = msgspec.json.encode([query.at, query.known_at, query.axis]).decode()
        return await turn_page(
            f"{asked.resource}?{times}",
            Page(query.cursor, query.limit),
            _POSITION,
            lambda after, limit: self._reports.account_trial_balance(
                asked.principal.tenant_id,
                asked.path.book,
                query,
                after=after,
                limit=limit,
                read_after=asked.read_after,
            ),
        )

    async def balance_sheet(self, asked: Reading[BookPath, schemas.At]) -> schemas.BalanceSheet:
        """`GET …/balance-sheet`."""
        return await self._reports.balance_sheet(
            asked.principal.tenant_id, asked.path.book, asked.query, read_after=asked.read_after
        )

    async def income_statement(
        self, asked: Reading[BookPath, schemas.FromTo]
    ) -> schemas.IncomeStatement:
        """`GET …/income-statement`."""
        return await self._reports.income_statement(
            asked.principal.tenant_id, asked.path.book, asked.query, read_after=asked.read_after
        )


def operations(ledger: Ledger) -> Sequence[Operation]:
    """The operations of reports."""
    routes = ReportRoutes(Reports(ledger))
    return [
        ReadOperation(
            id="get_trial_balance",
            path=f"{BOOK}/trial-balance",
            tag="reports",
            summary="Sums of debits and credits by the chart of accounts",
            scope=READ,
            is_replicated=True,
            path_type=BookPath,
            query_type=schemas.At,
            answer_type=schemas.TrialBalance,
            refusals=(errors.BookNotFound,),
            handler=routes.trial_balance,
        ),
        ReadOperation(
            id="get_account_trial_balance",
            path=f"{BOOK}/trial-balance/accounts",
            tag="reports",
            summary="Sums of debits and credits by account",
            description="Later pages are of what was known when the first one was read.",
            scope=READ,
            is_replicated=True,
            path_type=BookPath,
            query_type=schemas.AtPage,
            answer_type=schemas.AccountTrialBalance,
            refusals=(errors.BookNotFound, InvalidCursor),
            handler=routes.accounts,
        ),
        ReadOperation(
            id="get_balance_sheet",
            path=f"{BOOK}/balance-sheet",
            tag="reports",
            summary="Assets, liabilities and equity",
            scope=READ,
            is_replicated=True,
            path_type=BookPath,
            query_type=schemas.At,
            answer_type=schemas.BalanceSheet,
            refusals=(errors.BookNotFound,),
            handler=routes.balance_sheet,
        ),
        ReadOperation(
            id="get_income_statement",
            path=f"{BOOK}/income-statement",
            tag="reports",
            summary="Income and expenses of a span of days",
            description="Closing entries are left out.",
            scope=READ,
            is_replicated=True,
            path_type=BookPath,
            query_type=schemas.FromTo,
            answer_type=schemas.IncomeStatement,
            refusals=(errors.BookNotFound,),
            handler=routes.income_statement,
        ),
    ]
