"""Routes of statements and reconciliations."""

import re
from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from bezant.formats.statement_csv import CsvMapping
from bezant.kernel.calls import Answer
from bezant.kernel.errors import Malformed, Refusal
from bezant.kernel.http import (
    Nothing,
    Operation,
    Reading,
    ReadOperation,
    Uploading,
    UploadOperation,
    WriteOperation,
    Writing,
    malformed,
)
from bezant.kernel.pagination import InvalidCursor, Page, turn_page
from bezant.ledger import errors as of_ledger
from bezant.ledger.api.shared import ACCOUNT, BOOK, NO_ACCOUNT, READ, WRITE
from bezant.ledger.handlers import AccountPath, BookPath
from bezant.ledger.reconciliation import errors, schemas
from bezant.ledger.reconciliation.importing import Format, Upload
from bezant.ledger.reconciliation.service import ReconciliationService

UPLOAD_BYTES_MAX: Final = 128 << 20
UPLOAD_SECONDS_MAX: Final = 300

MEDIA_TYPES: Final = {
    "application/xml": Format.CAMT053,
    "text/xml": Format.CAMT053,
    "text/plain": Format.MT940,
    "text/csv": Format.CSV,
}

_TAG: Final = "reconciliation"
_IMPORTS: Final = f"{ACCOUNT}/imports"
_RECONCILIATIONS: Final = f"{BOOK}/reconciliations"
_RECONCILIATION: Final = f"{_RECONCILIATIONS}/{{reconciliation}}"
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_NO_RECONCILIATION: Final[tuple[type[Refusal], ...]] = (
    of_ledger.BookNotFound,
    errors.ReconciliationNotFound,
)
_mapping: Final = msgspec.json.Decoder(CsvMapping)

Number = Annotated[int, Meta(ge=1, le=2**53 - 1)]


class ImportPath(AccountPath, frozen=True):
    """An import into an account."""

    number: Number


class LinePath(AccountPath, frozen=True):
    """A line of an account's statements."""

    line: Number


class ReconciliationPath(BookPath, frozen=True):
    """A reconciliation of a book."""

    reconciliation: UUID


class MatchPath(ReconciliationPath, frozen=True):
    """A match of a reconciliation."""

    match: Number


class ImportQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of an import."""

    mapping: (
        Annotated[
            str,
            Meta(
                max_length=4_000,
                description="How to read a CSV: JSON of the schema `CsvMapping`.",
                examples=['{"currency":"EUR","columns":{"booking_date":"Date","amount":"Amount"}}'],
            ),
        ]
        | None
    ) = None


class Routes:
    """Each is named for the use case that it asks for."""

    def __init__(self, service: ReconciliationService) -> None:
        self._service = service

    async def import_statement(self, asked: Uploading[AccountPath, ImportQuery]) -> Answer:
        """`POST …/accounts/{account}/imports`."""
        form = MEDIA_TYPES[asked.media_type]
        upload = Upload(form, asked.source, asked.digest, _read_mapping(form, asked.query.mapping))
        return await self._service.import_statement(
            asked.call, asked.path.book, asked.path.account, upload
        )

    async def imports(self, asked: Reading[AccountPath, Page]) -> schemas.Imports:
        """`GET …/accounts/{account}/imports`."""
        path, tenant_id = asked.path, asked.principal.tenant_id
        return await turn_page(
            f"/v1/books/{path.book}/accounts/{path.account}/imports",
            asked.query,
            _NUMBER,
            lambda after, limit: self._service.imports(
                tenant_id, path.book, path.account, after=after, limit=limit
            ),
        )

    async def import_details(self, asked: Reading[ImportPath, Nothing]) -> schemas.ImportDetails:
        """`GET …/accounts/{account}/imports/{number}`."""
        path = asked.path
        return await self._service.import_details(
            asked.principal.tenant_id, path.book, path.account, path.number
        )

    async def line(self, asked: Reading[LinePath, Nothing]) -> schemas.StatementLineView:
        """`GET …/accounts/{account}/statement-lines/{line}`."""
        call = asked.call("statement_line.read", purpose="asked for by its number")
        return await self._service.line(call, asked.path.book, asked.path.account, asked.path.line)

    async def reconcile(self, asked: Writing[BookPath, schemas.NewReconciliation]) -> Answer:
        """`POST …/reconciliations`."""
        return await self._service.reconcile(asked.call, asked.path.book, asked.body)

    async def reconciliation(
        self, asked: Reading[ReconciliationPath, Nothing]
    ) -> schemas.Reconciliation:
        """`GET …/reconciliations/{reconciliation}`."""
        return await self._service.reconciliation(
            asked.principal.tenant_id, asked.path.book, asked.path.reconciliation
        )

    async def matches(self, asked: Reading[ReconciliationPath, Page]) -> schemas.Matches:
        """`GET …/reconciliations/{reconciliation}/matches`."""
        path, tenant_id = asked.path, asked.principal.tenant_id
        return await turn_page(
            f"/v1/books/{path.book}/reconciliations/{path.reconciliation}/matches",
            asked.query,
            _NUMBER,
            lambda after, limit: self._service.matches(
                tenant_id, path.book, path.reconciliation, after=after, limit=limit
            ),
        )

    async def breaks(self, asked: Reading[ReconciliationPath, Page]) -> schemas.Breaks:
        """`GET …/reconciliations/{reconciliation}/breaks`."""
        path, tenant_id = asked.path, asked.principal.tenant_id
        return await turn_page(
            f"/v1/books/{path.book}/reconciliations/{path.reconciliation}/breaks",
            asked.query,
            _NUMBER,
            lambda after, limit: self._service.breaks(
                tenant_id, path.book, path.reconciliation, after=after, limit=limit
            ),
        )

    async def match(self, asked: Writing[ReconciliationPath, schemas.NewMatch]) -> Answer:
        """`POST …/reconciliations/{reconciliation}/matches`."""
        return await self._service.match(
            asked.call, asked.path.book, asked.path.reconciliation, asked.body
        )

    async def undo(self, asked: Writing[MatchPath, schemas.NewUndoing]) -> Answer:
        """`POST …/reconciliations/{reconciliation}/matches/{match}/undo`."""
        path = asked.path
        return await self._service.undo(
            asked.call, path.book, path.reconciliation, path.match, asked.body
        )


def _read_mapping(form: Format, text: str | None) -> CsvMapping | None:
    """The mapping of a CSV.

    Raises:
        Malformed: missing, unreadable, or sent with another format.
    """
    if (form is Format.CSV) == (text is None):
        raise Malformed("A CSV, and nothing else, comes with a mapping.", field="mapping")
    if text is None:
        return None
    try:
        return _mapping.decode(text)
    except msgspec.ValidationError as error:
        found = malformed(error)
        where = f"mapping.{found.field}" if found.field else "mapping"
        raise Malformed(found.detail, field=where) from None
    except (msgspec.DecodeError, RecursionError, ValueError):
        raise Malformed("The mapping is not JSON.", field="mapping") from None


def operations(service: ReconciliationService) -> Sequence[Operation]:
    """The operations of statements and reconciliations."""
    routes = Routes(service)
    return [*_of_imports(routes), *_of_reconciliations(routes), *_of_matches(routes)]


def _of_imports(routes: Routes) -> Sequence[Operation]:
    return [
        UploadOperation(
            id="import_statement",
            path=_IMPORTS,
            tag=_TAG,
            summary="Import a bank statement",
            description="camt.053 as `application/xml`, MT940 as `text/plain`, or a CSV with its"
            " `mapping`. What is there already adds nothing: 200 for a file that was imported"
            " before.",
            scope=WRITE,
            action="statement.import",
            path_type=AccountPath,
            query_type=ImportQuery,
            media_types=tuple(MEDIA_TYPES),
            bytes_max=UPLOAD_BYTES_MAX,
            seconds_max=UPLOAD_SECONDS_MAX,
            status=201,
            answer_type=schemas.Import,
            other_answers={200: schemas.Import},
            refusals=(
                *NO_ACCOUNT,
                errors.StatementUnbalanced,
                errors.StatementElsewhere,
                errors.StatementChanged,
                errors.StatementKeyLost,
                errors.TooManyLines,
            ),
            handler=routes.import_statement,
        ),
        ReadOperation(
            id="list_imports",
            path=_IMPORTS,
            tag=_TAG,
            summary="An account's imports, oldest first",
            scope=READ,
            path_type=AccountPath,
            query_type=Page,
            answer_type=schemas.Imports,
            refusals=(*NO_ACCOUNT, InvalidCursor),
            handler=routes.imports,
        ),
        ReadOperation(
            id="get_import",
            path=f"{_IMPORTS}/{{number}}",
            tag=_TAG,
            summary="An import and the statements that it added",
            scope=READ,
            path_type=ImportPath,
            answer_type=schemas.ImportDetails,
            refusals=(*NO_ACCOUNT, errors.ImportNotFound, errors.StatementKeyLost),
            handler=routes.import_details,
        ),
        ReadOperation(
            id="get_statement_line",
            path=f"{ACCOUNT}/statement-lines/{{line}}",
            tag=_TAG,
            summary="A line of a statement, with its texts",
            scope=READ,
            path_type=LinePath,
            answer_type=schemas.StatementLineView,
            refusals=(*NO_ACCOUNT, errors.StatementLineNotFound, errors.StatementKeyLost),
            handler=routes.line,
        ),
    ]


def _of_reconciliations(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="reconcile",
            path=_RECONCILIATIONS,
            tag=_TAG,
            summary="Match an account's statements with its entries",
            description="It is carried out in the background: `status` tells when it is done."
            " Matches that stand are left alone.",
            scope=WRITE,
            action="reconciliation.run",
            path_type=BookPath,
            body_type=schemas.NewReconciliation,
            example={
                "account": "bank:main",
                "period": {"from": "2026-03-01", "to": "2026-03-31"},
                "rules": [
                    {
                        "name": "invoice",
                        "agree": [
                            {
                                "line": "remittance",
                                "entry": "metadata.invoice",
                                "how": "mentions",
                            }
                        ],
                        "tolerance": "2",
                        "days": 10,
                    }
                ],
            },
            status=202,
            answer_type=schemas.Reconciliation,
            refusals=(*NO_ACCOUNT, errors.PeriodEmpty, errors.StatementKeyLost),
            handler=routes.reconcile,
        ),
        ReadOperation(
            id="get_reconciliation",
            path=_RECONCILIATION,
            tag=_TAG,
            summary="A reconciliation and what it came to",
            scope=READ,
            path_type=ReconciliationPath,
            answer_type=schemas.Reconciliation,
            refusals=(*_NO_RECONCILIATION, errors.StatementKeyLost),
            handler=routes.reconciliation,
        ),
        ReadOperation(
            id="list_breaks",
            path=f"{_RECONCILIATION}/breaks",
            tag=_TAG,
            summary="What is in no match, why, and since when",
            scope=READ,
            path_type=ReconciliationPath,
            query_type=Page,
            answer_type=schemas.Breaks,
            refusals=(*_NO_RECONCILIATION, InvalidCursor),
            handler=routes.breaks,
        ),
    ]


def _of_matches(routes: Routes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="list_matches",
            path=f"{_RECONCILIATION}/matches",
            tag=_TAG,
            summary="Matches with their explanations",
            scope=READ,
            path_type=ReconciliationPath,
            query_type=Page,
            answer_type=schemas.Matches,
            refusals=(*_NO_RECONCILIATION, InvalidCursor, errors.StatementKeyLost),
            handler=routes.matches,
        ),
        WriteOperation(
            id="match_by_hand",
            path=f"{_RECONCILIATION}/matches",
            tag=_TAG,
            summary="Match lines and entries by hand",
            scope=WRITE,
            action="reconciliation.match",
            path_type=ReconciliationPath,
            body_type=schemas.NewMatch,
            example={"lines": [3], "entries": ["17.0"], "reason": "The bank cut the reference."},
            status=201,
            answer_type=schemas.MatchView,
            refusals=(
                *_NO_RECONCILIATION,
                errors.UnknownItem,
                errors.AmountsDiffer,
                errors.AlreadyReconciled,
                errors.ReconciliationRunning,
                errors.StatementKeyLost,
            ),
            handler=routes.match,
        ),
        WriteOperation(
            id="undo_match",
            path=f"{_RECONCILIATION}/matches/{{match}}/undo",
            tag=_TAG,
            summary="Take a match apart",
            description="The match stays on record. What was in it is matched by hand only.",
            scope=WRITE,
            action="reconciliation.undo",
            path_type=MatchPath,
            body_type=schemas.NewUndoing,
            example={"reason": "Another customer of the same name."},
            answer_type=schemas.Undoing,
            refusals=(
                *_NO_RECONCILIATION,
                errors.MatchNotFound,
                errors.MatchUndone,
                errors.ReconciliationRunning,
                errors.StatementKeyLost,
            ),
            handler=routes.undo,
        ),
    ]
