"""Carrying out the suites, case by case, on one platform."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

from bezant.cli.bench import (
    agent,
    caller,
    cases,
    connections,
    historian,
    poster,
    reconciler,
    recovery,
    tokenizer,
    verifier,
)
from bezant.cli.bench.agent import Agent
from bezant.cli.bench.banking import BankingSuite
from bezant.cli.bench.cached import cache_down, hit_rate
from bezant.cli.bench.cases import Figure, NotMeasured, Suite, judge
from bezant.cli.bench.identity import IdentitySuite
from bezant.cli.bench.payments import PaymentSuite
from bezant.cli.bench.pgbench import transactions_per_second
from bezant.cli.bench.stage import Stage, memory_mib, open_stage
from bezant.cli.client import Client
from bezant.ledger import schemas
from bezant.server.endpoint import Endpoint
from bezant.server.provisioning import SANDBOX

BATCH: Final = 8_000
HOT_CALLERS: Final = 100
HTTPS_CONNECTIONS: Final = 64
READING_CONNECTIONS: Final = 32

# Two requests wait for each book, so that its lane is never without one.
_BULK_CALLERS: Final = 2
_COLLIDING_CALLERS: Final = 10
_HTTPS_ACCOUNTS: Final = 200
_TOKENIZING_CONNECTIONS: Final = 4
_LONG_TRANSFERS: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything.

    Attributes:
        seconds: of one case.
        settling_s: until the database has analyzed tables that were empty a moment ago.
        accounts: in a book of the bulk cases, and in one whose past is asked for.
        entries: of a book whose past is asked for.
        scale: pgbench's; 100,000 of its accounts each.
        lines: of a statement, and entries beside it.
        kills: of each process whose end is recovered from.
        people: who log in.
    """

    seconds: float = 5.0
    settling_s: float = 12.0
    accounts: int = 100_000
    entries: int = 1_000_000
    scale: int = 50
    lines: int = 100_000
    kills: int = 3
    people: int = 50


QUICK: Final = Sizes(
    seconds=0.2,
    settling_s=0.0,
    accounts=200,
    entries=10_000,
    scale=1,
    lines=300,
    kills=1,
    people=2,
)
"""Enough to see every case run; the figures mean nothing."""


@dataclass(slots=True)
class _Bench:
    """One run: the platform it measures, and what it found so far."""

    stage: Stage
    sizes: Sizes
    is_long: bool
    progress: Callable[[str], None]
    measured: dict[str, float | NotMeasured] = field(default_factory=dict)

    @asynccontextmanager
    async def posting(
        self,
        platform: Endpoint,
        books: int = 1,
        accounts: int | None = None,
        share_partition: bool | None = None,  # noqa: FBT001 - a third value is "either"
    ) -> AsyncIterator[tuple[Agent, list[UUID]]]:
        setup = poster.Setup(
            platform.database_url,
            str(self.stage.run_folder),
            SANDBOX,
            books,
            self.sizes.accounts if accounts is None else accounts,
            share_partition,
        )
        async with agent.started(poster, setup, poster.Ready) as (posting, ready):
            yield posting, ready.books

    async def post(
        self,
        posting: Agent,
        callers: int,
        *,
        batch: int = 1,
        books: int = 1,
        is_hot: bool = False,
        is_replay: bool = False,
        singles: int = 0,
    ) -> poster.Outcome:
        asked = poster.Round(self.sizes.seconds, callers, batch, books, is_hot, is_replay, singles)
        return await posting.ask(asked, poster.Outcome)

    async def call(self, calling: Agent, load: caller.Load, count: int) -> connections.Outcome:
        asked = caller.Round(load, count, self.sizes.seconds)
        return await calling.ask(asked, connections.Outcome)

    @asynccontextmanager
    async def calling(self, platform: Endpoint) -> AsyncIterator[Agent]:
        """Who calls a book of the API's own."""
        assert platform.ca is not None
        accounts = [f"customers:{number}:wallet" for number in range(_HTTPS_ACCOUNTS)]
        book = await asyncio.to_thread(
            _open_book, platform.url, self.stage.api_key, Path(platform.ca), accounts
        )
        setup = caller.Setup(platform.url, platform.ca, self.stage.api_key, str(book), accounts)
        async with agent.started(caller, setup, caller.Ready) as (calling, _):
            yield calling


