"""Spending of limits, within the commit that posts: pure, so that riders of any domain can.

What an item spends, those after it in the batch see; lanes of other books are told apart by the
isolation that the reads are made in.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.banking.accounts import ACCOUNT_TERMS
from bezant.banking.limits import store
from bezant.banking.limits.domain import (
    Counterparties,
    Ordered,
    Payment,
    Sum,
    Use,
    check,
    in_windows,
)
from bezant.banking.limits.errors import CounterpartyDenied, OrderingPartyNeeded
from bezant.banking.terms.limits import ROLLING, Channel, LimitTerms, Window
from bezant.kernel.database import Row, RowKind
from bezant.ledger import ReadKind, Seen

SETTING: Final = ReadKind("limit_setting", store.READ_SETTINGS, takes_instant=True)
ACCOUNT_USE: Final = ReadKind("limit_account_use", store.READ_ACCOUNT_USE, takes_instant=True)
PARTY_USE: Final = ReadKind("limit_party_use", store.READ_PARTY_USE, takes_instant=True)
COUNTERPARTIES: Final = ReadKind(
    "limit_counterparties", store.READ_COUNTERPARTIES, takes_instant=True
)
LAST_PAID: Final = ReadKind("limit_last_paid", store.READ_LAST_PAID, takes_instant=True)
PARTY_COUNTERPARTIES: Final = ReadKind(
    "limit_party_counterparties", store.READ_PARTY_COUNTERPARTIES, takes_instant=True
)
PARTY_LAST_PAID: Final = ReadKind(
    "limit_party_last_paid", store.READ_PARTY_LAST_PAID, takes_instant=True
)
HOLDER_LIMITS: Final = ReadKind("limit_of_holders", store.READ_HOLDER_LIMITS, takes_instant=True)
STANDING: Final = ReadKind("limit_standing", store.READ_STANDINGS)
SPEND: Final = ReadKind("limit_spend", store.READ_SPENDS)

_SPEND: Final = RowKind("limit_spend", store.SAVE_SPENDS, key_columns=2)

RowKeys = tuple[tuple[ReadKind, Any], ...]


class _Paid(NamedTuple):
    """Where it is read what an owner of limits has paid, and to whom."""

    use: ReadKind
    counterparties: ReadKind
    last_paid: ReadKind


_BY_ACCOUNT: Final = _Paid(ACCOUNT_USE, COUNTERPARTIES, LAST_PAID)
_BY_PARTY: Final = _Paid(PARTY_USE, PARTY_COUNTERPARTIES, PARTY_LAST_PAID)


class Spending(Struct, frozen=True):
    """What an order spends of the limits of an account, and of the customer who pays.

    Attributes:
        order_id: known before the rider is sent; an order spends once.
        amount: minor units, above zero.
        party_id: who pays, where that is known: their limits count over all of their accounts.
        counterparty: a keyed fingerprint of whom it goes to.
        is_instant: whether limits of instant payments count it, whatever channel ordered it.
    """

    account_id: UUID
    order_id: UUID
    asset: str
    amount: int
    channel: Channel
    party_id: UUID | None = None
    counterparty: bytes | None = None
    is_instant: bool = False

    @property
    def ordered(self) -> Ordered:
        """As which payment limits count it."""
        return Ordered(self.channel, self.is_instant)

    def reads(self) -> RowKeys:
        """The rows that `spend` looks at, for a rider's reads."""
        found: list[tuple[ReadKind, Any]] = [
            (ACCOUNT_TERMS, self.account_id),
            (SETTING, f"account/{self.account_id}"),
            (SPEND, f"{self.account_id}/{self.order_id}"),
            *self._reads_of(_BY_ACCOUNT, self.account_id),
        ]
        if self.party_id is None:
            found.append((HOLDER_LIMITS, self.account_id))
        else:
            found += [
                (SETTING, f"party/{self.party_id}"),
                *self._reads_of(_BY_PARTY, self.party_id),
            ]
        if self.counterparty is not None:
            found.append((STANDING, f"{self.account_id}/{self.counterparty.hex()}"))
        return tuple(found)

    def _reads_of(self, paid: _Paid, owner_id: UUID) -> RowKeys:
        key = f"{owner_id}/{self.asset}"
        if self.counterparty is None:
            return ((paid.use, key),)
        last = f"{key}/{self.counterparty.hex()}"
        return ((paid.use, key), (paid.counterparties, key), (paid.last_paid, last))


