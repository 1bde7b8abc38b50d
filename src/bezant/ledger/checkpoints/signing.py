"""Signing the head of a book's log, never one that does not extend what was signed before."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from bezant.kernel import outbox
from bezant.kernel.clock import Clock
from bezant.kernel.database import BEGIN_BY_KEY, Database, Row, write_rows
from bezant.kernel.ids import Ids
from bezant.kernel.telemetry import CHECKPOINTS
from bezant.ledger.checkpoints import store
from bezant.ledger.checkpoints.errors import Forked
from bezant.ledger.checkpoints.keyring import Keyring
from bezant.ledger.checkpoints.places import Published
from bezant.ledger.checkpoints.standing import Standing, difference
from bezant.ledger.proof import Checkpoint, Replaced, sign, terms_hash
from bezant.ledger.proofs import Head, LogReader
from bezant.ledger.proofs.log import store_nodes
from bezant.ledger.queries import Queries

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

CREATED: Final = "checkpoint.created"


class CheckpointCreated(Struct, frozen=True):
    """The data of the event: all that a receiver has to keep."""

    book: UUID
    number: int
    size: int
    seq: int
    root: str
    note: str


class Signer:
    """Signs heads of books' logs."""

    def __init__(
        self, database: Database, clock: Clock, ids: Ids, keyring: Keyring, standing: Standing
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._keyring = keyring
        self._standing = standing

    async def last(self, tenant_id: UUID, book_id: UUID) -> Published | None:
        """What was signed of a book last."""
        row = await self._database.fetchrow(store.FIND_LAST, tenant_id, book_id)
        return None if row is None else Published(*row.values())

    async def sign(self, tenant_id: UUID, book_id: UUID, *, number_min: int) -> None:
        """Sign the head of a book's log, after a proof that it extends what was signed before.

        Args:
            tenant_id: whose.
            book_id: which.
            number_min: what the checkpoint is numbered at the least.

        Raises:
            Forked: it does not; nothing was signed.
            LogBroken: a batch is not there; nothing was signed.
            SealBroken: the keys cannot be opened.
            Unavailable: or CommitUnknown: the next look tells.
        """
        last = await self.last(tenant_id, book_id)
        head = await LogReader(self._database, tenant_id, book_id).head()
        if last is not None:
            fault = await self._standing.fault(tenant_id, book_id, last, head)
            if fault is not None:
                raise Forked(fault)
            number_min = max(number_min, last.number + 1)
        checkpoint, note = await self.prepare(tenant_id, book_id, head, number_min)

        async def work(connection: "Connection") -> None:
            await self.write(connection, tenant_id, checkpoint, note)

        try:
            await self._database.transaction(work, begin=BEGIN_BY_KEY)
        except asyncpg.UniqueViolationError:
            return  # another process has signed meanwhile
        CHECKPOINTS.labels("signed").inc()

    async def prepare(
        self,
        tenant_id: UUID,
        book_id: UUID,
        head: Head,
        number: int,
        replaced: Replaced | None = None,
    ) -> tuple[Checkpoint, str]:
        """A checkpoint of a head of a book's log, and its note; not written yet.

        Raises:
            Forked: the stored log is not the tree that the head says.
        """
        reader = LogReader(self._database, tenant_id, book_id)
        await store_nodes(self._database, tenant_id, book_id, head.size)
        fault = await difference(reader, head, None)
        if fault is not None:
            raise Forked(fault)
        book = await Queries(self._database).book(tenant_id, book_id)
        scales = {asset.code: asset.scale for asset in book.assets}
        checkpoint = Checkpoint(
            book_id,
            number,
            head.size,
            head.root,
            head.seq,
            self._clock.now(),
            terms_hash(book.id, book.name, book.time_zone, scales, book.created_at),
            replaced,
        )
        return checkpoint, sign(checkpoint, await self._keyring.signing(tenant_id))

    async def write(
        self, connection: "Connection", tenant_id: UUID, checkpoint: Checkpoint, note: str
    ) -> None:
        """Write a checkpoint, with the event that tells of it."""
        replaced = checkpoint.replaced
        await connection.execute(
            store.INSERT_CHECKPOINT,
            tenant_id,
            checkpoint.book_id,
            checkpoint.number,
            checkpoint.size,
            checkpoint.seq,
            checkpoint.root,
            note,
            checkpoint.signed_at,
            None if replaced is None else replaced.first,
            None if replaced is None else replaced.last,
        )
        await write_rows(connection, tenant_id, [self._event(checkpoint, note)])

    def _event(self, checkpoint: Checkpoint, note: str) -> Row:
        return outbox.event(
            self._ids.new(),
            CREATED,
            f"/v1/books/{checkpoint.book_id}/checkpoints",
            checkpoint.signed_at,
            CheckpointCreated(
                checkpoint.book_id,
                checkpoint.number,
                checkpoint.size,
                checkpoint.seq,
                checkpoint.root.hex(),
                note,
            ),
        )
