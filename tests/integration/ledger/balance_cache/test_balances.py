"""A balance comes from the cache only while it is certainly the newest, whatever the cache says."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bezant.ledger import clear_run_folder, schemas
from bezant.ledger.balance_cache import BALANCE, domain
from bezant.ledger.balance_cache.claims import Claims
from bezant.ledger.balance_cache.domain import TRUST_NS, Lease
from bezant.ledger.errors import BookNotFound
from bezant.ledger.lane import Draft
from fixtures_ledger import IDS
from integration.ledger.balance_cache.conftest import Bench, Process, reads


@pytest.fixture
def other_folder() -> Iterator[Path]:
    """The run folder of a platform that shares database and cache, but no memory."""
    folder = Path(tempfile.mkdtemp(prefix="bzo-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


async def test_what_was_read_once_is_read_from_the_cache(bench: Bench) -> None:
    await bench.warm()
    for process in (bench.one, bench.two):
        assert await bench.hits(process)
        assert await bench.balance(process) == 100


async def test_a_hit_is_the_same_answer_as_the_databases(bench: Bench) -> None:
    await bench.warm()
    hits = reads("hit")
    from_cache = await bench.one.ledger.balance(*bench.key, "alice")
    assert reads("hit") == hits + 1
    bench.one.ledger._cached_accounts = None
    assert await bench.one.ledger.balance(*bench.key, "alice") == from_cache


async def test_a_payment_is_written_through_and_read_by_everybody_at_once(bench: Bench) -> None:
    await bench.warm()
    for number in range(1, 20):
        payer = (bench.one, bench.two)[number % 2]
        await bench.at(payer).pay("world", "alice", 1)
        for process in (bench.one, bench.two):
            assert await bench.hits(process)
            assert await bench.balance(process) == 100 + number


async def test_an_account_comes_from_the_cache_until_its_terms_change(bench: Bench) -> None:
    async def account(process: Process) -> schemas.Account:
        found = await process.ledger.account(*bench.key, "alice")
        await process.settled()
        return found

    async with asyncio.timeout(10):
        hits = reads("hit", "account")
        while reads("hit", "account") == hits:
            from_cache = await account(bench.two)
    old = await bench.snapshot()
    change = schemas.AccountChange(status=schemas.AccountStatus.FROZEN)
    await bench.one.ledger.change_account(bench.bank.call(), bench.bank.book_id, "alice", change)
    await bench.restore(old)
    assert (await account(bench.two)).status is schemas.AccountStatus.FROZEN
    hits = reads("hit", "account")
    cached = await account(bench.two)
    assert reads("hit", "account") == hits + 1
    bench.two.ledger._cached_accounts = None
    assert await bench.two.ledger.account(*bench.key, "alice") == cached != from_cache


async def test_a_book_comes_from_the_cache_and_only_to_its_tenant(bench: Bench) -> None:
    first = await bench.one.ledger.book(*bench.key)
    hits = reads("hit", "book")
    assert await bench.two.ledger.book(*bench.key) == first
    assert reads("hit", "book") == hits + 1
    with pytest.raises(BookNotFound):
        await bench.two.ledger.book(IDS.new(), bench.bank.book_id)


async def test_a_forged_book_is_read_from_the_database(bench: Bench) -> None:
    first = await bench.one.ledger.book(*bench.key)
    for key in await bench.snapshot():
        await bench.server.put_raw(key, b"garbage")
    assert await bench.two.ledger.book(*bench.key) == first


async def test_what_nobody_reads_is_not_written_through(bench: Bench) -> None:
    await bench.warm()
    before = len(await bench.snapshot())
    await bench.bank.pay("world", "bob", 1)
    assert len(await bench.snapshot()) == before


async def test_a_payment_leaves_other_accounts_in_the_cache(bench: Bench) -> None:
    await bench.warm()
    await bench.bank.pay("world", "bob", 1)
    assert await bench.hits(bench.two)


async def test_a_batch_too_large_to_write_through_is_read_all_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain, "PUBLISHED_MAX", 1)
    await bench.warm()
    await bench.warm(account="bob")
    legs = [bench.bank.leg("world", account, 7) for account in ("alice", "bob")]
    batch = [schemas.BatchTransaction(id=IDS.new(), postings=[leg]) for leg in legs]
    await bench.one.ledger.post_batch(
        bench.bank.call(), bench.bank.book_id, schemas.NewBatch(batch)
    )
    assert await bench.balance(bench.two) == 107
    assert await bench.balance(bench.two, "bob") == 7


async def test_a_write_through_that_fails_hides_no_payment(bench: Bench) -> None:
    """The holder cannot reach the cache, whose old entry everybody else still finds there."""
    await bench.warm()
    bench.one.cache._breaker.failed()
    await bench.bank.pay("world", "alice", 1)
    stale = reads("stale")
    assert await bench.balance(bench.two) == 101
    assert reads("stale") == stale + 1
    assert await bench.hits(bench.two), "its reader filled the entry again"


async def test_entries_brought_back_from_a_snapshot_are_not_believed(bench: Bench) -> None:
    await bench.warm()
    old = await bench.snapshot()
    assert old
    await bench.bank.pay("world", "alice", 1)
    await bench.restore(old)
    for process in (bench.two, bench.one):
        await bench.restore(old)
        assert await bench.balance(process) == 101


async def test_a_reader_with_an_old_row_cannot_fill_the_cache_late(bench: Bench) -> None:
    await bench.warm()
    balances = bench.two.ledger._cached_accounts
    assert balances is not None
    await bench.server.flush()
    row_is_read, may_go_on = asyncio.Event(), asyncio.Event()
    fetchrow = bench.database.fetchrow

    async def slow(statement: str, *values: object) -> object:
        row = await fetchrow(statement, *values)
        row_is_read.set()
        await may_go_on.wait()
        return row

    balances._database = _Slow(slow)  # type: ignore[assignment]
    reading = asyncio.create_task(bench.two.ledger.balance(*bench.key, "alice"))
    await row_is_read.wait()
    await bench.bank.pay("world", "alice", 1)
    balances._database = bench.database
    may_go_on.set()
    assert (await reading).posted == "100", "it was asked before the payment was answered"
    await bench.two.settled()
    assert await bench.balance(bench.two) == 101


class _Slow:
    def __init__(self, fetchrow: object) -> None:
        self.fetchrow = fetchrow


async def test_who_joins_a_read_gets_what_they_were_promised(bench: Bench) -> None:
    """A read that began before a payment answers nobody who asks after it."""
    await bench.warm()
    balances = bench.two.ledger._cached_accounts
    assert balances is not None
    await bench.server.flush()
    row_is_read, may_go_on = asyncio.Event(), asyncio.Event()
    find = balances._find

    async def slow(*asked: object) -> object:
        read = await find(*asked)  # type: ignore[arg-type]
        row_is_read.set()
        await may_go_on.wait()
        return read

    balances._find = slow  # type: ignore[method-assign,assignment]
    first = asyncio.create_task(balances.fetch(bench.key, "alice", BALANCE))
    await row_is_read.wait()
    await bench.bank.pay("world", "alice", 1)
    joined = asyncio.create_task(balances.fetch(bench.key, "alice", BALANCE))
    await asyncio.sleep(0)
    may_go_on.set()
    assert b'"posted":"100"' in await first
    assert b'"posted":"101"' in await joined


async def test_a_stampede_is_one_question_to_the_database(bench: Bench) -> None:
    await bench.warm()
    await bench.server.flush()
    balances = bench.two.ledger._cached_accounts
    assert balances is not None
    asked = 0
    find = balances._find

    async def counted(*of: object) -> object:
        nonlocal asked
        asked += 1
        return await find(*of)  # type: ignore[arg-type]

    balances._find = counted  # type: ignore[method-assign,assignment]
    answers = await asyncio.gather(
        *(balances.fetch(bench.key, "alice", BALANCE) for _ in range(100))
    )
    assert asked == 1
    assert len(set(answers)) == 1


async def test_a_lane_taken_within_the_domain_takes_its_watermarks_along(bench: Bench) -> None:
    await bench.warm()
    third = await bench.process()
    await bench.warm(third)
    await bench.one.ledger.close()
    await bench.at(bench.two).pay("world", "alice", 1)
    assert bench.lane(bench.two)
    for process in (third, bench.two):
        assert await bench.balance(process) == 101
    await bench.warm(third, bench.two)


async def test_a_lane_seized_under_its_holder_is_believed_of_nobody_else(bench: Bench) -> None:
    await bench.warm()
    old = await bench.snapshot()
    for number in range(1, 4):
        thief = (bench.two, bench.one)[number % 2]
        await thief.ledger._lanes._seize(bench.key)
        await bench.at(thief).pay("world", "alice", 1)
        await bench.restore(old)
        for process in (bench.one, bench.two):
            assert await bench.balance(process) == 100 + number


async def test_a_lane_that_goes_to_another_domain_is_not_read_from_this_ones_cache(
    bench: Bench, other_folder: Path
) -> None:
    await bench.warm()
    foreign = await bench.process(other_folder)
    await foreign.ledger._lanes._seize(bench.key)
    await bench.at(foreign).pay("world", "alice", 1)
    old_reads = reads("hit")
    for process in (bench.one, bench.two, foreign):
        assert await bench.balance(process) == 101
    assert reads("hit") == old_reads


async def test_without_the_rest_between_domains_a_payment_would_be_missed(
    bench: Bench, other_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the rest is what the last test relies on."""
    monkeypatch.setattr(domain, "HANDOVER_S", 0.0)
    await bench.warm()
    foreign = await bench.process(other_folder)
    bench.two.ledger._cached_accounts._renew = _not_yet  # type: ignore[union-attr,method-assign]
    await foreign.ledger._lanes._seize(bench.key)
    await bench.warm(bench.two)
    await bench.at(foreign).pay("world", "alice", 1)
    assert await bench.balance(bench.two) == 100


