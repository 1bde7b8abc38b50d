"""Reading how far a file of direct debits has come, and reporting on it."""

from collections.abc import AsyncIterator
from itertools import groupby
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.banking import AccountRestrictions
from bezant.formats.iso20022 import pain002, pain008
from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.payments.bulk.domain import NOT_PROVIDED, ItemOutcome, status_of_all
from bezant.payments.bulk.errors import BulkNotFound
from bezant.payments.bulk.schemas import BulkStatus, Report, ReportedItem
from bezant.payments.bulk_debits import schemas, store
from bezant.payments.bulk_debits.domain import CODES, Item, status_of
from bezant.payments.bulk_debits.records import SealedItems
from bezant.payments.direct_debits.collecting import DebitState
from bezant.payments.orders import Secrecy

if TYPE_CHECKING:
    import asyncpg

ERASED: Final = Item(NOT_PROVIDED, NOT_PROVIDED, NOT_PROVIDED)
"""What is told of a collection whose words are not kept any more."""

_ROWS_AT_ONCE: Final = 1_000
_SIDES: Final = ("debtor_account", "creditor_account")


class DebitReports:
    """Files as they stand.

    Args:
        database: where they are read.
        clock: tells when a report was made.
        ids: of reports.
        secrecy: opens what files say.
    """

    def __init__(self, database: Database, clock: Clock, ids: Ids, secrecy: Secrecy) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._items = SealedItems(secrecy.sealer)
        self._restrictions = AccountRestrictions(database, clock)

    async def file(self, tenant_id: UUID, bulk_id: UUID) -> schemas.BulkDebit:
        """`GET /v1/bulk-direct-debits/{bulk}`.

        Raises:
            BulkNotFound: the tenant has no such.
        """
        found = await self._found(tenant_id, bulk_id)
        rows = await self._database.fetch(store.COUNT_ITEMS, tenant_id, bulk_id)
        tallies = [
            schemas.DebitTally(ItemOutcome(row["outcome"]), _state(row), row["items"])
            for row in rows
        ]
        is_waiting = any(each.outcome is ItemOutcome.WAITING for each in tallies)
        status = BulkStatus.PROCESSING if is_waiting else BulkStatus.PROCESSED
        return schemas.BulkDebit(bulk_id, status, found["item_count"], tallies, found["created_at"])

    async def items(
        self, tenant_id: UUID, bulk_id: UUID, *, after: str | None, limit: int
    ) -> schemas.BulkDebitItems:
        """`GET /v1/bulk-direct-debits/{bulk}/items`.

        Raises:
            BulkNotFound: the tenant has no such.
        """
        await self._found(tenant_id, bulk_id)
        rows = await self._database.fetch(
            store.LIST_ITEMS, tenant_id, bulk_id, int(after or 0), limit + 1
        )
        found = [_item(row) for row in rows[:limit]]
        return schemas.BulkDebitItems(found, str(found[-1].no) if len(rows) > limit else None)

    async def report(self, call: Call, bulk_id: UUID) -> Report:
        """`GET /v1/bulk-direct-debits/{bulk}/report`. It is audited before the answer.

        What concerns a customer whose data are restricted is told as if it had been erased, but
        for the purposes that a restriction leaves open.

        Raises:
            BulkNotFound: the tenant has no such.
        """
        tenant_id = call.tenant_id
        found = await self._found(tenant_id, bulk_id)
        await audit.write(self._database, self._clock, call, Answer(200, b""))
        items = [each async for each in self._reported(call, bulk_id)]
        name = NOT_PROVIDED
        if found["sealed"]:
            name = self._items.opened(tenant_id, bulk_id, found["sealed"]).decode()
        return Report(name, status_of_all(each.status for each in items), len(items), items)

    async def pain002(self, call: Call, bulk_id: UUID) -> bytes:
        """The same as a pain.002.001.10."""
        report = await self.report(call, bulk_id)
        groups = groupby(report.items, key=lambda each: each.batch)
        message = pain002.BulkStatus(
            message_id=self._ids.new().hex,
            created_at=self._clock.now(),
            original_message_id=report.message_id,
            original_message_name=pain008.VERSION,
            count=report.count,
            status=report.status,
            batches=tuple(
                pain002.BatchStatus(
                    group,
                    tuple(
                        pain002.TransferStatus(None, each.end_to_end_id, each.status, each.reason)
                        for each in items
                    ),
                )
                for group, items in groups
            ),
        )
        return pain002.write_pain002(message)

    async def _reported(self, call: Call, bulk_id: UUID) -> AsyncIterator[ReportedItem]:
        after, tenant_id = 0, call.tenant_id
        while rows := await self._database.fetch(
            store.LIST_ITEMS, tenant_id, bulk_id, after, _ROWS_AT_ONCE
        ):
            sides = [row[side] for row in rows for side in _SIDES]
            closed = await self._restrictions.closed(call, sides)
            for row in rows:
                is_closed = not closed.isdisjoint({row[side] for side in _SIDES})
                said = ERASED if is_closed else self._said(tenant_id, bulk_id, row["sealed"])
                yield _reported(row, said)
            after = rows[-1]["item_no"]

    def _said(self, tenant_id: UUID, bulk_id: UUID, sealed: bytes) -> Item:
        return self._items.item(tenant_id, bulk_id, sealed) if sealed else ERASED

    async def _found(self, tenant_id: UUID, bulk_id: UUID) -> "asyncpg.Record":
        row = await self._database.fetchrow(store.FIND_FILE, tenant_id, bulk_id)
        if row is None:
            raise BulkNotFound("There is no such file of direct debits.")
        return row


def _state(row: "asyncpg.Record") -> DebitState | None:
    return None if row["state"] is None else DebitState(row["state"])


def _item(row: "asyncpg.Record") -> schemas.BulkDebitItem:
    state = _state(row)
    return schemas.BulkDebitItem(
        no=row["item_no"],
        outcome=ItemOutcome(row["outcome"]),
        direct_debit_id=None if state is None else row["debit_id"],
        state=state,
        code=row["code"],
    )


def _reported(row: "asyncpg.Record", item: Item) -> ReportedItem:
    status = status_of(ItemOutcome(row["outcome"]), _state(row))
    code = row["code"] or (row["reason"] if status == "RJCT" else None)
    reason = None if code is None else CODES.get(code, code)
    return ReportedItem(item.group, None, item.end_to_end_id, status, reason)
