"""Taking a file of direct debits: all of it in one commit, and none of it twice."""

import asyncio
from typing import TYPE_CHECKING, BinaryIO
from uuid import UUID

import msgspec

from bezant.banking import AccountService
from bezant.formats.iso20022 import InvalidMessage, SumsDisagree, pain008
from bezant.kernel import idempotency
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.errors import Malformed, Refusal
from bezant.kernel.ids import Ids, derived_id
from bezant.payments.bulk.domain import NOT_PROVIDED, ItemOutcome
from bezant.payments.bulk.errors import BulkRepeated, BulkSumsDisagree, BulkTooLong
from bezant.payments.bulk.schemas import BulkStatus
from bezant.payments.bulk_debits import store
from bezant.payments.bulk_debits.domain import (
    CHUNK_ITEMS,
    DUPLICATE,
    ITEMS_MAX,
    DebitFile,
    Item,
    items_of,
)
from bezant.payments.bulk_debits.records import SealedItems, chunk_job
from bezant.payments.bulk_debits.schemas import BulkDebit, DebitTally
from bezant.payments.orders import Secrecy

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    from bezant.kernel.fingerprints import Fingerprints

    Connection = PoolConnectionProxy[asyncpg.Record]

_Entry = tuple[int, UUID | None, Item, str | None]
"""A collection's number, what it will be known by, what it says, and why it is refused."""


class DebitIntake:
    """Takes files.

    Args:
        database: where they are kept.
        clock: tells when.
        ids: of files and collections.
        secrecy: of what they say, and how they are recognised.
        accounts: tells whose account an IBAN is.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        secrecy: Secrecy,
        accounts: AccountService,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._fingerprints: Fingerprints = secrecy.fingerprints
        self._items = SealedItems(secrecy.sealer)
        self._accounts = accounts

    async def take(self, call: Call, source: BinaryIO) -> Answer:
        """`POST /v1/bulk-direct-debits` -> 202 `BulkDebit`.

        Answers a refusal where the file cannot be read, does not add up or was sent before.

        Raises:
            Unavailable: a repeat with the same key is safe.
        """
        call = self._fingerprints.covered(call)
        earlier = await idempotency.find(self._database, call.tenant_id, [call])
        if call.id in earlier:
            return earlier[call.id]
        found: DebitFile | Refusal
        try:
            found = await asyncio.to_thread(read_file, source)
        except Refusal as refusal:
            found = refusal
        owners = {} if isinstance(found, Refusal) else await self._owners(call.tenant_id, found)

        async def work(connection: "Connection") -> Answer:
            if isinstance(found, Refusal):
                raise found  # on record, as what is refused later
            return await self._write(connection, call, found, owners)

        return await idempotency.once(self._database, self._clock, call, work)

    async def _owners(self, tenant_id: UUID, file: DebitFile) -> dict[str, UUID | None]:
        """Whose the accounts are that it collects for; None of those that are not here."""
        ibans = {item.creditor for item, _ in file.items}
        return {iban: await self._accounts.find_by_iban(tenant_id, iban) for iban in ibans}

    async def _write(
        self,
        connection: "Connection",
        call: Call,
        file: DebitFile,
        owners: dict[str, UUID | None],
    ) -> Answer:
        tenant_id, bulk_id, at = call.tenant_id, self._ids.new(), self._clock.now()
        initiator = self._fingerprints.of("bulk debit initiator", file.initiator)
        taken = await connection.fetchrow(
            store.INSERT_FILE,
            tenant_id,
            bulk_id,
            initiator,
            self._fingerprints.of("bulk debit message", file.message_id),
            self._items.sealed(tenant_id, bulk_id, file.message_id.encode()),
            len(file.items),
            at,
            call.actor,
        )
        if taken is None:
            raise BulkRepeated("The initiator has sent a file of this name before.")
        entries: list[_Entry] = [
            (no, self._debit_id(tenant_id, initiator, item) if code is None else None, item, code)
            for no, (item, code) in enumerate(file.items, 1)
        ]
        free = await self._insert(connection, tenant_id, bulk_id, entries, owners)
        repeated: list[_Entry] = [
            (no, None, item, DUPLICATE) for no, _, item, _ in entries if no not in free
        ]
        await self._insert(connection, tenant_id, bulk_id, repeated, owners)
        waiting = [no for no, debit_id, _, _ in entries if debit_id is not None and no in free]
        chunks = sorted({_chunk(no) for no in waiting})
        jobs = [chunk_job(self._ids.new(), tenant_id, bulk_id, no, at) for no in chunks]
        await write_rows(connection, tenant_id, jobs)
        counts = {ItemOutcome.REFUSED: len(entries) - len(waiting)}
        counts[ItemOutcome.WAITING] = len(waiting)
        tallies = [DebitTally(outcome, None, count) for outcome, count in counts.items() if count]
        status = BulkStatus.PROCESSING if waiting else BulkStatus.PROCESSED
        return Answer.of(BulkDebit(bulk_id, status, len(entries), tallies, at), 202)

    async def _insert(
        self,
        connection: "Connection",
        tenant_id: UUID,
        bulk_id: UUID,
        entries: list[_Entry],
        owners: dict[str, UUID | None],
    ) -> set[int]:
        """Keep collections; the numbers of those whose name was free."""
        rows = await connection.fetch(
            store.INSERT_ITEMS,
            tenant_id,
            bulk_id,
            [no for no, *_ in entries],
            [_chunk(no) for no, *_ in entries],
            [debit_id for _, debit_id, *_ in entries],
            [ItemOutcome.WAITING if code is None else ItemOutcome.REFUSED for *_, code in entries],
            [code for *_, code in entries],
            [
                self._items.sealed(tenant_id, bulk_id, msgspec.json.encode(item))
                for _, _, item, _ in entries
            ],
            [owners[item.creditor] for _, _, item, _ in entries],
            self._clock.now(),
        )
        return {row["item_no"] for row in rows}

    def _debit_id(self, tenant_id: UUID, initiator: bytes, item: Item) -> UUID:
        """What a collection will be known by: it follows from the name that its sender gave it."""
        if item.end_to_end_id == NOT_PROVIDED:
            return self._ids.new()
        named = f"{initiator.hex()}/{item.creditor_id}/{item.end_to_end_id}"
        fingerprint = self._fingerprints.of("bulk debit item", named)
        return derived_id(b"bulk debit" + tenant_id.bytes + fingerprint)


def read_file(source: BinaryIO) -> DebitFile:
    """Read a pain.008.001.08. Blocks: not for the event loop's thread.

    Raises:
        Malformed: it cannot be read.
        BulkSumsDisagree: it does not add up.
        BulkTooLong: it has too many collections.
    """
    try:
        message = pain008.read_partly(source.read())
        items = items_of(message)
    except SumsDisagree as disagreeing:
        raise BulkSumsDisagree(disagreeing.reason, field=disagreeing.path) from None
    except InvalidMessage as invalid:
        raise Malformed(invalid.reason, field=invalid.path) from None
    if len(items) > ITEMS_MAX:
        raise BulkTooLong(f"A file has at most {ITEMS_MAX} collections.")
    return DebitFile(message.message_id, message.initiator, items)


def _chunk(item_no: int) -> int:
    return (item_no - 1) // CHUNK_ITEMS
