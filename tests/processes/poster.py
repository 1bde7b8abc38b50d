"""A process that posts to a book and tells of every answer: `python poster.py < job.json`.

The job: url, run_folder, tenant_id, book_id, prefix, count, concurrency, and `stall_s`: how long
the database sleeps inside the first batch's transaction, after the lane's compare-and-set. With
`is_second_heavy`, the second payment weighs enough to be decided meanwhile, and tells when it is.
"""

import asyncio
import sys
from pathlib import Path
from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Database, Row, RowKind
from bezant.kernel.errors import Refusal
from bezant.kernel.ids import TimeOrderedIds
from bezant.ledger import Decision, Ledger, Reads, RiderKinds, Seen, post, schemas

STALL = RowKind(
    "stall",
    "SELECT pg_sleep(seconds) FROM unnest($2::float8[]) AS new (seconds)"
    " WHERE $1::uuid IS NOT NULL",
)


class Job(msgspec.Struct):
    """What to do."""

    url: str
    run_folder: str
    tenant_id: UUID
    book_id: UUID
    prefix: str
    count: int = 1
    concurrency: int = 1
    stall_s: float = 0
    is_second_heavy: bool = False


@RiderKinds.register
class StalledPayment(msgspec.Struct, frozen=True):
    """Pays 1, and keeps its batch's transaction open for a while."""

    stall_s: float
    weight: int = 1

    def reads(self) -> Reads:
        return Reads(frozenset({"world", "alice"}))

    def decide(self, seen: Seen) -> Decision:
        leg = schemas.Posting("world", "alice", "EUR", "1")
        answer = Answer.of(post(seen.draft, schemas.NewTransaction([leg])).view(), status=201)
        return Decision(answer, (Row(STALL, (self.stall_s,)),))


@RiderKinds.register
class HeavyPayment(msgspec.Struct, frozen=True):
    """Pays 1, and weighs as much as a bulk item."""

    weight: int = 1_000

    def reads(self) -> Reads:
        return Reads(frozenset({"world", "alice"}))

    def decide(self, seen: Seen) -> Decision:
        leg = schemas.Posting("world", "alice", "EUR", "1")
        posted = post(seen.draft, schemas.NewTransaction([leg]))
        say("decided")
        return Decision(Answer.of(posted.view(), status=201))


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def pay(ledger: Ledger, job: Job, number: int) -> None:
    key = f"{job.prefix}-{number}"
    call = Call(
        TimeOrderedIds().new(), job.tenant_id, "key:poster", "test", "/test", "test", key, b"pay"
    )
    new = schemas.NewTransaction([schemas.Posting("world", "alice", "EUR", "1")])
    try:
        if job.stall_s and number == 0:
            say("stalling")
            answer = await ledger.submit(call, job.book_id, StalledPayment(job.stall_s))
        elif job.is_second_heavy and number == 1:
            answer = await ledger.submit(call, job.book_id, HeavyPayment())
        else:
            answer = await ledger.post(call, job.book_id, new)
    except Refusal as refusal:
        say("refused", key, refusal.code)
        return
    say("answered", key, answer.status, "replay" if answer.is_replay else "new")


async def work(job: Job) -> None:
    database = await Database.open(job.url, name=job.prefix)
    ledger = Ledger(database, Path(job.run_folder))
    await ledger.start()
    numbers = iter(range(job.count))

    async def one_after_the_other() -> None:
        for number in numbers:
            await pay(ledger, job, number)

    say("ready")
    await asyncio.gather(*(one_after_the_other() for _ in range(job.concurrency)))
    await ledger.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(work(msgspec.json.decode(sys.stdin.buffer.read(), type=Job)))
