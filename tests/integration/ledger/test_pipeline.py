"""A batch is decided while the one before it is written: whatever becomes of that one, all is well.

The batch that is written waits at a gate, a row that the test holds locked, so that the next one is
certainly decided before the first is durable.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import msgspec
import pytest

from bezant.kernel.calls import Answer
from bezant.kernel.database import Database, Row, RowKind
from bezant.ledger import (
    Decision,
    Ledger,
    ReadKind,
    Reads,
    Rider,
    Seen,
    post,
    schemas,
)
from bezant.ledger.errors import OverdraftExceeded
from bezant.ledger.lane.draft import Draft
from bezant.ledger.lane.lane import AHEAD_WEIGHT_MIN, Lane
from bezant.ledger.lane.queue import Queue
from fixtures_ledger import IDS, Bank, new_bank, open_ledger
from proxies import CommitProxy, Cut

if TYPE_CHECKING:
    OwnerConnection = asyncpg.Connection[asyncpg.Record]

GATE = RowKind(
    "gate",
    "INSERT INTO gate (tenant_id, key, body) SELECT $1, key, body"
    " FROM unnest($2::text[], $3::text[]) AS new (key, body)"
    " ON CONFLICT (tenant_id, key) DO UPDATE SET body = excluded.body",
)
REFUSED = RowKind("refused", GATE.statement.replace("body = excluded.body", "body = NULL"))
READ_GATE = ReadKind(
    "gate", "SELECT key, body FROM gate WHERE tenant_id = $1 AND key = ANY($2::text[])"
)


class Gated(msgspec.Struct, frozen=True):
    """Pays alice, and commits once the gate is open; or is then refused by the database."""

    amount: int
    is_refused: bool = False
    weight: int = 1

    def reads(self) -> Reads:
        return Reads(frozenset({"world", "alice"}))

    def decide(self, seen: Seen) -> Decision:
        leg = schemas.Posting("world", "alice", "EUR", str(self.amount))
        post(seen.draft, schemas.NewTransaction([leg]))
        rows = (Row(GATE, ("gate", "passed")), Row(REFUSED, ("gate", "")))
        return Decision(Answer.of({}, status=201), rows if self.is_refused else rows[:1])


class Heavy(msgspec.Struct, frozen=True):
    """A payment that weighs enough to be decided ahead."""

    debit: str
    credit: str
    amount: int
    reads_gate: bool = False
    weight: int = AHEAD_WEIGHT_MIN

    def reads(self) -> Reads:
        rows = ((READ_GATE, "gate"),) if self.reads_gate else ()
        return Reads(frozenset({"world", "alice"}), rows=rows)

    def decide(self, seen: Seen) -> Decision:
        leg = schemas.Posting(self.debit, self.credit, "EUR", str(self.amount))
        post(seen.draft, schemas.NewTransaction([leg]))
        return Decision(Answer.of(seen.rows.get(("gate", "gate"), {}).get("body"), status=201))


class Gate:
    """A row that batches have to write, and the transaction that keeps them from it."""

    def __init__(self, connection: "OwnerConnection", bank: Bank) -> None:
        self._transaction = connection.transaction()
        self._connection = connection
        self._tenant_id = bank.tenant_id

    async def close(self) -> None:
        await self._connection.execute(GATE.statement, self._tenant_id, ["gate"], ["closed"])
        await self._transaction.start()
        await self._connection.execute(
            "SELECT 1 FROM gate WHERE tenant_id = $1 FOR UPDATE", self._tenant_id
        )

    async def open(self) -> None:
        await self._transaction.rollback()


@asynccontextmanager
async def gate_of(owner: "OwnerConnection", bank: Bank) -> AsyncIterator[Gate]:
    await owner.execute(
        "CREATE TABLE gate (tenant_id uuid, key text, body text NOT NULL,"
        " PRIMARY KEY (tenant_id, key))"
    )
    await owner.execute("GRANT SELECT, INSERT, UPDATE ON gate TO bezant_app")
    gate = Gate(owner, bank)
    await gate.close()
    try:
        yield gate
    finally:
        await owner.execute("DROP TABLE gate")


@pytest.fixture
async def gate(owner: "OwnerConnection", bank: Bank) -> AsyncIterator[Gate]:
    async with gate_of(owner, bank) as gate:
        yield gate


def lane_of(bank: Bank) -> Lane:
    return bank.ledger._lanes._lanes[bank.tenant_id, bank.book_id]


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for what the lane does by itself."""
    for _ in range(20_000):
        if is_so():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came")


