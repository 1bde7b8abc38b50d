"""Whatever is posted and taken back: no more than was posted, and books balance per asset."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bezant.kernel.errors import Refusal
from bezant.kernel.ids import TimeOrderedIds
from bezant.ledger import post, schemas, transfer_id
from bezant.ledger.accounts import open_account
from bezant.ledger.lane import BookState, Draft, Head, original_of
from bezant.ledger.proof import Frontier

START = datetime(2060, 1, 1, tzinfo=UTC)
ASSETS = ("EUR", "BTC")
SIDES = ("a", "b", "c")


@dataclass(frozen=True)
class Post:
    """Legs as asset, debited side, credited side, amount."""

    legs: list[tuple[str, str, str, int]]


@dataclass(frozen=True)
class Reverse:
    """A transaction by its place among those asked for, and parts of its legs; none for all."""

    transaction: int
    parts: dict[int, int | None]


amounts = st.integers(0, 30) | st.just(2**127)
legs = st.tuples(
    st.sampled_from(ASSETS), st.sampled_from(SIDES), st.sampled_from(SIDES), amounts
).filter(lambda leg: leg[1] != leg[2])
posts = st.builds(Post, st.lists(legs, min_size=1, max_size=4))
reversals = st.builds(
    Reverse,
    st.integers(0, 8),
    st.dictionaries(st.integers(0, 4), st.none() | st.integers(1, 31), max_size=3),
)
requests = st.lists(posts | reversals | reversals, max_size=25)


@dataclass
class Model:
    """Balances and what is left of each leg, in plain Python.

    Attributes:
        left: by transaction, what is left of each of its legs; None for a leg that is final.
    """

    balances: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    moved: dict[UUID, list[tuple[str, str, str, int]]] = field(default_factory=dict)
    left: dict[UUID, list[int | None]] = field(default_factory=dict)

    def post(self, name: UUID, asked: Post) -> None:
        self._move(name, asked.legs)
        self.left[name] = [amount for *_, amount in asked.legs]

    def taken(self, original: UUID, parts: dict[int, int | None]) -> list[tuple[int, int]] | None:
        """Which legs and amounts a reversal takes; None if it has to be refused."""
        left = self.left[original]
        if not parts:
            whole = [(leg, rest) for leg, rest in enumerate(left) if rest]
            return whole or None
        taken = []
        for leg, amount in parts.items():
            rest = left[leg] if leg < len(left) else None
            if rest is None or not 0 < (rest if amount is None else amount) <= rest:
                return None
            taken.append((leg, rest if amount is None else amount))
        return taken

    def reverse(self, name: UUID, original: UUID, taken: list[tuple[int, int]]) -> None:
        legs = []
        for no, amount in taken:
            asset, debit, credit, _ = self.moved[original][no]
            legs.append((asset, credit, debit, amount))
            rest = self.left[original][no]
            assert rest is not None
            self.left[original][no] = rest - amount
        self._move(name, legs)
        self.left[name] = [None] * len(legs)

    def _move(self, name: UUID, legs: list[tuple[str, str, str, int]]) -> None:
        self.moved[name] = legs
        for asset, debit, credit, amount in legs:
            self.balances[asset, debit] += amount
            self.balances[asset, credit] -= amount


def draft() -> Draft:
    head = Head(0, 0, 0, 0, Frontier(), START)
    assets = dict.fromkeys(ASSETS, 2)
    book = BookState(UUID(int=1), UUID(int=2), ZoneInfo("Europe/Paris"), assets, head)
    draft = Draft(book, START, TimeOrderedIds())
    for asset in ASSETS:
        for side in SIDES:
            new = schemas.NewAccount(f"{asset}:{side}", asset, schemas.AccountType.ASSET)
            open_account(draft, new)
    return draft


def remember(batch: Draft, name: UUID) -> None:
    """Let reversals find what the batch posted, as they do once it is durable."""
    reversed_legs = {(e.seq, e.leg): e for e in batch.reversals}
    names = {account.no: account.id for account in batch.book.accounts.values()}
    rows = []
    for transfer in batch.transfers:
        if transfer.transaction_id == name:
            event = reversed_legs.get((transfer.seq, transfer.leg))
            row = transfer._asdict() | {
                "debit": names[transfer.debit_no],
                "credit": names[transfer.credit_no],
                "original_id": event and event.original_id,
            }
            rows.append(row)
    batch.book.originals[name] = original_of(rows, {})


def transaction(name: UUID, asked: Post) -> schemas.NewTransaction:
    postings = [
        schemas.Posting(f"{asset}:{debit}", f"{asset}:{credit}", asset, str(amount))
        for asset, debit, credit, amount in asked.legs
    ]
    return schemas.NewTransaction(postings, id=name)


def reversal(name: UUID, original: UUID, parts: dict[int, int | None]) -> schemas.NewTransaction:
    postings = [
        schemas.LegReversal(transfer_id(original, leg), None if amount is None else str(amount))
        for leg, amount in parts.items()
    ]
    return schemas.NewTransaction(id=name, reverses=schemas.Reversal(original, postings or None))


def refused(batch: Draft, new: schemas.NewTransaction) -> str | None:
    """Post it; the code with which it is refused."""
    try:
        post(batch, new)
    except Refusal as refusal:
        return refusal.code
    return None


def carry_out(batch: Draft, model: Model, asked: list[Post | Reverse]) -> None:
    """Carry out requests in both, which have to agree on what is refused."""
    for at, request in enumerate(asked, start=1):
        name = UUID(int=at)
        before = batch.savepoint(), [a.totals() for a in batch.book.accounts.values()]
        if isinstance(request, Post):
            if refused(batch, transaction(name, request)) is not None:
                continue
            model.post(name, request)
        else:
            names = list(model.left)
            if not names:
                continue
            original = names[request.transaction % len(names)]
            taken = model.taken(original, request.parts)
            code = refused(batch, reversal(name, original, request.parts))
            if code is not None:
                assert taken is None or code == "BALANCE_OVERFLOW"
                now = batch.savepoint(), [a.totals() for a in batch.book.accounts.values()]
                assert now == before
                continue
            assert taken is not None
            model.reverse(name, original, taken)
        remember(batch, name)


@given(requests)
def test_reversals_agree_with_the_model_and_never_exceed(asked: list[Post | Reverse]) -> None:
    batch, model = draft(), Model()
    carry_out(batch, model, asked)
    for account in batch.book.accounts.values():
        asset, _, side = account.id.partition(":")
        assert account.posted == model.balances[asset, side]
    for name, left in model.left.items():
        original = batch.book.originals[name]
        assert [leg.remaining for leg in original.legs] == [rest or 0 for rest in left]
        assert all(0 <= leg.taken_back <= leg.amount for leg in original.legs)


@given(requests)
def test_each_asset_nets_to_zero_and_balances_are_the_replay(asked: list[Post | Reverse]) -> None:
    batch, model = draft(), Model()
    carry_out(batch, model, asked)
    for asset in ASSETS:
        accounts = [each for each in batch.book.accounts.values() if each.asset == asset]
        assert sum(each.posted for each in accounts) == 0
        for account in accounts:
            debits = sum(t.amount for t in batch.transfers if t.debit_no == account.no)
            credits_ = sum(t.amount for t in batch.transfers if t.credit_no == account.no)
            assert (account.debits_posted, account.credits_posted) == (debits, credits_)


@given(requests, requests)
def test_what_is_rolled_back_can_be_taken_back_again(
    kept: list[Post | Reverse], undone: list[Post | Reverse]
) -> None:
    batch, model = draft(), Model()
    carry_out(batch, model, kept)
    left = {name: [leg.taken_back for leg in o.legs] for name, o in batch.book.originals.items()}
    point = batch.savepoint()
    for at, request in enumerate(undone, start=1_000):
        if isinstance(request, Reverse) and left:
            names = list(left)
            original = names[request.transaction % len(names)]
            refused(batch, reversal(UUID(int=at), original, request.parts))
    batch.rollback(point)
    now = {name: [leg.taken_back for leg in o.legs] for name, o in batch.book.originals.items()}
    assert now == left
    assert batch.savepoint() == point
