"""Chains: items of a batch that stand or fall together."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from bezant.kernel.errors import Refusal
from bezant.ledger.errors import ChainFailed, ChainOpen
from bezant.ledger.lane import Draft


class Linkable(Protocol):
    """An item of a batch."""

    @property
    def linked(self) -> bool:
        """Whether it stands or falls with the next item."""
        ...


I = TypeVar("I", bound=Linkable)  # noqa: E741 - an item
R = TypeVar("R")


def carry_out_chains(
    draft: Draft,
    items: Sequence[I],
    carry_out: Callable[[I], R],
    refused: Callable[[I, Refusal], R],
) -> list[R]:
    """Carry out items in order, each chain whole or not at all; a result per item.

    The item that broke a chain gives its own reason, the others that the chain failed.

    Args:
        draft: where they are carried out; chains that fail are undone in it.
        items: in the order in which they are judged.
        carry_out: leaves the draft as before when it raises a `Refusal`.
        refused: the result of an item that was refused; called once the chain is undone.
    """
    results: list[R] = []
    chain: list[I] = []
    for item in items:
        if item.linked or chain:
            chain.append(item)
            if item.linked:
                continue
            results.extend(_carry_out_chain(draft, chain, carry_out, refused))
            chain = []
            continue
        try:
            results.append(carry_out(item))
        except Refusal as refusal:
            results.append(refused(item, refusal))
    return results + _carry_out_chain(draft, chain, carry_out, refused)


def _carry_out_chain(
    draft: Draft,
    chain: Sequence[I],
    carry_out: Callable[[I], R],
    refused: Callable[[I, Refusal], R],
) -> list[R]:
    before = draft.savepoint()
    done: list[R] = []
    try:
        for item in chain:
            if item.linked and item is chain[-1]:
                raise ChainOpen("The last item of the batch is linked to a next one.")
            done.append(carry_out(item))
    except Refusal as refusal:
        draft.rollback(before)
        broke = len(done)
        failed = ChainFailed("Another item of the chain was refused.")
        return [
            refused(item, refusal if index == broke else failed) for index, item in enumerate(chain)
        ]
    return done
