"""What a job is, to whoever makes one and to whoever carries it out."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec

from bezant.kernel.database import Row, RowKind
from bezant.kernel.jobs import store

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

P = TypeVar("P")

PARTITIONS: Final = 8
"""Into how many partitions jobs are spread; the migration makes as many."""

PLATFORM: Final = UUID(int=0)
"""The tenant of the platform's own jobs, such as retention."""

_KIND = RowKind("job", store.INSERT)
_SPARED = RowKind("job", store.SPARE)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a failed attempt is repeated, and when no more.

    The n-th wait is `first_s * factor**(n-1)`, at most `wait_s_max`, less a random part of up to
    half of it, so that what failed together does not come back together.

    Attributes:
        attempts_max: attempts after which the job is a dead letter.
        age_max: how long after it was made (or replayed) an attempt may still be planned.
    """

    attempts_max: int = 20
    age_max: timedelta = timedelta(days=3)
    first_s: int = 1
    factor: int = 2
    wait_s_max: int = 4 * 3600

    def wait(self, attempt: int, luck: float) -> timedelta:
        """How long to wait after the given attempt; `luck` is from 0 to 1."""
        exponent = min(attempt - 1, 32)  # beyond, the longest wait was reached long ago
        longest_s = min(self.first_s * self.factor**exponent, self.wait_s_max)
        return timedelta(seconds=longest_s * (1 - luck / 2))

    def is_over(self, attempt: int, since: datetime, next_at: datetime) -> bool:
        """Whether no attempt may follow the given one at `next_at`."""
        return attempt >= self.attempts_max or next_at - since > self.age_max


@dataclass(frozen=True, slots=True)
class JobKind(Generic[P]):
    """A kind of job: declared once, by the part that makes them and carries them out.

    Attributes:
        name: stable, as `noun.verb` (`webhook.deliver`); it is stored.
        payload_type: a msgspec Struct; references only, since a payload is history that operators
            read: no secret, no personal datum.
        retry: what follows a failed attempt.
        attempt_s_max: an attempt that takes longer is ended, and has failed.
        at_once_max: how many of the kind a process runs at once, so that a slow kind leaves room
            to others; None for as many as it runs at all.
    """

    name: str
    payload_type: type[P]
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    attempt_s_max: int = 60
    at_once_max: int | None = None

    def row(
        self,
        job_id: UUID,
        tenant_id: UUID,
        payload: P,
        *,
        at: datetime,
        run_at: datetime | None = None,
        key: str | None = None,
        order: int = 0,
        unique: str | None = None,
    ) -> Row:
        """A job as a row for the commit of what causes it: a batch's, or a transaction's.

        It only inserts, so that a lane that writes it waits for nobody.

        Args:
            job_id: a new UUIDv7.
            tenant_id: whose; the tenant of the commit. `PLATFORM` for the platform's own.
            payload: what the handler gets.
            at: the commit's instant.
            run_at: not before this; None for at once.
            key: jobs of one tenant, kind and key run one at a time and in order. A job that failed
                keeps the others waiting until it is done or a dead letter.
            order: the place among the jobs of its key, such as a `seq`; then the id decides.
            unique: of the jobs of one tenant, kind and key with this text only the first is made,
                for as long as that one is kept: done jobs are removed by retention.
        """
        partition_no = partition_of(tenant_id, self.name, key or unique or str(job_id))
        values = (
            partition_no,
            job_id,
            self.name,
            key,
            order,
            str(job_id) if unique is None else _unique_key(key, unique),
            msgspec.json.encode(payload),
            "ready" if key is None else "queued",
            key is not None,
            run_at or at,
            at,
        )
        return Row(_KIND, values)

    def spared(self, tenant_id: UUID, unique: str, *, at: datetime) -> Row:
        """A job as done, for the commit that leaves it nothing to do.

        A job that is due by then stays as it is: who carries it out finds nothing to do.

        Args:
            tenant_id: whose.
            unique: the text of the job, which has no key.
            at: the commit's instant.
        """
        partition_no = partition_of(tenant_id, self.name, unique)
        return Row(_SPARED, (partition_no, self.name, _unique_key(None, unique), at))


def _unique_key(key: str | None, unique: str) -> str:
    return f"{key or ''}\n{unique}"


def partition_of(tenant_id: UUID, kind: str, key: str) -> int:
    """The partition of a job: the same for all jobs of a key, and in every process."""
    digest = hashlib.blake2b(
        b"\n".join((tenant_id.bytes, kind.encode(), key.encode())), digest_size=8
    ).digest()
    return int.from_bytes(digest) % PARTITIONS


@dataclass(frozen=True, slots=True)
class Job(Generic[P]):
    """One attempt at a job, as its handler gets it.

    Attributes:
        id: the same at every attempt: outside systems can recognise a repeat by it.
        attempt: from 1; counts again after a replay.
        epoch: the fencing token: greater at every attempt, whoever makes it.
        since: when it was made or replayed.
    """

    id: UUID
    tenant_id: UUID
    kind: str
    payload: P
    attempt: int
    epoch: int
    key: str | None
    order: int
    since: datetime


Work = Callable[["Connection"], Awaitable[None]]
"""Reads and writes of a job in the commit that ends its attempt; may run several times."""


@dataclass(frozen=True, slots=True)
class Done:
    """The job is done.

    `rows` and then `work` commit together with it, or not at all: a holder that was replaced in the
    meantime writes neither.
    """

    rows: tuple[Row, ...] = ()
    work: Work | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """The attempt failed: repeat it as the kind's policy says, or after `wait` instead.

    Attributes:
        reason: for operators; no secret and no personal datum.
        wait: what the other side asked for, such as a Retry-After.
        rows: what is written about the attempt, in the commit that ends it.
    """

    reason: str
    wait: timedelta | None = None
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Repeating cannot help: make it a dead letter now. The members are those of `Again`."""

    reason: str
    rows: tuple[Row, ...] = ()


Outcome = Done | Again | GiveUp

Handler = Callable[[Job[P]], Awaitable[Outcome]]
"""Carries out an attempt.

Effects in the database belong into the outcome: they happen once. Effects elsewhere may happen at
several attempts, so they carry the job's id. An exception is a failed attempt, whose reason is the
exception's class; a cancellation gives the job back.
"""


@dataclass(frozen=True, slots=True)
class Handling(Generic[P]):
    """A kind and who carries it out: what the composition root hands to the runner."""

    kind: JobKind[P]
    handler: Handler[P]

    def decode(self, row: Any) -> Job[P]:  # noqa: ANN401 - the driver's record
        """The job of a row.

        Raises:
            msgspec.MsgspecError: the payload is not the kind's.
        """
        return Job(
            id=row["job_id"],
            tenant_id=row["tenant_id"],
            kind=row["kind"],
            payload=msgspec.json.decode(row["payload"], type=self.kind.payload_type),
            attempt=row["attempt"],
            epoch=row["epoch"],
            key=row["key"],
            order=row["order_no"],
            since=row["since"],
        )
