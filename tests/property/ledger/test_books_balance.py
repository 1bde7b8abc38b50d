"""Whatever is posted: books balance, limits hold, and nothing half-done remains."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bezant.kernel.errors import Refusal
from bezant.kernel.ids import TimeOrderedIds
from bezant.ledger import post, schemas
from bezant.ledger.accounts import open_account
from bezant.ledger.domain import Account
from bezant.ledger.lane import BookState, Draft, Head
from bezant.ledger.proof import Frontier

NAMES = ["world", "alice", "bob", "carol", "till"]
START = datetime(2026, 1, 1, tzinfo=UTC)

legs = st.builds(
    schemas.Posting,
    debit=st.sampled_from(NAMES),
    credit=st.sampled_from(NAMES),
    asset=st.just("EUR"),
    amount=st.one_of(st.integers(1, 100), st.integers(2**127 - 3, 2**127 + 3), st.just(0)).map(str),
)
transactions = st.builds(
    schemas.NewTransaction,
    postings=st.lists(legs, min_size=1, max_size=5),
    id=st.none() | st.integers(1, 6).map(lambda number: UUID(int=number)),
    dry_run=st.booleans(),
)


def draft() -> Draft:
    """A book with an account of each kind of limit, in its first batch."""
    head = Head(0, 0, 0, 0, Frontier(), START)
    book = BookState(UUID(int=1), UUID(int=2), ZoneInfo("UTC"), {"EUR": 2}, head)
    draft = Draft(book, START, TimeOrderedIds())
    limits = {
        "world": schemas.Limits(),
        "alice": schemas.Limits(overdraft="0"),
        "bob": schemas.Limits(overdraft="50", maximum="200"),
        "carol": schemas.Limits(maximum="100"),
        "till": schemas.Limits(),
    }
    for name, limit in limits.items():
        kind = schemas.AccountType.ASSET if name == "till" else schemas.AccountType.LIABILITY
        open_account(draft, schemas.NewAccount(name, "EUR", kind, limit))
    return draft


def totals(accounts: Sequence[Account]) -> tuple[int, int]:
    return sum(a.debits_posted for a in accounts), sum(a.credits_posted for a in accounts)


@given(st.lists(transactions, max_size=30))
def test_debits_equal_credits_and_limits_hold_after_every_transaction(
    asked: list[schemas.NewTransaction],
) -> None:
    batch = draft()
    accounts = list(batch.book.accounts.values())
    for transaction in asked:
        before = [account.totals() for account in accounts], batch.savepoint()
        try:
            post(batch, transaction)
        except Refusal:
            assert ([account.totals() for account in accounts], batch.savepoint()) == before
        debits, credits_ = totals(accounts)
        assert debits == credits_
        for account in accounts:
            account.check_limits()


@given(st.lists(transactions, max_size=30))
def test_balances_and_versions_are_the_replay_of_transfers(
    asked: list[schemas.NewTransaction],
) -> None:
    batch = draft()
    for transaction in asked:
        try:
            post(batch, transaction)
        except Refusal:
            continue
    for account in batch.book.accounts.values():
        debits = [t.amount for t in batch.transfers if t.debit_no == account.no]
        credits_ = [t.amount for t in batch.transfers if t.credit_no == account.no]
        assert (account.debits_posted, account.credits_posted) == (sum(debits), sum(credits_))
        assert account.version == len(debits) + len(credits_)
    numbers = sorted({t.seq for t in batch.transfers} | {e.seq for e in batch.events})
    assert numbers == list(range(1, batch.seq + 1))


@given(st.lists(transactions, max_size=20), st.lists(transactions, max_size=20))
def test_a_rolled_back_part_leaves_no_trace(
    kept: list[schemas.NewTransaction], undone: list[schemas.NewTransaction]
) -> None:
    def post_all(batch: Draft, asked: list[schemas.NewTransaction]) -> None:
        for transaction in asked:
            try:
                post(batch, transaction)
            except Refusal:
                continue

    batch = draft()
    post_all(batch, kept)
    before = batch.savepoint(), [account.totals() for account in batch.book.accounts.values()]
    recorded = set(batch.recorded)
    post_all(batch, undone)
    batch.rollback(before[0])
    assert (batch.savepoint(), [a.totals() for a in batch.book.accounts.values()]) == before
    assert set(batch.recorded) == recorded
    batch.discard()
    assert batch.book.accounts == {}
    assert batch.leaves == []


@given(st.lists(transactions, min_size=1, max_size=20))
def test_an_id_is_posted_at_most_once(asked: list[schemas.NewTransaction]) -> None:
    batch = draft()
    for transaction in asked:
        try:
            post(batch, transaction)
        except Refusal:
            continue
    named = {t.transaction_id: t.seq for t in batch.transfers}
    assert len(named) == len({t.seq for t in batch.transfers})
