"""A bank that answers about its accounts, well or badly."""

from bezant.payments.sandbox.vop.people import PAYEES, responders
from bezant.payments.sandbox.vop.responder import Misbehaviour, SandboxPayee, SandboxResponder
from bezant.payments.sandbox.vop.serving import serve

__all__ = [
    "PAYEES",
    "Misbehaviour",
    "SandboxPayee",
    "SandboxResponder",
    "responders",
    "serve",
]
