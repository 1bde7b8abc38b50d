"""Deciding a batch: its riders in order, each undone alone if it refuses or breaks.

A decision has no I/O, but a bulk item's takes long. It is taken in steps, and others get their turn
in between: the writer of the batch before, first of all.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from bezant.kernel import audit, idempotency, purity
from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Row, fetch_together
from bezant.kernel.errors import Refusal
from bezant.kernel.telemetry import IDEMPOTENT_REPLAYS
from bezant.ledger.lane.draft import Draft
from bezant.ledger.lane.expiry import expire_due
from bezant.ledger.lane.queue import SMALL_WEIGHT_MAX, Item
from bezant.ledger.lane.rider import Decision, ReadKind, Rider, Seen, SteppedRider

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

SeenRows = Mapping[tuple[str, Any], Mapping[str, Any]]

STEP_WEIGHT: Final = 200
"""Postings decided before others get their turn: a few milliseconds."""


@dataclass(slots=True)
class Outcome:
    """A batch decided: the draft, rows that travel with it, answers, and items that broke.

    Attributes:
        answered: which call was answered what, by idempotency key.
    """

    draft: Draft
    rows: list[Row] = field(default_factory=list)
    answers: list[tuple[Item, Answer]] = field(default_factory=list)
    broken: list[tuple[Item, Exception]] = field(default_factory=list)
    answered: dict[str, tuple[Call, Answer]] = field(default_factory=dict)

    def repeat(self, call: Call) -> Answer | None:
        """What a request is answered whose key came earlier in the batch; None when none did."""
        if call.idempotency_key not in self.answered:
            return None
        first, answer = self.answered[call.idempotency_key]
        if call.fingerprints.isdisjoint(first.fingerprints):
            return idempotency.reused()
        IDEMPOTENT_REPLAYS.inc()
        return Answer(answer.status, answer.body, is_replay=True)


async def decide(items: Sequence[Item], seen: Seen) -> Outcome:
    """Expire what is over, then run the riders in order.

    What one refuses or breaks on undoes that one alone.
    """
    draft = seen.draft
    outcome = Outcome(draft)
    expire_due(draft)
    weight = 0
    for item in items:
        call = item.call
        repeat = outcome.repeat(call)
        if repeat is not None:
            outcome.answers.append((item, repeat))
            continue
        before = draft.savepoint()
        try:
            decision = await _decision(item.rider, item.weight, seen)
        except Refusal as refusal:
            draft.rollback(before)
            answer = Answer.refused(refusal)
        except Exception as error:  # noqa: BLE001 - a broken rider fails alone; its caller is told
            draft.rollback(before)
            outcome.broken.append((item, error))
            continue
        else:
            answer = decision.answer
            outcome.rows.extend(decision.rows)
        if call.idempotency_key is not None:
            outcome.answered[call.idempotency_key] = (call, answer)
        outcome.answers.append((item, answer))
        outcome.rows.extend(idempotency.record(call, answer, draft.at))
        outcome.rows.extend(audit.entry(call, answer, draft.at))
        weight += item.weight
        if weight >= STEP_WEIGHT:
            weight = 0
            await asyncio.sleep(0)
    return outcome


async def _decision(rider: Rider, weight: int, seen: Seen) -> Decision:
    if weight <= SMALL_WEIGHT_MAX or not isinstance(rider, SteppedRider):
        with purity.deciding():
            return rider.decide(seen)
    steps = rider.steps(seen)
    while True:
        with purity.deciding():
            decision = next(steps)
        if decision is not None:
            return decision
        await asyncio.sleep(0)


async def read_rows(
    connection: "PoolConnectionProxy[asyncpg.Record]",
    tenant_id: UUID,
    wanted: Iterable[tuple[ReadKind, Any]],
    at: datetime,
) -> SeenRows:
    """Rows of other domains, in one round trip, under the batch's own isolation.

    Those whose statements take the batch's instant are given `at`.
    """
    keys: dict[ReadKind, list[Any]] = {}
    # Equal sets of kinds make equal statements, whose plans the server keeps.
    for kind, key in sorted(wanted, key=_name):
        keys.setdefault(kind, []).append(key)
    asked = [
        (kind.statement, (tenant_id, of_kind, *((at,) if kind.takes_instant else ())))
        for kind, of_kind in keys.items()
    ]
    found = await fetch_together(connection, asked)
    return {
        (kind.name, row["key"]): row for kind, rows in zip(keys, found, strict=True) for row in rows
    }


def _name(wanted: tuple[ReadKind, Any]) -> str:
    return wanted[0].name
