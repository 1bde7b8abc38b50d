"""Reads by a real streaming standby: never older than what their caller has seen, whatever it does.

What only the standby can know is what is old: an answer from before a change that the primary has
committed shows that the standby gave it.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from bezant.kernel.calls import Principal
from bezant.kernel.database import Database, Replica, replica
from bezant.kernel.http import Credentials, Guard, ReadOperation, ScopeAuthorizer, install
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.telemetry import metrics
from bezant.ledger import (
    Ledger,
    chart_operations,
    operations,
    period_operations,
    report_operations,
    schemas,
    statement_operations,
    store,
)
from bezant.ledger.errors import AccountNotFound, TransactionNotFound
from bezant.ledger.history import Axis
from bezant.ledger.past import Asked
from bezant.ledger.statements.schemas import Statement
from bezant.ledger.statements.service import Part
from bezant.server.embedded import DataFolder, EmbeddedServers
from bezant.server.migrations import migrate
from fixtures_api import fresh_key
from fixtures_ledger import Bank, new_bank
from fixtures_servers import open_folder
from integration.kernel.database.standby import Standby, Stopwatch
from running_platform import running
from tellers import Teller

LATE = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass
class Pair:
    """A ledger on a primary and its standby.

    Attributes:
        watch: the time of the circuit breaker.
    """

    bank: Bank
    standby: Standby
    watch: Stopwatch

    async def pay(self) -> int:
        """Pay 1 to Alice; the `seq` of the payment."""
        answer = await self.bank.pay("world", "alice", 1)
        return answer.value(schemas.PostedTransaction).seq

    async def balance(self, read_after: int | None) -> int:
        """Alice's balance, for a caller who has seen `read_after`."""
        found = await self.bank.ledger.balance(
            self.bank.tenant_id, self.bank.book_id, "alice", read_after=read_after
        )
        return int(found.posted)


@pytest.fixture(scope="module")
async def primary() -> AsyncIterator[tuple[DataFolder, EmbeddedServers, Path]]:
    """A PostgreSQL of this module's own, migrated, and a folder for what follows it."""
    with open_folder() as folder, DataFolder(folder / "data") as data:
        servers = EmbeddedServers(data, progress=lambda _: None, has_keys=False, has_valkey=False)
        async with servers:
            await migrate(servers.postgres.owner_url, "bezant_app")
            yield data, servers, folder


Start = Callable[[], Awaitable[Standby]]


@pytest.fixture(scope="module")
async def start(
    primary: tuple[DataFolder, EmbeddedServers, Path],
) -> AsyncIterator[Start]:
    """Starts a new standby; all are ended with the module."""
    data, servers, folder = primary
    started: list[Standby] = []

    async def new_standby() -> Standby:
        place = folder / f"standby-{len(started)}"
        started.append(await Standby.start(data, servers.postgres, place))
        return started[-1]

    yield new_standby
    for standby in started:
        await standby.end()


@pytest.fixture(scope="module")
async def standby(start: Start) -> Standby:
    """A standby that every test leaves running and replaying."""
    return await start()


@pytest.fixture(scope="module")
async def database(
    primary: tuple[DataFolder, EmbeddedServers, Path],
) -> AsyncIterator[Database]:
    """The primary, in place of the session's database."""
    database = await Database.open(primary[1].postgres.app_url)
    yield database
    await database.close()


Join = Callable[[Standby], Awaitable[Pair]]


@pytest.fixture
async def join(database: Database, tmp_path: Path) -> AsyncIterator[Join]:
    """Opens a ledger over the primary and a standby, with Alice's account and its first coin."""
    opened: list[Replica | Ledger] = []

    async def new_pair(standby: Standby) -> Pair:
        watch = Stopwatch()
        follower = Replica(standby.url, monotonic=watch)
        ledger = Ledger(database, tmp_path, replica=follower)
        opened.extend((follower, ledger))
        await ledger.start()
        bank = await (await new_bank(ledger, database)).create()
        await bank.open("world", schemas.AccountType.ASSET)
        await bank.open("alice")
        return Pair(bank, standby, watch)

    yield new_pair
    for each in reversed(opened):
        await each.close()


