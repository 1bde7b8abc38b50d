"""Merkle tree hashes of RFC 6962, section 2.1, with SHA-256."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf. Its prefix keeps a leaf from passing for an inner node."""
    return sha256(_LEAF + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(_NODE + left + right).digest()


def merkle_root(hashes: Sequence[bytes]) -> bytes:
    """The tree hash over leaf hashes, in their order.

    Level by level; a node without a sibling rises as it is, which gives the standard's tree.
    """
    if not hashes:
        return EMPTY_ROOT
    level = list(hashes)
    while len(level) > 1:
        above = [
            sha256(_NODE + level[at] + level[at + 1]).digest() for at in range(0, len(level) - 1, 2)
        ]
        if len(level) & 1:
            above.append(level[-1])
        level = above
    return level[0]


@dataclass(frozen=True, slots=True)
class Frontier:
    """A log's right edge: the roots of its perfect subtrees; enough to append to it.

    Attributes:
        size: the number of leaves.
        nodes: one root for each bit set in `size`, highest bit first.
    """

    size: int = 0
    nodes: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> Self:
        """The frontier after one more leaf hash."""
        nodes, node, size = list(self.nodes), leaf, self.size
        while size & 1:
            node = node_hash(nodes.pop(), node)
            size >>= 1
        return type(self)(self.size + 1, (*nodes, node))

    @property
    def root(self) -> bytes:
        """The tree hash of the whole log."""
        if not self.nodes:
            return EMPTY_ROOT
        *left, root = self.nodes
        for node in reversed(left):
            root = node_hash(node, root)
        return root

    def encode(self) -> bytes:
        """The nodes one after the other."""
        return b"".join(self.nodes)

    @classmethod
    def decode(cls, size: int, encoded: bytes) -> Self:
        """Read what `encode` wrote.

        Raises:
            ValueError: the nodes are not those of a log of this size.
        """
        if len(encoded) != size.bit_count() * HASH_BYTES:
            raise ValueError(
                f"a log of {size} leaves does not have {len(encoded)} bytes of frontier"
            )
        nodes = tuple(encoded[at : at + HASH_BYTES] for at in range(0, len(encoded), HASH_BYTES))
        return cls(size, nodes)
