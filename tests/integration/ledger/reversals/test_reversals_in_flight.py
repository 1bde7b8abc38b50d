"""What a batch takes back counts for the one that is decided on it, durable or not."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import msgspec
import pytest

from bezant.kernel.calls import Answer
from bezant.kernel.database import Row
from bezant.kernel.errors import Refusal
from bezant.ledger import Decision, Reads, Seen, post, schemas
from bezant.ledger.lane.lane import AHEAD_WEIGHT_MIN
from bezant.ledger.posting import reads_of
from fixtures_ledger import Bank, code
from integration.ledger.test_pipeline import (
    GATE,
    REFUSED,
    Gate,
    gate_of,
    lane_of,
    outcomes,
    until_decided,
)

if TYPE_CHECKING:
    OwnerConnection = asyncpg.Connection[asyncpg.Record]


class TakeBack(msgspec.Struct, frozen=True):
    """Takes back a part, weighs enough to be decided ahead, and may have to wait at the gate."""

    new: schemas.NewTransaction
    is_gated: bool = False
    is_refused: bool = False
    weight: int = AHEAD_WEIGHT_MIN

    def reads(self) -> Reads:
        return reads_of(self.new)

    def decide(self, seen: Seen) -> Decision:
        try:
            posted = post(seen.draft, self.new)
        except Refusal as refusal:
            return Decision(Answer.refused(refusal))
        rows = (Row(GATE, ("gate", "passed")), Row(REFUSED, ("gate", "")))
        count = 2 if self.is_refused else int(self.is_gated)
        return Decision(Answer.of(posted.view(), status=201), rows[:count])


@pytest.fixture
async def gate(owner: "OwnerConnection", bank: Bank) -> AsyncIterator[Gate]:
    async with gate_of(owner, bank) as gate:
        yield gate


async def two_parts(bank: Bank, gate: Gate, *, is_refused: bool) -> list[Answer | BaseException]:
    """Two reversals of 60 of 100: the first waits at the gate while the second is decided."""
    payment = (await bank.pay("world", "alice", 100)).value(schemas.PostedTransaction)
    part = schemas.LegReversal(payment.postings[0].transfer_id, "60")
    new = schemas.NewTransaction(reverses=schemas.Reversal(payment.id, [part]))
    lane = lane_of(bank)
    durable = lane._book.head.version
    tasks = []
    for number in (1, 2):
        rider = TakeBack(new, is_gated=number == 1, is_refused=is_refused and number == 1)
        submitted = bank.ledger.submit(bank.call(), bank.book_id, rider)
        tasks.append(asyncio.create_task(submitted))
        await until_decided(lane, durable + number)
    await gate.open()
    answers = await outcomes(tasks)
    left = (await bank.transaction(payment.id)).postings[0].reversible
    assert left == "40"
    assert await bank.posted("alice") == 40
    return answers


async def test_what_is_taken_back_in_flight_is_not_taken_back_twice(bank: Bank, gate: Gate) -> None:
    first, second = await two_parts(bank, gate, is_refused=False)
    assert isinstance(first, Answer)
    assert first.status == 201
    assert isinstance(second, Answer)
    assert code(second) == "REVERSAL_TOO_LARGE"
    assert b'"remaining":"40"' in second.body


async def test_what_was_taken_back_by_a_batch_that_fails_can_be_taken_back(
    bank: Bank, gate: Gate
) -> None:
    first, second = await two_parts(bank, gate, is_refused=True)
    assert isinstance(first, asyncpg.NotNullViolationError)
    assert isinstance(second, Answer)
    assert second.status == 201


def test_the_parts_are_what_the_wire_has() -> None:
    name = UUID(int=1)
    asked = msgspec.json.decode(
        msgspec.json.encode({"transaction": name, "postings": [{"transfer_id": name}]}),
        type=schemas.Reversal,
    )
    assert asked.postings == [schemas.LegReversal(name)]
    twice = {"transaction": name, "postings": [{"transfer_id": name}, {"transfer_id": name}]}
    with pytest.raises(msgspec.ValidationError, match="twice"):
        msgspec.convert(twice, schemas.Reversal)
