"""Whether a book's log still extends what was signed of it, shown by a proof of consistency."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from bezant.kernel.database import Database
from bezant.kernel.telemetry import CHECKPOINTS
from bezant.ledger.checkpoints import store
from bezant.ledger.checkpoints.errors import PlaceUnavailable
from bezant.ledger.checkpoints.keyring import Keyring
from bezant.ledger.checkpoints.places import Place, Published
from bezant.ledger.errors import BookBehindCheckpoint
from bezant.ledger.proof import (
    Checkpoint,
    NoteInvalid,
    Span,
    consistency_spans,
    is_consistent,
    open_note,
)
from bezant.ledger.proofs import Head, LogBroken, LogReader

log = structlog.get_logger("bezant.checkpoints")


async def difference(reader: LogReader, head: Head, signed: Checkpoint | None) -> str | None:
    """How a book's log fails to extend what was signed of it; None where it does.

    With nothing signed, whether the stored log is the tree that its head says.

    Raises:
        LogBroken: a batch is not there.
    """
    if signed is None:
        [root] = await reader.roots_of([Span(0, head.size)])
        return None if root == head.root else "the stored log does not give the root of its head"
    if signed.size > head.size or signed.seq > head.seq:
        return (
            f"the log ends with batch {head.size}, seq {head.seq}; checkpoint {signed.number}"
            f" signs {signed.size} batches up to seq {signed.seq}"
        )
    path = await reader.roots_of(consistency_spans(signed.size, head.size))
    if is_consistent(signed.size, head.size, signed.root, head.root, path):
        return None
    return (
        f"the log of {head.size} batches, up to seq {head.seq}, does not extend the one of"
        f" {signed.size} up to seq {signed.seq} that checkpoint {signed.number} signs"
    )


class Standing:
    """Judges books by what is kept outside.

    Also the lanes' gatekeeper: a book whose log does not extend what was signed of it takes no
    writes until an operator has decided.
    """

    def __init__(self, database: Database, keyring: Keyring, places: Sequence[Place]) -> None:
        self._database = database
        self._keyring = keyring
        self._places = places

    async def admit(self, tenant_id: UUID, book_id: UUID) -> None:
        """Let a book's lane be taken.

        A place that cannot be read now is passed over, and told of: the ledger does not stand on
        what is outside. What it keeps is looked at when the next checkpoint is to be signed.

        Raises:
            BookBehindCheckpoint: the database lost commits, or holds another history.
        """
        for place in self._places:
            try:
                published = await place.last(tenant_id, book_id)
            except PlaceUnavailable as error:
                CHECKPOINTS.labels("unread").inc()
                log.warning("checkpoints_unread", place=error.place, reason=error.reason)
                continue
            if published is None:
                continue
            fault = await self.fault(tenant_id, book_id, published)
            if fault is not None:
                log.error("book_behind_checkpoint", book=str(book_id), problem=fault)
                raise BookBehindCheckpoint(
                    f"Book {book_id} takes no writes until an operator decides: {fault}."
                )

    async def fault(
        self, tenant_id: UUID, book_id: UUID, published: Published, head: Head | None = None
    ) -> str | None:
        """What is wrong between a book and a checkpoint that was signed; None where nothing is.

        Args:
            tenant_id: whose.
            book_id: which.
            published: as it is kept.
            head: the head that has to extend it; None for the book's as it is.

        Raises:
            BookNotFound: the tenant has no such book.
        """
        keys = await self._keyring.public_keys(tenant_id)
        if await self._is_void(tenant_id, book_id, published.number, keys):
            return None
        try:
            signed = open_note(published.note, keys)
        except NoteInvalid as error:
            return f"checkpoint {published.number} is not to be trusted: {error}"
        if (signed.book_id, signed.number) != (book_id, published.number):
            return f"what is kept as checkpoint {published.number} is another one"
        reader = LogReader(self._database, tenant_id, book_id)
        try:
            return await difference(reader, head or await reader.head(), signed)
        except LogBroken as error:
            return str(error)

    async def _is_void(
        self, tenant_id: UUID, book_id: UUID, number: int, keys: Sequence[bytes]
    ) -> bool:
        """Whether an operator declared a checkpoint void, in a statement that is signed."""
        for row in await self._database.fetch(store.FIND_ACCEPTING, tenant_id, book_id, number):
            try:
                accepting = open_note(row["note"], keys)
            except NoteInvalid:
                continue
            replaced = accepting.replaced
            if replaced is not None and replaced.first <= number <= replaced.last:
                return accepting.book_id == book_id
        return False