def spend(seen: Seen, spending: Spending) -> tuple[Row, ...]:
    """Let an order spend, if every limit allows it; the rows that record it. None if it has.

    Raises:
        LimitExceeded: it comes to more than a limit of the product, account or customer.
        OrderingPartyNeeded: nobody says who pays, and a holder has limits.
        CounterpartyDenied: the account does not pay whom it would go to.
    """
    before = seen.row(SPEND, f"{spending.account_id}/{spending.order_id}")
    if before is not None and before["released_at"] is None:
        return ()
    _check_standing(seen, spending)
    product = seen.row(ACCOUNT_TERMS, spending.account_id)
    own = {
        "product": [] if product is None else limits_of_product(product["terms"]),
        "account": _limits(seen, f"account/{spending.account_id}"),
    }
    _spend_of(seen, spending, _BY_ACCOUNT, spending.account_id, own)
    if spending.party_id is None:
        _check_silence(seen, spending)
    else:
        customers = {"customer": _limits(seen, f"party/{spending.party_id}")}
        _spend_of(seen, spending, _BY_PARTY, spending.party_id, customers)
    return (_recorded(seen, spending, seen.draft.at, None),)


def reads_of_release(account_id: UUID, order_id: UUID) -> RowKeys:
    """The row that `release` looks at, for a rider's reads."""
    return ((SPEND, f"{account_id}/{order_id}"),)


def release(seen: Seen, account_id: UUID, order_id: UUID) -> tuple[Row, ...]:
    """Give back what an order spent, since nothing was paid. Nothing if it spent nothing, or did.

    Later items of the batch may pay with it again. A counterparty that no longer counts is found
    out by the next batch: until then one more is counted than there is, never one less.
    """
    row = seen.row(SPEND, f"{account_id}/{order_id}")
    if row is None or row["released_at"] is not None:
        return ()
    spent = Spending(
        account_id, order_id, row["asset"], int(row["amount"]), Channel(row["channel"]),
        row["party_id"], row["counterparty"], row["is_instant"],
    )  # fmt: skip
    windows = in_windows(row["spent_at"], seen.draft.at)
    owners = [(ACCOUNT_USE, account_id)]
    if spent.party_id is not None:
        owners.append((PARTY_USE, spent.party_id))
    for kind, owner_id in owners:
        key = f"{owner_id}/{spent.asset}"
        # Nobody in the batch looks at a use that was not read.
        if seen.row(kind, key) is not None:
            after = _use(seen, kind, key).plus(spent.ordered, windows, -spent.amount, -1)
            seen.amend(kind, key, {"key": key, "use": after})
    return (_recorded(seen, spent, row["spent_at"], seen.draft.at),)


def _spend_of(
    seen: Seen,
    spending: Spending,
    paid: _Paid,
    owner_id: UUID,
    limits: Mapping[str, list[LimitTerms]],
) -> None:
    """Check the limits of an owner, and let the items after this one see what was spent."""
    at, key = seen.draft.at, f"{owner_id}/{spending.asset}"
    payment = Payment(spending.asset, spending.amount, spending.ordered)
    use = _use(seen, paid.use, key)
    counts: Mapping[Window, int] = {}
    if spending.counterparty is not None:
        last = f"{key}/{spending.counterparty.hex()}"
        counts = _counterparties(seen, paid, key, last).with_this_one(at)
        named = {window.value: count for window, count in counts.items()}
        seen.amend(paid.counterparties, key, {"key": key, **named})
        seen.amend(paid.last_paid, last, {"key": last, "last_at": at})
    for whose, terms in limits.items():
        check(terms, payment, use, counts, whose)
    _amend_use(seen, paid.use, key, use, payment)