@pytest.fixture
async def pair(join: Join, standby: Standby) -> AsyncIterator[Pair]:
    """The running standby and a ledger over it."""
    yield await join(standby)
    await standby.resume()


async def test_a_replica_that_has_what_the_caller_saw_answers(pair: Pair) -> None:
    seen = await pair.pay()
    await pair.standby.catch_up()
    await pair.standby.pause()
    await pair.pay()
    # The second payment is the primary's secret: this is the standby's answer.
    assert await pair.balance(read_after=seen) == 1


async def test_a_replica_that_is_behind_is_passed_over(pair: Pair) -> None:
    await pair.pay()
    await pair.standby.catch_up()
    await pair.standby.pause()
    newest = await pair.pay()
    assert await pair.balance(read_after=newest) == 2
    await pair.standby.resume()
    await pair.standby.pause()
    await pair.pay()
    assert await pair.balance(read_after=newest) == 2


async def test_who_does_not_say_what_they_saw_is_answered_by_the_primary(pair: Pair) -> None:
    await pair.pay()
    await pair.standby.catch_up()
    await pair.standby.pause()
    await pair.pay()
    assert await pair.balance(read_after=None) == 2


async def test_without_the_check_the_answer_would_be_stale(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pair.pay()
    await pair.standby.catch_up()
    await pair.standby.pause()
    newest = await pair.pay()
    unchecked = "SELECT 999999 AS seq FROM lane WHERE tenant_id = $1 AND book_id = $2"
    with monkeypatch.context() as fault:
        fault.setattr(store, "FIND_REPLAYED_SEQ", unchecked)
        assert await pair.balance(read_after=newest) == 1
    assert await pair.balance(read_after=newest) == 2


async def test_every_read_of_a_book_may_be_the_replicas(pair: Pair) -> None:
    seen = await pair.pay()
    await pair.standby.catch_up()
    await pair.standby.pause()
    answer = (await pair.bank.pay("world", "alice", 1)).value(schemas.PostedTransaction)
    await pair.bank.open("bob")
    newest = await pair.pay()
    ledger, key = pair.bank.ledger, (pair.bank.tenant_id, pair.bank.book_id)

    async def facts(read_after: int) -> tuple[int, bool, list[int], bool, bool]:
        accounts = await ledger.accounts(*key, after=None, limit=9, read_after=read_after)
        entries = await ledger.entries(*key, "alice", cursor=None, limit=9, read_after=read_after)
        return (
            await pair.balance(read_after),
            "bob" in [account.id for account in accounts.accounts],
            [int(entry.amount) for entry in entries.entries],
            await _exists(ledger.account(*key, "bob", read_after=read_after)),
            await _exists(ledger.transaction(*key, answer.id, read_after=read_after)),
        )

    assert await facts(seen) == (1, False, [1], False, False)
    assert await facts(newest) == (3, True, [1, 1, 1], True, True)


async def test_the_past_is_the_replicas_where_it_has_all_that_was_known(pair: Pair) -> None:
    seen = await pair.pay()
    await pair.standby.catch_up()
    await pair.standby.pause()
    known = (await pair.bank.pay("world", "alice", 1)).value(schemas.PostedTransaction)
    past, key = pair.bank.ledger.past, (pair.bank.tenant_id, pair.bank.book_id, "alice")
    early = (await pair.bank.ledger.feed(*key[:2], 0, 100)).events[-2].recorded_at

    async def posted(known_at: datetime | None) -> tuple[str, int]:
        found = await past.balance(*key, effective_at=LATE, known_at=known_at, read_after=seen)
        listed = await past.entries(
            *key,
            Asked(Axis.EFFECTIVE, None, None, known_at),
            after=None,
            limit=9,
            read_after=seen,
        )
        return found.posted, len(listed.entries)

    assert await posted(None) == ("1", 1)  # the standby's answer, as new as the caller's
    assert await posted(early) == ("1", 1)
    # It has not heard of all that was known then, and is passed over.
    assert await posted(known.recorded_at) == ("2", 2)


async def test_a_platform_is_given_its_replica_by_an_option(
    primary: tuple[DataFolder, EmbeddedServers, Path], standby: Standby
) -> None:
    _, servers, folder = primary
    urls = ("--database-url", servers.postgres.app_url, "--replica-url", standby.url)
    async with running(folder / "up", *urls) as platform, platform.client() as client:

        async def create(path: str, body: object) -> dict[str, Any]:
            answer = await client.post(path, json=body, headers=fresh_key())
            assert answer.is_success, answer.text
            created: dict[str, Any] = answer.json()
            return created

        asset = {"code": "EUR", "scale": 2}
        book = await create("/v1/books", {"name": "Money", "assets": [asset]})
        path = f"/v1/books/{book['id']}"
        for account in ("world", "alice"):
            body = {"id": account, "asset": "EUR", "type": "liability"}
            await create(f"{path}/accounts", body)
        leg = {"debit": "world", "credit": "alice", "asset": "EUR", "amount": "1"}
        seq = (await create(f"{path}/transactions", {"postings": [leg]}))["seq"]
        await standby.catch_up()
        headers = {"Bezant-Read-After": str(seq)}
        balance = await client.get(f"{path}/accounts/alice/balance", headers=headers)
        assert balance.json()["posted"] == "1"
        counted = (await client.get("/metrics")).text
        assert 'bezant_replica_reads_total{outcome="served"} 1.0' in counted


class OneCaller:
    """Takes every token for one tenant's."""

    def __init__(self, tenant_id: UUID) -> None:
        self._principal = Principal(tenant_id, "key:test", frozenset({"ledger:read"}))

    async def authenticate(self, _: Credentials) -> Principal:
        return self._principal


async def test_over_http_a_header_says_what_the_caller_saw(pair: Pair) -> None:
    app = FastAPI(redirect_slashes=False)
    install(
        app,
        operations(pair.bank.ledger),
        guard=Guard(OneCaller(pair.bank.tenant_id), ScopeAuthorizer()),
        ids=TimeOrderedIds(),
        observe=lambda _: None,
    )
    seen = await pair.pay()
    await pair.standby.catch_up()
    await pair.standby.pause()
    newest = await pair.pay()
    path = f"/v1/books/{pair.bank.book_id}/accounts/alice/balance"
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="https://bezant.test",
        headers={"Authorization": "Bearer key"},
    ) as client:
        for headers, posted in (
            ({}, "2"),
            ({"Bezant-Read-After": str(seen)}, "1"),
            ({"Bezant-Read-After": str(newest)}, "2"),
        ):
            answer = await client.get(path, headers=headers)
            assert (answer.status_code, answer.json()["posted"]) == (200, posted), headers


