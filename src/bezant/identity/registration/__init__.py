"""Registration: clients that register and manage themselves, as far as their tenant trusts them."""

from bezant.identity.registration.api import operations
from bezant.identity.registration.committing import BURST_MAX, PER_S_MAX, Desk
from bezant.identity.registration.endpoints import part
from bezant.identity.registration.managing import ManagementEndpoint
from bezant.identity.registration.reading import SignedRequests
from bezant.identity.registration.registering import RegistrationEndpoint
from bezant.identity.registration.statements import Statements
from bezant.identity.registration.sweeping import RegistrationSweep
from bezant.identity.registration.trust import TrustService

__all__ = [
    "BURST_MAX",
    "PER_S_MAX",
    "Desk",
    "ManagementEndpoint",
    "RegistrationEndpoint",
    "RegistrationSweep",
    "SignedRequests",
    "Statements",
    "TrustService",
    "operations",
    "part",
]
