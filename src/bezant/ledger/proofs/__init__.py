"""Proofs by API: that a transaction is in a book's log, and that a log extends an earlier one."""

from typing import TYPE_CHECKING

from bezant.kernel.lazy import lazily

if TYPE_CHECKING:
    from bezant.ledger.proofs.api import operations
    from bezant.ledger.proofs.log import Head, LogBroken, LogReader
    from bezant.ledger.proofs.reading import ProofReader

__all__ = ["Head", "LogBroken", "LogReader", "ProofReader", "operations"]

__getattr__ = lazily(
    __name__,
    {
        "api": "operations",
        "log": "Head, LogBroken, LogReader",
        "reading": "ProofReader",
    },
)
