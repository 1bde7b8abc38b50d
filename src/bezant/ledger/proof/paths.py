"""Inclusion and consistency proofs of RFC 6962, section 2.1 (RFC 9162, sections 2.1.3 and 2.1.4).

Making a proof says which subtrees it needs, as ranges of leaves; whoever stores the log gives their
hashes. Checking one needs nothing but what is in it.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from bezant.ledger.proof.merkle import node_hash

PATH_HASHES_MAX: Final = 130
"""Longer than any proof over 2^64 leaves."""


class Span(NamedTuple):
    """The leaves `start` to `end`, the last left out, of a subtree of the log."""

    start: int
    end: int


def inclusion_spans(index: int, size: int) -> list[Span]:
    """The subtrees whose hashes prove that a leaf is in a tree, the leaf's sibling first.

    Args:
        index: of the leaf, from 0.
        size: of the tree, in leaves.
    """
    assert 0 <= index < size
    spans: list[Span] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _left_size(end - start)
        if index < middle:
            spans.append(Span(middle, end))
            end = middle
        else:
            spans.append(Span(start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(older: int, newer: int) -> list[Span]:
    """The subtrees whose hashes prove that a tree of `newer` leaves extends one of `older`."""
    assert 0 < older <= newer
    spans: list[Span] = []
    start, end = 0, newer
    while end != older:
        middle = start + _left_size(end - start)
        if older <= middle:
            spans.append(Span(middle, end))
            end = middle
        else:
            spans.append(Span(start, middle))
            start = middle
    if start:  # otherwise the older tree is a subtree of its own, whose root is known
        spans.append(Span(start, end))
    return spans[::-1]


def root_of_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root of the tree in which a proof puts a leaf hash (RFC 9162, 2.1.3.2).

    Returns:
        None where the path is not that of a leaf of this index in a tree of this size.
    """
    if not 0 <= index < size:
        return None
    node, at, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            node = node_hash(sibling, node)
            # Where there is no right sibling, the node rises until it is one.
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        at, last = at >> 1, last >> 1
    return node if last == 0 else None


def is_consistent(
    older: int, newer: int, older_root: bytes, newer_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether a proof shows that the newer tree extends the older one (RFC 9162, 2.1.4.2)."""
    if not 0 < older <= newer:
        return False
    if older == newer:
        return not path and older_root == newer_root
    hashes = list(path)
    if older & (older - 1) == 0:
        hashes.insert(0, older_root)
    if not hashes:
        return False
    at, last = older - 1, newer - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    of_older = of_newer = hashes[0]
    for each in hashes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            of_older, of_newer = node_hash(each, of_older), node_hash(each, of_newer)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            of_newer = node_hash(of_newer, each)
        at, last = at >> 1, last >> 1
    return last == 0 and of_older == older_root and of_newer == newer_root


def _left_size(size: int) -> int:
    """How many leaves the left subtree has: the largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
