"""Asking for approvals, giving them, and spending them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.identity.policy.approvals import store
from bezant.identity.policy.approvals.errors import ApprovalNotFound, ApprovalOver, OwnRequest
from bezant.identity.policy.approvals.schemas import (
    Approval,
    Approvals,
    ApprovalState,
    NewApproval,
)
from bezant.kernel.calls import Answer, Call, Principal
from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database
from bezant.kernel.errors import ApprovalNotUsable, Forbidden, Unavailable
from bezant.kernel.http import Action, fingerprint_of
from bezant.kernel.idempotency import once

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

EXPIRES_AFTER: Final = timedelta(hours=24)
"""How long a request can be decided on and, once approved, be made."""

_BEFORE_ALL: Final = UUID(int=0)

MayDo = Callable[[Principal, Action], bool]
"""Whether somebody could do by themselves what they are to approve, as far as policies go."""


class ApprovalService:
    """A tenant's approvals.

    An approval is for one request, known by the digest of its method, path and body. Spending it is
    a transaction of its own, before the request does anything; it then belongs to the request's
    idempotency key, so that a repeat goes on where a crash ended the first try.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def request(self, call: Call, principal: Principal, new: NewApproval) -> Answer:
        """Ask for one (201 `Approval`)."""

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            now = self._clock.now()
            fingerprint = fingerprint_of(new.method, new.path, new.body.encode())
            asked = (new.operation, new.scope, new.method, new.path, new.body, fingerprint)
            await connection.execute(
                store.INSERT, call.tenant_id, call.id, *asked, new.reason, principal.actor,
                principal.user_id, now, now + EXPIRES_AFTER,
            )  # fmt: skip
            return Answer.of(await _find(connection, call.tenant_id, call.id), 201)

        return await once(self._database, self._clock, call, work)

    async def decide(
        self, call: Call, principal: Principal, approval_id: UUID, state: ApprovalState, may: MayDo
    ) -> Answer:
        """Approve or refuse (200 `Approval`). Who asked may refuse: that withdraws it."""

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            row = await connection.fetchrow(store.FIND, call.tenant_id, approval_id)
            if row is None:
                raise ApprovalNotFound("There is no such approval.")
            is_own = principal.actor == row["requested_by"]
            if state is ApprovalState.APPROVED:
                _require_another(row, principal)
            if not is_own and not may(principal, _action_of(row)):
                raise Forbidden("Only who may do it can decide on it.", scope=row["scope"])
            decided = await connection.execute(
                store.DECIDE, call.tenant_id, approval_id, state, principal.actor,
                principal.user_id, self._clock.now(),
            )  # fmt: skip
            if not _changed(decided):
                raise ApprovalOver("It was decided on before, or has expired.")
            return Answer.of(await _find(connection, call.tenant_id, approval_id))

        return await once(self._database, self._clock, call, work)

    async def spend(self, approval_id: UUID, action: Action, call: Call) -> None:
        """Use an approval for a request; again for a repeat of that very request.

        Raises:
            ApprovalNotUsable: see there.
            Unavailable: whether it was spent could not be learnt; a repeat is safe.
        """

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> bool:
            used = await connection.execute(
                store.USE, call.tenant_id, approval_id, call.idempotency_key, self._clock.now(),
                call.actor, action.id, action.scope, call.fingerprint,
            )  # fmt: skip
            if _changed(used):
                return True
            row = await connection.fetchrow(store.FIND, call.tenant_id, approval_id)
            return row is not None and _is_repeat(row, call)

        try:
            is_usable = await self._database.transaction(work)
        except CommitUnknown:
            raise Unavailable("It is not known whether the approval was used; repeat it.") from None
        if not is_usable:
            raise ApprovalNotUsable("It is not yours, not for this request, not given, or over.")

    async def remove_over(self, tenant_id: UUID, before: datetime, limit: int) -> int:
        """Remove some that expired before an instant; how many were removed."""
        return await self._database.remove(store.DELETE_OVER, tenant_id, before, limit)

    async def find(self, tenant_id: UUID, approval_id: UUID) -> Approval:
        """One of them.

        Raises:
            ApprovalNotFound: unknown, or another tenant's.
        """
        row = await self._database.fetchrow(store.FIND, tenant_id, approval_id)
        if row is None:
            raise ApprovalNotFound("There is no such approval.")
        return _approval_of(row)

    async def page(self, tenant_id: UUID, *, after: str | None, limit: int) -> Approvals:
        """A tenant's approvals, oldest first, after the one with the identifier `after`."""
        start = _BEFORE_ALL if after is None else UUID(after)
        rows = await self._database.fetch(store.LIST, tenant_id, start, limit + 1)
        found = [_approval_of(row) for row in rows[:limit]]
        return Approvals(found, str(found[-1].id) if len(rows) > limit else None)


def _require_another(row: "asyncpg.Record", principal: Principal) -> None:
    """Make sure that a second one approves; of a person's request, a second person.

    Raises:
        OwnRequest: it is the same, or nobody known to be another.
    """
    is_same = principal.actor == row["requested_by"]
    asked_by = row["requested_by_user"]
    # A person has several clients, and may hold keys: only another person is surely another.
    if is_same or (asked_by is not None and principal.user_id in {None, asked_by}):
        raise OwnRequest("Who asks for an approval does not give it.")


def _action_of(row: "asyncpg.Record") -> Action:
    # By its scope: this process need not serve the operation, such as those of the vault.
    return Action(row["operation"], row["scope"], changes=True)


def _is_repeat(row: "asyncpg.Record", call: Call) -> bool:
    return bool(
        row["state"] == ApprovalState.USED
        and row["used_key"] == call.idempotency_key
        and row["fingerprint"] == call.fingerprint
        and row["requested_by"] == call.actor
    )


async def _find(
    connection: "PoolConnectionProxy[asyncpg.Record]", tenant_id: UUID, approval_id: UUID
) -> Approval:
    row = await connection.fetchrow(store.FIND, tenant_id, approval_id)
    assert row is not None, "written in this transaction"
    return _approval_of(row)


def _changed(status: str) -> bool:
    return status == "UPDATE 1"


def _approval_of(row: "asyncpg.Record") -> Approval:
    return Approval(
        id=row["approval_id"],
        operation=row["operation"],
        scope=row["scope"],
        method=row["method"],
        path=row["path"],
        reason=row["reason"],
        state=ApprovalState(row["state"]),
        requested_by=row["requested_by"],
        requested_at=row["requested_at"],
        expires_at=row["expires_at"],
        body=row["body"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        used_at=row["used_at"],
    )
