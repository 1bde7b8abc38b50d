"""Posting and reading by several processes while the cache is flushed, forged, slowed and restored.

What holds: who reads after a payment was answered sees it, whichever process they ask, and nobody
sees a balance and later an older one. A control shows that the test would find out.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from bezant.kernel.cache import breaker
from bezant.ledger import schemas
from bezant.ledger.balance_cache.domain import Lease
from fixtures_ledger import IDS
from integration.ledger.balance_cache.conftest import Bench, Process, reads

ACCOUNTS: Final = ("bob", "carol", "dave", "erin")
PAYMENTS: Final = 150
READERS: Final = 4
SEED: Final = 20
MAXIMUM_MIN: Final = 10**6
TORTURES: Final = {
    "flush": 2,
    "garbage": 2,
    "slow": 1,
    "snapshot": 6,
    "restore": 12,
    "steal": 1,
}
"""By how often: most harm is done by old entries, each genuine, while a lane stays where it is."""


class StaleError(AssertionError):
    """A balance, or terms of an account, older than what somebody was told of."""


@dataclass
class Torture:
    """One seeded run.

    Attributes:
        answered: how many payments to each account were answered: its version is at least that.
        seen: the newest version of each account that a reader was answered.
        balances: what was answered at each version: one version is one balance.
        amended: the newest maximum of each account that a change, or a reader, was answered.
    """

    bench: Bench
    dice: random.Random
    processes: list[Process]
    answered: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    balances: dict[tuple[str, int], str] = field(default_factory=dict)
    amended: Counter[str] = field(default_factory=Counter)
    snapshots: list[dict[bytes, bytes]] = field(default_factory=list)
    paid: int = 0
    is_over: bool = False

    async def run(self) -> None:
        """Pay, read and torture at once, until all is paid or somebody finds a fault.

        Raises:
            StaleError: a balance was older than one that somebody was told of.
        """
        readers = [*[self._read] * READERS, self._read_terms]
        steps = [self._torture, *readers, *[self._pay] * 2, self._amend]
        ended = await asyncio.gather(
            *(self._until_over(step) for step in steps), return_exceptions=True
        )
        self.bench.server.proxy.delay_s = 0.0
        for fault in ended:
            if fault is not None:
                raise fault

    async def _until_over(self, step: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            while not self.is_over:
                await step()
                await asyncio.sleep(0)
        finally:
            self.is_over = True

    async def _pay(self) -> None:
        self.paid += 1
        self.is_over = self.is_over or self.paid == PAYMENTS
        bank = self.bench.at(self.dice.choice(self.processes))
        count = self.dice.choice((1, 1, 2, 20))
        payees = [self.dice.choice(ACCOUNTS) for _ in range(count)]
        if count == 1:
            answer = await bank.pay("world", payees[0], 1)
            assert answer.status == 201
        else:
            items = [
                schemas.BatchTransaction(id=IDS.new(), postings=[bank.leg("world", payee, 1)])
                for payee in payees
            ]
            new = schemas.NewBatch(items)
            answer = await bank.ledger.post_batch(bank.call(), bank.book_id, new)
            assert b'"code"' not in answer.body
        for payee in payees:
            self.answered[payee] += 1

    async def _read(self) -> None:
        account = self.dice.choice(ACCOUNTS)
        least = max(self.seen[account], self.answered[account])
        process = self.dice.choice(self.processes)
        found = await process.ledger.balance(*self.bench.key, account)
        if found.version < least:
            raise StaleError(f"{account}: version {found.version} after {least}")
        self.seen[account] = max(self.seen[account], found.version)
        first = self.balances.setdefault((account, found.version), found.posted)
        assert found.posted == first == str(found.version), "every payment is of 1"

    async def _amend(self) -> None:
        account, process = self.dice.choice(ACCOUNTS), self.dice.choice(self.processes)
        maximum = MAXIMUM_MIN + self.paid
        change = schemas.AccountChange(limits=schemas.Limits(maximum=str(maximum)))
        bank = self.bench.at(process)
        answer = await bank.ledger.change_account(bank.call(), bank.book_id, account, change)
        assert answer.status == 200
        self.amended[account] = max(self.amended[account], maximum)
        await asyncio.sleep(self.dice.uniform(0, 0.02))

    async def _read_terms(self) -> None:
        account, process = self.dice.choice(ACCOUNTS), self.dice.choice(self.processes)
        least = self.amended[account]
        found = await process.ledger.account(*self.bench.key, account)
        maximum = int(found.limits.maximum or 0)
        if maximum < least:
            raise StaleError(f"{account}: a maximum of {maximum} after {least}")
        self.amended[account] = maximum

    async def _torture(self) -> None:
        server, bench = self.bench.server, self.bench
        [torture] = self.dice.choices([*TORTURES], [*TORTURES.values()])
        match torture:
            case "flush":
                await server.flush()
            case "garbage":
                for key in await bench.snapshot():
                    await server.put_raw(key, self.dice.randbytes(self.dice.randrange(400)))
            case "slow":
                server.proxy.delay_s = 0.5
                await asyncio.sleep(0.05)
                server.proxy.delay_s = 0.0
            case "restore" if self.snapshots:
                await bench.restore(self.dice.choice(self.snapshots[-4:]))
            case "steal":
                thief = self.dice.choice(self.processes)
                await thief.ledger._lanes._seize(bench.key)
            case _:
                self.snapshots.append(await bench.snapshot())
        await asyncio.sleep(self.dice.uniform(0, 0.02))


@pytest.fixture
async def torture(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Torture:
    # So that the cache is tried again many times within the test.
    monkeypatch.setattr(breaker, "PAUSE_S", 0.01)
    for account in ACCOUNTS[1:]:
        await bench.bank.open(account)
    processes = [bench.one, bench.two, await bench.process()]
    for process in processes:
        process.cache._timeout_s = 0.1
    return Torture(bench, random.Random(SEED), processes)


async def test_no_payment_is_ever_missed_whatever_happens_to_the_cache(torture: Torture) -> None:
    hits, stale = reads("hit"), reads("stale")
    await torture.run()
    assert reads("hit") - hits > 20, "the cache did answer"
    assert reads("stale") - stale > 5, "and would have answered wrongly"


async def test_without_watermarks_payments_are_missed(
    torture: Torture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: what the test above relies on is what makes it pass."""
    monkeypatch.setattr(Lease, "expect", lambda _lease, _draft: None)
    with pytest.raises(StaleError):
        await torture.run()
