"""The routes of bulk payments."""

import io
import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

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
    WriteOperation,
    Writing,
)
from bezant.kernel.pagination import InvalidCursor, Page, turn_page
from bezant.payments.bulk import errors, schemas
from bezant.payments.bulk.deciding import BulkDecisions
from bezant.payments.bulk.domain import Format
from bezant.payments.bulk.intake import BulkIntake
from bezant.payments.bulk.reports import BulkReports
from bezant.payments.orders.api import READ, WRITE

BYTES_MAX: Final = 32 << 20
MEDIA_TYPES: Final = {"application/xml": Format.PAIN001, "text/csv": Format.CSV}

_TAG: Final = "bulk payments"
_BULKS: Final = "/v1/bulk-payments"
_BULK: Final = f"{_BULKS}/{{bulk}}"
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_UPLOAD_SECONDS_MAX: Final = 300.0


class BulkPath(Struct, frozen=True):
    """A bulk payment."""

    bulk: UUID


class Routes:
    """The handlers."""

    def __init__(self, intake: BulkIntake, reports: BulkReports, decisions: BulkDecisions) -> None:
        self._intake = intake
        self._reports = reports
        self._decisions = decisions

    async def send(self, asked: Uploading[Nothing, schemas.BulkQuery]) -> Answer:
        """`POST /v1/bulk-payments`."""
        form = MEDIA_TYPES[asked.media_type]
        return await self._intake.take(asked.call, form, asked.source, asked.query)

    async def find(self, asked: Reading[BulkPath, Nothing]) -> schemas.Bulk:
        """`GET /v1/bulk-payments/{bulk}`."""
        return await self._reports.bulk(asked.principal.tenant_id, asked.path.bulk)

    async def items(self, asked: Reading[BulkPath, Page]) -> schemas.BulkItems:
        """`GET /v1/bulk-payments/{bulk}/items`."""
        tenant_id, bulk_id = asked.principal.tenant_id, asked.path.bulk
        return await turn_page(
            f"{_BULKS}/{bulk_id}/items",
            asked.query,
            _NUMBER,
            lambda after, limit: self._reports.items(tenant_id, bulk_id, after=after, limit=limit),
        )

    async def verification(self, asked: Reading[BulkPath, Nothing]) -> schemas.BulkVerification:
        """`GET /v1/bulk-payments/{bulk}/verification`."""
        return await self._reports.verification(asked.principal.tenant_id, asked.path.bulk)

    async def confirm(self, asked: Writing[BulkPath, schemas.BulkConfirmation]) -> Answer:
        """`POST /v1/bulk-payments/{bulk}/confirm`."""
        return await self._decisions.confirm(asked.call, asked.path.bulk, asked.body)

    async def withdraw(self, asked: Writing[BulkPath, schemas.BulkWithdrawal]) -> Answer:
        """`POST /v1/bulk-payments/{bulk}/withdraw`."""
        return await self._decisions.withdraw(asked.call, asked.path.bulk)

    async def report(
        self, asked: Reading[BulkPath, schemas.ReportQuery]
    ) -> schemas.Report | Document:
        """`GET /v1/bulk-payments/{bulk}/report`."""
        call = asked.call("bulk_payment.report", asked.query.purpose)
        if asked.query.format is schemas.ReportFormat.JSON:
            return await self._reports.report(call, asked.path.bulk)
        content = await self._reports.pain002(call, asked.path.bulk)
        return Document(
            200,
            b"",
            file=io.BytesIO(content),
            size=len(content),
            media_type="application/xml",
            name=f"report_{asked.path.bulk}.xml",
        )


def operations(
    intake: BulkIntake, reports: BulkReports, decisions: BulkDecisions
) -> Sequence[Operation]:
    """The operations on bulk payments."""
    routes = Routes(intake, reports, decisions)
    return [*_of_files(routes), *_of_payees(routes)]


