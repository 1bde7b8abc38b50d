"""Committing records that hold sealed values.

What identifies a person goes to the vault before the row that refers to it is committed, and is
kept once it is: a record never waits for its values, and a value without a record is swept away.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from bezant.kernel import idempotency
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.errors import Unavailable
from bezant.kernel.idempotency import once
from bezant.kernel.sealed import Sealer, Sealing
from bezant.kernel.sealed_owners import COMMITTED_WITHIN

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

log = structlog.get_logger("bezant.banking.sealing")


class AddedMeanwhile(Exception):  # noqa: N818 - what happened
    """Another request gave the record a value that this one was to add."""


class _TooLate(Exception):  # noqa: N818 - what happened
    """What was sealed for this commit may be swept away by now."""


class SealedCommits:
    """Commits of one domain's records with what is sealed for them.

    Args:
        database: connected as the application's role.
        clock: tells whether a commit comes in time.
        sealer: what keeps the values.
        find_held: which of a tenant's references the domain's committed records hold.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        sealer: Sealer,
        find_held: Callable[[UUID, Sequence[UUID]], Awaitable[Collection[UUID]]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer
        self._find_held = find_held

    async def earlier(self, call: Call) -> Answer | None:
        """The answer to an earlier request with the call's key: then nothing is sealed again."""
        return (await idempotency.find(self._database, call.tenant_id, [call])).get(call.id)

    async def commit(
        self,
        call: Call,
        sealings: Sequence[Sealing],
        work: "Callable[[Connection], Awaitable[Answer]]",
    ) -> Answer:
        """Seal, commit, and keep what was sealed if it was this commit that holds it.

        Raises:
            AddedMeanwhile: as `work` raised it; what was sealed is discarded.
            Unavailable: it took too long, or the vault is down; a repeat is safe.
        """
        begun = self._clock.now()
        references = [sealing.reference for sealing in sealings]
        if sealings:
            await self._sealer.seal(call, sealings)

        async def in_time(connection: "Connection") -> Answer:
            if self._clock.now() - begun > COMMITTED_WITHIN:
                raise _TooLate
            return await work(connection)

        try:
            answer = await once(self._database, self._clock, call, in_time)
        except AddedMeanwhile:
            await self._sealer.discard(call.tenant_id, references)
            raise
        except _TooLate:
            raise Unavailable("It took too long: repeat the request with the same key.") from None
        if sealings:
            await self._settle(call.tenant_id, references, answer)
        return answer

    async def _settle(self, tenant_id: UUID, references: Sequence[UUID], answer: Answer) -> None:
        is_ours = not answer.is_refusal
        if is_ours and answer.is_replay:
            # Of another request, or of this very commit, whose outcome was not known at first.
            is_ours = set(references) <= set(await self._find_held(tenant_id, references))
        try:
            if is_ours:
                await self._sealer.keep(tenant_id, references)
            else:
                await self._sealer.discard(tenant_id, references)
        except Unavailable:
            # The sweep will: until then what is provisional opens as what is kept.
            log.warning("sealed_values_left_to_the_sweep", count=len(references))
