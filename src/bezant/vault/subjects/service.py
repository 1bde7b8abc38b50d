"""Restriction, legal holds and the decision to erase."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.kernel.sealed import SubjectErased
from bezant.vault.subjects import store
from bezant.vault.subjects.erasing import Erasing
from bezant.vault.subjects.errors import (
    ErasureBlocked,
    HoldInThePast,
    HoldNotFound,
    SubjectNotFound,
    TooManyHolds,
)
from bezant.vault.subjects.holdings import Keeper
from bezant.vault.subjects.journal import Journal
from bezant.vault.subjects.reports import erasure_of, hold_of
from bezant.vault.subjects.schemas import Erasure, ErasureRequest, Hold, NewHold, RestrictionRequest

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

HOLDS_MAX: Final = 100
"""Of a subject, released ones included."""


class SubjectService:
    """What is decided about subjects.

    Args:
        database: the main one, as the vault's role.
        erasing: carries erasures out.
        journal: of erasures.
        keepers: whose duties an erasure waits for.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        erasing: Erasing,
        journal: Journal,
        keepers: Sequence[Keeper] = (),
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._erasing = erasing
        self._journal = journal
        self._keepers = keepers

    async def restrict(self, call: Call, subject_id: UUID, request: RestrictionRequest) -> Answer:
        """Open the subject's data for few purposes only, from now on (200 `Standing`)."""
        return await self._set_state(call, subject_id, request, "restricted")

    async def lift(self, call: Call, subject_id: UUID, request: RestrictionRequest) -> Answer:
        """End a restriction (200 `Standing`)."""
        return await self._set_state(call, subject_id, request, "active")

    async def hold(self, call: Call, subject_id: UUID, new: NewHold) -> Answer:
        """Place a legal hold (201 `Hold`)."""
        call = msgspec.structs.replace(call, purpose=new.reason)
        hold_id = self._ids.new()

        async def work(connection: "Connection") -> Answer:
            now = self._clock.now()
            await _require_kept(connection, call.tenant_id, subject_id)
            if new.until is not None and new.until <= now:
                raise HoldInThePast("A hold ends in the future.", field="until")
            holds = await connection.fetch(store.FIND_HOLDS, call.tenant_id, subject_id)
            if len(holds) >= HOLDS_MAX:
                raise TooManyHolds(f"A subject has at most {HOLDS_MAX} holds.")
            await connection.execute(
                store.INSERT_HOLD, call.tenant_id, subject_id, hold_id, new.reason, new.until,
                call.actor, now,
            )  # fmt: skip
            return Answer.of(Hold(hold_id, new.reason, new.until, call.actor, now), 201)

        return await once(self._database, self._clock, call, work)

    async def release(self, call: Call, subject_id: UUID, hold_id: UUID) -> Answer:
        """Release a legal hold (200 `Hold`); again is no error."""

        async def work(connection: "Connection") -> Answer:
            now = self._clock.now()
            await connection.execute(
                store.RELEASE_HOLD, call.tenant_id, subject_id, hold_id, call.actor, now
            )
            rows = await connection.fetch(store.FIND_HOLDS, call.tenant_id, subject_id)
            for row in rows:
                if row["hold_id"] == hold_id:
                    return Answer.of(hold_of(row))
            raise HoldNotFound("The subject has no such hold.")

        return await once(self._database, self._clock, call, work)

    async def erase(self, call: Call, subject_id: UUID, request: ErasureRequest) -> Answer:
        """Erase the subject (200 `Erasure`). It is complete when this returns.

        Raises:
            Unavailable: it was decided and is not complete: a repeat completes it, or the next
                start.
        """
        call = msgspec.structs.replace(call, purpose=request.reason)
        erasure_id = self._ids.new()

        async def work(connection: "Connection") -> Answer:
            now = self._clock.now()
            state = await _state(connection, call.tenant_id, subject_id)
            if state == "erased":
                row = await connection.fetchrow(store.FIND_ERASURE, call.tenant_id, subject_id)
                assert row is not None
                return Answer.of(erasure_of(row))
            await _require_unblocked(connection, call.tenant_id, subject_id, now)
            await self._require_no_duty(connection, call.tenant_id, subject_id, now)
            # From here on nothing of the subject is sealed, opened or found.
            await connection.execute(store.SET_STATE, call.tenant_id, subject_id, "erased", now)
            await connection.execute(
                store.INSERT_ERASURE, call.tenant_id, subject_id, erasure_id, request.reason, now
            )
            return Answer.of(Erasure(erasure_id, subject_id, request.reason, now))

        answer = await once(self._database, self._clock, call, work)
        if not answer.is_refusal:
            await self._erasing.carry_out(self._journal, call.tenant_id, subject_id)
        return answer

    async def _require_no_duty(
        self, connection: "Connection", tenant_id: UUID, subject_id: UUID, now: datetime
    ) -> None:
        for keeper in self._keepers:
            duty = await keeper.duty(connection, tenant_id, subject_id, now)
            if duty is not None:
                until = duty.until
                when = (
                    "for as long as the account is open"
                    if until is None
                    else f"until {until:%Y-%m-%d}"
                )
                raise ErasureBlocked(
                    f"{duty.field} has to be kept {when}.",
                    blocked_by="retention",
                    retained=duty.field,
                    reason=duty.reason,
                    until="" if until is None else until.isoformat(),
                )

    async def _set_state(
        self, call: Call, subject_id: UUID, request: RestrictionRequest, state: str
    ) -> Answer:
        call = msgspec.structs.replace(call, purpose=request.purpose)

        async def work(connection: "Connection") -> Answer:
            await _require_kept(connection, call.tenant_id, subject_id)
            now = self._clock.now()
            await connection.execute(store.SET_STATE, call.tenant_id, subject_id, state, now)
            return Answer.of(Standing(subject_id, state, now))

        return await once(self._database, self._clock, call, work)


class Standing(msgspec.Struct, frozen=True):
    """Whether a subject's data are restricted."""

    subject_id: UUID
    state: str
    changed_at: datetime


async def _state(connection: "Connection", tenant_id: UUID, subject_id: UUID) -> str:
    row = await connection.fetchrow(store.FIND_SUBJECT, tenant_id, subject_id)
    if row is None:
        raise SubjectNotFound("There is no such subject.")
    return str(row["state"])


async def _require_kept(connection: "Connection", tenant_id: UUID, subject_id: UUID) -> None:
    if await _state(connection, tenant_id, subject_id) == "erased":
        raise SubjectErased("What identifies the subject was erased.")


async def _require_unblocked(
    connection: "Connection", tenant_id: UUID, subject_id: UUID, now: datetime
) -> None:
    """Look for what forbids erasure.

    Raises:
        ErasureBlocked: a hold, or a field that has to be kept for longer (GDPR, article 17(3)).
    """
    hold = await connection.fetchrow(store.FIND_STANDING_HOLD, tenant_id, subject_id, now)
    if hold is not None:
        until = hold["until"]
        raise ErasureBlocked(
            f"The legal hold {hold['hold_id']} stands.",
            blocked_by="hold",
            hold_id=str(hold["hold_id"]),
            reason=hold["reason"],
            until="" if until is None else until.isoformat(),
        )
    for row in await connection.fetch(store.FIND_KEPT_FIELDS, tenant_id, subject_id):
        until = row["newest_at"] + timedelta(days=row["keep_days"])
        if until > now:
            raise ErasureBlocked(
                f"{row['field']} has to be kept until {until:%Y-%m-%d}.",
                blocked_by="retention",
                retained=row["field"],
                reason=row["reason"],
                until=until.isoformat(),
            )
