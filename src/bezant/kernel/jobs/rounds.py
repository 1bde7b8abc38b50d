"""Handing out jobs of a partition: whose turn it is, what is due, what was lost."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import structlog

from bezant.kernel.database import BEGIN_BY_KEY, Database
from bezant.kernel.jobs import store
from bezant.kernel.jobs.kinds import JobKind
from bezant.kernel.telemetry import JOBS

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

UNSEEN_PER_ROUND: Final = 500
LOST: Final = "The process that ran it was lost."

log = structlog.get_logger("bezant.jobs")


@dataclass(frozen=True, slots=True)
class _Findings:
    """What a round decides from: read in single statements, after the partition's version.

    Attributes:
        unseen: jobs that came or ended since they were last looked at.
        turns: those whose turn it is now, of the keys of the unseen.
        due: ready, and their time has come.
        lost: running, by a process whose lease is over.
    """

    unseen: Sequence[asyncpg.Record]
    turns: Sequence[asyncpg.Record]
    due: Sequence[asyncpg.Record]
    lost: Sequence[asyncpg.Record]


class Round:
    """Hands out jobs of one partition, in one transaction.

    Everything is read first, outside of the transaction, and written under the compare-and-set on
    the partition's version: had another round come in between, nothing is written. What can change
    meanwhile is harmless: jobs that arrive are unseen until the next round, and those that end
    leave themselves unseen, so that the next round looks at their key.

    Args:
        database: where.
        lease: the name of the holder's lease, which jobs in its hands carry.
        kinds: those that this process can carry out, by name.
    """

    def __init__(self, database: Database, lease: str, kinds: Mapping[str, JobKind[Any]]) -> None:
        self._database = database
        self._lease = lease
        self._kinds = kinds

    async def hand_out(
        self, partition_no: int, version: int, now: datetime, room: Mapping[str, int], limit: int
    ) -> list[asyncpg.Record]:
        """Rows of jobs that are now this process's to run.

        Args:
            partition_no: whose jobs.
            version: the partition's, read before.
            now: what is due is due by then.
            room: how many of each kind may be taken.
            limit: how many may be taken at all.

        Raises:
            Unavailable: nothing was handed out.
            CommitUnknown: if anything was, it is recovered when the lease is over.
        """
        seen = await self._look(partition_no, now, room, limit)
        hopeless, again = self._sort(seen.lost, now)
        turned = [row for row in seen.turns if row["run_at"] <= now]
        taken = [(row, "running") for row in again]
        taken += [(row, "ready") for row in (*turned, *seen.due)]
        taken = list(_within(taken, room, limit))
        if not (seen.unseen or taken or hopeless):
            return []
        buried: list[str] = []

        async def work(connection: "Connection") -> list[asyncpg.Record]:
            buried.clear()
            tag = await connection.execute(store.ADVANCE, partition_no, version)
            if tag != "UPDATE 1":
                return []
            if seen.turns:
                columns = _columns(seen.turns, "tenant_id", "job_id")
                await connection.execute(store.TAKE_TURNS, partition_no, *columns)
            if seen.unseen:
                columns = _columns(seen.unseen, "tenant_id", "job_id", "state")
                await connection.execute(store.MARK_SEEN, partition_no, *columns)
            for row in hopeless:
                key = row["tenant_id"], partition_no, row["job_id"], row["epoch"]
                if await connection.execute(store.END, *key, "dead", now, LOST) == "UPDATE 1":
                    buried.append(row["kind"])
            if not taken:
                return []
            columns = _columns([row for row, _ in taken], "tenant_id", "job_id", "epoch")
            states = [state for _, state in taken]
            return await connection.fetch(store.CLAIM, partition_no, self._lease, *columns, states)

        claimed = await self._database.transaction(work, begin=BEGIN_BY_KEY)
        for kind in buried:
            JOBS.labels(kind, "dead").inc()
            log.warning("job_is_dead", kind=kind, reason=LOST)
        return claimed

    async def _look(
        self, partition_no: int, now: datetime, room: Mapping[str, int], limit: int
    ) -> _Findings:
        fetch = self._database.fetch
        unseen = await fetch(store.FIND_UNSEEN, partition_no, UNSEEN_PER_ROUND)
        keys = sorted({(row["tenant_id"], row["kind"], row["key"]) for row in unseen})
        turns: list[asyncpg.Record] = []
        if keys:
            turns = await fetch(store.FIND_TURNS, partition_no, *map(list, zip(*keys, strict=True)))
        if limit <= 0 or not room:
            return _Findings(unseen, turns, [], [])
        free = [min(most, limit) for most in room.values()]
        due = await fetch(store.FIND_DUE, partition_no, now, list(room), free)
        lost = await fetch(store.FIND_LOST, partition_no, list(room), limit)
        return _Findings(unseen, turns, due, lost)

    def _sort(
        self, lost: Sequence[asyncpg.Record], now: datetime
    ) -> tuple[list[asyncpg.Record], list[asyncpg.Record]]:
        """Lost jobs whose attempts are used up, such as one that kills its process; the others."""
        hopeless: list[asyncpg.Record] = []
        again: list[asyncpg.Record] = []
        for row in lost:
            is_over = self._kinds[row["kind"]].retry.is_over(row["attempt"], row["since"], now)
            (hopeless if is_over else again).append(row)
        return hopeless, again


def _within(
    candidates: Iterable[tuple[asyncpg.Record, str]], room: Mapping[str, int], limit: int
) -> Iterable[tuple[asyncpg.Record, str]]:
    """The first of the candidates, as many as there is room for."""
    free = dict(room)
    left = limit
    for row, state in candidates:
        if left > 0 and free.get(row["kind"], 0) > 0:
            left -= 1
            free[row["kind"]] -= 1
            yield row, state


def _columns(rows: Sequence[asyncpg.Record], *names: str) -> list[list[Any]]:
    return [[row[name] for row in rows] for name in names]
