"""Payments: one order, one state machine, one reservation on the ledger, whatever the rail."""

from typing import TYPE_CHECKING

from bezant.kernel.lazy import lazily

if TYPE_CHECKING:
    from bezant.payments.bulk import (
        BulkDecisions,
        BulkIntake,
        BulkPayeeRuns,
        BulkReports,
        BulkRuns,
    )
    from bezant.payments.bulk import operations as bulk_operations
    from bezant.payments.bulk_debits import DebitFileRuns, DebitIntake, DebitReports
    from bezant.payments.bulk_debits import operations as bulk_debit_operations
    from bezant.payments.captures import CaptureService
    from bezant.payments.captures import operations as capture_operations
    from bezant.payments.checks import (
        Arrivals,
        Arriving,
        Asked,
        Checks,
        Judgement,
        OnArrival,
        PreExecution,
        Verdict,
    )
    from bezant.payments.contents import PaymentContents
    from bezant.payments.direct_debits import (
        CreditorService,
        DebitFoundation,
        DebitRail,
        DebitRuns,
        DirectDebitService,
        IncomingCollections,
        direct_debit_operations,
    )
    from bezant.payments.executing import Execution, ResolutionService
    from bezant.payments.executing import operations as resolution_operations
    from bezant.payments.fees import FeeService
    from bezant.payments.fees import operations as fee_operations
    from bezant.payments.incoming import IncomingService
    from bezant.payments.orders import Means, NewPayment, Payment, PaymentService, Secrecy
    from bezant.payments.orders import operations as payment_operations
    from bezant.payments.qr import QrCodeService
    from bezant.payments.qr import operations as qr_operations
    from bezant.payments.quotes import QuoteService
    from bezant.payments.quotes import operations as quote_operations
    from bezant.payments.rails import Rail, Receiver
    from bezant.payments.rails.sepa import (
        CsmLink,
        CsmListener,
        DebitListener,
        Decided,
        InstantRail,
        Offered,
        Participant,
        Participants,
        SepaDebitRail,
        TransferRail,
        csm_routes,
    )
    from bezant.payments.receiving import CoreReceiver
    from bezant.payments.refunds import RefundService
    from bezant.payments.refunds import operations as refund_operations
    from bezant.payments.returns import ClaimService, RecallService, ReturnService
    from bezant.payments.returns import operations as return_operations
    from bezant.payments.safeguarding import (
        IncidentService,
        IncidentWatch,
        SafeguardingRuns,
        SafeguardingService,
    )
    from bezant.payments.safeguarding import operations as safeguarding_operations
    from bezant.payments.sandbox import csm as sandbox_csm
    from bezant.payments.sandbox import statements as sandbox_statements
    from bezant.payments.sandbox import vop as sandbox_vop
    from bezant.payments.scheduled import DuePayments
    from bezant.payments.settlements import SettlementService
    from bezant.payments.settlements import operations as settlement_operations
    from bezant.payments.standing import StandingOrders, StandingRuns
    from bezant.payments.standing import operations as standing_operations
    from bezant.payments.states import OrderState
    from bezant.payments.unapplied import UnappliedService
    from bezant.payments.unapplied import operations as unapplied_operations
    from bezant.payments.vop import (
        ListedPayees,
        OwnPayees,
        Patience,
        PayeeAnswers,
        PayeeAsker,
        PayeeDirectory,
        SchemeEndpoint,
        VerificationContents,
        VerificationService,
        VerificationSources,
        add_payee_scheme,
    )
    from bezant.payments.vop import operations as payee_operations

