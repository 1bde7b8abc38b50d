"""The routes of files of direct debits."""

import io
import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.formats.iso20022 import MESSAGE_BYTES_MAX
from bezant.kernel.calls import Answer
from bezant.kernel.http import (
    Document,
    DocumentOperation,
    Nothing,
    Operation,
    Reading,
    ReadOperation,
    Uploading,
    UploadOperation,
)
from bezant.kernel.pagination import InvalidCursor, Page, turn_page
from bezant.payments.bulk import errors
from bezant.payments.bulk.schemas import Report, ReportFormat, ReportQuery
from bezant.payments.bulk_debits import schemas
from bezant.payments.bulk_debits.intake import DebitIntake
from bezant.payments.bulk_debits.reports import DebitReports
from bezant.payments.orders.api import READ, WRITE

BYTES_MAX: Final = MESSAGE_BYTES_MAX

_TAG: Final = "direct debits"
_FILES: Final = "/v1/bulk-direct-debits"
_FILE: Final = f"{_FILES}/{{bulk}}"
_XML: Final = "application/xml"
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_UPLOAD_SECONDS_MAX: Final = 300.0


class FilePath(Struct, frozen=True):
    """A file of direct debits."""

    bulk: UUID


class Routes:
    """The handlers."""

    def __init__(self, intake: DebitIntake, reports: DebitReports) -> None:
        self._intake = intake
        self._reports = reports

    async def send(self, asked: Uploading[Nothing, Nothing]) -> Answer:
        """`POST /v1/bulk-direct-debits`."""
        return await self._intake.take(asked.call, asked.source)

    async def find(self, asked: Reading[FilePath, Nothing]) -> schemas.BulkDebit:
        """`GET /v1/bulk-direct-debits/{bulk}`."""
        return await self._reports.file(asked.principal.tenant_id, asked.path.bulk)

    async def items(self, asked: Reading[FilePath, Page]) -> schemas.BulkDebitItems:
        """`GET /v1/bulk-direct-debits/{bulk}/items`."""
        tenant_id, bulk_id = asked.principal.tenant_id, asked.path.bulk
        return await turn_page(
            f"{_FILES}/{bulk_id}/items",
            asked.query,
            _NUMBER,
            lambda after, limit: self._reports.items(tenant_id, bulk_id, after=after, limit=limit),
        )

    async def report(self, asked: Reading[FilePath, ReportQuery]) -> Report | Document:
        """`GET /v1/bulk-direct-debits/{bulk}/report`."""
        call = asked.call("bulk_debit.report", asked.query.purpose)
        if asked.query.format is ReportFormat.JSON:
            return await self._reports.report(call, asked.path.bulk)
        content = await self._reports.pain002(call, asked.path.bulk)
        return Document(
            200,
            b"",
            file=io.BytesIO(content),
            size=len(content),
            media_type=_XML,
            name=f"report_{asked.path.bulk}.xml",
        )


def operations(intake: DebitIntake, reports: DebitReports) -> Sequence[Operation]:
    """The operations on files of direct debits."""
    routes = Routes(intake, reports)
    return [
        UploadOperation(
            id="send_bulk_direct_debit",
            path=_FILES,
            tag=_TAG,
            summary="Announce the collections of a file",
            description=(
                "pain.008.001.08. Counts and control sums have to agree; a file, and a collection,"
                " is taken once by the name that its sender gives it. Each collection then stands"
                " by itself, under the mandate that it names."
            ),
            scope=WRITE,
            action="bulk_debit.send",
            media_types=(_XML,),
            bytes_max=BYTES_MAX,
            seconds_max=_UPLOAD_SECONDS_MAX,
            status=202,
            answer_type=schemas.BulkDebit,
            refusals=(errors.BulkSumsDisagree, errors.BulkTooLong, errors.BulkRepeated),
            handler=routes.send,
        ),
        ReadOperation(
            id="get_bulk_direct_debit",
            path=_FILE,
            tag=_TAG,
            summary="A file of direct debits, and how far it has come",
            scope=READ,
            path_type=FilePath,
            answer_type=schemas.BulkDebit,
            refusals=(errors.BulkNotFound,),
            handler=routes.find,
        ),
        ReadOperation(
            id="list_bulk_direct_debit_items",
            path=f"{_FILE}/items",
            tag=_TAG,
            summary="What became of each collection of a file",
            scope=READ,
            path_type=FilePath,
            query_type=Page,
            answer_type=schemas.BulkDebitItems,
            refusals=(errors.BulkNotFound, InvalidCursor),
            handler=routes.items,
        ),
        DocumentOperation(
            id="report_bulk_direct_debit",
            path=f"{_FILE}/report",
            tag=_TAG,
            summary="The report on a file of direct debits, by its sender's references",
            description="The audit log has an entry before the answer is sent.",
            scope="orders:content",
            path_type=FilePath,
            query_type=ReportQuery,
            answer_type=Report,
            media={_XML: "ISO 20022 pain.002.001.10."},
            refusals=(errors.BulkNotFound,),
            handler=routes.report,
        ),
    ]
