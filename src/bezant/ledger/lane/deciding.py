"""Deciding a batch: its riders in order, each undone alone if it refuses or breaks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from bezant.kernel import audit, idempotency, purity
from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Row
from bezant.kernel.errors import Refusal
from bezant.kernel.telemetry import IDEMPOTENT_REPLAYS
from bezant.ledger.lane.book import Head
from bezant.ledger.lane.draft import Draft
from bezant.ledger.lane.expiry import expire_due
from bezant.ledger.lane.queue import Item
from bezant.ledger.lane.rider import ReadKind, Seen

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

SeenRows = Mapping[tuple[str, Any], Mapping[str, Any]]


@dataclass(slots=True)
class Outcome:
    """A batch decided: the draft, rows that travel with it, answers, and items that broke."""

    draft: Draft
    head: Head
    rows: list[Row] = field(default_factory=list)
    answers: list[tuple[Item, Answer]] = field(default_factory=list)
    broken: list[tuple[Item, Exception]] = field(default_factory=list)


def decide(items: Sequence[Item], draft: Draft, seen_rows: SeenRows) -> Outcome:
    """Expire what is over, then run the riders in order.

    What one refuses or breaks on undoes that one alone.
    """
    outcome = Outcome(draft, draft.book.head)
    expire_due(draft)
    seen = Seen(draft, seen_rows)
    answered: dict[str | None, tuple[Call, Answer]] = {}
    for item in items:
        call = item.call
        if call.idempotency_key in answered:
            outcome.answers.append((item, _repeat(call, *answered[call.idempotency_key])))
            continue
        before = draft.savepoint()
        try:
            with purity.deciding():
                decision = item.rider.decide(seen)
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
            answered[call.idempotency_key] = (call, answer)
        outcome.answers.append((item, answer))
        outcome.rows.extend(idempotency.record(call, answer, draft.at))
        outcome.rows.extend(audit.entry(call, answer, draft.at))
    outcome.head = draft.next_head(draft.root)
    return outcome


async def read_rows(
    connection: "PoolConnectionProxy[asyncpg.Record]",
    tenant_id: UUID,
    wanted: Iterable[tuple[ReadKind, Any]],
) -> SeenRows:
    """Rows of other domains, one statement per kind, under the batch's own isolation."""
    keys: dict[ReadKind, list[Any]] = {}
    for kind, key in wanted:
        keys.setdefault(kind, []).append(key)
    rows: dict[tuple[str, Any], Mapping[str, Any]] = {}
    for kind, of_kind in keys.items():
        for row in await connection.fetch(kind.statement, tenant_id, of_kind):
            rows[kind.name, row["key"]] = dict(row)
    return rows


def _repeat(call: Call, first: Call, answer: Answer) -> Answer:
    """What a request is answered whose key came earlier in the same batch."""
    if call.fingerprint != first.fingerprint:
        return idempotency.reused()
    IDEMPOTENT_REPLAYS.inc()
    return Answer(answer.status, answer.body, is_replay=True)
