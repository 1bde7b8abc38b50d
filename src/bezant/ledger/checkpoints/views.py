"""Checkpoints as callers see them."""

from typing import TYPE_CHECKING

from bezant.ledger.checkpoints.schemas import Checkpoint, Replaces
from bezant.ledger.proof import Checkpoint as Signed

if TYPE_CHECKING:
    import asyncpg


def view(signed: Signed, note: str) -> Checkpoint:
    """A checkpoint that was signed now."""
    replaced = signed.replaced
    return Checkpoint(
        signed.number,
        signed.size,
        signed.seq,
        signed.root.hex(),
        signed.signed_at,
        note,
        None if replaced is None else Replaces(replaced.first, replaced.last),
    )


def view_of(row: "asyncpg.Record") -> Checkpoint:
    """A row of `checkpoint`."""
    first = row["replaces_first"]
    return Checkpoint(
        row["checkpoint_no"],
        row["log_size"],
        row["seq"],
        row["root"].hex(),
        row["signed_at"],
        row["note"],
        None if first is None else Replaces(first, row["replaces_last"]),
    )