async def test_the_reads_of_accounts_and_transactions_take_it(pair: Pair) -> None:
    ledger = pair.bank.ledger
    every = [
        *operations(ledger),
        *period_operations(ledger),
        *chart_operations(ledger),
        *report_operations(ledger),
        *statement_operations(ledger),
    ]
    taking = {each.id for each in every if isinstance(each, ReadOperation) and each.is_replicated}
    assert taking == {
        *("get_account", "get_balance", "get_transaction", "list_accounts", "list_entries"),
        *("get_hold", "get_limit_group", "list_periods", "get_period"),
        *("get_trial_balance", "get_account_trial_balance"),
        *("get_balance_sheet", "get_income_statement", "get_statement"),
    }


async def test_a_page_of_a_statement_is_the_replicas_where_that_knows_enough(pair: Pair) -> None:
    teller = Teller(pair.bank)
    days = (date(2026, 1, 1), date(2062, 1, 1))
    asked = teller.asked("alice", *days)
    for _ in range(3):
        seen = await pair.pay()
    await pair.standby.catch_up()
    await pair.standby.pause()
    newest = await pair.pay()

    async def page(read_after: int, after: str | None = None, limit: int = 2) -> Statement:
        return await pair.bank.ledger.statements.page(
            pair.bank.call(), asked, Part("booked", after, limit), read_after=read_after
        )

    old, new = await page(seen), await page(newest)
    assert (old.closing.balance, new.closing.balance) == ("3", "4")
    # What was known before is told by either; what the replica does not know yet by the primary.
    for first in (old, new):
        rest = await page(0, first.next)
        assert (rest.known_seq, rest.closing) == (first.known_seq, first.closing)
    asked = teller.asked("alice", *days, known_at=new.known_at)
    found = await page(seen)
    assert found.known_seq == newest


