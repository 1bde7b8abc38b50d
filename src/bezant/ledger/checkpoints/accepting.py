"""An operator's decision: what was lost is lost, and the book goes on from what there is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.idempotency import once
from bezant.ledger.checkpoints import store
from bezant.ledger.checkpoints.errors import NothingToAccept, ReasonUnusable
from bezant.ledger.checkpoints.places import Place, Published
from bezant.ledger.checkpoints.signing import Signer
from bezant.ledger.checkpoints.standing import Standing
from bezant.ledger.checkpoints.views import view
from bezant.ledger.proof import REASON_CHARACTERS_MAX, Replaced
from bezant.ledger.proofs import LogReader

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_PER_READ: Final = 500


async def accept(
    database: Database,
    clock: Clock,
    signer: Signer,
    standing: Standing,
    places: Sequence[Place],
    call: Call,
    book_id: UUID,
    reason: str,
) -> Answer:
    """Declare void what the book's log does not extend, in a signed checkpoint (200 `Checkpoint`).

    It is written with its audit entry, and published like every other: who verifies later sees
    what was declared void, when, and why.

    Raises:
        BookNotFound: the tenant has no such book.
        PlaceUnavailable: a place cannot be read, so what it keeps cannot be decided on; or cannot
            be written: it gets the statement with the next round.
    """
    if not reason or len(reason) > REASON_CHARACTERS_MAX or not reason.isprintable():
        raise ReasonUnusable(
            f"A reason is one line of 1 to {REASON_CHARACTERS_MAX} printable characters.",
            field="reason",
        )
    kept = await _kept(database, call.tenant_id, book_id, places)
    void = [
        number
        for number, notes in sorted(kept.items())
        if any([await standing.fault(call.tenant_id, book_id, each) for each in notes])
    ]
    if not void:
        raise NothingToAccept("The book's log extends every checkpoint that is kept.")
    head = await LogReader(database, call.tenant_id, book_id).head()
    replaced = Replaced(void[0], max(kept), reason)
    checkpoint, note = await signer.prepare(call.tenant_id, book_id, head, max(kept) + 1, replaced)

    async def work(connection: "Connection") -> Answer:
        await signer.write(connection, call.tenant_id, checkpoint, note)
        return Answer.of(view(checkpoint, note))

    answer = await once(database, clock, call, work)
    for place in places:
        await place.put(call.tenant_id, book_id, [Published(checkpoint.number, note)])
    return answer


async def _kept(
    database: Database, tenant_id: UUID, book_id: UUID, places: Sequence[Place]
) -> dict[int, set[Published]]:
    """Every note of a book, by number; the database's own and those outside may differ."""
    kept: dict[int, set[Published]] = {}
    reached = 0
    while rows := await database.fetch(store.FIND_AFTER, tenant_id, book_id, reached, _PER_READ):
        for row in rows:
            published = Published(row["checkpoint_no"], row["note"])
            kept.setdefault(published.number, set()).add(published)
        reached = rows[-1]["checkpoint_no"]
    for place in places:
        reached = 0
        while notes := await place.after(tenant_id, book_id, reached, _PER_READ):
            for published in notes:
                kept.setdefault(published.number, set()).add(published)
            reached = notes[-1].number
    return kept
