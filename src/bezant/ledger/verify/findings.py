"""What the verifier finds."""

from enum import StrEnum
from uuid import UUID

from msgspec import Struct


class Kind(StrEnum):
    """The invariant that does not hold."""

    SEQUENCE_GAP = "sequence_gap"
    LEG_GAP = "leg_gap"
    TIME_ORDER = "time_order"
    TRANSACTION_TORN = "transaction_torn"
    UNKNOWN_ACCOUNT = "unknown_account"
    ASSET_MIXED = "asset_mixed"
    CONTENT_CHANGED = "content_changed"
    CONTENT_STRAY = "content_stray"
    BATCH_ROOT = "batch_root"
    BATCH_RANGE = "batch_range"
    LOG_ROOT = "log_root"
    HEAD = "head"
    ACCOUNT_TERMS = "account_terms"
    BALANCE = "balance"
    HOLD = "hold"
    HOLD_BROKEN = "hold_broken"
    REVERSAL_BROKEN = "reversal_broken"
    LIMIT_GROUP = "limit_group"
    BOOKS_UNBALANCED = "books_unbalanced"
    LIMIT_BROKEN = "limit_broken"
    PERIOD_CLOSED = "period_closed"
    PERIOD_BROKEN = "period_broken"
    SNAPSHOT = "snapshot"
    LOG_NODE = "log_node"
    CHECKPOINT = "checkpoint"
    BOOK_TERMS = "book_terms"
    BOOK_MISSING = "book_missing"
    EXPORT_FILES = "export_files"


class Finding(Struct, frozen=True):
    """One difference between what is stored and what follows from history.

    Attributes:
        kind: the invariant.
        place: where, such as `seq 17` or `account customers:42:wallet`.
        detail: what is stored, and what should be.
    """

    kind: Kind
    place: str
    detail: str


class BookReport(Struct, frozen=True):
    """One book, verified.

    Attributes:
        tenant_id: whose; None for an export, which does not say.
        transactions: how many numbers of the feed were replayed, accounts' events included.
        transfers: how many legs.
        root: the log's root in hex, as recomputed from history.
        findings: the first differences; empty for a sound book.
        checkpoints: how many checkpoints from outside it was held against.
        accepted: what operators declared void of them, each as a sentence.
    """

    tenant_id: UUID | None
    book_id: UUID
    name: str
    transactions: int
    transfers: int
    accounts: int
    root: str
    findings: list[Finding]
    checkpoints: int = 0
    accepted: list[str] = []

    @property
    def is_sound(self) -> bool:
        """Whether every invariant holds."""
        return not self.findings
