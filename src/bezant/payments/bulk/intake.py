"""Taking a file: all of it in one commit, and none of it twice."""

import asyncio
from datetime import date, datetime
from typing import TYPE_CHECKING, BinaryIO, NamedTuple
from uuid import UUID

import msgspec

from bezant.banking import AccountService, batch_row
from bezant.kernel import idempotency
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.errors import Refusal
from bezant.kernel.fingerprints import Fingerprints
from bezant.kernel.ids import Ids, derived_id
from bezant.ledger import transfer_id
from bezant.payments.bulk import store
from bezant.payments.bulk.domain import (
    CHUNK_ITEMS,
    CONFIRM_WITHIN,
    DUPLICATE,
    NOT_PROVIDED,
    BulkFile,
    Format,
    Item,
    ItemOutcome,
    Payees,
)
from bezant.payments.bulk.errors import BulkRepeated, PayeesUndecided
from bezant.payments.bulk.reading import read_file
from bezant.payments.bulk.records import chunk_job, lapse_job, verify_job
from bezant.payments.bulk.schemas import Bulk, BulkQuery, BulkStatus, Tally
from bezant.payments.chunks import ITEM_INVALID
from bezant.payments.orders import PaymentService
from bezant.payments.orders.errors import DayOutOfReach, UnknownDebtorAccount
from bezant.payments.orders.service import DAYS_AHEAD
from bezant.payments.vop import VERIFIED_RAILS

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]


class FileName(msgspec.Struct, frozen=True):
    """What a report repeats of a file: sealed where it is stored."""

    message_id: str
    message_name: str