async def _not_yet(*_asked: object) -> None:
    """The database has not answered yet."""


async def test_what_was_learnt_too_long_ago_is_not_relied_on(bench: Bench) -> None:
    await bench.warm()
    balances = bench.two.ledger._cached_accounts
    assert balances is not None
    claim = balances._claims._claims[bench.key]
    claim.asked_at_ns -= TRUST_NS
    assert not await bench.hits(bench.two)
    assert await bench.hits(bench.two), "the database was asked, and said that all is as before"


async def test_a_claim_is_renewed_before_it_is_too_old(bench: Bench) -> None:
    await bench.warm(bench.two)
    balances = bench.two.ledger._cached_accounts
    assert balances is not None
    claim = balances._claims._claims[bench.key]
    claim.asked_at_ns -= 600_000_000
    before = claim.asked_at_ns
    assert await bench.hits(bench.two), "it is used while it is being renewed"
    assert claim.asked_at_ns > before
    assert not claim.is_renewing


async def test_a_book_whose_holder_has_ended_is_still_served(bench: Bench) -> None:
    await bench.warm()
    await bench.one.ledger.close()
    late = await bench.process()
    await bench.warm(late, bench.two)
    assert not bench.lane(late)


async def test_a_book_that_is_only_read_is_served_again_after_a_restart(bench: Bench) -> None:
    await bench.warm()
    await bench.one.ledger.close()
    await bench.two.ledger.close()
    clear_run_folder(bench.folder)
    late = await bench.process()
    await bench.warm(late)
    assert bench.lane(late)
    old = await bench.snapshot()
    await bench.at(late).pay("world", "alice", 1)
    await bench.restore(old)
    assert await bench.balance(late) == 101


