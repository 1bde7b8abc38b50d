"""Money that is asked back and comes back, both ways; and refunds of what was not authorised."""

from bezant.payments.returns.api import operations
from bezant.payments.returns.claims import ClaimService
from bezant.payments.returns.recalls import RecallService
from bezant.payments.returns.service import ReturnService

__all__ = ["ClaimService", "RecallService", "ReturnService", "operations"]
