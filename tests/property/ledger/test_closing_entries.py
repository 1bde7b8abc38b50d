"""Whatever was posted: closing entries leave no result, move no money, and can be taken back."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bezant.kernel.ids import TimeOrderedIds
from bezant.ledger import post, schemas
from bezant.ledger.accounts import open_account
from bezant.ledger.lane import BookState, Draft, Head
from bezant.ledger.months import Month
from bezant.ledger.periods.closing import (
    RESULTS,
    ClosingLeg,
    balances_at,
    post_closing,
    reverse_closing,
)
from bezant.ledger.proof import Frontier
from bezant.ledger.schemas import AccountType

MONTH = Month(2026, 3)
ZONE = ZoneInfo("Europe/Paris")
END = MONTH.last_instant(ZONE)
ASSETS = ("EUR", "JPY")
KINDS = tuple(AccountType)

legs = st.tuples(
    st.sampled_from(ASSETS),
    st.permutations(range(len(KINDS))).map(lambda kinds: kinds[:2]),
    st.integers(1, 100) | st.integers(2**100, 2**101),
)
postings = st.tuples(st.lists(legs, min_size=1, max_size=4), st.integers(-3, 3))


def open_draft() -> Draft:
    """A book with an account of each type and asset, in its first batch."""
    head = Head(0, 0, 0, 0, Frontier(), END + timedelta(days=1))
    book = BookState(UUID(int=1), UUID(int=2), ZONE, dict.fromkeys(ASSETS, 0), head)
    draft = Draft(book, datetime(2026, 4, 2, tzinfo=UTC), TimeOrderedIds())
    for asset in ASSETS:
        for kind in KINDS:
            open_account(draft, schemas.NewAccount(f"{kind}:{asset}", asset, kind))
    return draft


def post_all(draft: Draft, asked: Iterable[tuple[list[tuple[str, list[int], int]], int]]) -> None:
    """Post; each counts from a microsecond around the period's end."""
    for parts, microseconds in asked:
        new = schemas.NewTransaction(
            [
                schemas.Posting(
                    f"{KINDS[debit]}:{asset}", f"{KINDS[credit]}:{asset}", asset, str(amount)
                )
                for asset, (debit, credit), amount in parts
            ],
            effective_at=END + timedelta(microseconds=microseconds),
        )
        post(draft, new)


def balances(draft: Draft, kinds: Iterable[AccountType], until: datetime) -> dict[str, int]:
    """Debits less credits of all accounts of some types, by asset."""
    found = dict.fromkeys(ASSETS, 0)
    accounts = list(draft.book.accounts.values())
    for account in accounts:
        if account.type in kinds:
            found[account.asset] += balances_at([account], {}, draft, until)[account.no]
    return found


@given(st.lists(postings, max_size=12))
def test_results_go_to_equity_and_nothing_else_moves(
    asked: list[tuple[list[tuple[str, list[int], int]], int]],
) -> None:
    draft = open_draft()
    post_all(draft, asked)
    others = set(KINDS) - RESULTS - {AccountType.EQUITY}
    results = balances(draft, RESULTS, END)
    equity = balances(draft, {AccountType.EQUITY}, END)
    before = balances(draft, others, END), [_totals(draft, others)]
    later = balances(draft, KINDS, END + timedelta(days=1))
    standing = draft.savepoint()

    closing = post_closing(draft, MONTH, {}, "equity")

    accounts = [each for each in draft.book.accounts.values() if each.type in RESULTS]
    assert set(balances_at(accounts, {}, draft, END).values()) <= {0}
    after = balances(draft, {AccountType.EQUITY}, END)
    assert after == {asset: equity[asset] + results[asset] for asset in ASSETS}
    assert (balances(draft, others, END), [_totals(draft, others)]) == before
    # Debits are credits, in each asset, at the period's end and ever after.
    assert balances(draft, KINDS, END) == dict.fromkeys(ASSETS, 0)
    assert balances(draft, KINDS, END + timedelta(days=1)) == later
    for account in draft.book.accounts.values():
        account.check_limits()
    if closing is None:
        assert draft.savepoint() == standing
        return

    names = {account.no: account.id for account in draft.book.accounts.values()}
    entries = [
        ClosingLeg(names[each.debit_no], names[each.credit_no], str(each.amount))
        for each in draft.transfers
        if each.transaction_id == closing
    ]
    reverse_closing(draft, draft.ids.new(), MONTH, entries)
    assert balances(draft, RESULTS, END) == results
    assert balances(draft, {AccountType.EQUITY}, END) == equity


def _totals(draft: Draft, kinds: set[AccountType]) -> list[object]:
    accounts = draft.book.accounts.values()
    return [account.totals() for account in accounts if account.type in kinds]