async def run(
    suites: list[Suite], sizes: Sizes, progress: Callable[[str], None], *, is_long: bool = False
) -> list[Figure]:
    """Measure.

    Args:
        suites: which.
        sizes: how much.
        progress: told each case as it begins.
        is_long: whether to take the tens of minutes that ten million transfers need.

    Raises:
        StartupError: the platform did not start, or a process that makes load failed.
    """
    with open_stage() as stage:
        bench = _Bench(stage, sizes, is_long, progress)
        progress("Starting a platform on a fresh data folder")
        async with stage.running() as platform:
            bench.measured[cases.COLD_START] = stage.start_s
            bench.measured[cases.MEMORY] = memory_mib(platform.pid)
            if Suite.LEDGER in suites:
                await _ledger(bench, platform)
            if Suite.RECONCILIATION in suites:
                await _reconciliation(bench, platform)
            if Suite.VAULT in suites:
                await _vault(bench, platform)
            if Suite.IDENTITY in suites:
                await _identity(bench, platform)
            if Suite.BANKING in suites:
                bench.measured |= await BankingSuite(
                    platform, str(stage.run_folder), sizes.accounts, progress
                ).run()
        if Suite.PAYMENTS in suites:
            progress("Starting it again, with other banks")
            async with stage.running("--sandbox") as platform:
                payments = PaymentSuite(platform, stage.api_key, sizes.seconds, progress)
                bench.measured |= await payments.run()
        if Suite.LEDGER in suites:
            await _recoveries(bench)
        if Suite.PLATFORM in suites:
            progress("Starting it again")
            async with stage.running() as platform:
                bench.measured[cases.RESTART] = stage.start_s
                await _platform(bench, platform)
        return judge(suites, bench.measured)


async def _platform(bench: _Bench, platform: Endpoint) -> None:
    async with bench.calling(platform) as calling:
        bench.progress(cases.BALANCE_P50)
        single = await bench.call(calling, caller.Load.BALANCE, 1)
        bench.measured[cases.BALANCE_P50] = single.p50_ms
        bench.progress(cases.BALANCES)
        many = await bench.call(calling, caller.Load.BALANCE, READING_CONNECTIONS)
        bench.measured[cases.BALANCES] = many.per_second
        bench.measured[cases.HIT_RATE] = await asyncio.to_thread(
            hit_rate, platform, bench.stage.api_key
        )
        bench.progress(cases.HANDSHAKES)
        handshakes = await bench.call(calling, caller.Load.HANDSHAKE, 0)
        bench.measured[cases.HANDSHAKES] = handshakes.per_second
        bench.progress(cases.BALANCES_NO_CACHE)
        with cache_down(platform):
            slower = await bench.call(calling, caller.Load.BALANCE, READING_CONNECTIONS)
        bench.measured[cases.BALANCES_NO_CACHE] = slower.per_second


async def _ledger(bench: _Bench, platform: Endpoint) -> None:
    bench.progress(cases.REFERENCE)
    bench.measured[cases.REFERENCE] = await transactions_per_second(
        bench.stage.data,
        platform.database_url,
        scale=bench.sizes.scale,
        seconds=bench.sizes.seconds,
    )
    book = await _in_process(bench, platform)
    await _over_https(bench, platform, book)
    await _past(bench, platform)
    for share_partition in (True, False):
        await _aborts(bench, platform, share_partition=share_partition)


async def _in_process(bench: _Bench, platform: Endpoint) -> UUID:
    """The cases of callers within a process; the book that they filled."""
    measured, progress = bench.measured, bench.progress
    progress(f"Opening two books of {bench.sizes.accounts} accounts")
    async with bench.posting(platform) as (one, books):
        # The second book is opened by a second process, as two workers would hold them.
        async with bench.posting(platform) as (two, _):
            progress(cases.BULK)
            bulk = await bench.post(one, _BULK_CALLERS, batch=BATCH)
            measured[cases.BULK] = bulk.per_second
            progress(cases.TWO_BOOKS)
            both = await asyncio.gather(
                *(bench.post(each, _BULK_CALLERS, batch=BATCH) for each in (one, two))
            )
            measured[cases.TWO_BOOKS] = sum(outcome.per_second for outcome in both)
        progress(cases.FAIR)
        alone = await bench.post(one, 1, batch=BATCH)
        beside = await bench.post(one, _BULK_CALLERS, batch=BATCH, singles=1)
        assert beside.singles_p99_ms is not None
        measured[cases.BATCH_TIME], measured[cases.FAIR] = alone.p99_ms, beside.singles_p99_ms
        progress(cases.HOT)
        hot = await bench.post(one, HOT_CALLERS, is_hot=True)
        measured[cases.HOT], measured[cases.HOT_P99] = hot.per_second, hot.p99_ms
        progress(cases.HOT_BATCHES)
        batches = await bench.post(one, _COLLIDING_CALLERS, batch=100, is_hot=True)
        measured[cases.HOT_BATCHES] = batches.per_second
        progress(cases.REPLAYS)
        replays = await bench.post(one, HOT_CALLERS, is_replay=True)
        measured[cases.REPLAYS] = replays.per_second
        measured[cases.AFTER_LOAD] = await _after_load(bench, one)
    return books[0]