class BulkIntake:
    """Takes files.

    Args:
        database: where they are kept.
        clock: tells when, and which day it is.
        ids: of files and payments.
        accounts: tells whose account an IBAN is.
        payments: seals, and knows the days of books.
        fingerprints: by which files and payments are recognised.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        accounts: AccountService,
        payments: PaymentService,
        fingerprints: Fingerprints,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._accounts = accounts
        self._payments = payments
        self._fingerprints = fingerprints

    async def take(self, call: Call, form: Format, source: BinaryIO, query: BulkQuery) -> Answer:
        """`POST /v1/bulk-payments` -> 202 `Bulk`.

        Answers a refusal where the file cannot be read, does not add up or was sent before.

        Raises:
            Unavailable: a repeat with the same key is safe.
        """
        call = self._fingerprints.covered(call)
        earlier = await idempotency.find(self._database, call.tenant_id, [call])
        if call.id in earlier:
            return earlier[call.id]
        found: BulkFile | Refusal
        items: list[_Judged]
        try:
            found = await asyncio.to_thread(read_file, form, source, query)
            items = await self._judged(call.tenant_id, found)
            if query.rail in VERIFIED_RAILS and query.payees is None:
                raise PayeesUndecided("Say `verify` or `opt_out`.", field="payees")
        except Refusal as refusal:
            found, items = refusal, []

        async def work(connection: "Connection") -> Answer:
            if isinstance(found, Refusal):
                raise found  # on record, as what is refused later
            return await self._write(connection, call, found, items, query)

        return await idempotency.once(self._database, self._clock, call, work)

    async def _judged(self, tenant_id: UUID, file: BulkFile) -> "list[_Judged]":
        """The payments, each with a code if it can be none."""
        payers: dict[str, tuple[UUID, date] | None] = {}
        judged = []
        for item, code in file.items:
            debtor = item.debtor or ""
            if debtor not in payers:
                payers[debtor] = await self._payer(tenant_id, debtor)
            account_id, today = payers[debtor] or (None, None)
            judged.append(_Judged(*_judge(item, code, today), account_id))
        return judged

    async def _payer(self, tenant_id: UUID, debtor: str) -> tuple[UUID, date] | None:
        """An account, and which day it is where its book is; None where there is no such."""
        account_id = await self._accounts.find_by_iban(tenant_id, debtor) if debtor else None
        if account_id is None:
            return None
        account = await self._accounts.account(tenant_id, account_id)
        zone = await self._payments.zone(tenant_id, account.book_id)
        return account_id, self._clock.now().astimezone(zone).date()

    async def _write(
        self,
        connection: "Connection",
        call: Call,
        file: BulkFile,
        items: "list[_Judged]",
        query: BulkQuery,
    ) -> Answer:
        tenant_id, bulk_id, at = call.tenant_id, self._ids.new(), self._clock.now()
        initiator = self._fingerprints.of("bulk initiator", file.initiator)
        name = msgspec.json.encode(FileName(file.message_id, file.message_name))
        is_verified = query.payees is Payees.VERIFY
        confirm_by = at + CONFIRM_WITHIN if is_verified else None
        taken = await connection.fetchrow(
            store.INSERT_BULK,
            tenant_id,
            bulk_id,
            initiator,
            self._fingerprints.of("bulk message", file.message_id),
            file.format,
            self._payments.sealed(tenant_id, bulk_id, name),
            len(items),
            file.booked_as_one,
            query.rail,
            query.party_id,
            at,
            call.actor,
            query.payees,
            confirm_by,
        )
        if taken is None:
            raise BulkRepeated("The initiator has sent a file of this name before.")
        codes = await self._without_duplicates(connection, tenant_id, bulk_id, initiator, items)
        waiting = [code is None for code in codes]
        await self._insert(connection, tenant_id, bulk_id, items, codes, at)
        chunks = sorted({index // CHUNK_ITEMS for index, each in enumerate(waiting) if each})
        job = verify_job if is_verified else chunk_job
        jobs = [job(self._ids.new(), tenant_id, bulk_id, no, at) for no in chunks]
        if confirm_by is not None and chunks:
            jobs.append(lapse_job(self._ids.new(), tenant_id, bulk_id, at, confirm_by))
        await write_rows(connection, tenant_id, jobs)
        tallies = [
            Tally(outcome, None, waiting.count(is_waiting))
            for outcome, is_waiting in ((ItemOutcome.REFUSED, False), (ItemOutcome.WAITING, True))
            if is_waiting in waiting
        ]
        status = BulkStatus.VERIFYING if is_verified else BulkStatus.PROCESSING
        bulk = Bulk(
            bulk_id,
            file.format,
            status if True in waiting else BulkStatus.PROCESSED,
            len(items),
            file.booked_as_one,
            tallies,
            at,
            query.payees,
            confirm_by,
        )
        return Answer.of(bulk, 202)

    async def _insert(
        self,
        connection: "Connection",
        tenant_id: UUID,
        bulk_id: UUID,
        items: "list[_Judged]",
        codes: list[str | None],
        at: datetime,
    ) -> None:
        orders = [self._ids.new() for _ in items]
        await connection.execute(
            store.INSERT_ITEMS,
            tenant_id,
            bulk_id,
            list(range(1, len(items) + 1)),
            [index // CHUNK_ITEMS for index in range(len(items))],
            orders,
            [ItemOutcome.WAITING if code is None else ItemOutcome.REFUSED for code in codes],
            codes,
            [
                self._payments.sealed(tenant_id, bulk_id, msgspec.json.encode(each.item))
                for each in items
            ],
            [each.debtor_account for each in items],
            at,
        )
        together = [
            batch_row(each.debtor_account, transfer_id(order_id, 0), _batch_id(bulk_id, each.item))
            for each, order_id, code in zip(items, orders, codes, strict=True)
            if code is None and each.item.booked_with is not None and each.debtor_account
        ]
        await write_rows(connection, tenant_id, together)

    async def _without_duplicates(
        self,
        connection: "Connection",
        tenant_id: UUID,
        bulk_id: UUID,
        initiator: bytes,
        items: "list[_Judged]",
    ) -> list[str | None]:
        """The codes of the payments, with those whose name is taken among the refused."""
        named = [
            (self._fingerprints.of("bulk item", f"{initiator.hex()}/{each.item.end_to_end_id}"), no)
            for no, each in enumerate(items, 1)
            if each.code is None and each.item.end_to_end_id != NOT_PROVIDED
        ]
        rows = await connection.fetch(
            store.INSERT_REFERENCES,
            tenant_id,
            bulk_id,
            [reference for reference, _ in named],
            [no for _, no in named],
        )
        repeated = {no for _, no in named} - {row["item_no"] for row in rows}
        return [DUPLICATE if no in repeated else each.code for no, each in enumerate(items, 1)]


def _batch_id(bulk_id: UUID, item: Item) -> UUID:
    """What an entry of a statement is known by that stands for a batch of a file."""
    assert item.booked_with is not None
    return derived_id(b"bulk batch" + bulk_id.bytes + item.booked_with.to_bytes(4, "big"))


class _Judged(NamedTuple):
    """A payment of a file, why it can be none, and whose it is."""

    item: Item
    code: str | None
    debtor_account: UUID | None


def _judge(item: Item, code: str | None, today: date | None) -> tuple[Item, str | None]:
    """A payment with the day that it is for, or with the code of what it lacks."""
    if code is not None:
        return item, code
    if today is None:
        return item, UnknownDebtorAccount.code
    if item.creditor is None or item.creditor_name is None:
        return item, ITEM_INVALID
    day = today
    if item.execute_on is not None:
        try:
            day = date.fromisoformat(item.execute_on)
        except ValueError:
            return item, ITEM_INVALID
    if not 0 <= (day - today).days <= DAYS_AHEAD.days:
        return item, DayOutOfReach.code
    # One for today is carried out as it is taken; one for a later day waits for it.
    on = None if day == today else day.isoformat()
    return msgspec.structs.replace(item, execute_on=on), None
