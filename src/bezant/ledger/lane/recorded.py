"""Transactions that stand already, compared with requests under the same id."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from bezant.ledger.lane.draft import Posted, Recorded
from bezant.ledger.proof import content_hash
from bezant.ledger.schemas import NewTransaction, Posting

_encode_content: Final = msgspec.json.Encoder(order="sorted").encode


def encode_content(new: NewTransaction) -> bytes | None:
    """The erasable part of a transaction as it is stored; None when there is none."""
    if not new.metadata and new.reason is None:
        return None
    return _encode_content({"metadata": new.metadata, "reason": new.reason})


def recorded_of(rows: Sequence[Any]) -> Recorded:
    """A transaction from its joined rows, in the order of its legs."""
    first = rows[0]
    legs = [
        Posting(
            debit=row["debit"],
            credit=row["credit"],
            asset=row["asset"],
            amount=str(int(row["amount"])),
            code=row["code"],
            booking_date=row["booking_date"],
            value_date=row["value_date"],
        )
        for row in rows
    ]
    posted = Posted(
        first["transaction_id"], first["seq"], first["recorded_at"], [leg.amount for leg in legs]
    )
    return Recorded(
        posted, _matcher(legs, first["effective_at"], first["salt"], first["content_hash"])
    )


def _matcher(
    legs: list[Posting], effective_at: datetime, salt: bytes | None, commitment: bytes | None
) -> Callable[[NewTransaction], bool]:
    """Whether a request asks for what is recorded with these legs.

    What a request leaves to defaults matches whatever the default was. Erased content cannot be
    compared and matches any.
    """

    def matches(new: NewTransaction) -> bool:
        if len(legs) != len(new.postings) or new.dry_run:
            return False
        if new.effective_at is not None and new.effective_at.astimezone(UTC) != effective_at:
            return False
        content = encode_content(new)
        if (content is None) != (commitment is None):
            return False
        if content is not None and salt is not None and content_hash(salt, content) != commitment:
            return False
        return all(map(_same_leg, legs, new.postings))

    return matches


def _same_leg(recorded: Posting, asked: Posting) -> bool:
    return recorded == msgspec.structs.replace(
        asked,
        booking_date=asked.booking_date or recorded.booking_date,
        value_date=asked.value_date or recorded.value_date,
    )
