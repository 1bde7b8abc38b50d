"""The route of statements."""

from collections.abc import Sequence
from typing import Final

from bezant.kernel.http import Document, DocumentOperation, Operation, Reading
from bezant.kernel.pagination import InvalidCursor, turn_page
from bezant.ledger.api.shared import ACCOUNT, NO_ACCOUNT, READ
from bezant.ledger.handlers import AccountPath
from bezant.ledger.history import Axis
from bezant.ledger.service import Ledger
from bezant.ledger.statements import schemas
from bezant.ledger.statements.domain import Period
from bezant.ledger.statements.errors import StatementNotRepresentable, StatementTooLong
from bezant.ledger.statements.pages import Asked
from bezant.ledger.statements.places import PATTERN
from bezant.ledger.statements.service import Part, Statements

MADE_WITHIN_S_MAX: Final = 120.0
"""A PDF of as many entries as a file may have takes longer than other answers."""


class StatementRoutes:
    """The handler."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def statement(
        self, asked: Reading[AccountPath, schemas.StatementQuery]
    ) -> schemas.Statement | Document:
        """`GET …/accounts/{account}/statement`."""
        query = asked.query
        which = Asked(
            asked.principal.tenant_id,
            asked.path.book,
            asked.path.account,
            Period(Axis(query.axis), query.from_, query.to),
            query.known_at,
            query.content,
        )
        call = asked.call("statement.read", purpose="asked for with its content")
        if query.format != "json":
            return await self._statements.file(call, which, query.format)
        known = "" if query.known_at is None else query.known_at.isoformat()
        days = f"{query.from_}/{query.to}/{query.axis}"
        return await turn_page(
            f"{asked.resource}/{days}/{query.section}/{known}",
            query,
            PATTERN,
            lambda after, limit: self._statements.page(
                call, which, Part(query.section, after, limit), read_after=asked.read_after
            ),
        )


def operations(ledger: Ledger) -> Sequence[Operation]:
    """The operations of statements."""
    routes = StatementRoutes(ledger.statements)
    return [
        DocumentOperation(
            id="get_statement",
            path=f"{ACCOUNT}/statement",
            tag="accounts",
            summary="An account's statement of a period",
            description=(
                "Opening balance, entries with the balance after each, closing balance: as they"
                " were known at `known_at`, for ever the same. Figures that do not add up are never"
                " answered."
            ),
            scope=READ,
            is_replicated=True,
            seconds_max=MADE_WITHIN_S_MAX,
            path_type=AccountPath,
            query_type=schemas.StatementQuery,
            answer_type=schemas.Statement,
            media={
                "text/csv": "RFC 4180, with a header.",
                "application/pdf": "As a bank prints it.",
                "application/xml": "ISO 20022 camt.053.001.08.",
            },
            refusals=(*NO_ACCOUNT, InvalidCursor, StatementTooLong, StatementNotRepresentable),
            handler=routes.statement,
        )
    ]
