"""Taking a file: all of it in one commit, and none of it twice."""

import asyncio
from datetime import date
from typing import TYPE_CHECKING, BinaryIO, Final
from uuid import UUID

import msgspec

from bezant.banking import AccountService
from bezant.kernel import idempotency
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.errors import Refusal
from bezant.kernel.fingerprints import Fingerprints
from bezant.kernel.ids import Ids
from bezant.payments.bulk import store
from bezant.payments.bulk.domain import (
    CHUNK_ITEMS,
    NOT_PROVIDED,
    BulkFile,
    Format,
    Item,
    ItemOutcome,
)
from bezant.payments.bulk.errors import BulkRepeated
from bezant.payments.bulk.reading import read_file
from bezant.payments.bulk.records import chunk_job
from bezant.payments.bulk.schemas import Bulk, BulkQuery, BulkStatus, Tally
from bezant.payments.chunks import ITEM_INVALID
from bezant.payments.orders import PaymentService
from bezant.payments.orders.errors import DayOutOfReach, UnknownDebtorAccount
from bezant.payments.orders.service import DAYS_AHEAD

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

DUPLICATE: Final = "DUPLICATE_ITEM"


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
        try:
            found = await asyncio.to_thread(read_file, form, source, query)
            items = await self._judged(call.tenant_id, found)
        except Refusal as refusal:
            found, items = refusal, []

        async def work(connection: "Connection") -> Answer:
            if isinstance(found, Refusal):
                raise found  # on record, as what is refused later
            return await self._write(connection, call, found, items, query)

        return await idempotency.once(self._database, self._clock, call, work)

    async def _judged(self, tenant_id: UUID, file: BulkFile) -> list[tuple[Item, str | None]]:
        """The payments, each with a code if it can be none."""
        days: dict[str, date | None] = {}
        judged = []
        for item, code in file.items:
            debtor = item.debtor or ""
            if debtor not in days:
                days[debtor] = await self._today(tenant_id, debtor)
            judged.append(_judge(item, code, days[debtor]))
        return judged

    async def _today(self, tenant_id: UUID, debtor: str) -> date | None:
        """Which day it is where an account's book is; None where there is no such account."""
        account_id = await self._accounts.find_by_iban(tenant_id, debtor) if debtor else None
        if account_id is None:
            return None
        account = await self._accounts.account(tenant_id, account_id)
        zone = await self._payments.zone(tenant_id, account.book_id)
        return self._clock.now().astimezone(zone).date()

    async def _write(
        self,
        connection: "Connection",
        call: Call,
        file: BulkFile,
        items: list[tuple[Item, str | None]],
        query: BulkQuery,
    ) -> Answer:
        tenant_id, bulk_id, at = call.tenant_id, self._ids.new(), self._clock.now()
        initiator = self._fingerprints.of("bulk initiator", file.initiator)
        name = msgspec.json.encode(FileName(file.message_id, file.message_name))
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
        )
        if taken is None:
            raise BulkRepeated("The initiator has sent a file of this name before.")
        codes = await self._without_duplicates(connection, tenant_id, bulk_id, initiator, items)
        waiting = [code is None for code in codes]
        await connection.execute(
            store.INSERT_ITEMS,
            tenant_id,
            bulk_id,
            list(range(1, len(items) + 1)),
            [index // CHUNK_ITEMS for index in range(len(items))],
            [self._ids.new() for _ in items],
            [ItemOutcome.WAITING if each else ItemOutcome.REFUSED for each in waiting],
            codes,
            [
                self._payments.sealed(tenant_id, bulk_id, msgspec.json.encode(item))
                for item, _ in items
            ],
            at,
        )
        chunks = sorted({index // CHUNK_ITEMS for index, each in enumerate(waiting) if each})
        jobs = [chunk_job(self._ids.new(), tenant_id, bulk_id, no, at) for no in chunks]
        await write_rows(connection, tenant_id, jobs)
        tallies = [
            Tally(outcome, None, waiting.count(is_waiting))
            for outcome, is_waiting in ((ItemOutcome.REFUSED, False), (ItemOutcome.WAITING, True))
            if is_waiting in waiting
        ]
        status = BulkStatus.PROCESSING if True in waiting else BulkStatus.PROCESSED
        bulk = Bulk(bulk_id, file.format, status, len(items), file.booked_as_one, tallies, at)
        return Answer.of(bulk, 202)

    async def _without_duplicates(
        self,
        connection: "Connection",
        tenant_id: UUID,
        bulk_id: UUID,
        initiator: bytes,
        items: list[tuple[Item, str | None]],
    ) -> list[str | None]:
        """The codes of the payments, with those whose name is taken among the refused."""
        named = [
            (self._fingerprints.of("bulk item", f"{initiator.hex()}/{item.end_to_end_id}"), no)
            for no, (item, code) in enumerate(items, 1)
            if code is None and item.end_to_end_id != NOT_PROVIDED
        ]
        rows = await connection.fetch(
            store.INSERT_REFERENCES,
            tenant_id,
            bulk_id,
            [reference for reference, _ in named],
            [no for _, no in named],
        )
        repeated = {no for _, no in named} - {row["item_no"] for row in rows}
        return [DUPLICATE if no in repeated else code for no, (_, code) in enumerate(items, 1)]


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
