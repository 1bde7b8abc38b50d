"""A process that posts to a book and tells of every answer: `python poster.py < job.json`."""

import asyncio
import hashlib
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Database, Row, RowKind
from bezant.kernel.errors import Refusal, Unavailable
from bezant.kernel.ids import TimeOrderedIds
from bezant.ledger import Decision, Ledger, Reads, RiderKinds, Seen, post, schemas

IDS = TimeOrderedIds()
PAUSE_S = 0.02

STALL = RowKind(
    "stall",
    "SELECT pg_sleep(seconds) FROM unnest($2::float8[]) AS new (seconds)"
    " WHERE $1::uuid IS NOT NULL",
)


class Job(msgspec.Struct):
    """What to do.

    Attributes:
        prefix: of the idempotency keys, which end in a number; also the sessions' name.
        count: how many keys.
        concurrency: requests under way at a time.
        stall_s: how long the database sleeps inside the first batch's transaction, after the lane's
            compare-and-set.
        repeats: how often each key is asked for.
        bulk: transactions per request; 0 for a single one.
        pause_s: how long each of them waits before the next.
        is_patient: asks again with the same key while the platform is unavailable, as clients do.
        has_holds: reserves twice as much, captures half of it (`…-capture`) and voids the rest;
            some holds are left open, some expire meanwhile.
        is_second_heavy: the second payment weighs enough to be decided meanwhile, and tells when it
            is.
    """

    url: str
    run_folder: str
    tenant_id: UUID
    book_id: UUID
    prefix: str
    count: int = 1
    concurrency: int = 1
    stall_s: float = 0
    repeats: int = 1
    bulk: int = 0
    pause_s: float = 0
    is_patient: bool = False
    has_holds: bool = False
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
    if job.has_holds and number % 2:
        await reserve_and_settle(ledger, job, number)
    elif job.stall_s and number == 0:
        say("stalling")
        rider = StalledPayment(job.stall_s)
        await ask(job, key, lambda call: ledger.submit(call, job.book_id, rider))
    elif job.is_second_heavy and number == 1:
        await ask(job, key, lambda call: ledger.submit(call, job.book_id, HeavyPayment()))
    elif job.bulk:
        items = [schemas.BatchTransaction([leg()], id=IDS.new()) for _ in range(job.bulk)]
        batch = schemas.NewBatch(items)
        await ask(job, key, lambda call: ledger.post_batch(call, job.book_id, batch))
    else:
        new = schemas.NewTransaction([leg()])
        await ask(job, key, lambda call: ledger.post(call, job.book_id, new))


async def reserve_and_settle(ledger: Ledger, job: Job, number: int) -> None:
    key = f"{job.prefix}-{number}"
    expires_in_s = 1 if number % 3 == 0 else None
    new = schemas.NewTransaction([leg("2", pending=True, expires_in_s=expires_in_s)])
    answer = await ask(job, f"{key}-hold", lambda call: ledger.post(call, job.book_id, new))
    if answer is None:
        return
    hold = answer.value(schemas.PostedTransaction).postings[0].hold_id
    assert hold is not None
    part = schemas.CaptureOfHold("1")
    await ask(
        job, f"{key}-capture", lambda call: ledger.capture_hold(call, job.book_id, hold, part)
    )
    if number % 5:
        rest = schemas.VoidOfHold()
        await ask(job, f"{key}-void", lambda call: ledger.void_hold(call, job.book_id, hold, rest))


def leg(amount: str = "1", **more: Any) -> schemas.Posting:  # noqa: ANN401 - members by name
    return schemas.Posting("world", "alice", "EUR", amount, **more)


async def ask(job: Job, key: str, send: Callable[[Call], Awaitable[Answer]]) -> Answer | None:
    """Ask, tell of the answer, and answer it; None if it was declined for the time being."""
    call = Call(IDS.new(), job.tenant_id, "key:poster", "test", "/test", "test", key, b"pay")
    while True:
        try:
            answer = await send(call)
        except Unavailable as refusal:
            if not job.is_patient:
                say("refused", key, refusal.code)
                return None
            await asyncio.sleep(PAUSE_S)
        except Refusal as refusal:
            say("refused", key, refusal.code)
            return None
        else:
            body = hashlib.sha256(answer.body).hexdigest()
            kind = "replay" if answer.is_replay else "new"
            say("answered", key, answer.status, body, time.monotonic(), kind)
            return answer


async def open_database(job: Job) -> Database:
    while True:
        try:
            return await Database.open(job.url, name=job.prefix)
        except Unavailable:
            if not job.is_patient:
                raise
            await asyncio.sleep(PAUSE_S)


async def work(job: Job) -> None:
    database = await open_database(job)
    ledger = Ledger(database, Path(job.run_folder))
    await ledger.start()
    numbers = iter([number for number in range(job.count) for _ in range(job.repeats)])

    async def one_after_the_other() -> None:
        for number in numbers:
            await pay(ledger, job, number)
            await asyncio.sleep(job.pause_s)

    say("ready")
    await asyncio.gather(*(one_after_the_other() for _ in range(job.concurrency)))
    await ledger.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(work(msgspec.json.decode(sys.stdin.buffer.read(), type=Job)))