def _check_silence(seen: Seen, spending: Spending) -> None:
    """Refuse a payment of nobody's from an account of somebody who has limits for such ones."""
    row = seen.row(HOLDER_LIMITS, spending.account_id)
    for encoded in [] if row is None else row["limits"]:
        for limit in msgspec.json.decode(encoded, type=list[LimitTerms]):
            if limit.asset == spending.asset and spending.ordered.is_of(limit.channel):
                raise OrderingPartyNeeded(
                    "A holder of the account has limits: say who orders it.", field="party_id"
                )


def _check_standing(seen: Seen, spending: Spending) -> None:
    if spending.counterparty is None:
        return
    row = seen.row(STANDING, f"{spending.account_id}/{spending.counterparty.hex()}")
    if row is None:
        return
    if row["standing"] == "denied" or (row["is_closed"] and row["standing"] != "allowed"):
        raise CounterpartyDenied("The account does not pay this counterparty.")


class _ProductTerms(Struct):
    """Of a product's terms, what matters here."""

    limits: list[LimitTerms] = []


def limits_of_product(terms: bytes) -> list[LimitTerms]:
    """The limits in the terms of a product, as they are stored."""
    return msgspec.json.decode(terms, type=_ProductTerms).limits


def _limits(seen: Seen, key: str) -> list[LimitTerms]:
    row = seen.row(SETTING, key)
    return [] if row is None else msgspec.json.decode(row["limits"], type=list[LimitTerms])


def _use(seen: Seen, kind: ReadKind, key: str) -> Use:
    row = seen.row(kind, key)
    if row is None:
        return Use()
    amended: Use | None = row.get("use")
    return use_of(row) if amended is None else amended


def use_of(row: Mapping[str, Any]) -> Use:
    """What was paid, from its row: arrays side by side, one place for each way to order."""
    sums: dict[tuple[Ordered, Window], Sum] = {}
    ways = [
        Ordered(Channel(channel), is_instant)
        for channel, is_instant in zip(row["channels"], row["instants"], strict=True)
    ]
    for window in ROLLING:
        amounts, counts = row[f"{window}_amounts"], row[f"{window}_counts"]
        for ordered, amount, count in zip(ways, amounts, counts, strict=True):
            sums[ordered, window] = Sum(int(amount), count)
    return Use(sums)


def _amend_use(seen: Seen, kind: ReadKind, key: str, use: Use, payment: Payment) -> None:
    after = use.plus(payment.ordered, ROLLING, payment.amount, 1)
    seen.amend(kind, key, {"key": key, "use": after})


def _counterparties(seen: Seen, paid: _Paid, key: str, last: str) -> Counterparties:
    row, last_paid = seen.row(paid.counterparties, key) or {}, seen.row(paid.last_paid, last) or {}
    counts = {window: row.get(window.value, 0) for window in ROLLING}
    return Counterparties(counts, last_paid.get("last_at"))


def _recorded(
    seen: Seen, spending: Spending, spent_at: datetime, released_at: datetime | None
) -> Row:
    key = f"{spending.account_id}/{spending.order_id}"
    stored = {
        "asset": spending.asset,
        "amount": spending.amount,
        "party_id": spending.party_id,
        "channel": spending.channel,
        "counterparty": spending.counterparty,
        "spent_at": spent_at,
        "released_at": released_at,
        "is_instant": spending.is_instant,
    }
    seen.amend(SPEND, key, {"key": key, **stored})
    return Row(_SPEND, (spending.account_id, spending.order_id, *stored.values()))
