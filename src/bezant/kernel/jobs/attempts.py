"""Running one attempt at a job, and ending it: once, whoever else believes to have it."""

import asyncio
import traceback
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import asyncpg
import msgspec
import structlog

from bezant.kernel.clock import Clock
from bezant.kernel.database import BEGIN_BY_KEY, CommitUnknown, Database, write_rows
from bezant.kernel.errors import Unavailable
from bezant.kernel.jobs import store
from bezant.kernel.jobs.kinds import Again, Done, GiveUp, Handling, Outcome
from bezant.kernel.telemetry import JOBS

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_PAUSE_S_MAX: Final = 1.0

log = structlog.get_logger("bezant.jobs")


class _Replaced(Exception):  # noqa: N818 - a turn of events, not a fault
    """Another process was given the job, or it has ended: this attempt writes nothing."""


class Attempts:
    """Runs attempts and commits how they ended.

    Args:
        database: where.
        clock: tells when an attempt ended.
        handlings: who carries out which kind, by the kind's name.
        luck: random numbers from 0 to 1, for the jitter.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        handlings: Mapping[str, Handling[Any]],
        luck: Callable[[], float],
    ) -> None:
        self._database = database
        self._clock = clock
        self._handlings = handlings
        self._luck = luck

    async def run(self, row: asyncpg.Record) -> None:
        """Run the attempt that a claimed row stands for, and end it."""
        try:
            outcome = await self._carry_out(row)
            await self._end_surely(row, outcome)
        except asyncio.CancelledError:
            # The worker stops. Shielded: what is given back is taken by another at once.
            await asyncio.shield(self._give_back(row))
            raise

    async def _carry_out(self, row: asyncpg.Record) -> Outcome:
        handling = self._handlings[row["kind"]]
        try:
            job = handling.decode(row)
        except msgspec.MsgspecError:
            return GiveUp("The payload is not one of its kind.")
        limit = asyncio.timeout(handling.kind.attempt_s_max)
        try:
            async with limit:
                return await handling.handler(job)
        except Exception as error:  # noqa: BLE001 - whatever it is fails the attempt, and is told
            if limit.expired():
                return Again(f"No end within {handling.kind.attempt_s_max} s.")
            _tell_of_failure(row, error)
            return Again(type(error).__name__)

    async def _end_surely(self, row: asyncpg.Record, outcome: Outcome) -> None:
        """End the attempt, however long the database is away.

        A commit whose outcome is unknown is tried again: if it took effect, the token matches no
        more.
        """
        pause_s = 0.05
        while True:
            try:
                label = await self._end(row, outcome)
            except _Replaced:
                label = "replaced"
            except (CommitUnknown, Unavailable):
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _PAUSE_S_MAX)
                continue
            except Exception as error:
                # What the outcome writes was refused: then the attempt has failed.
                if not (outcome.rows or isinstance(outcome, Done)):
                    raise
                _tell_of_failure(row, error)
                outcome = Again(type(error).__name__)
                continue
            JOBS.labels(row["kind"], label).inc()
            return

    async def _end(self, row: asyncpg.Record, outcome: Outcome) -> str:
        """One commit: the token's check, the end of the attempt, and what the outcome writes."""
        label, statement, values = self._ending(row, outcome)

        async def work(connection: "Connection") -> None:
            tag = await connection.execute(statement, *_token(row), *values)
            if tag != "UPDATE 1":
                raise _Replaced
            await write_rows(connection, row["tenant_id"], outcome.rows)
            if isinstance(outcome, Done) and outcome.work is not None:
                await outcome.work(connection)

        await self._database.transaction(work, begin=BEGIN_BY_KEY)
        if label == "dead":
            log.warning("job_is_dead", kind=row["kind"], job=str(row["job_id"]))
        return label

    def _ending(self, row: asyncpg.Record, outcome: Outcome) -> tuple[str, str, tuple[object, ...]]:
        now = self._clock.now()
        if isinstance(outcome, Done):
            return "done", store.END, ("done", now, None)
        if isinstance(outcome, Again):
            policy = self._handlings[row["kind"]].kind.retry
            wait = outcome.wait or policy.wait(row["attempt"], self._luck())
            run_at = now + max(wait, timedelta())
            if not policy.is_over(row["attempt"], row["since"], run_at):
                return "again", store.REPEAT, (run_at, outcome.reason)
        return "dead", store.END, ("dead", now, outcome.reason)

    async def _give_back(self, row: asyncpg.Record) -> None:
        try:
            await self._database.transaction(
                lambda connection: connection.execute(store.GIVE_BACK, *_token(row)),
                begin=BEGIN_BY_KEY,
            )
        except (CommitUnknown, Unavailable) as error:
            # It is recovered when the lease is over.
            log.warning("job_not_given_back", error=type(error).__name__)
            return
        JOBS.labels(row["kind"], "given_back").inc()


def _tell_of_failure(row: asyncpg.Record, error: Exception) -> None:
    """Say what failed and where: not the error's text nor what was at hand, which may tell more."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    log.warning(
        "job_failed",
        kind=row["kind"],
        job=str(row["job_id"]),
        attempt=row["attempt"],
        error=type(error).__name__,
        where=f"{place.filename}:{place.lineno}",
    )


def _token(row: asyncpg.Record) -> tuple[UUID, int, UUID, int]:
    """What the end of an attempt has to match: tenant, partition, job, epoch."""
    return row["tenant_id"], row["partition_no"], row["job_id"], row["epoch"]