async def until_decided(lane: Lane, version: int) -> None:
    """Wait until the book in memory has that many batches in it, durable or not."""
    await until(lambda: lane._book.head.version >= version)


async def until_taken(lane: Lane) -> None:
    """Wait until the lane looks at what is sent to it in this moment."""
    await asyncio.sleep(0)
    await until(lambda: not lane._queue.weight)


class Two:
    """A batch at the gate, and one that is decided on top of it."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.durable = lane_of(bank)._book.head.version

    async def submit(
        self, first: Gated, second: Heavy, *, keys: tuple[str, str] = ("one", "two")
    ) -> "list[asyncio.Task[Answer]]":
        lane = lane_of(self.bank)
        tasks = []
        riders: tuple[Rider, Rider] = (first, second)
        for number, (rider, key) in enumerate(zip(riders, keys, strict=True), start=1):
            submitted = self.bank.ledger.submit(self.bank.call(key), self.bank.book_id, rider)
            tasks.append(asyncio.create_task(submitted))
            if keys[0] != keys[1] or number == 1:
                await until_decided(lane, self.durable + number)
        return tasks


async def outcomes(tasks: "list[asyncio.Task[Answer]]") -> list[Answer | BaseException]:
    async with asyncio.timeout(60):
        return await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_batch_is_decided_while_the_one_before_it_is_written(
    bank: Bank, gate: Gate
) -> None:
    """Nobody is answered before their batch is durable, and nobody else sees anything of it."""
    tasks = await Two(bank).submit(Gated(5), Heavy("alice", "world", 3))
    assert lane_of(bank)._book.accounts["alice"].posted == 2
    assert await bank.posted("alice") == 0
    assert not any(task.done() for task in tasks)
    await gate.open()
    assert [answer.status for answer in await asyncio.gather(*tasks)] == [201, 201]
    assert await bank.posted("alice") == 2


async def test_what_was_decided_on_a_batch_that_fails_is_decided_again(
    bank: Bank, gate: Gate
) -> None:
    """The second spends what the first would have brought: without it, there is nothing."""
    tasks = await Two(bank).submit(Gated(1000, is_refused=True), Heavy("alice", "world", 300))
    await gate.open()
    failed, refused = await outcomes(tasks)
    assert isinstance(failed, asyncpg.NotNullViolationError)
    assert isinstance(refused, Answer)
    assert (refused.status, OverdraftExceeded.code.encode() in refused.body) == (422, True)
    await bank.pay("world", "alice", 7)
    assert await bank.posted("alice") == 7


async def test_without_undoing_it_money_is_spent_that_never_came(
    ledger: Ledger,
    database: Database,
    owner: "OwnerConnection",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control of the test above."""
    bank = await (await new_bank(ledger, database)).create()
    await bank.open("world", schemas.AccountType.ASSET)
    await bank.open("alice", overdraft="0")
    async with gate_of(owner, bank) as gate:
        tasks = await Two(bank).submit(Gated(1000, is_refused=True), Heavy("alice", "world", 300))
        monkeypatch.setattr(Draft, "discard", lambda _: None)
        await gate.open()
        await outcomes(tasks)
        monkeypatch.undo()
    assert (await bank.verify()).findings != []


async def test_a_repeat_of_a_request_in_flight_waits_and_gets_its_answer(
    bank: Bank, gate: Gate
) -> None:
    tasks = await Two(bank).submit(Gated(5), Heavy("world", "alice", 100), keys=("same", "same"))
    await until_taken(lane_of(bank))
    assert not any(task.done() for task in tasks)
    await gate.open()
    first, repeat = await asyncio.gather(*tasks)
    assert (repeat.body, repeat.is_replay) == (first.body, True)
    assert await bank.posted("alice") == 5