def _of_files(routes: Routes) -> list[Operation]:
    return [
        UploadOperation(
            id="send_bulk_payment",
            path=_BULKS,
            tag=_TAG,
            summary="Order the payments of a file",
            description=(
                "pain.001.001.09 (or .03) as `application/xml`, or a CSV whose first line names its"
                " columns. Counts and control sums have to agree; a file, and a payment, is taken"
                " once by the name that its sender gives it. Each payment then stands by itself."
                " With `payees=verify` nothing is paid before the file is confirmed."
            ),
            scope=WRITE,
            action="bulk_payment.send",
            query_type=schemas.BulkQuery,
            media_types=tuple(MEDIA_TYPES),
            bytes_max=BYTES_MAX,
            seconds_max=_UPLOAD_SECONDS_MAX,
            status=202,
            answer_type=schemas.Bulk,
            refusals=(
                errors.BulkSumsDisagree,
                errors.BulkTooLong,
                errors.BulkRepeated,
                errors.PayeesUndecided,
            ),
            handler=routes.send,
        ),
        ReadOperation(
            id="get_bulk_payment",
            path=_BULK,
            tag=_TAG,
            summary="A bulk payment, and how far it has come",
            scope=READ,
            path_type=BulkPath,
            answer_type=schemas.Bulk,
            refusals=(errors.BulkNotFound,),
            handler=routes.find,
        ),
        ReadOperation(
            id="list_bulk_payment_items",
            path=f"{_BULK}/items",
            tag=_TAG,
            summary="What became of each payment of a file",
            scope=READ,
            path_type=BulkPath,
            query_type=Page,
            answer_type=schemas.BulkItems,
            refusals=(errors.BulkNotFound, InvalidCursor),
            handler=routes.items,
        ),
        DocumentOperation(
            id="report_bulk_payment",
            path=f"{_BULK}/report",
            tag=_TAG,
            summary="The report on a file, by its sender's references",
            description="The audit log has an entry before the answer is sent.",
            scope="orders:content",
            path_type=BulkPath,
            query_type=schemas.ReportQuery,
            answer_type=schemas.Report,
            media={"application/xml": "ISO 20022 pain.002.001.10."},
            refusals=(errors.BulkNotFound,),
            handler=routes.report,
        ),
    ]


def _of_payees(routes: Routes) -> list[Operation]:
    waiting = (errors.BulkNotFound, errors.BulkNotWaiting)
    return [
        ReadOperation(
            id="get_bulk_verification",
            path=f"{_BULK}/verification",
            tag=_TAG,
            summary="What was found of a file's payees",
            description=(
                "Names that matched closely are in the report, and in each verification; what"
                " was found of each payment is in the list of payments."
            ),
            scope=READ,
            path_type=BulkPath,
            answer_type=schemas.BulkVerification,
            refusals=(errors.BulkNotFound,),
            handler=routes.verification,
        ),
        WriteOperation(
            id="confirm_bulk_payment",
            path=f"{_BULK}/confirm",
            tag=_TAG,
            summary="Have a file carried out whose payees were verified, or a part of it",
            description=(
                "`digest` is of what was shown to the payer. Payments can be taken out by what was"
                " found of their payees, or by their number; their names are free again."
            ),
            scope=WRITE,
            action="bulk_payment.confirm",
            path_type=BulkPath,
            body_type=schemas.BulkConfirmation,
            example={"digest": "0" * 64, "withdraw": ["no_match"]},
            status=200,
            answer_type=schemas.BulkDecided,
            refusals=(*waiting, errors.BulkOutcomeDiffers, errors.UnknownBulkItem),
            handler=routes.confirm,
        ),
        WriteOperation(
            id="withdraw_bulk_payment",
            path=f"{_BULK}/withdraw",
            tag=_TAG,
            summary="Take back a file that waits for its payer",
            scope=WRITE,
            action="bulk_payment.withdraw",
            path_type=BulkPath,
            body_type=schemas.BulkWithdrawal,
            example={},
            status=200,
            answer_type=schemas.BulkDecided,
            refusals=waiting,
            handler=routes.withdraw,
        ),
    ]