async def test_lanes_let_go_are_relied_on_by_nobody(bench: Bench) -> None:
    await bench.warm()
    lane = bench.one.ledger._lanes._lanes.pop(bench.key)
    await lane.close()
    lane.watch.end()
    assert not await bench.hits(bench.two)


async def test_unknown_accounts_stay_unknown_until_they_are_opened(bench: Bench) -> None:
    await bench.warm()
    for _ in range(3):
        with pytest.raises(Exception, match="No account"):
            await bench.two.ledger.balance(*bench.key, "carol")
    await bench.bank.open("carol")
    assert await bench.balance(bench.two, "carol") == 0


async def test_claims_on_many_books_do_not_grow_without_bound(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bezant.ledger.balance_cache.claims.CLAIMS_MAX", 1)
    await bench.warm(bench.one)
    balances = bench.one.ledger._cached_accounts
    assert balances is not None
    assert isinstance(balances._claims, Claims)
    assert list(balances._claims._claims) == [bench.key]


async def test_the_mark_is_made_before_the_commit(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who saw a payment in the database is never shown the balance before it by the cache."""
    await bench.warm()
    published = asyncio.Event()
    hold = asyncio.Event()

    async def late(_lease: Lease, _draft: object) -> None:
        published.set()
        await hold.wait()

    monkeypatch.setattr(Lease, "publish", late)
    paying = asyncio.create_task(bench.bank.pay("world", "alice", 1))
    await published.wait()
    # Durable and visible, but not yet answered to its payer.
    for process in (bench.two, bench.one):
        assert await bench.balance(process) == 101
    hold.set()
    await paying


async def test_without_room_for_watermarks_nothing_is_believed_and_all_is_paid(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.warm()

    def no_room(*_of: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", no_room)
    await bench.two.ledger._lanes._seize(bench.key)
    await bench.at(bench.two).pay("world", "alice", 1)
    for process in (bench.one, bench.two):
        assert await bench.balance(process) == 101
        assert not await bench.hits(process)


async def test_what_is_decided_next_is_never_published_early(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The accounts in memory may be ahead of the batch that has just become durable."""
    await bench.warm()
    publish = Lease.publish

    async def while_next_is_decided(lease: Lease, draft: Draft) -> None:
        account = draft.book.accounts["alice"]
        totals = account.totals()
        account.credits_posted += 5
        await publish(lease, draft)
        account.restore(totals)

    monkeypatch.setattr(Lease, "publish", while_next_is_decided)
    await bench.bank.pay("world", "alice", 1)
    assert await bench.hits(bench.two)
    assert await bench.balance(bench.two) == 101
