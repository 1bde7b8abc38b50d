"""Proofs are those of RFC 6962 and RFC 9162, hold for what is true, and for nothing else."""

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bezant.ledger.proof import (
    FANOUT,
    Growing,
    Node,
    Span,
    consistency_spans,
    inclusion_spans,
    is_consistent,
    leaf_hash,
    merkle_root,
    nodes_of,
    root_of,
    root_of_inclusion,
)
from property.ledger.test_proof import reference

# The tree that implementations of RFC 6962 are tried with: its leaves, and hashes of its nodes.
REFERENCE = [
    bytes.fromhex(text)
    for text in (
        *("", "00", "10", "2021", "3031", "40414243"),
        *("5051525354555657", "606162636465666768696a6b6c6d6e6f"),
    )
]
ROOT_OF_8 = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
LEAF_0 = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
LEAF_1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
LEAF_4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
LEAVES_0_1 = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
LEAVES_2_3 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
LEAVES_4_5 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
LEAVES_6_7 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
LEAVES_0_3 = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
LEAVES_4_7 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"


def path(leaves: list[bytes], spans: list[Span]) -> list[bytes]:
    return [reference(leaves[span.start : span.end]) for span in spans]


@pytest.mark.parametrize(
    ("index", "size", "expected"),
    [
        (0, 1, []),
        (0, 8, [LEAF_1, LEAVES_2_3, LEAVES_4_7]),
        (5, 8, [LEAF_4, LEAVES_6_7, LEAVES_0_3]),
        (2, 3, [LEAVES_0_1]),
        (1, 5, [LEAF_0, LEAVES_2_3, LEAF_4]),
    ],
)
def test_inclusion_proofs_of_the_reference_tree(index: int, size: int, expected: list[str]) -> None:
    found = path(REFERENCE, inclusion_spans(index, size))
    assert [each.hex() for each in found] == expected


@pytest.mark.parametrize(
    ("older", "newer", "expected"),
    [
        (1, 1, []),
        (1, 8, [LEAF_1, LEAVES_2_3, LEAVES_4_7]),
        (6, 8, [LEAVES_4_5, LEAVES_6_7, LEAVES_0_3]),
        (2, 5, [LEAVES_2_3, LEAF_4]),
    ],
)
def test_consistency_proofs_of_the_reference_tree(
    older: int, newer: int, expected: list[str]
) -> None:
    found = path(REFERENCE, consistency_spans(older, newer))
    assert [each.hex() for each in found] == expected


def test_the_reference_tree_is_the_one_known() -> None:
    assert reference(REFERENCE).hex() == ROOT_OF_8


trees = st.integers(1, 40).map(lambda size: [bytes([at]) for at in range(size)])


@st.composite
def broken(draw: st.DrawFn, proof: list[bytes]) -> list[bytes]:
    """The proof with a hash changed, one added, one left out, or two swapped."""
    kinds = ["add"] if not proof else ["change", "add", "drop"]
    at = draw(st.integers(0, max(0, len(proof) - 1)))
    match draw(st.sampled_from(kinds)):
        case "change":
            return [*proof[:at], sha256(proof[at]).digest(), *proof[at + 1 :]]
        case "add":
            return [*proof[:at], sha256(b"one more").digest(), *proof[at:]]
        case _:
            return [*proof[:at], *proof[at + 1 :]]


@given(trees, st.data())
def test_an_inclusion_proof_holds_and_no_other(leaves: list[bytes], data: Any) -> None:  # noqa: ANN401 - Hypothesis's
    size = len(leaves)
    index = data.draw(st.integers(0, size - 1))
    proof, root = path(leaves, inclusion_spans(index, size)), reference(leaves)
    leaf = leaf_hash(leaves[index])
    assert root_of_inclusion(leaf, index, size, proof) == root
    assert root_of_inclusion(leaf, index, size, data.draw(broken(proof))) != root
    assert root_of_inclusion(leaf_hash(b"another"), index, size, proof) != root
    other = data.draw(st.integers(0, size).filter(lambda at: at != index))
    assert root_of_inclusion(leaf, other, size, proof) != root


@given(trees, st.data())
def test_a_consistency_proof_holds_and_no_other(leaves: list[bytes], data: Any) -> None:  # noqa: ANN401 - as above
    newer = len(leaves)
    older = data.draw(st.integers(1, newer))
    proof = path(leaves, consistency_spans(older, newer))
    roots = reference(leaves[:older]), reference(leaves)
    assert is_consistent(older, newer, *roots, proof)
    assert not is_consistent(older, newer, *roots, data.draw(broken(proof)))
    assert not is_consistent(older, newer, sha256(roots[0]).digest(), roots[1], proof)
    assert not is_consistent(older, newer, roots[0], sha256(roots[1]).digest(), proof)


@given(trees, st.data())
def test_a_log_that_was_rewritten_has_no_consistency_proof(leaves: list[bytes], data: Any) -> None:  # noqa: ANN401 - as above
    older = data.draw(st.integers(1, len(leaves)))
    at = data.draw(st.integers(0, older - 1))
    rewritten = [*leaves[:at], b"rewritten", *leaves[at + 1 :]]
    proof = path(rewritten, consistency_spans(older, len(leaves)))
    assert not is_consistent(
        older, len(leaves), reference(leaves[:older]), reference(rewritten), proof
    )


@given(st.integers(), st.integers(), st.lists(st.binary(min_size=32, max_size=32), max_size=8))
def test_no_numbers_make_the_checks_fail_otherwise(
    one: int, other: int, proof: list[bytes]
) -> None:
    assert not is_consistent(one, other, b"x" * 32, b"y" * 32, proof)
    root_of_inclusion(b"x" * 32, one, other, proof)


def large(size: int) -> tuple[list[bytes], dict[Node, bytes]]:
    """A log too large for one stored level, and the nodes of it that are stored."""
    leaves = [leaf_hash(at.to_bytes(4, "big")) for at in range(size)]
    growing = Growing()
    stored = {Node(0, at): leaf for at, leaf in enumerate(leaves)}
    for leaf in leaves:
        stored |= dict(growing.append(leaf))
    return leaves, stored


LEAVES, STORED = large(FANOUT**2 + 3 * FANOUT + 5)


@given(st.integers(1, len(LEAVES)), st.data())
def test_stored_nodes_give_the_same_proofs_as_every_leaf(size: int, data: Any) -> None:  # noqa: ANN401 - as above
    index = data.draw(st.integers(0, size - 1))
    spans = inclusion_spans(index, size)
    hashes = [root_of(span, STORED) for span in spans]
    root = root_of(Span(0, size), STORED)
    assert root == merkle_root(LEAVES[:size])
    assert root_of_inclusion(LEAVES[index], index, size, hashes) == root
    # A few hundred nodes, of a log with tens of thousands of leaves.
    assert len(nodes_of(spans)) <= 2 * 3 * (FANOUT - 1)


def test_a_stored_node_is_the_root_of_its_children() -> None:
    for node in (Node(1, 0), Node(1, FANOUT + 2), Node(2, 0)):
        assert STORED[node] == merkle_root([STORED[child] for child in node.children()])
    assert Node(1, FANOUT + 3) not in STORED
    assert root_of(Span(0, 0), STORED) == merkle_root([])
