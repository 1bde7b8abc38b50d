"""Reading how far a file has come, and reporting on it."""

from collections.abc import AsyncIterator
from itertools import groupby
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.banking import AccountRestrictions, AccountService
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
    Decision,
    Item,
    ItemOutcome,
    Payees,
    found_status,
    outcome_digest,
    status_of,
    status_of_all,
)
from bezant.payments.bulk.errors import BulkNotFound
from bezant.payments.bulk.intake import FileName
from bezant.payments.orders import PaymentService
from bezant.payments.states import OrderState
from bezant.payments.vop import Verdict, VerificationContents

if TYPE_CHECKING:
    import asyncpg

ERASED: Final = Item(NOT_PROVIDED, None, None, None, None, NOT_PROVIDED, None, "", "", None, None)
"""What is told of a payment whose words are not kept any more."""

_ROWS_AT_ONCE: Final = 1_000
_SIDES: Final = ("debtor_account", "creditor_account")


class BulkReports:
    """Files as they stand.

    Args:
        database: where they are read.
        clock: tells when a report was made.
        ids: of reports.
        payments: opens what is sealed.
        payees: what was shown of them.
        accounts: tells which payees are customers here.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        payments: PaymentService,
        payees: VerificationContents,
        accounts: AccountService,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._payments = payments
        self._payees = payees
        self._accounts = accounts
        self._restrictions = AccountRestrictions(database, clock)

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
        return schemas.Bulk(
            bulk_id,
            found["format"],
            _status(found, await self._verdicts(tenant_id, found), tallies),
            found["item_count"],
            found["booked_as_one"],
            tallies,
            found["created_at"],
            None if found["payees"] is None else Payees(found["payees"]),
            found["confirm_by"],
            _decision(found),
        )

    async def verification(self, tenant_id: UUID, bulk_id: UUID) -> schemas.BulkVerification:
        """`GET /v1/bulk-payments/{bulk}/verification`.

        Raises:
            BulkNotFound: the tenant has no such.
        """
        bulk = await self.bulk(tenant_id, bulk_id)
        found = await self._found(tenant_id, bulk_id)
        digest = None
        if bulk.status is schemas.BulkStatus.AWAITING_CONFIRMATION:
            rows = await self._database.fetch(store.FIND_VERDICTS, tenant_id, bulk_id)
            told = [(row["item_no"], row["order_id"], row["verdict"]) for row in rows]
            digest = outcome_digest(bulk_id, told).hex()
        return schemas.BulkVerification(
            bulk.status,
            bulk.payees,
            bulk.confirm_by,
            await self._verdicts(tenant_id, found),
            digest,
            bulk.decision,
            found["withdrawn"] or 0,
            found["decided_at"],
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

        What concerns a customer whose data are restricted is told as if it had been erased, but
        for the purposes that a restriction leaves open.

        Raises:
            BulkNotFound: the tenant has no such.
        """
        tenant_id = call.tenant_id
        found = await self._found(tenant_id, bulk_id)
        await audit.write(self._database, self._clock, call, Answer(200, b""))
        items = [each async for each in self._reported(call, found)]
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
                            each.instruction_id,
                            each.end_to_end_id,
                            each.status,
                            each.reason,
                            words=pain002.in_lines(each.matched_name),
                        )
                        for each in items
                    ),
                )
                for batch, items in batches
            ),
        )
        return pain002.write_pain002(message)

    async def _reported(
        self, call: Call, bulk: "asyncpg.Record"
    ) -> AsyncIterator[schemas.ReportedItem]:
        after, bulk_id, tenant_id = 0, bulk["bulk_id"], call.tenant_id
        is_undecided = bulk["payees"] == Payees.VERIFY and bulk["decision"] is None
        while rows := await self._database.fetch(
            store.LIST_ITEMS, tenant_id, bulk_id, after, _ROWS_AT_ONCE
        ):
            sides = [row[side] for row in rows for side in _SIDES]
            closed = await self._restrictions.closed(call, sides)
            shown = await self._shown(call, rows) if is_undecided else {}
            for row in rows:
                is_closed = not closed.isdisjoint({row[side] for side in _SIDES})
                said = ERASED if is_closed else self._said(tenant_id, bulk_id, row["sealed"])
                if is_undecided and row["outcome"] == ItemOutcome.WAITING:
                    name = None if is_closed else shown.get(row["order_id"])
                    yield _undecided(row, said, name)
                else:
                    yield _reported(row, said)
            after = rows[-1]["item_no"]

    async def _shown(self, call: Call, rows: "list[asyncpg.Record]") -> dict[UUID, str]:
        """The names of payees that match closely, by payment."""
        close = [row["order_id"] for row in rows if row["verdict"] == Verdict.CLOSE_MATCH]
        found = await self._payees.of(call.tenant_id, close)
        own = {
            key: await self._accounts.find_by_iban(call.tenant_id, each.iban)
            for key, each in found.items()
        }
        closed = await self._restrictions.closed(call, own.values())
        return {
            key: each.matched_name
            for key, each in found.items()
            if each.matched_name is not None and own[key] not in closed
        }

    def _said(self, tenant_id: UUID, bulk_id: UUID, sealed: bytes) -> Item:
        if not sealed:
            return ERASED
        return msgspec.json.decode(self._payments.opened(tenant_id, bulk_id, sealed), type=Item)

    async def _verdicts(
        self, tenant_id: UUID, bulk: "asyncpg.Record"
    ) -> list[schemas.VerdictTally]:
        if bulk["payees"] != Payees.VERIFY or bulk["decision"] is not None:
            return []
        rows = await self._database.fetch(store.COUNT_VERDICTS, tenant_id, bulk["bulk_id"])
        return [schemas.VerdictTally(_verdict(row), row["items"]) for row in rows]

    async def _found(self, tenant_id: UUID, bulk_id: UUID) -> "asyncpg.Record":
        row = await self._database.fetchrow(store.FIND_BULK, tenant_id, bulk_id)
        if row is None:
            raise BulkNotFound("There is no such bulk payment.")
        return row

    def _name(self, tenant_id: UUID, bulk_id: UUID, row: "asyncpg.Record") -> FileName:
        if not row["sealed"]:
            return FileName(NOT_PROVIDED, NOT_PROVIDED)
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
        verification_id=None if row["verdict"] is None else row["order_id"],
        verdict=_verdict(row),
    )


def _verdict(row: "asyncpg.Record") -> Verdict | None:
    return None if row["verdict"] is None else Verdict(row["verdict"])


def _decision(bulk: "asyncpg.Record") -> Decision | None:
    return None if bulk["decision"] is None else Decision(bulk["decision"])


def _status(
    bulk: "asyncpg.Record",
    verdicts: list[schemas.VerdictTally],
    tallies: list[schemas.Tally],
) -> schemas.BulkStatus:
    if all(each.outcome is not ItemOutcome.WAITING for each in tallies):
        return schemas.BulkStatus.PROCESSED
    if bulk["payees"] != Payees.VERIFY or bulk["decision"] is not None:
        return schemas.BulkStatus.PROCESSING
    if any(each.verdict is None for each in verdicts):
        return schemas.BulkStatus.VERIFYING
    return schemas.BulkStatus.AWAITING_CONFIRMATION


def _undecided(row: "asyncpg.Record", item: Item, matched_name: str | None) -> schemas.ReportedItem:
    status = found_status(_verdict(row))
    return schemas.ReportedItem(
        item.batch, item.instruction_id, item.end_to_end_id, status, None, matched_name
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
