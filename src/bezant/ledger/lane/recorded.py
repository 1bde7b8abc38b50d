"""Transactions that stand already, compared with requests under the same id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from bezant.ledger.domain import Kind
from bezant.ledger.lane.draft import Posted, Recorded, transfer_id
from bezant.ledger.lane.entry import JournalEntry
from bezant.ledger.proof import (
    HoldLeaf,
    HoldPostingLeaf,
    LegLeaf,
    PostingLeaf,
    ReversalPostingLeaf,
    ReversedLeaf,
    content_hash,
)
from bezant.ledger.schemas import LegReversal, NewTransaction, Posting

if TYPE_CHECKING:
    import asyncpg

    Stored = asyncpg.Record | Mapping[str, Any]

_encode_content: Final = msgspec.json.Encoder(order="sorted").encode


def encode_content(new: NewTransaction) -> bytes | None:
    """The erasable part of a transaction as it is stored; None when there is none."""
    if not new.metadata and new.reason is None:
        return None
    return _encode_content({"metadata": new.metadata, "reason": new.reason})


@dataclass(frozen=True, slots=True)
class Standing:
    """What is on record of a transaction.

    Attributes:
        commitment: to its erasable content; None when it had none.
        content: what of it has not been erased, with its salt.
    """

    legs: Sequence[LegLeaf]
    effective_at: datetime
    recorded_at: datetime
    commitment: bytes | None
    content: tuple[bytes, bytes] | None

    def difference(self, asked: NewTransaction) -> str | None:
        """The path of the first field in which a request differs; None when it asks for the same.

        What a request leaves to a default matches whatever that was, and what it lets the ledger
        choose matches what was chosen. Erased content cannot be compared and matches any.
        """
        if asked.dry_run:
            return "dry_run"
        if self._posting_count != len(asked.postings):
            return "postings"
        postings = list(zip(self.legs, asked.postings, strict=False))
        for index, (leg, posting) in enumerate(postings):
            if name := _movement_difference(leg, posting):
                return f"postings[{index}].{name}"
        if name := (
            self._settlement_difference(asked)
            or self._reversal_difference(asked)
            or self._content_difference(asked)
        ):
            return name
        for index, (leg, posting) in enumerate(postings):
            if name := self._terms_difference(leg, posting):
                return f"postings[{index}].{name}"
        return None

    @property
    def _posting_count(self) -> int:
        return sum(
            leg.kind in {Kind.POSTED, Kind.PENDING} and not isinstance(leg, ReversalPostingLeaf)
            for leg in self.legs
        )

    def _settlement_difference(self, asked: NewTransaction) -> str | None:
        legs = [leg for leg in self.legs[self._posting_count :] if isinstance(leg, HoldPostingLeaf)]
        at = 0
        for index, capture in enumerate(asked.captures):
            if at == len(legs) or (legs[at].kind, legs[at].hold.id) != (
                Kind.CAPTURED,
                capture.hold,
            ):
                return f"captures[{index}].hold"
            if capture.amount not in {None, legs[at].amount}:
                return f"captures[{index}].amount"
            at += 1
            if at < len(legs) and (legs[at].kind, legs[at].hold.id) == (Kind.VOIDED, capture.hold):
                if not capture.release:
                    return f"captures[{index}].release"
                at += 1
        voided = [leg.hold.id for leg in legs[at:] if leg.kind == Kind.VOIDED]
        return None if voided == list(asked.voids) and len(voided) == len(legs) - at else "voids"

    def _reversal_difference(self, asked: NewTransaction) -> str | None:
        legs = [leg for leg in self.legs if isinstance(leg, ReversalPostingLeaf)]
        reverses = asked.reverses
        if reverses is None:
            return "reverses" if legs else None
        if not legs or legs[0].reverses.transaction != reverses.transaction:
            return "reverses.transaction"
        for name in ("booking_date", "value_date"):
            if getattr(reverses, name) not in {None, getattr(legs[0], name)}:
                return f"reverses.{name}"
        return None if reverses.postings is None else _parts_difference(legs, reverses.postings)

    def _content_difference(self, asked: NewTransaction) -> str | None:
        content = encode_content(asked)
        if (content is None) != (self.commitment is None):
            return "metadata"
        if content is not None and self.content is not None:
            salt, stored = self.content
            if content_hash(salt, content) != self.commitment:
                return _first_difference(msgspec.json.decode(stored), asked)
        if asked.effective_at not in {None, self.effective_at}:
            return "effective_at"
        return None

    def _terms_difference(self, leg: LegLeaf, posting: Posting) -> str | None:
        if isinstance(leg, HoldPostingLeaf):
            expires_at = leg.hold.expires_at
            lasts = None if expires_at is None else expires_at - self.recorded_at
            if posting.expires_in_s != (None if lasts is None else round(lasts.total_seconds())):
                return "expires_in_s"
            if posting.hold_group not in {None, leg.hold.group}:
                return "hold_group"
        if posting.code != leg.code:
            return "code"
        if posting.booking_date not in {None, leg.booking_date}:
            return "booking_date"
        if posting.value_date not in {None, leg.value_date}:
            return "value_date"
        return None


def standing_entry(entry: JournalEntry, salt: bytes, content: bytes | None) -> Standing:
    """A transaction of the batch in the making, with its erasable content."""
    return Standing(
        entry.leaves,
        entry.effective_at,
        entry.recorded_at,
        entry.commitment,
        None if content is None else (salt, content),
    )


def recorded_of(rows: "Sequence[Stored]") -> Recorded:
    """A transaction from its joined rows, in the order of its legs."""
    first = rows[0]
    legs = [leg_leaf(row) for row in rows]
    holds = {row["leg"]: row["hold_id"] for row in rows if row["hold_id"] is not None}
    reverses = {
        row["leg"]: transfer_id(row["original_id"], row["original_leg"])
        for row in rows
        if row["original_id"] is not None
    }
    posted = Posted(
        first["transaction_id"],
        first["seq"],
        first["recorded_at"],
        [leg.amount for leg in legs],
        holds,
        reverses,
    )
    content = None if first["salt"] is None else (first["salt"], first["content"])
    standing = Standing(
        legs, first["effective_at"], first["recorded_at"], first["content_hash"], content
    )
    return Recorded(posted, standing.difference)


def leg_leaf(row: "Stored") -> LegLeaf:
    """What the log commits to for a leg, from its row joined with all that it is part of."""
    amount = str(int(row["amount"]))
    if row["original_id"] is not None:
        return ReversalPostingLeaf(
            amount,
            row["asset"],
            row["booking_date"],
            row["code"],
            row["credit"],
            row["debit"],
            row["kind"],
            ReversedLeaf(row["original_leg"], row["original_id"]),
            row["value_date"],
        )
    if row["hold_id"] is None:
        return PostingLeaf(
            amount,
            row["asset"],
            row["booking_date"],
            row["code"],
            row["credit"],
            row["debit"],
            row["kind"],
            row["value_date"],
        )
    terms = HoldLeaf(row["closes"], row["expires_at"], row["group_id"], row["hold_id"])
    return HoldPostingLeaf(
        amount,
        row["asset"],
        row["booking_date"],
        row["code"],
        row["credit"],
        row["debit"],
        terms,
        row["kind"],
        row["value_date"],
    )


def _movement_difference(leg: LegLeaf, posting: Posting) -> str | None:
    closes = leg.hold.closes if isinstance(leg, HoldPostingLeaf) else None
    if posting.pending != (leg.kind == Kind.PENDING):
        return "pending"
    if posting.closes != closes:
        return "closes"
    for name in ("debit", "credit", "asset"):
        if getattr(posting, name) != getattr(leg, name):
            return name
    asked, stands = int(posting.amount), int(leg.amount)
    if asked != stands and (posting.balancing is None or asked < stands):
        return "amount"
    return None


def _parts_difference(
    legs: Sequence[ReversalPostingLeaf], parts: Sequence[LegReversal]
) -> str | None:
    if len(parts) != len(legs):
        return "reverses.postings"
    for index, (leg, part) in enumerate(zip(legs, parts, strict=True)):
        taken = transfer_id(leg.reverses.transaction, leg.reverses.leg)
        if part.transfer_id != taken or part.amount not in {None, leg.amount}:
            return f"reverses.postings[{index}]"
    return None


def _first_difference(stored: Mapping[str, Any], asked: NewTransaction) -> str:
    """Which part of the content differs. Only names that the request itself gives are told."""
    had, has = stored["metadata"] or {}, asked.metadata or {}
    for key in sorted(has):
        if has[key] != had.get(key):
            return f"metadata.{key}"
    return "metadata" if had != has else "reason"
