"""The leaves of a batch, made again from its rows."""

from collections.abc import Mapping
from typing import Any, Final, cast
from uuid import UUID

from bezant.ledger.feed import Numbered, find_names, read_history
from bezant.ledger.feed.history import Row
from bezant.ledger.lane import (
    account_event_of,
    account_leaf,
    leg_leaf,
    limit_group_event_of,
    limit_group_leaf,
    period_event_of,
    period_leaf,
)
from bezant.ledger.proof import TransactionLeaf
from bezant.ledger.proofs.log import Batch, LogReader

Names = Mapping[int, tuple[str, str]]
"""Ids and assets of accounts, by number."""

_NO_HOLD: Final = {"hold_id": None, "group_id": None, "closes": None, "expires_at": None}
_NO_REVERSAL: Final = {"original_id": None, "original_leg": None}


async def leaves_of(reader: LogReader, batch: Batch) -> list[bytes]:
    """The canonical bytes of every number of a batch, in order.

    Raises:
        FeedBroken: history has a hole.
    """
    leaves: list[bytes] = []
    key = reader.tenant_id, reader.book_id
    reached = batch.first_seq - 1
    while reached < batch.last_seq:
        numbers = await read_history(reader.source, *key, reached, batch.last_seq)
        names = await find_names(reader.source, *key, numbers)
        leaves += [_leaf(reader.book_id, each, names) for each in numbers]
        reached = numbers[-1].seq
    return leaves


def _leaf(book_id: UUID, numbered: Numbered, names: Names) -> bytes:
    if numbered.account_event is not None:
        account = account_event_of(_columns(numbered.account_event))
        return account_leaf(book_id, account).encode()
    if numbered.limit_group_event is not None:
        group = limit_group_event_of(_columns(numbered.limit_group_event))
        return limit_group_leaf(book_id, group).encode()
    if numbered.period_event is not None:
        period = period_event_of(_columns(numbered.period_event))
        return period_leaf(book_id, period).encode()
    return _transaction(book_id, numbered, names)


def _transaction(book_id: UUID, numbered: Numbered, names: Names) -> bytes:
    legs = [
        {
            **(_columns(numbered.holds[leg["leg"]]) if leg["leg"] in numbered.holds else _NO_HOLD),
            **_NO_REVERSAL,
            **(
                _columns(numbered.reversals[leg["leg"]]) if leg["leg"] in numbered.reversals else {}
            ),
            **_columns(leg),
            "debit": names[leg["debit_no"]][0],
            "credit": names[leg["credit_no"]][0],
            "asset": names[leg["debit_no"]][1],
        }
        for leg in numbered.legs
    ]
    first = numbered.legs[0]
    commitment = first["content_hash"]
    return TransactionLeaf(
        book_id,
        None if commitment is None else commitment.hex(),
        first["effective_at"],
        first["transaction_id"],
        "transaction",
        [leg_leaf(leg) for leg in legs],
        first["recorded_at"],
        str(first["seq"]),
    ).encode()


def _columns(row: Row) -> Mapping[str, Any]:
    """A row of the database, which is a mapping though the feed asks for less."""
    return cast("Mapping[str, Any]", row)
