"""SEPA direct debits: mandates, collections on their day, and how they are given back."""

from bezant.payments.direct_debits.api import operations as direct_debit_operations
from bezant.payments.direct_debits.creditors import CreditorService
from bezant.payments.direct_debits.foundation import Foundation as DebitFoundation
from bezant.payments.direct_debits.incoming import IncomingCollections
from bezant.payments.direct_debits.mandate_service import DebitMandateService
from bezant.payments.direct_debits.rail import (
    Collection,
    Collections,
    DebitRail,
    Declined,
    GivenBack,
    Incoming,
    Kept,
    Original,
    Taken,
    TooEarly,
    Withdrawn,
)
from bezant.payments.direct_debits.running import DebitRuns
from bezant.payments.direct_debits.service import DirectDebitService

__all__ = [
    "Collection",
    "Collections",
    "CreditorService",
    "DebitFoundation",
    "DebitMandateService",
    "DebitRail",
    "DebitRuns",
    "Declined",
    "DirectDebitService",
    "GivenBack",
    "Incoming",
    "IncomingCollections",
    "Kept",
    "Original",
    "Taken",
    "TooEarly",
    "Withdrawn",
    "direct_debit_operations",
]
