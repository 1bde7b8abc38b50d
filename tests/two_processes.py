"""Two processes' ledgers on one book, every answer compared with the oracle's."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bezant.formats.iso4217 import scale_of
from bezant.kernel.calls import Answer, Call, RefusedAnswer
from bezant.kernel.errors import Refusal
from bezant.ledger import Ledger, schemas
from bezant.ledger.schemas import AccountType, HoldState
from crashing import Instance, WindableClock
from fixtures_ledger import new_bank
from oracle import STANDS, Codes, Oracle
from requests_of_a_book import (
    ASSETS,
    ELSEWHERE,
    PLAIN,
    changes,
    ids,
    imports,
    items,
    likely,
    names,
    new_accounts,
    new_groups,
    plain,
    reserving,
)

T = TypeVar("T")
Send = Callable[[Ledger, Call], Awaitable[Answer]]

START = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)
HEAD = "SELECT recorded_at FROM lane WHERE tenant_id = $1 AND book_id = $2"
processes = st.integers(0, 1)
# Identifiers differ from run to run; the order in which they came does not.
places = st.integers(0, 999)
beyonds = st.sampled_from([None, -20, -1, 0, 1])


@dataclass
class Asked:
    """A request that has its answer."""

    key: str
    fingerprint: bytes
    send: Send
    answer: Answer


class TwoProcesses(RuleBasedStateMachine):
    """What the rules do goes to one of two instances; either may crash, at any instant."""

    url: ClassVar[str]
    run_folder: ClassVar[Path]
    loop: ClassVar[asyncio.AbstractEventLoop]

    def __init__(self) -> None:
        super().__init__()
        self.oracle = Oracle(set(ASSETS))
        self.clock = WindableClock(START)
        self.asked: list[Asked] = []
        self.instances: list[Instance] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @initialize()
    def begin(self) -> None:
        self.run(self._begin())
        for name, kind, asset in (
            ("world", AccountType.ASSET, "EUR"),
            ("yen", AccountType.ASSET, "JPY"),
            ("alice", AccountType.LIABILITY, "EUR"),
            ("bob", AccountType.LIABILITY, "EUR"),
        ):
            floor = schemas.Limits(overdraft="0") if kind is AccountType.LIABILITY else None
            opened_at = ELSEWHERE if name != "bob" else None
            self.open(
                0,
                schemas.NewAccount(
                    name, asset, kind, floor or schemas.Limits(), opened_at=opened_at
                ),
            )

        # Most of what is drawn from nothing would be refused; so there is something to spend.
        for debit, credit in (("world", "alice"), ("world", "alice"), ("alice", "bob")):
            self.post(0, PLAIN([schemas.Posting(debit, credit, "EUR", "60")]))
            self.post(1, PLAIN([schemas.Posting(debit, credit, "EUR", "20", pending=True)]))

    async def _begin(self) -> None:
        self.instances = [await self._new() for _ in range(2)]
        first = self.instances[0]
        self.bank = await new_bank(first.ledger, first.database)
        await self.bank.create(*(schemas.Asset(code, scale_of(code)) for code in ASSETS))

    async def _new(self) -> Instance:
        return await Instance.start(self.url, self.run_folder, self.clock)

    @rule(process=processes, new=new_accounts)
    def open(self, process: int, new: schemas.NewAccount) -> None:
        answer = self.ask(
            process, new, lambda ledger, call: ledger.open_account(call, self.bank.book_id, new)
        )
        self.check(answer, self.oracle.open(new), 201)

    @rule(process=processes, account=names, change=changes)
    def change(self, process: int, account: str, change: schemas.AccountChange) -> None:
        answer = self.ask(
            process,
            change,
            lambda ledger, call: ledger.change_account(call, self.bank.book_id, account, change),
        )
        self.check(answer, self.oracle.change(account, change), 200)

    @rule(process=processes, new=new_groups)
    def open_group(self, process: int, new: schemas.NewLimitGroup) -> None:
        answer = self.ask(
            process, new, lambda ledger, call: ledger.open_limit_group(call, self.bank.book_id, new)
        )
        self.check(answer, self.oracle.open_group(new), 201)

    @rule(process=processes, new=plain | imports)
    def post(self, process: int, new: schemas.NewTransaction) -> None:
        self.judge(new, self.ask(process, new, self.posting(new)))

    @rule(process=processes, leg=likely, id_=ids)
    def pay(self, process: int, leg: schemas.Posting, id_: UUID | None) -> None:
        self.post(process, PLAIN([leg], id=id_))

    @rule(process=processes, leg=reserving)
    def reserve(self, process: int, leg: schemas.Posting) -> None:
        self.post(process, PLAIN([leg]))

    def hold(self, at: int) -> UUID:
        return list(self.oracle.holds)[at % len(self.oracle.holds)]

    def posting(self, new: schemas.NewTransaction) -> Send:
        return lambda ledger, call: ledger.post(call, self.bank.book_id, new)

    def judge(self, new: schemas.NewTransaction, answer: Answer) -> None:
        """Compare the answer to a transaction, and learn from it what only it can tell."""
        codes = self.oracle.post(new)
        if STANDS in codes and not answer.is_refusal:
            return
        self.check(answer, codes, 200 if new.dry_run else 201)
        if codes:
            self.oracle.refuse(new, code_of(answer))
        elif not new.dry_run:
            self.oracle.learn(new, answer.value(schemas.PostedTransaction))

    @rule(process=processes, batch=st.lists(items, min_size=1, max_size=5))
    def post_batch(self, process: int, batch: list[schemas.BatchTransaction]) -> None:
        # What a batch reserves, its results do not tell: only single transactions do.
        batch = [
            msgspec.structs.replace(
                item,
                postings=[
                    msgspec.structs.replace(leg, pending=False, expires_in_s=None, hold_group=None)
                    for leg in item.postings
                ],
            )
            for item in batch
        ]
        new = schemas.NewBatch(batch)
        answer = self.ask(
            process, new, lambda ledger, call: ledger.post_batch(call, self.bank.book_id, new)
        )
        results = answer.value(schemas.BatchResults).results
        assert [result.id for result in results] == [item.id for item in batch]
        told = [result.code for result in results]
        assert self.oracle.post_chains(batch, told), (told, batch)

    @precondition(lambda self: self.oracle.holds)
    @rule(process=processes, at=places, beyond=beyonds, release=st.booleans())
    def capture(self, process: int, at: int, beyond: int | None, *, release: bool) -> None:
        """All that remains, or so much more or less than that."""
        hold = self.hold(at)
        remaining = self.oracle.holds[hold].remaining
        amount = None if beyond is None else str(max(0, remaining + beyond))
        asked = schemas.CaptureOfHold(amount, release)
        answer = self.ask(
            process,
            asked,
            lambda ledger, call: ledger.capture_hold(call, self.bank.book_id, hold, asked),
        )
        capture = schemas.Capture(hold, amount, release)
        self.check(answer, self.oracle.post(schemas.NewTransaction(captures=[capture])), 200)

    @precondition(lambda self: self.oracle.holds)
    @rule(process=processes, at=places, group=st.booleans())
    def void(self, process: int, at: int, *, group: bool) -> None:
        hold = self.hold(at)
        asked = schemas.VoidOfHold(group)
        answer = self.ask(
            process,
            asked,
            lambda ledger, call: ledger.void_hold(call, self.bank.book_id, hold, asked),
        )
        voids = self.oracle.open_in_group(hold) if group else [hold]
        codes = self.oracle.post(schemas.NewTransaction(voids=voids or [hold]))
        self.check(answer, codes, 200)

    @precondition(lambda self: len(self.oracle.holds) > 1)
    @rule(process=processes, at=places, also_at=places, new=plain)
    def settle_within_a_transaction(
        self, process: int, at: int, also_at: int, new: schemas.NewTransaction
    ) -> None:
        one, other = self.hold(at), self.hold(also_at)
        new = msgspec.structs.replace(new, captures=[schemas.Capture(one)], voids=[other])
        self.judge(new, self.ask(process, new, self.posting(new)))

    @precondition(lambda self: self.asked)
    @rule(process=processes, at=places)
    def repeat(self, process: int, at: int) -> None:
        asked = self.asked[at % len(self.asked)]
        again = self.send(process, asked.send, asked.key, asked.fingerprint)
        assert again.is_replay
        assert (again.status, again.body) == (asked.answer.status, asked.answer.body)

    @precondition(lambda self: self.asked)
    @rule(process=processes, at=places, new=plain)
    def reuse_a_key(self, process: int, at: int, new: schemas.NewTransaction) -> None:
        asked = self.asked[at % len(self.asked)]
        answer = self.send(process, self.posting(new), asked.key, b"another request")
        assert code_of(answer) == "IDEMPOTENCY_KEY_REUSED"

    @rule(process=processes)
    def crash(self, process: int) -> None:
        self.run(self._crash(process))

    @rule(process=processes, victim=processes, new=plain, turns=st.integers(0, 40))
    def crash_while_posting(
        self, process: int, victim: int, new: schemas.NewTransaction, turns: int
    ) -> None:
        """The answer may be lost, and with it whether it took effect; the repeat tells."""
        key, fingerprint, send = self.key(), msgspec.json.encode(new), self.posting(new)
        self.expire()
        answer = self.run(self._post_and_crash((process, victim), send, (key, fingerprint), turns))
        self.asked.append(Asked(key, fingerprint, send, answer))
        self.judge(new, answer)

    async def _post_and_crash(
        self, which: tuple[int, int], send: Send, asked: tuple[str, bytes], turns: int
    ) -> Answer:
        process, victim = which
        first = asyncio.create_task(self._send(process, send, *asked))
        for _ in range(turns):
            await asyncio.sleep(0)
        await self._crash(victim)
        if process == victim:
            first.cancel()
        outcome, *_ = await asyncio.gather(first, return_exceptions=True)
        if process != victim:
            assert isinstance(outcome, Answer | Refusal), outcome
        answer = await self._send(1 - process, send, *asked)
        if isinstance(outcome, Answer):
            assert (answer.body, answer.is_replay) == (outcome.body, True)
        return answer

    async def _crash(self, process: int) -> None:
        await self.instances[process].die()
        self.instances[process] = await self._new()

    @rule(seconds=st.sampled_from([-3600, -7, 1, 7, 110, 86_400]))
    def wind_the_clock(self, seconds: int) -> None:
        self.clock.wind(seconds)

    @rule(process=processes)
    def look_for_holds_that_are_over(self, process: int) -> None:
        self.expire()
        self.run(self.instances[process].ledger._lanes.expire_holds())

    @invariant()
    def balances_are_the_oracles(self) -> None:
        if self.instances:
            self.run(self._compare())

    async def _compare(self) -> None:
        ledger, key = self.instances[0].ledger, (self.bank.tenant_id, self.bank.book_id)
        for name, account in self.oracle.accounts.items():
            found = await ledger.balance(*key, name)
            pending = int(found.pending_debits), int(found.pending_credits)
            assert int(found.posted) == account.posted, name
            assert pending == (account.debits_pending, account.credits_pending), name
            assert (int(found.available), found.version) == (account.available, account.version)
        for hold_id, hold in self.oracle.holds.items():
            seen = await ledger.hold(*key, hold_id)
            assert (seen.state, int(seen.remaining)) == (hold.state, hold.remaining)
            assert hold.state is not HoldState.EXPIRED or int(seen.captured) == hold.captured

    def expire(self) -> None:
        """What the next batch does first: at the clock's instant, or the last recorded one."""
        row = self.run(self.instances[0].database.fetchrow(HEAD, *self._key_of_book()))
        assert row is not None
        self.oracle.expire(max(self.clock.now(), row["recorded_at"]))

    def _key_of_book(self) -> tuple[UUID, UUID]:
        return self.bank.tenant_id, self.bank.book_id

    def key(self) -> str:
        return f"k{len(self.asked)}"

    def ask(self, process: int, body: object, send: Send) -> Answer:
        """Ask a process for something under a new key."""
        key, fingerprint = self.key(), msgspec.json.encode(body)
        self.expire()
        answer = self.send(process, send, key, fingerprint)
        assert not answer.is_replay
        self.asked.append(Asked(key, fingerprint, send, answer))
        return answer

    def send(self, process: int, send: Send, key: str, fingerprint: bytes) -> Answer:
        return self.run(self._send(process, send, key, fingerprint))

    async def _send(self, process: int, send: Send, key: str, fingerprint: bytes) -> Answer:
        return await send(self.instances[process].ledger, self.bank.call(key, fingerprint))

    @staticmethod
    def check(answer: Answer, codes: Codes, status: int) -> None:
        """The answer is what the oracle says."""
        if codes:
            assert answer.is_refusal, (answer, codes)
            assert code_of(answer) in codes, (answer, codes)
        else:
            assert answer.status == status, answer

    def teardown(self) -> None:
        if self.instances:
            self.run(self._end())

    async def _end(self) -> None:
        self.bank.database = self.instances[0].database
        report = await self.bank.verify()
        for instance in self.instances:
            await instance.close()
        assert report.findings == []


def code_of(answer: Answer) -> str:
    """The code of a refusal."""
    try:
        answer.value(dict)
    except RefusedAnswer as refused:
        return refused.code
    raise AssertionError(f"not a refusal: {answer}")
