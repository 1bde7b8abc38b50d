"""Reading how far a file has come, and reporting on it."""

from collections.abc import AsyncIterator
from itertools import groupby
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.formats.iso20022 import pain002
from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.payments.bulk import schemas, store
from bezant.payments.bulk.domain import (
    CODES,
    NOT_PROVIDED,
    Item,
    ItemOutcome,
    status_of,
    status_of_all,
)
from bezant.payments.bulk.errors import BulkNotFound
from bezant.payments.bulk.intake import FileName
from bezant.payments.orders import PaymentService
from bezant.payments.states import OrderState

if TYPE_CHECKING:
    import asyncpg

ERASED: Final = Item(NOT_PROVIDED, None, None, None, None, NOT_PROVIDED, None, "", "", None, None)
"""What is told of a payment whose words are not kept any more."""

_ROWS_AT_ONCE: Final = 1_000


class BulkReports:
    """Files as they stand.

    Args:
        database: where they are read.
        clock: tells when a report was made.
        ids: of reports.
        payments: opens what is sealed.
    """

    def __init__(
        self, database: Database, clock: Clock, ids: Ids, payments: PaymentService
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._payments = payments

    async def bulk(self, tenant_id: UUID, bulk_id: UUID) -> schemas.Bulk:
        """`GET /v1/bulk-payments/{bulk}`.

        Raises:
            BulkNotFound: the tenant has no such.
        """
        found = await self._found(tenant_id, bulk_id)
        rows = await self._database.fetch(store.COUNT_ITEMS, tenant_id, bulk_id)
        tallies = [
            schemas.Tally(
                ItemOutcome(row["outcome"]),
                None if row["state"] is None else OrderState(row["state"]),
                row["items"],
            )
            for row in rows
        ]
        is_waiting = any(each.outcome is ItemOutcome.WAITING for each in tallies)
        status = schemas.BulkStatus.PROCESSING if is_waiting else schemas.BulkStatus.PROCESSED
        return schemas.Bulk(
            bulk_id,
            found["format"],
            status,
            found["item_count"],
            found["booked_as_one"],
            tallies,
            found["created_at"],
        )

    async def items(
        self, tenant_id: UUID, bulk_id: UUID, *, after: str | None, limit: int
    ) -> schemas.BulkItems:
        """`GET /v1/bulk-payments/{bulk}/items`.

        Raises:
            BulkNotFound: the tenant has no such.
        """
        await self._found(tenant_id, bulk_id)
        rows = await self._database.fetch(
            store.LIST_ITEMS, tenant_id, bulk_id, int(after or 0), limit + 1
        )
        found = [_item(row) for row in rows[:limit]]
        return schemas.BulkItems(found, str(found[-1].no) if len(rows) > limit else None)

    async def report(self, call: Call, bulk_id: UUID) -> schemas.Report:
        """`GET /v1/bulk-payments/{bulk}/report`. The audit entry is durable before the answer.

        Raises:
            BulkNotFound: the tenant has no such.
        """
        tenant_id = call.tenant_id
        found = await self._found(tenant_id, bulk_id)
        await audit.write(self._database, self._clock, call, Answer(200, b""))
        items = [each async for each in self._reported(tenant_id, bulk_id)]
        name = self._name(tenant_id, bulk_id, found)
        status = status_of_all(each.status for each in items)
        return schemas.Report(name.message_id, status, len(items), items)

    async def pain002(self, call: Call, bulk_id: UUID) -> bytes:
        """The same as a pain.002.001.10."""
        report = await self.report(call, bulk_id)
        found = await self._found(call.tenant_id, bulk_id)
        batches = groupby(report.items, key=lambda each: each.batch)
        message = pain002.BulkStatus(
            message_id=self._ids.new().hex,
            created_at=self._clock.now(),
            original_message_id=report.message_id,
            original_message_name=self._name(call.tenant_id, bulk_id, found).message_name,
            count=report.count,
            status=report.status,
            batches=tuple(
                pain002.BatchStatus(
                    batch,
                    tuple(
                        pain002.TransferStatus(
                            each.instruction_id, each.end_to_end_id, each.status, each.reason
                        )
                        for each in items
                    ),
                )
                for batch, items in batches
            ),
        )
        return pain002.write_pain002(message)

    async def _reported(
        self, tenant_id: UUID, bulk_id: UUID
    ) -> AsyncIterator[schemas.ReportedItem]:
        after = 0
        while rows := await self._database.fetch(
            store.LIST_ITEMS, tenant_id, bulk_id, after, _ROWS_AT_ONCE
        ):
            for row in rows:
                yield _reported(row, self._said(tenant_id, bulk_id, row["sealed"]))
            after = rows[-1]["item_no"]

    def _said(self, tenant_id: UUID, bulk_id: UUID, sealed: bytes) -> Item:
        if not sealed:
            return ERASED
        return msgspec.json.decode(self._payments.opened(tenant_id, bulk_id, sealed), type=Item)

    async def _found(self, tenant_id: UUID, bulk_id: UUID) -> "asyncpg.Record":
        row = await self._database.fetchrow(store.FIND_BULK, tenant_id, bulk_id)
        if row is None:
            raise BulkNotFound("There is no such bulk payment.")
        return row

    def _name(self, tenant_id: UUID, bulk_id: UUID, row: "asyncpg.Record") -> FileName:
        opened = self._payments.opened(tenant_id, bulk_id, row["sealed"])
        return msgspec.json.decode(opened, type=FileName)


def _item(row: "asyncpg.Record") -> schemas.BulkItem:
    state = row["state"]
    return schemas.BulkItem(
        no=row["item_no"],
        outcome=ItemOutcome(row["outcome"]),
        payment_id=None if state is None else row["order_id"],
        state=None if state is None else OrderState(state),
        code=row["code"],
    )


def _reported(row: "asyncpg.Record", item: Item) -> schemas.ReportedItem:
    state = None if row["state"] is None else OrderState(row["state"])
    status = status_of(ItemOutcome(row["outcome"]), state)
    code = row["code"] or (row["reason"] if status in {"RJCT", "PDNG"} else None)
    return schemas.ReportedItem(
        item.batch,
        item.instruction_id,
        item.end_to_end_id,
        status,
        None if code is None else CODES.get(code, code),
    )
