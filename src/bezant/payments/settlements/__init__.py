"""Settlement batches: what came and went for a payee, settled period by period."""

from bezant.payments.settlements.api import operations
from bezant.payments.settlements.service import SettlementService

__all__ = ["SettlementService", "operations"]