async def test_a_book_that_the_replica_does_not_have_yet_is_read_at_the_primary(
    join: Join, standby: Standby
) -> None:
    await standby.catch_up()
    await standby.pause()
    pair = await join(standby)
    assert await pair.balance(read_after=0) == 0
    await standby.resume()


async def test_nobody_reads_older_than_their_own_writes_while_the_replica_comes_and_goes(
    pair: Pair,
) -> None:
    random = Random(20261124)
    before = outcomes()
    for paid in range(1, 101):
        seen = await pair.pay()
        if paid % 10 == 0:
            await random.choice([pair.standby.pause, pair.standby.resume])()
        assert await pair.balance(read_after=seen) == paid
    served, behind, _ = (now - then for now, then in zip(outcomes(), before, strict=True))
    assert served > 0
    assert behind > 0


async def test_killing_the_replica_changes_no_answer(join: Join, start: Start) -> None:
    pair = await join(await start())
    seen = await pair.pay()
    await pair.standby.catch_up()
    assert await pair.balance(read_after=seen) == 1
    with capture_logs() as events:
        reads = [asyncio.create_task(pair.balance(read_after=seen)) for _ in range(50)]
        await pair.standby.kill()
        assert set(await asyncio.gather(*reads)) == {1}
        assert await pair.balance(read_after=await pair.pay()) == 2
        pair.watch.now_s += replica.PAUSE_S
        assert await pair.balance(read_after=seen) == 2
    # Told once, not at every attempt.
    assert told(events) == ["replica_down"]


async def test_a_replica_that_hangs_costs_a_bounded_time_and_then_none(
    pair: Pair,
) -> None:
    seen = await pair.pay()
    await pair.standby.catch_up()
    assert await pair.balance(read_after=seen) == 1
    with capture_logs() as events:
        pair.standby.send(signal.SIGSTOP)
        try:
            assert await timed(pair.balance(read_after=seen)) < replica.READ_SECONDS_MAX + 1
            # The breaker is open: no read waits for it any more.
            assert sum([await timed(pair.balance(read_after=seen)) for _ in range(20)]) < 1
        finally:
            pair.standby.send(signal.SIGCONT)
        before = outcomes()
        pair.watch.now_s += replica.PAUSE_S
        assert await pair.balance(read_after=seen) == 1
        assert outcomes()[0] == before[0] + 1
    assert told(events) == ["replica_down", "replica_up"]


async def test_a_promoted_replica_is_not_believed(join: Join, start: Start) -> None:
    pair = await join(await start())
    seen = await pair.pay()
    await pair.standby.catch_up()
    await pair.standby.promote()
    await pair.pay()
    # It has what the caller saw, and would answer 1; but who writes there now is unknown.
    assert await pair.balance(read_after=seen) == 2


async def _exists(read: Awaitable[object]) -> bool:
    try:
        await read
    except (TransactionNotFound, AccountNotFound):
        return False
    return True


async def timed(read: Awaitable[object]) -> float:
    """How long a read took, in seconds."""
    started = time.perf_counter()
    await read
    return time.perf_counter() - started


def told(events: Iterable[MutableMapping[str, Any]]) -> list[str]:
    """What the log tells of the replica; besides, it tells of statements that were slow."""
    return [event["event"] for event in events if event["event"].startswith("replica_")]


def outcomes() -> tuple[float, float, float]:
    """How many reads the replica served, was behind for, and was unavailable for."""
    text = metrics.render().decode().splitlines()
    counts = dict(line.rsplit(" ", 1) for line in text if line.startswith("bezant_replica_reads"))
    served, behind, unavailable = (
        float(counts.get(f'bezant_replica_reads_total{{outcome="{outcome}"}}', 0))
        for outcome in ("served", "behind", "unavailable")
    )
    return served, behind, unavailable
