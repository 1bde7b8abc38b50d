"""The audit of decisions: batched, durable within a second.

What changes something is audited with its effect anyway, in one commit. Here is the rest: what was
denied, which has no effect; and what people may see that a policy calls sensitive.
"""

import asyncio
from typing import Final
from uuid import UUID

import structlog

from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call, Principal
from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database, Row, write_rows
from bezant.kernel.errors import Forbidden, Refusal, Unavailable
from bezant.kernel.http import Action, Decision, Resource
from bezant.kernel.ids import Ids

WAITING_MAX: Final = 10_000
"""Entries that wait to be written; with more nothing is decided that would need another."""

EVERY_S: Final = 0.25
"""How long a decision waits for others to be written with: what is left of a second is for that."""

_AGAIN_S: Final = 1.0

log = structlog.get_logger("bezant.policy")


class DecisionLog:
    """Writes decisions into the audit log."""

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._waiting: dict[UUID, list[Row]] = {}
        self._count = 0
        self._writing: asyncio.Task[None] | None = None

    def note(
        self, principal: Principal, action: Action, resource: Resource, decision: Decision
    ) -> None:
        """Have a decision written.

        Raises:
            Unavailable: too many wait; what cannot be audited does not happen.
        """
        if self._count >= WAITING_MAX:
            raise Unavailable("The audit log cannot be written.")
        call = Call(
            id=self._ids.new(),
            tenant_id=principal.tenant_id,
            actor=principal.actor,
            action=f"decide.{action.id}",
            resource=_named(resource),
            origin="policy",
            purpose=" ".join(decision.policies) or decision.reason,
            through=principal.through,
        )
        answer = Answer(200, b"") if decision.allowed else Answer(Forbidden.status, b"")
        rows = audit.entry(call, answer, self._clock.now())
        self._waiting.setdefault(principal.tenant_id, []).extend(rows)
        self._count += 1
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_soon())
            self._writing.add_done_callback(self._written)

    async def close(self) -> None:
        """Write what waits."""
        while self._writing is not None:
            await asyncio.gather(self._writing, return_exceptions=True)

    def _written(self, _: "asyncio.Task[None]") -> None:
        self._writing = None

    async def _write_soon(self) -> None:
        """Write until nothing waits."""
        pause_s = EVERY_S
        while self._waiting:
            await asyncio.sleep(pause_s)
            pause_s = EVERY_S
            for tenant_id in list(self._waiting):
                rows = self._waiting.pop(tenant_id)
                try:
                    await self._write(tenant_id, rows)
                except Refusal as refusal:
                    log.warning("decisions_not_audited_yet", code=refusal.code)
                    self._waiting.setdefault(tenant_id, [])[:0] = rows
                    pause_s = _AGAIN_S
                else:
                    self._count -= len(rows)

    async def _write(self, tenant_id: UUID, rows: list[Row]) -> None:
        try:
            await self._database.transaction(
                lambda connection: write_rows(connection, tenant_id, rows)
            )
        except CommitUnknown:
            # Written or not: twice is refused by the entries' identifiers, so the rest is lost.
            log.warning("decisions_audited_perhaps", entries=len(rows))


def _named(resource: Resource) -> str:
    """The path with those of its names that are identifiers of ours.

    Nothing else was checked before it was denied: it may be a card number.
    """
    path = resource.template
    for name, value in resource.names.items():
        try:
            path = path.replace(f"{{{name}}}", str(UUID(value)))
        except ValueError:
            continue
    return path
