"""Which stored nodes make up a part of a log, so that no proof reads all of it.

Of a log's inner nodes those over 256, 256^2, 256^3 ... leaves are stored, once they are complete:
one row for 256 leaves. What a proof needs is made from at most 255 nodes of each of these levels on
either side of the leaf, whatever the log's size.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from bezant.ledger.proof.merkle import EMPTY_ROOT, merkle_root, node_hash
from bezant.ledger.proof.paths import Span

FANOUT: Final = 256
"""Nodes of one stored level under a node of the next."""

_BITS: Final = 8


class Node(NamedTuple):
    """The subtree over 256^`level` leaves that begins at leaf `no` * 256^`level`."""

    level: int
    no: int

    def children(self) -> "list[Node]":
        """The nodes of the level below that it is made of; a leaf has none."""
        first = self.no * FANOUT
        return [Node(self.level - 1, no) for no in range(first, first + FANOUT)]


def perfect_parts(span: Span) -> Iterator[list[Node]]:
    """The perfect subtrees of a part of the log, from left to right, each as its stored nodes."""
    start = span.start
    while start < span.end:
        bits = (span.end - start).bit_length() - 1
        level, rest = divmod(bits, _BITS)
        first = start >> level * _BITS
        assert first << level * _BITS == start, "a subtree of the standard begins at its size"
        yield [Node(level, no) for no in range(first, first + (1 << rest))]
        start += 1 << bits


def nodes_of(spans: Sequence[Span]) -> set[Node]:
    """Every stored node that parts of the log are made of."""
    return {node for span in spans for part in perfect_parts(span) for node in part}


def root_of(span: Span, hashes: Mapping[Node, bytes]) -> bytes:
    """The hash of a part of the log, from those of its nodes."""
    roots = [merkle_root([hashes[node] for node in part]) for part in perfect_parts(span)]
    if not roots:
        return EMPTY_ROOT
    root = roots.pop()
    for left in reversed(roots):
        root = node_hash(left, root)
    return root


class Growing:
    """The complete nodes of a log that is read from its first leaf on."""

    def __init__(self) -> None:
        self._open: list[list[bytes]] = [[]]
        self._counts: list[int] = [0]

    def append(self, leaf: bytes) -> Iterator[tuple[Node, bytes]]:
        """Take the next leaf hash; the nodes above the leaves that it completes."""
        level, hash_ = 0, leaf
        self._open[0].append(hash_)
        while len(self._open[level]) == FANOUT:
            hash_ = merkle_root(self._open[level])
            self._open[level].clear()
            level += 1
            if level == len(self._open):
                self._open.append([])
                self._counts.append(0)
            yield Node(level, self._counts[level]), hash_
            self._counts[level] += 1
            self._open[level].append(hash_)
