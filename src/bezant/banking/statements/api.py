"""The routes of customers' statements."""

import re
from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta, Struct

from bezant.banking.accounts import BankAccountNotFound
from bezant.banking.scopes import NUMBERS, READ, WRITE
from bezant.banking.statements import schemas
from bezant.banking.statements.errors import (
    BalanceConfirmationNotFound,
    BalanceNotFinal,
    CustomerStatementNotFound,
)
from bezant.banking.statements.service import CustomerStatements
from bezant.kernel.calls import Answer
from bezant.kernel.http import (
    Document,
    DocumentOperation,
    Nothing,
    Operation,
    Reading,
    ReadOperation,
    WriteOperation,
    Writing,
)
from bezant.kernel.pagination import InvalidCursor, Page, turn_page
from bezant.ledger import statements

_TAG: Final = "banking"
_ACCOUNT: Final = "/v1/accounts/{account}"
_STATEMENTS: Final = f"{_ACCOUNT}/statements"
_CONFIRMATIONS: Final = f"{_ACCOUNT}/balance-confirmations"
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,6}")
_MADE_WITHIN_S_MAX: Final = 120.0


class AccountPath(Struct, frozen=True):
    """An account."""

    account: UUID


class StatementPath(AccountPath, frozen=True):
    """A statement of an account."""

    number: Annotated[int, Meta(ge=1, le=9_999_999)]


class ConfirmationPath(Struct, frozen=True):
    """A confirmation of a balance."""

    confirmation: UUID


class Routes:
    """The handlers."""

    def __init__(self, stated: CustomerStatements) -> None:
        self._stated = stated

    async def cycle(self, asked: Reading[AccountPath, Nothing]) -> schemas.StatementCycle:
        """`GET …/statement-cycle`."""
        return await self._stated.cycle(asked.principal.tenant_id, asked.path.account)

    async def set_cycle(self, asked: Writing[AccountPath, schemas.NewCycle]) -> Answer:
        """`PUT …/statement-cycle`."""
        return await self._stated.set_cycle(asked.call, asked.path.account, asked.body)

    async def page(self, asked: Reading[AccountPath, Page]) -> schemas.CustomerStatements:
        """`GET …/statements`."""
        tenant_id, account_id = asked.principal.tenant_id, asked.path.account
        return await turn_page(
            asked.resource,
            asked.query,
            _NUMBER,
            lambda after, limit: self._stated.page(tenant_id, account_id, after=after, limit=limit),
        )

    async def statement(
        self, asked: Reading[StatementPath, schemas.StatementQuery]
    ) -> statements.schemas.Statement | Document:
        """`GET …/statements/{number}`."""
        path, query = asked.path, asked.query
        call = asked.call("statement.read", query.purpose or "its figures alone")
        if query.format != "json":
            return await self._stated.file(
                call, path.account, path.number, query.asset, query.format
            )
        return await turn_page(
            f"{asked.resource}/{query.asset}",
            query,
            statements.PATTERN,
            lambda after, limit: self._stated.statement(
                call, path.account, path.number, query.asset,
                statements.Part("booked", after, limit),
            ),
        )  # fmt: skip

    async def confirm(self, asked: Writing[AccountPath, schemas.NewBalanceConfirmation]) -> Answer:
        """`POST …/balance-confirmations`."""
        return await self._stated.confirm(asked.call, asked.path.account, asked.body)

    async def confirmation(
        self, asked: Reading[ConfirmationPath, Nothing]
    ) -> schemas.BalanceConfirmation:
        """`GET /v1/balance-confirmations/{confirmation}`."""
        return await self._stated.confirmation(asked.principal.tenant_id, asked.path.confirmation)


def operations(stated: CustomerStatements) -> Sequence[Operation]:
    """The operations on customers' statements."""
    routes = Routes(stated)
    return [*_cycles(routes), *_statements(routes), *_confirmations(routes)]


def _cycles(routes: Routes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="get_statement_cycle",
            path=f"{_ACCOUNT}/statement-cycle",
            tag=_TAG,
            summary="How often an account's statements end",
            scope=READ,
            path_type=AccountPath,
            answer_type=schemas.StatementCycle,
            refusals=(BankAccountNotFound,),
            handler=routes.cycle,
        ),
        WriteOperation(
            id="set_statement_cycle",
            method="PUT",
            path=f"{_ACCOUNT}/statement-cycle",
            tag=_TAG,
            summary="Change it from tomorrow on",
            description="The running period ends today; what was stated stays as it is.",
            scope=WRITE,
            action="account.set_statement_cycle",
            path_type=AccountPath,
            body_type=schemas.NewCycle,
            example={"cycle": "quarter"},
            answer_type=schemas.StatementCycle,
            refusals=(BankAccountNotFound,),
            handler=routes.set_cycle,
        ),
    ]


def _statements(routes: Routes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="list_statements",
            path=_STATEMENTS,
            tag=_TAG,
            summary="An account's statements, oldest first",
            description="Numbered without gaps; each day since the opening is in exactly one.",
            scope=READ,
            path_type=AccountPath,
            query_type=Page,
            answer_type=schemas.CustomerStatements,
            refusals=(BankAccountNotFound, InvalidCursor),
            handler=routes.page,
        ),
        DocumentOperation(
            id="get_customer_statement",
            path=f"{_STATEMENTS}/{{number}}",
            tag=_TAG,
            summary="A statement of an account, in one of its assets",
            description="Files are headed by the account's number: reading them is audited.",
            scope=NUMBERS,
            seconds_max=_MADE_WITHIN_S_MAX,
            path_type=StatementPath,
            query_type=schemas.StatementQuery,
            answer_type=statements.schemas.Statement,
            media={
                "text/csv": "RFC 4180, with a header.",
                "application/pdf": "As a bank prints it.",
                "application/xml": "ISO 20022 camt.053.001.08.",
            },
            refusals=(
                BankAccountNotFound,
                CustomerStatementNotFound,
                InvalidCursor,
                statements.StatementTooLong,
                statements.StatementNotRepresentable,
            ),
            handler=routes.statement,
        ),
    ]


def _confirmations(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="confirm_balance",
            path=_CONFIRMATIONS,
            tag=_TAG,
            summary="Confirm what was booked at the end of a day",
            description="In every asset of the account. It stays as it is, whatever comes later.",
            scope=WRITE,
            action="account.confirm_balance",
            path_type=AccountPath,
            body_type=schemas.NewBalanceConfirmation,
            example={"on": "2026-06-30", "purpose": "auditor"},
            answer_type=schemas.BalanceConfirmation,
            status=201,
            refusals=(BankAccountNotFound, BalanceNotFinal),
            handler=routes.confirm,
        ),
        ReadOperation(
            id="get_balance_confirmation",
            path="/v1/balance-confirmations/{confirmation}",
            tag=_TAG,
            summary="A confirmation as it was given",
            scope=READ,
            path_type=ConfirmationPath,
            answer_type=schemas.BalanceConfirmation,
            refusals=(BalanceConfirmationNotFound,),
            handler=routes.confirmation,
        ),
    ]
