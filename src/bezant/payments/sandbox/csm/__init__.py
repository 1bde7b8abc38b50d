"""A clearing system for SEPA payments, in memory, over HTTP."""

from bezant.payments.sandbox.csm.admin import Admin
from bezant.payments.sandbox.csm.clearing import Clearing
from bezant.payments.sandbox.csm.deliveries import Deliveries
from bezant.payments.sandbox.csm.misbehaviour import Behaviour, Misbehaviour, Rule
from bezant.payments.sandbox.csm.participants import Participant
from bezant.payments.sandbox.csm.server import CsmServer
from bezant.payments.sandbox.csm.serving import serve

__all__ = [
    "Admin",
    "Behaviour",
    "Clearing",
    "CsmServer",
    "Deliveries",
    "Misbehaviour",
    "Participant",
    "Rule",
    "serve",
]