async def test_a_repeat_of_a_request_in_flight_that_fails_is_carried_out_itself(
    bank: Bank, gate: Gate
) -> None:
    first = Gated(5, is_refused=True)
    tasks = await Two(bank).submit(first, Heavy("world", "alice", 100), keys=("same", "same"))
    await until_taken(lane_of(bank))
    await gate.open()
    failed, answer = await outcomes(tasks)
    assert isinstance(failed, asyncpg.NotNullViolationError)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.is_replay) == (201, False)
    assert await bank.posted("alice") == 100


async def test_a_key_in_flight_does_not_serve_another_request(bank: Bank, gate: Gate) -> None:
    durable = lane_of(bank)._book.head.version
    first = asyncio.create_task(bank.ledger.submit(bank.call("same"), bank.book_id, Gated(5)))
    await until_decided(lane_of(bank), durable + 1)
    other = bank.call("same", b"another body")
    rider = Heavy("world", "alice", 100)
    second = asyncio.create_task(bank.ledger.submit(other, bank.book_id, rider))
    await until_taken(lane_of(bank))
    await gate.open()
    answers = await asyncio.gather(first, second)
    assert [answer.status for answer in answers] == [201, 422]
    assert await bank.posted("alice") == 5


async def test_a_transaction_in_flight_is_not_posted_again_under_its_id(
    bank: Bank, gate: Gate
) -> None:
    """The first batch of the three is at the gate, so the two others are decided in turn."""
    same = [
        schemas.BatchTransaction(id=IDS.new(), postings=[bank.leg("world", "alice", 1)])
        for _ in range(AHEAD_WEIGHT_MIN)
    ]
    durable = lane_of(bank)._book.head.version
    held = asyncio.create_task(bank.ledger.submit(bank.call(), bank.book_id, Gated(5)))
    batches = [
        asyncio.create_task(bank.ledger.post_batch(bank.call(), bank.book_id, schemas.NewBatch(s)))
        for s in (same, same, same[:-1])
    ]
    await until_decided(lane_of(bank), durable + 2)
    await gate.open()
    await held
    for answer in await asyncio.gather(*batches):
        results = answer.value(schemas.BatchResults).results
        assert {result.status for result in results} == {HTTPStatus.CREATED}
    assert await bank.posted("alice") == AHEAD_WEIGHT_MIN + 5


async def test_who_reads_other_rows_is_decided_within_its_own_commit(
    bank: Bank, gate: Gate
) -> None:
    """It sees what the batch before wrote, which was not there when it was sent."""
    durable = lane_of(bank)._book.head.version
    first = asyncio.create_task(bank.ledger.submit(bank.call(), bank.book_id, Gated(5)))
    await until_decided(lane_of(bank), durable + 1)
    rider = Heavy("alice", "world", 5, reads_gate=True)
    second = asyncio.create_task(bank.ledger.submit(bank.call(), bank.book_id, rider))
    await gate.open()
    answers = await asyncio.gather(first, second)
    assert msgspec.json.decode(answers[1].body) == "passed"


async def test_closing_lets_what_is_decided_be_written(
    bank: Bank, gate: Gate, database: Database, run_folder: Path
) -> None:
    async with open_ledger(database, run_folder) as ledger:
        bank.ledger, first = ledger, bank.ledger
        await first._lanes._lanes.pop((bank.tenant_id, bank.book_id)).close()
        await first._lanes._server.close()  # so that this one takes the lane
        await bank.pay("world", "alice", 1)
        tasks = await Two(bank).submit(Gated(5), Heavy("alice", "world", 3))
        closing = asyncio.create_task(ledger.close())
        await gate.open()
        await closing
        assert [answer.status for answer in await asyncio.gather(*tasks)] == [201, 201]
        assert await bank.posted("alice") == 3


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
async def test_a_commit_cut_with_another_batch_decided_takes_effect_once(
    app_url: str, owner: "OwnerConnection", run_folder: Path, cut: Cut
) -> None:
    with tempfile.TemporaryDirectory(prefix="bzp-", dir="/tmp") as folder:
        async with CommitProxy(app_url, Path(folder)).serving() as proxy:
            database = await Database.open(proxy.url, name="proxied")
            async with open_ledger(database, run_folder) as ledger:
                bank = await (await new_bank(ledger, database)).create()
                await bank.open("world", schemas.AccountType.ASSET)
                await bank.open("alice", overdraft="0")
                async with gate_of(owner, bank) as gate:
                    tasks = await Two(bank).submit(Gated(5), Heavy("world", "alice", 3))
                    proxy.cut = cut
                    await gate.open()
                    answers = await asyncio.gather(*tasks)
                    assert (proxy.cuts, [answer.status for answer in answers]) == (1, [201, 201])
                    # The second was never sent: it is new whatever became of the first.
                    assert [answer.is_replay for answer in answers] == [cut is Cut.AFTER, False]
                    assert await bank.posted("alice") == 8
                assert (await bank.verify()).findings == []
            await database.close()


