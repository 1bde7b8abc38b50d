"""Orders: taken, signed, carried out in one commit with the ledger, and explained afterwards."""

from bezant.payments.orders.api import operations
from bezant.payments.orders.errors import PaymentNotFound
from bezant.payments.orders.schemas import NewPayment, Payment
from bezant.payments.orders.service import Means, PaymentService, Prepared, Secrecy

__all__ = [
    "Means",
    "NewPayment",
    "Payment",
    "PaymentNotFound",
    "PaymentService",
    "Prepared",
    "Secrecy",
    "operations",
]
