"""The log's hashes are those of RFC 6962, and what it commits to is canonical JSON."""

from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from bezant.ledger.proof import (
    EMPTY_ROOT,
    AccountLeaf,
    Frontier,
    PeriodLeaf,
    PostingLeaf,
    ReversalPostingLeaf,
    ReversedLeaf,
    TransactionLeaf,
    leaf_hash,
    merkle_root,
)


def reference(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + reference(leaves[:split]) + reference(leaves[split:])).digest()


@given(st.lists(st.binary(max_size=40), max_size=70))
def test_the_root_is_that_of_the_standard(leaves: list[bytes]) -> None:
    assert merkle_root([leaf_hash(leaf) for leaf in leaves]) == reference(leaves)


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_a_frontier_survives_being_stored(leaves: list[bytes]) -> None:
    frontier = Frontier()
    for leaf in leaves:
        frontier = Frontier.decode(frontier.size, frontier.encode()).append(leaf_hash(leaf))
    assert frontier.root == reference(leaves)


def test_the_root_of_nothing_and_known_roots() -> None:
    """The roots of the first inputs that implementations of RFC 6962 are tried with."""
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    inputs = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243")]
    roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    ]
    for count, root in enumerate(roots, start=1):
        assert merkle_root([leaf_hash(leaf) for leaf in inputs[:count]]).hex() == root


def test_a_frontier_of_the_wrong_size_is_refused() -> None:
    with pytest.raises(ValueError, match="frontier"):
        Frontier.decode(3, b"\x00" * 32)


ids = st.text("ABCxyz019:._@-", min_size=1, max_size=20)
amounts = st.integers(1, 2**127).map(str)
zones = st.sampled_from([UTC])
instants = st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=zones)  # noqa: DTZ001 - bounds
postings = st.builds(
    PostingLeaf,
    amount=amounts,
    asset=st.sampled_from(["EUR", "JPY"]),
    booking_date=st.dates(date(1, 1, 1)),
    code=ids,
    credit=ids,
    debit=ids,
    kind=st.just("posted"),
    value_date=st.dates(),
)
reversals = st.builds(
    ReversalPostingLeaf,
    amount=amounts,
    asset=st.sampled_from(["EUR", "JPY"]),
    booking_date=st.dates(),
    code=ids,
    credit=ids,
    debit=ids,
    kind=st.just("posted"),
    reverses=st.builds(ReversedLeaf, leg=st.integers(0, 8_190), transaction=st.uuids()),
    value_date=st.dates(),
)
transaction_leaves = st.builds(
    TransactionLeaf,
    book=st.uuids(),
    content=st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex),
    effective_at=instants,
    id=st.uuids(),
    kind=st.just("transaction"),
    postings=st.lists(postings | reversals, min_size=1, max_size=3),
    recorded_at=instants,
    seq=st.integers(1, 2**63).map(str),
)
account_leaves = st.builds(
    AccountLeaf,
    account=ids,
    asset=ids,
    book=st.uuids(),
    kind=st.just("account.opened"),
    maximum=st.none() | amounts,
    minimum=st.none() | amounts,
    no=amounts,
    overdraft=st.none() | amounts,
    recorded_at=instants,
    seq=amounts,
    status=st.just("open"),
    type=st.just("asset"),
)


period_leaves = st.builds(
    PeriodLeaf,
    actor=ids,
    book=st.uuids(),
    kind=st.sampled_from(["period.closed", "period.reopened"]),
    period=st.just("2026-10"),
    recorded_at=instants,
    requested_by=st.none() | ids,
    seq=amounts,
    transaction=st.none() | st.uuids(),
)


@given(transaction_leaves | account_leaves | period_leaves)
def test_a_leafs_bytes_are_canonical_json(
    leaf: TransactionLeaf | AccountLeaf | PeriodLeaf,
) -> None:
    encoded = leaf.encode()
    assert rfc8785.dumps(msgspec.json.decode(encoded)) == encoded


@given(transaction_leaves, transaction_leaves)
def test_different_leaves_have_different_bytes(one: Any, other: Any) -> None:  # noqa: ANN401 - either
    assert (one.encode() == other.encode()) is (one == other)


def test_an_instant_is_encoded_in_utc_whatever_zone_the_driver_gave() -> None:
    instant = datetime(2026, 1, 1, 12, tzinfo=UTC)
    elsewhere = instant.astimezone(timezone(timedelta(hours=0)))
    leaf = TransactionLeaf(UUID(int=1), None, instant, UUID(int=2), "transaction", [], instant, "1")
    assert msgspec.structs.replace(leaf, recorded_at=elsewhere).encode() == leaf.encode()
