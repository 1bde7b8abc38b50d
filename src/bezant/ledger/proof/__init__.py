"""Proof: one RFC 6962 log per book over the roots of its batches."""

from bezant.ledger.proof.leaves import (
    AccountLeaf,
    HoldLeaf,
    HoldPostingLeaf,
    LegLeaf,
    LimitGroupLeaf,
    PeriodLeaf,
    PostingLeaf,
    ReversalPostingLeaf,
    ReversedLeaf,
    TransactionLeaf,
    content_hash,
)
from bezant.ledger.proof.merkle import EMPTY_ROOT, Frontier, leaf_hash, merkle_root

__all__ = [
    "EMPTY_ROOT",
    "AccountLeaf",
    "Frontier",
    "HoldLeaf",
    "HoldPostingLeaf",
    "LegLeaf",
    "LimitGroupLeaf",
    "PeriodLeaf",
    "PostingLeaf",
    "ReversalPostingLeaf",
    "ReversedLeaf",
    "TransactionLeaf",
    "content_hash",
    "leaf_hash",
    "merkle_root",
]
