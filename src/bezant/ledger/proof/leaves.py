"""What the log commits to, as canonical bytes.

Fields stand in alphabetical order and every text is free of what JSON escapes, so that plain
encoding is canonical JSON (RFC 8785); a test compares the two. Numbers that may pass 2^53 are
strings.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from uuid import UUID

import msgspec

_encoder = msgspec.json.Encoder()


class PostingLeaf(msgspec.Struct, frozen=True):
    """One leg of a transaction."""

    amount: str
    asset: str
    booking_date: date
    code: str
    credit: str
    debit: str
    kind: str
    value_date: date


class HoldLeaf(msgspec.Struct, frozen=True):
    """The terms of the hold that a leg reserves or settles."""

    closes: str | None
    expires_at: datetime | None
    group: UUID
    id: UUID


class HoldPostingLeaf(msgspec.Struct, frozen=True):
    """One leg that reserves, or settles what was reserved."""

    amount: str
    asset: str
    booking_date: date
    code: str
    credit: str
    debit: str
    hold: HoldLeaf
    kind: str
    value_date: date


class ReversedLeaf(msgspec.Struct, frozen=True):
    """The leg that a leg takes back: its place, and the transaction that it is of."""

    leg: int
    transaction: UUID


class ReversalPostingLeaf(msgspec.Struct, frozen=True):
    """One leg that takes back an earlier one, in full or in part."""

    amount: str
    asset: str
    booking_date: date
    code: str
    credit: str
    debit: str
    kind: str
    reverses: ReversedLeaf
    value_date: date


LegLeaf = PostingLeaf | HoldPostingLeaf | ReversalPostingLeaf


class TransactionLeaf(msgspec.Struct, frozen=True):
    """A transaction. `content` is the salted hash of what may be erased, in hex, if any."""

    book: UUID
    content: str | None
    effective_at: datetime
    id: UUID
    kind: str
    postings: Sequence[LegLeaf]
    recorded_at: datetime
    seq: str

    def encode(self) -> bytes:
        """The canonical bytes."""
        return _encoder.encode(self)


class AccountLeaf(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An account as opened or changed. What it does not have of the optional terms is left out."""

    account: str
    asset: str
    book: UUID
    kind: str
    limit_group: str | None = None
    maximum: str | None
    minimum: str | None
    no: str
    opened_at: datetime | None = None
    overdraft: str | None
    recorded_at: datetime
    seq: str
    status: str
    type: str

    def encode(self) -> bytes:
        """The canonical bytes."""
        return _encoder.encode(self)


class LimitGroupLeaf(msgspec.Struct, frozen=True, kw_only=True):
    """A limit group as opened or changed."""

    asset: str
    book: UUID
    group: str
    kind: str
    maximum: str | None
    minimum: str | None
    overdraft: str | None
    recorded_at: datetime
    seq: str
    type: str

    def encode(self) -> bytes:
        """The canonical bytes."""
        return _encoder.encode(self)


class PeriodLeaf(msgspec.Struct, frozen=True, kw_only=True):
    """A period closed or reopened."""

    actor: str
    book: UUID
    kind: str
    period: str
    recorded_at: datetime
    requested_by: str | None
    seq: str
    transaction: UUID | None

    def encode(self) -> bytes:
        """The canonical bytes."""
        return _encoder.encode(self)


def content_hash(salt: bytes, content: bytes) -> bytes:
    """The commitment to erasable content. The salt goes with it, so nothing is guessed back."""
    return sha256(salt + content).digest()


class _Terms(msgspec.Struct, frozen=True):
    assets: Sequence[tuple[str, int]]
    book: UUID
    created_at: datetime
    name: str
    time_zone: str


def terms_hash(
    book: UUID, name: str, time_zone: str, assets: Mapping[str, int], created_at: datetime
) -> bytes:
    """What a checkpoint says of the book itself, of which no leaf tells.

    Args:
        book: its id.
        name: as it was given.
        time_zone: of its dates.
        assets: scales by code.
        created_at: when it was made.
    """
    terms = _Terms(sorted(assets.items()), book, created_at, name, time_zone)
    return sha256(_encoder.encode(terms)).digest()
