"""A book that lives through everything that can happen to a balance, dated in any order."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.ledger import Ledger, schemas
from bezant.ledger.history import Axis, Entry, History, Moment, Snapshots, Span
from bezant.ledger.history.blocks import Shape
from fixtures_ledger import Bank, new_bank
from past import Past

SMALL = Shape(block_legs=5, fan_out=3, levels=3, chunk_legs=4)
NAMES = ("world", "alice", "bob", "carol")
START = datetime(2020, 1, 1, tzinfo=UTC)
DAYS = 40


def snapshots_of(database: Database, shape: Shape = SMALL) -> Snapshots:
    """A writer that does not rest."""
    return Snapshots(database, SystemClock(), TimeOrderedIds(), shape=shape, rest_per_work=0)


@dataclass
class Life:
    """Random postings on a book, and random questions about its past."""

    bank: Bank
    dice: random.Random
    held: list[UUID] = field(default_factory=list)

    def instant(self) -> datetime:
        """One of few, so that many things happen at once."""
        return START + timedelta(hours=6 * self.dice.randrange(4 * DAYS))

    def day(self) -> date:
        return self.instant().date()

    def leg(self, **more: Any) -> schemas.Posting:  # noqa: ANN401 - members by name
        # `world` takes part in most of what happens.
        debit, credit = self.dice.sample(NAMES, 2)
        if self.dice.random() < 0.7 and "world" not in {debit, credit}:
            debit = "world"
        booked, valued = (self.dice.choice([None, self.day()]) for _ in range(2))
        amount = self.dice.choice([1, 7, 100, 2**70])
        return self.bank.leg(debit, credit, amount, booking_date=booked, value_date=valued, **more)

    async def post(self) -> None:
        """Something that moves, reserves or settles money."""
        at = self.dice.choice([None, self.instant()])
        what = self.dice.randrange(6)
        if what == 0 or (what < 3 and not self.held):
            expires_in_s = self.dice.choice([None, 1, 10**6])
            answer = await self.bank.post(
                self.leg(pending=True, expires_in_s=expires_in_s), effective_at=at
            )
            self.held += [
                leg.hold_id
                for leg in answer.value(schemas.PostedTransaction).postings
                if leg.hold_id is not None
            ]
        elif what == 1:
            hold = self.held.pop(self.dice.randrange(len(self.held)))
            await self.bank.capture(hold, release=self.dice.random() < 0.5)
        elif what == 2:
            await self.bank.void(self.held.pop(self.dice.randrange(len(self.held))))
        else:
            legs = [self.leg() for _ in range(self.dice.choice([1, 1, 2, 9]))]
            await self.bank.post(*legs, effective_at=at)

    def moment(self, seq: int) -> Moment:
        """Any, by what was known at a number up to this one."""
        axis = self.dice.choice(list(Axis))
        known = self.dice.randrange(seq + 1)
        until = self.instant() - self.dice.choice([timedelta(), timedelta(microseconds=1)])
        return Moment(axis, until if axis is Axis.EFFECTIVE else until.date(), known)

    async def check(self, past: Past, seq: int, questions: int) -> None:
        """Sums and entries are what brute force finds, at random moments."""
        bank, history = self.bank, History(self.bank.database)
        key = (bank.tenant_id, bank.book_id)
        for _ in range(questions):
            at = self.moment(seq)
            no = self.dice.choice(list(past.accounts))
            assert await history.sums(*key, no, at) == past.sums(no, at), at
            assert await history.sums_of_book(*key, at) == past.sums_of_book(at), at
            start = self.instant()
            span = Span(
                at.axis, start if at.axis is Axis.EFFECTIVE else start.date(), at.until, at.seq
            )
            found: list[Entry] = []
            limit = self.dice.choice([1, 3, 50])
            while page := await history.entries(
                *key, no, span, after=found[-1].position(span.axis) if found else None, limit=limit
            ):
                found += page
            assert found == past.entries(no, span), span


async def new_life(ledger: Ledger, database: Database, seed: int) -> Life:
    """A life of its own tenant, with its accounts opened."""
    bank = await (await new_bank(ledger, database)).create()
    for name in NAMES:
        await bank.open(name)
    return Life(bank, random.Random(seed))


@pytest.fixture
async def life(ledger: Ledger, database: Database) -> AsyncIterator[Life]:
    """A life whose book verifies in the end."""
    life = await new_life(ledger, database, 1)
    yield life
    assert (await life.bank.verify()).findings == []
