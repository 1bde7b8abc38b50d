"""Requests that a book may get, sound and unsound, as Hypothesis draws them."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
from hypothesis import strategies as st

from bezant.ledger import schemas
from bezant.ledger.schemas import AccountStatus, AccountType, Side

ASSETS = ["EUR", "JPY"]
NAMES = ["world", "yen", "alice", "bob", "carol", "nobody"]
GROUPS = ["family", "firm"]
ELSEWHERE = datetime(2020, 1, 1, tzinfo=UTC)
IMPORTED = datetime(2020, 6, 1, tzinfo=UTC)

names = st.sampled_from(NAMES)
assets = st.sampled_from([*ASSETS, *ASSETS, "XXX"])
types = st.sampled_from(AccountType)
amounts = st.one_of(st.integers(0, 100), st.sampled_from([2**53 + 1, 2**100])).map(str)
small = st.integers(0, 60).map(str)
bounds = st.none() | st.integers(0, 150).map(str)
limits = st.builds(
    schemas.Limits, overdraft=bounds, minimum=st.none() | st.just("0"), maximum=bounds
)
groups = st.none() | st.sampled_from(GROUPS)
sides = st.sampled_from([None, None, None, *Side])

new_accounts = st.builds(
    schemas.NewAccount,
    id=names,
    asset=assets,
    type=types,
    limits=limits,
    limit_group=groups,
    opened_at=st.none() | st.just(ELSEWHERE),
)
changes = st.builds(
    schemas.AccountChange,
    status=st.sampled_from([msgspec.UNSET, *[AccountStatus.OPEN] * 4, *AccountStatus]),
    limits=st.just(msgspec.UNSET) | limits,
    limit_group=st.just(msgspec.UNSET) | groups,
)
new_groups = st.builds(
    schemas.NewLimitGroup, id=st.sampled_from(GROUPS), asset=assets, type=types, limits=limits
)
legs = st.builds(
    schemas.Posting,
    debit=names,
    credit=names,
    asset=st.sampled_from([*ASSETS, *["EUR"] * 4, "XXX"]),
    amount=amounts,
    balancing=sides,
)
# Mostly sound, so that a run gets somewhere.
likely = st.builds(
    schemas.Posting,
    debit=st.sampled_from(["world", "alice"]),
    credit=st.sampled_from(["bob", "alice", "world"]),
    asset=st.just("EUR"),
    amount=small,
    balancing=sides,
)
reserving = st.builds(
    schemas.Posting,
    debit=st.sampled_from(["world", "alice", "bob"]),
    credit=st.sampled_from(["alice", "world"]),
    asset=st.just("EUR"),
    amount=small,
    pending=st.sampled_from([True, True, True, False]),
    expires_in_s=st.sampled_from([None, 5, 100]),
    hold_group=st.none() | st.integers(900, 902).map(lambda number: UUID(int=number)),
    balancing=sides,
)


def transactions(kind: type[schemas.NewTransaction], ids: st.SearchStrategy[UUID | None]):  # type: ignore[no-untyped-def]  # noqa: ANN201 - a strategy of `kind`
    """Transactions that post or reserve."""
    more = {"linked": st.sampled_from([False, False, True])} if kind is not PLAIN else {}
    return st.builds(
        kind,
        postings=st.lists(likely | reserving | legs, min_size=1, max_size=3),
        id=ids,
        metadata=st.none() | st.just({"order": "7"}),
        dry_run=st.sampled_from([False, False, False, True]),
        **more,
    )


PLAIN = schemas.NewTransaction
ids = st.none() | st.integers(1, 9).map(lambda number: UUID(int=number))
plain = transactions(PLAIN, ids)
items = transactions(
    schemas.BatchTransaction, st.integers(1, 20).map(lambda number: UUID(int=number))
)
imports = st.builds(
    PLAIN,
    postings=st.lists(likely | reserving, min_size=1, max_size=2),
    effective_at=st.none() | st.just(IMPORTED),
    imported=st.just(True),
)