__all__ = [
    "Arrivals",
    "Arriving",
    "Asked",
    "BulkDecisions",
    "BulkIntake",
    "BulkPayeeRuns",
    "BulkReports",
    "BulkRuns",
    "CaptureService",
    "Checks",
    "ClaimService",
    "CoreReceiver",
    "CreditorService",
    "CsmLink",
    "CsmListener",
    "DebitFileRuns",
    "DebitFoundation",
    "DebitIntake",
    "DebitListener",
    "DebitRail",
    "DebitReports",
    "DebitRuns",
    "Decided",
    "DirectDebitService",
    "DuePayments",
    "Execution",
    "FeeService",
    "IncidentService",
    "IncidentWatch",
    "IncomingCollections",
    "IncomingService",
    "InstantRail",
    "Judgement",
    "ListedPayees",
    "Means",
    "NewPayment",
    "Offered",
    "OnArrival",
    "OrderState",
    "OwnPayees",
    "Participant",
    "Participants",
    "Patience",
    "PayeeAnswers",
    "PayeeAsker",
    "PayeeDirectory",
    "Payment",
    "PaymentContents",
    "PaymentService",
    "PreExecution",
    "QrCodeService",
    "QuoteService",
    "Rail",
    "RecallService",
    "Receiver",
    "RefundService",
    "ResolutionService",
    "ReturnService",
    "SafeguardingRuns",
    "SafeguardingService",
    "SchemeEndpoint",
    "Secrecy",
    "SepaDebitRail",
    "SettlementService",
    "StandingOrders",
    "StandingRuns",
    "TransferRail",
    "UnappliedService",
    "Verdict",
    "VerificationContents",
    "VerificationService",
    "VerificationSources",
    "add_payee_scheme",
    "bulk_debit_operations",
    "bulk_operations",
    "capture_operations",
    "csm_routes",
    "direct_debit_operations",
    "fee_operations",
    "payee_operations",
    "payment_operations",
    "qr_operations",
    "quote_operations",
    "refund_operations",
    "resolution_operations",
    "return_operations",
    "safeguarding_operations",
    "sandbox_csm",
    "sandbox_statements",
    "sandbox_vop",
    "settlement_operations",
    "standing_operations",
    "unapplied_operations",
]

__getattr__ = lazily(
    __name__,
    {
        "bulk": (
            "BulkDecisions, BulkIntake, BulkPayeeRuns, BulkReports, BulkRuns, "
            "operations as bulk_operations"
        ),
        "bulk_debits": (
            "DebitFileRuns, DebitIntake, DebitReports, operations as bulk_debit_operations"
        ),
        "captures": "CaptureService, operations as capture_operations",
        "checks": "Arrivals, Arriving, Asked, Checks, Judgement, OnArrival, PreExecution, Verdict",
        "contents": "PaymentContents",
        "direct_debits": (
            "CreditorService, DebitFoundation, DebitRail, DebitRuns, DirectDebitService, "
            "IncomingCollections, direct_debit_operations"
        ),
        "executing": "Execution, ResolutionService, operations as resolution_operations",
        "fees": "FeeService, operations as fee_operations",
        "incoming": "IncomingService",
        "orders": (
            "Means, NewPayment, Payment, PaymentService, Secrecy, operations as payment_operations"
        ),
        "qr": "QrCodeService, operations as qr_operations",
        "quotes": "QuoteService, operations as quote_operations",
        "rails": "Rail, Receiver",
        "rails.sepa": (
            "CsmLink, CsmListener, DebitListener, Decided, InstantRail, Offered, Participant, "
            "Participants, SepaDebitRail, TransferRail, csm_routes"
        ),
        "receiving": "CoreReceiver",
        "refunds": "RefundService, operations as refund_operations",
        "returns": "ClaimService, RecallService, ReturnService, operations as return_operations",
        "safeguarding": (
            "IncidentService, IncidentWatch, SafeguardingRuns, SafeguardingService, "
            "operations as safeguarding_operations"
        ),
        "sandbox": "csm as sandbox_csm, statements as sandbox_statements, vop as sandbox_vop",
        "scheduled": "DuePayments",
        "settlements": "SettlementService, operations as settlement_operations",
        "standing": "StandingOrders, StandingRuns, operations as standing_operations",
        "states": "OrderState",
        "unapplied": "UnappliedService, operations as unapplied_operations",
        "vop": (
            "ListedPayees, OwnPayees, Patience, PayeeAnswers, PayeeAsker, PayeeDirectory, "
            "SchemeEndpoint, VerificationContents, VerificationService, VerificationSources, "
            "add_payee_scheme, operations as payee_operations"
        ),
    },
)
