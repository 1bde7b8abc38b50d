"""The system of record: books, accounts, transactions, proof."""

from typing import TYPE_CHECKING

from bezant.kernel.lazy import lazily

if TYPE_CHECKING:
    from bezant.ledger import (
        checkpoints,
        export,
        fx,
        proof,
        reconciliation,
        schemas,
        statements,
        verify,
    )
    from bezant.ledger.accounts import change_account, open_account
    from bezant.ledger.api import operations
    from bezant.ledger.api.shared import OF_LANES, OF_POSTINGS
    from bezant.ledger.balance_cache import clear_run_folder
    from bezant.ledger.chart.api import operations as chart_operations
    from bezant.ledger.errors import (
        AccountNotEmpty,
        AccountNotFound,
        BookNotFound,
        FeedPositionAhead,
        LimitsBroken,
        UnknownAsset,
    )
    from bezant.ledger.feed import Event, Events, FeedBroken, type_of
    from bezant.ledger.feed.api import operations as feed_operations
    from bezant.ledger.fx.api import operations as fx_operations
    from bezant.ledger.history import Axis, History, Moment, Snapshots, Span
    from bezant.ledger.kept import keep_holds
    from bezant.ledger.lane import (
        Decision,
        Draft,
        JointRider,
        ReadKind,
        Reads,
        Rider,
        RiderKinds,
        Seen,
        transfer_id,
    )
    from bezant.ledger.periods.api import operations as period_operations
    from bezant.ledger.posting import PostBatch, PostTransaction, post
    from bezant.ledger.proofs import operations as proof_operations
    from bezant.ledger.reconciliation import ReconciliationService
    from bezant.ledger.reports.api import operations as report_operations
    from bezant.ledger.reports.schemas import At as AtTime
    from bezant.ledger.reports.service import Reports
    from bezant.ledger.reversals.api import operations as reversal_operations
    from bezant.ledger.schedules import schedule_handling
    from bezant.ledger.schedules.api import operations as schedule_operations
    from bezant.ledger.schedules.calendar import add_months, first_instant
    from bezant.ledger.service import Ledger
    from bezant.ledger.statements.api import operations as statement_operations
    from bezant.ledger.verify import BookReport, Finding, verify_book

__all__ = [
    "OF_LANES",
    "OF_POSTINGS",
    "AccountNotEmpty",
    "AccountNotFound",
    "AtTime",
    "Axis",
    "BookNotFound",
    "BookReport",
    "Decision",
    "Draft",
    "Event",
    "Events",
    "FeedBroken",
    "FeedPositionAhead",
    "Finding",
    "History",
    "JointRider",
    "Ledger",
    "LimitsBroken",
    "Moment",
    "PostBatch",
    "PostTransaction",
    "ReadKind",
    "Reads",
    "ReconciliationService",
    "Reports",
    "Rider",
    "RiderKinds",
    "Seen",
    "Snapshots",
    "Span",
    "UnknownAsset",
    "add_months",
    "change_account",
    "chart_operations",
    "checkpoints",
    "clear_run_folder",
    "export",
    "feed_operations",
    "first_instant",
    "fx",
    "fx_operations",
    "keep_holds",
    "open_account",
    "operations",
    "period_operations",
    "post",
    "proof",
    "proof_operations",
    "reconciliation",
    "report_operations",
    "reversal_operations",
    "schedule_handling",
    "schedule_operations",
    "schemas",
    "statement_operations",
    "statements",
    "transfer_id",
    "type_of",
    "verify",
    "verify_book",
]

__getattr__ = lazily(
    __name__,
    {
        "accounts": "change_account, open_account",
        "api": "operations",
        "api.shared": "OF_LANES, OF_POSTINGS",
        "balance_cache": "clear_run_folder",
        "chart.api": "operations as chart_operations",
        "errors": (
            "AccountNotEmpty, AccountNotFound, BookNotFound, FeedPositionAhead, "
            "LimitsBroken, UnknownAsset"
        ),
        "feed": "Event, Events, FeedBroken, type_of",
        "feed.api": "operations as feed_operations",
        "fx.api": "operations as fx_operations",
        "history": "Axis, History, Moment, Snapshots, Span",
        "kept": "keep_holds",
        "lane": (
            "Decision, Draft, JointRider, ReadKind, Reads, Rider, RiderKinds, Seen, transfer_id"
        ),
        "periods.api": "operations as period_operations",
        "posting": "PostBatch, PostTransaction, post",
        "proofs": "operations as proof_operations",
        "reconciliation": "ReconciliationService",
        "reports.api": "operations as report_operations",
        "reports.schemas": "At as AtTime",
        "reports.service": "Reports",
        "reversals.api": "operations as reversal_operations",
        "schedules": "schedule_handling",
        "schedules.api": "operations as schedule_operations",
        "schedules.calendar": "add_months, first_instant",
        "service": "Ledger",
        "statements.api": "operations as statement_operations",
        "verify": "BookReport, Finding, verify_book",
    },
    modules=(
        "checkpoints",
        "export",
        "fx",
        "proof",
        "reconciliation",
        "schemas",
        "statements",
        "verify",
    ),
)