async def _after_load(bench: _Bench, posting: Agent) -> float | NotMeasured:
    if not bench.is_long:
        return NotMeasured("takes tens of minutes: ask for it by --long")
    posted = 0
    while posted < _LONG_TRANSFERS:
        bench.progress(f"{cases.AFTER_LOAD}: {posted} posted")
        posted += (await bench.post(posting, _BULK_CALLERS, batch=BATCH)).transfers
    return (await bench.post(posting, _BULK_CALLERS, batch=BATCH)).per_second


async def _over_https(bench: _Bench, platform: Endpoint, book: UUID) -> None:
    measured = bench.measured
    setup = verifier.Setup(platform.database_url, SANDBOX, book)
    async with bench.calling(platform) as calling:
        bench.progress(cases.HTTPS)
        alone = await bench.call(calling, caller.Load.POST, HTTPS_CONNECTIONS)
        measured[cases.HTTPS], measured[cases.HTTPS_P99] = alone.per_second, alone.p99_ms
        bench.progress(cases.HTTPS_VERIFY)
        async with agent.started(verifier, setup, verifier.Ready) as (verifying, _):
            together, verified = await asyncio.gather(
                bench.call(calling, caller.Load.POST, HTTPS_CONNECTIONS),
                verifying.ask(verifier.Round(bench.sizes.seconds), verifier.Outcome),
            )
        measured[cases.HTTPS_VERIFY] = together.per_second
        measured[cases.VERIFIED] = verified.per_second
        bench.progress(cases.HTTPS_NO_CACHE)
        with cache_down(platform):
            without = await bench.call(calling, caller.Load.POST, HTTPS_CONNECTIONS)
        measured[cases.HTTPS_NO_CACHE] = without.per_second


async def _vault(bench: _Bench, platform: Endpoint) -> None:
    assert platform.ca is not None
    assert platform.vault_url is not None
    setup = tokenizer.Setup(platform.vault_url, platform.url, platform.ca, bench.stage.api_key)
    bench.progress("Making tokens")
    async with agent.started(tokenizer, setup, tokenizer.Ready) as (calling, _):
        await asyncio.sleep(bench.sizes.settling_s)
        for load, batch, single in (
            (tokenizer.Load.TOKENIZE, cases.TOKENIZE, cases.TOKENIZE_P99),
            (tokenizer.Load.DETOKENIZE, cases.DETOKENIZE, cases.DETOKENIZE_P99),
        ):
            for case, is_batch in ((batch, True), (single, False)):
                bench.progress(case)
                count = _TOKENIZING_CONNECTIONS if is_batch else 1
                asked = tokenizer.Round(load, is_batch, count, bench.sizes.seconds)
                outcome = await calling.ask(asked, connections.Outcome)
                bench.measured[case] = (
                    outcome.per_second * tokenizer.BATCH if is_batch else outcome.p99_ms
                )


async def _identity(bench: _Bench, platform: Endpoint) -> None:
    suite = IdentitySuite(
        platform,
        bench.stage.api_key,
        bench.stage.run_folder,
        bench.sizes.seconds,
        bench.sizes.people,
        bench.progress,
    )
    bench.measured.update(await suite.run())


async def _recoveries(bench: _Bench) -> None:
    """The slowest of several kills, each of a platform that was started for it.

    One whose processes keep dying takes its time to start them again, or gives up.
    """
    accounts = [f"customers:{number}:wallet" for number in range(_HTTPS_ACCOUNTS)]
    async with bench.stage.running() as platform:
        assert platform.ca is not None
        book = await asyncio.to_thread(
            _open_book, platform.url, bench.stage.api_key, Path(platform.ca), accounts
        )
    for name, victim, batch in (
        (cases.RECOVERY, recovery.postmaster, 1),
        (cases.RECOVERY_WORKER, recovery.worker, 1),
        (cases.RECOVERY_BULK, recovery.postmaster, BATCH),
    ):
        bench.progress(name)
        seconds = []
        for _ in range(bench.sizes.kills):
            async with bench.stage.running() as platform:
                load = recovery.Load(platform, bench.stage.api_key, book, accounts, batch)
                seconds.append(await load.recovery_s(victim))
        bench.measured[name] = max(seconds)


