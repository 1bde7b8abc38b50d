"""What the payer of a file decides once its payees are verified: once, and in one commit.

Only a confirmation makes the jobs that order payments. It repeats the digest of what was found, so
that nothing is paid on an outcome which the payer has not seen; each order then takes up the
verification of its payee in the commit that takes it.
"""

from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Done, Handling, Job, Outcome
from bezant.payments.bulk import store
from bezant.payments.bulk.domain import LAPSED, WITHDRAWN, Decision, Payees, outcome_digest
from bezant.payments.bulk.errors import (
    BulkNotFound,
    BulkNotWaiting,
    BulkOutcomeDiffers,
    UnknownBulkItem,
)
from bezant.payments.bulk.records import LAPSE, Lapse, chunk_job, outcome_rows
from bezant.payments.bulk.schemas import BulkConfirmation, BulkDecided

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_PLATFORM: Final = "platform"


class BulkDecisions:
    """Takes decisions on files.

    Args:
        database: where files are kept.
        clock: tells when.
        ids: of jobs.
    """

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    async def confirm(self, call: Call, bulk_id: UUID, asked: BulkConfirmation) -> Answer:
        """`POST /v1/bulk-payments/{bulk}/confirm` -> 200 `BulkDecided`.

        Answers a refusal where the file does not wait, or something else was found.
        """

        async def work(connection: "Connection") -> Answer:
            bulk = await _waiting(connection, call.tenant_id, bulk_id)
            if self._clock.now() >= bulk["confirm_by"]:
                raise BulkNotWaiting("It waited for its payer, and does no more.")
            found = await connection.fetch(store.FIND_VERDICTS, call.tenant_id, bulk_id)
            if not found or any(row["verdict"] is None for row in found):
                raise BulkNotWaiting("Not every payee has been verified, or no payment waits.")
            told = [(row["item_no"], row["order_id"], row["verdict"]) for row in found]
            digest = outcome_digest(bulk_id, told)
            if digest.hex() != asked.digest:
                raise BulkOutcomeDiffers("What was found is something else.", field="digest")
            taken_out = _taken_out(found, asked)
            left = [row for row in found if row["item_no"] not in taken_out]
            decided = BulkDecided(bulk_id, Decision.CONFIRMED, len(left), len(taken_out))
            await self._decide(connection, call, decided, digest)
            await self._refuse(connection, call.tenant_id, bulk_id, taken_out, WITHDRAWN)
            at = self._clock.now()
            jobs = [
                chunk_job(self._ids.new(), call.tenant_id, bulk_id, no, at)
                for no in sorted({row["chunk_no"] for row in left})
            ]
            await write_rows(connection, call.tenant_id, jobs)
            return Answer.of(decided)

        return await once(self._database, self._clock, call, work)

    async def withdraw(self, call: Call, bulk_id: UUID) -> Answer:
        """`POST /v1/bulk-payments/{bulk}/withdraw` -> 200 `BulkDecided`; answers may be missing.

        Answers a refusal where the file does not wait.
        """

        async def work(connection: "Connection") -> Answer:
            await _waiting(connection, call.tenant_id, bulk_id)
            ended = await self._end(connection, call, bulk_id, Decision.WITHDRAWN, WITHDRAWN)
            return Answer.of(ended)

        return await once(self._database, self._clock, call, work)

    async def lapse(self, job: Job[Lapse]) -> Outcome:
        """End the waiting of a file that nobody decided on; its payments' names are free again."""
        bulk_id = job.payload.bulk_id
        call = Call(
            id=self._ids.new(),
            tenant_id=job.tenant_id,
            actor=_PLATFORM,
            action="bulk_payment.lapse",
            resource=f"/v1/bulk-payments/{bulk_id}",
            origin="job",
        )

        async def work(connection: "Connection") -> None:
            try:
                await _waiting(connection, job.tenant_id, bulk_id)
                await self._end(connection, call, bulk_id, Decision.LAPSED, LAPSED)
            except BulkNotWaiting:
                return
            entry = audit.entry(call, Answer(200, b""), self._clock.now())
            await write_rows(connection, job.tenant_id, entry)

        return Done(work=work)

    def handling(self) -> Handling[Lapse]:
        """Who carries out the jobs, for the runner of a process."""
        return Handling(LAPSE, self.lapse)

    async def _end(
        self, connection: "Connection", call: Call, bulk_id: UUID, decision: Decision, code: str
    ) -> BulkDecided:
        """Refuse whatever waits.

        Raises:
            BulkNotWaiting: nothing does, or somebody has decided.
        """
        found = await connection.fetch(store.FIND_VERDICTS, call.tenant_id, bulk_id)
        if not found:
            raise BulkNotWaiting("No payment of it waits.")
        ended = BulkDecided(bulk_id, decision, 0, len(found))
        await self._decide(connection, call, ended, None)
        numbers = {row["item_no"] for row in found}
        await self._refuse(connection, call.tenant_id, bulk_id, numbers, code)
        return ended

    async def _decide(
        self, connection: "Connection", call: Call, decided: BulkDecided, digest: bytes | None
    ) -> None:
        taken = await connection.fetchrow(
            store.INSERT_DECISION, call.tenant_id, decided.id, decided.decision, digest,
            decided.withdrawn, self._clock.now(), call.actor,
        )  # fmt: skip
        if taken is None:
            raise BulkNotWaiting("It was decided on.")

    async def _refuse(
        self,
        connection: "Connection",
        tenant_id: UUID,
        bulk_id: UUID,
        numbers: "set[int]",
        code: str,
    ) -> None:
        at = self._clock.now()
        rows = [row for no in sorted(numbers) for row in outcome_rows(bulk_id, no, code, at)]
        await write_rows(connection, tenant_id, rows)


async def _waiting(connection: "Connection", tenant_id: UUID, bulk_id: UUID) -> "asyncpg.Record":
    """A file whose payees are verified, and which nobody has decided on.

    Raises:
        BulkNotFound: the tenant has no such.
        BulkNotWaiting: it is another.
    """
    bulk = await connection.fetchrow(store.FIND_BULK, tenant_id, bulk_id)
    if bulk is None:
        raise BulkNotFound("There is no such bulk payment.")
    if bulk["payees"] != Payees.VERIFY or bulk["decision"] is not None:
        raise BulkNotWaiting("It was decided on, or waits for nobody.")
    return bulk


def _taken_out(found: "Sequence[asyncpg.Record]", asked: BulkConfirmation) -> set[int]:
    """The numbers of the payments that the payer takes out.

    Raises:
        UnknownBulkItem: one is named that does not wait.
    """
    named = set(asked.withdraw_items)
    if not named <= {row["item_no"] for row in found}:
        raise UnknownBulkItem("One of them does not wait.", field="withdraw_items")
    return named | {row["item_no"] for row in found if row["verdict"] in asked.withdraw}
