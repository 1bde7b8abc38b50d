"""What came and went for a payee, as rows of the commit that moved it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bezant.kernel.database import Row, RowKind
from bezant.payments.orders.domain import Order
from bezant.payments.settlements import store


class ItemKind(StrEnum):
    """What an item is."""

    CAPTURE = "capture"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Sums:
    """Amounts of an item, or of a batch of them; `gross - refunded = net + fee + vat + shared`."""

    gross: int
    refunded: int
    fee: int
    vat: int
    shared: int
    net: int

    def __post_init__(self) -> None:
        assert self.gross - self.refunded == self.net + self.fee + self.vat + self.shared


_ITEM: Final = RowKind("settlement_item", store.INSERT_ITEMS)


def item_row(
    order: Order, kind: ItemKind, item_id: UUID, seq: int, at: datetime, sums: Sums
) -> Row:
    """A capture or a refund, at the place and instant of its transaction.

    Of two of a book the later has the greater `seq` and instant, and is durable later.
    """
    values = (
        order.creditor_account,
        order.asset,
        seq,
        kind,
        item_id,
        order.id,
        sums.gross,
        sums.refunded,
        sums.fee,
        sums.vat,
        sums.shared,
        sums.net,
        at,
    )
    return Row(_ITEM, values)