async def test_a_single_posting_waits_for_the_bulk_that_is_written_and_no_more(
    bank: Bank, gate: Gate
) -> None:
    """The bulk that is decided already gives way: it is undone, and decided again."""
    assert await order_beside_bulk(bank, gate) == ["written", "single", "decided"]
    assert await bank.posted("alice") == 9


async def test_without_giving_way_it_waits_for_what_is_decided_as_well(
    bank: Bank, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above."""
    monkeypatch.setattr(Queue, "give_way", lambda _self, _batch: False)
    assert await order_beside_bulk(bank, gate) == ["written", "decided", "single"]


async def order_beside_bulk(bank: Bank, gate: Gate) -> list[str]:
    """In which order a single posting and the bulk before it are answered."""
    order: list[str] = []
    written, decided = await Two(bank).submit(
        Gated(5, weight=AHEAD_WEIGHT_MIN), Heavy("world", "alice", 3)
    )
    single = asyncio.create_task(bank.pay("world", "alice", 1))
    for name, task in (("written", written), ("decided", decided), ("single", single)):
        task.set_name(name)
        task.add_done_callback(lambda done: order.append(done.get_name()))
    await until(lambda: len(lane_of(bank)._queue) == 1)
    await gate.open()
    answers = await outcomes([written, decided, single])
    assert [isinstance(answer, Answer) and answer.status for answer in answers] == [201] * 3
    return order


async def test_bulk_goes_on_beside_constant_single_postings(bank: Bank) -> None:
    is_over = asyncio.Event()

    async def singles() -> None:
        while not is_over.is_set():
            await bank.pay("world", "alice", 1)

    streams = [asyncio.create_task(singles()) for _ in range(6)]
    async with asyncio.timeout(60):
        for _ in range(10):
            assert await post_in_bulk(bank) == {HTTPStatus.CREATED}
    is_over.set()
    await asyncio.gather(*streams)


async def post_in_bulk(bank: Bank) -> set[int]:
    legs = [bank.leg("world", "alice", 1)]
    items = [schemas.BatchTransaction(id=IDS.new(), postings=legs) for _ in range(AHEAD_WEIGHT_MIN)]
    answer = await bank.ledger.post_batch(bank.call(), bank.book_id, schemas.NewBatch(items))
    return {result.status for result in answer.value(schemas.BatchResults).results}


async def test_a_commit_over_books_gets_its_turn_under_constant_load(
    bank: Bank, database: Database
) -> None:
    other = await Bank(bank.ledger, database, bank.tenant_id).create()
    await other.open("world", schemas.AccountType.ASSET)
    await other.open("alice")
    is_over = asyncio.Event()

    async def bulk() -> None:
        while not is_over.is_set():
            await bank.ledger.submit(bank.call(), bank.book_id, Heavy("world", "alice", 1))

    streams = [asyncio.create_task(bulk()) for _ in range(4)]
    async with asyncio.timeout(60):
        for _ in range(10):
            both = Both(bank.book_id, other.book_id)
            assert (await bank.ledger.submit_jointly(bank.call(), both)).status == 201
    is_over.set()
    await asyncio.gather(*streams)
    assert await other.posted("alice") == 10


class Both(msgspec.Struct, frozen=True):
    """Pays 1 in each of two books."""

    one: UUID
    two: UUID

    def reads(self) -> Mapping[UUID, Reads]:
        accounts = Reads(frozenset({"world", "alice"}))
        return {self.one: accounts, self.two: accounts}

    def decide(self, seen: Mapping[UUID, Seen]) -> Decision:
        for each in seen.values():
            leg = schemas.Posting("world", "alice", "EUR", "1")
            post(each.draft, schemas.NewTransaction([leg]))
        return Decision(Answer.of({}, status=201))