async def _past(bench: _Bench, platform: Endpoint) -> None:
    """Reads of the past, of two books with as many entries each."""
    measured, sizes = bench.measured, bench.sizes
    setup = historian.Setup(
        platform.database_url,
        str(bench.stage.run_folder),
        SANDBOX,
        sizes.entries,
        sizes.accounts,
    )
    bench.progress(f"Laying in two books of {sizes.entries} entries")
    async with agent.started(historian, setup, historian.Ready) as (asking, ready):
        measured[cases.SNAPSHOTS] = ready.snapshots_s

        async def ask(case: str, question: historian.Question) -> historian.Outcome:
            bench.progress(case)
            return await asking.ask(historian.Round(question, sizes.seconds), historian.Outcome)

        balance = await ask(cases.PAST_BALANCE_P99, historian.Question.BALANCE)
        entries = await ask(cases.PAST_ENTRIES_P99, historian.Question.ENTRIES)
        sums = await ask(cases.BOOK_SUMS, historian.Question.SUMS)
        wide = await ask(cases.WIDE_BOOK_SUMS, historian.Question.WIDE_SUMS)
        trial = await ask(cases.TRIAL_BALANCE, historian.Question.TRIAL_BALANCE)
        wide_trial = await ask(cases.WIDE_TRIAL_BALANCE, historian.Question.WIDE_TRIAL_BALANCE)
    measured[cases.PAST_BALANCE_P99] = balance.p99_ms
    measured[cases.PAST_ENTRIES_P99] = entries.p99_ms
    measured[cases.BOOK_SUMS] = sums.slowest_s
    measured[cases.WIDE_BOOK_SUMS] = wide.slowest_s
    measured[cases.TRIAL_BALANCE] = trial.slowest_s
    measured[cases.WIDE_TRIAL_BALANCE] = wide_trial.slowest_s


async def _aborts(bench: _Bench, platform: Endpoint, *, share_partition: bool) -> None:
    """What parallel books cost each other, in per cent of all tries to commit."""
    most = max(count for count, _ in cases.ABORTS)
    accounts = min(bench.sizes.accounts, 1_000)
    async with bench.posting(platform, most, accounts, share_partition) as (posting, _):
        for count in sorted(count for count, shared in cases.ABORTS if shared is share_partition):
            name = cases.ABORTS[count, share_partition]
            bench.progress(name)
            outcome = await bench.post(posting, _COLLIDING_CALLERS, books=count)
            tries = outcome.commits + outcome.aborts
            bench.measured[name] = 100 * outcome.aborts / tries


async def _reconciliation(bench: _Bench, platform: Endpoint) -> None:
    """One process fills a book and writes the statement; another, fresh one reconciles them."""
    for form, name in cases.RECONCILE.items():
        bench.progress(f"Booking {bench.sizes.lines} entries")
        setup = reconciler.Setup(
            platform.database_url,
            str(bench.stage.run_folder),
            SANDBOX,
            str(bench.stage.run_folder / f"statement.{form}"),
            form,
            bench.sizes.lines,
        )
        async with agent.started(reconciler, setup, reconciler.Ready) as (filling, _):
            book = await filling.ask(reconciler.Round(None), reconciler.Outcome)
        bench.progress(name)
        async with agent.started(reconciler, setup, reconciler.Ready) as (reconciling, _):
            outcome = await reconciling.ask(reconciler.Round(book.book), reconciler.Outcome)
        bench.measured[name] = outcome.seconds
        bench.measured[cases.RECONCILE_IMPORT[form]] = outcome.import_seconds
        bench.measured[cases.RECONCILE_MATCHED[form]] = 100 * outcome.matches / bench.sizes.lines
        bench.measured[cases.RECONCILE_MEMORY[form]] = outcome.memory_mib


def _open_book(url: str, api_key: str, ca: Path, accounts: list[str]) -> UUID:
    with Client(url, api_key, ca) as client:
        asset = schemas.Asset("EUR", 2)
        book = client.create_book(schemas.NewBook("Bench", [asset])).id
        limits = (schemas.Limits(), schemas.Limits(overdraft=str(10**15)))
        for number, account in enumerate(accounts):
            kind = schemas.AccountType.LIABILITY
            client.open_account(
                book, schemas.NewAccount(account, asset.code, kind, limits[number % 2])
            )
        return book
