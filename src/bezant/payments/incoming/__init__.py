"""Money that other banks send to accounts of ours: each transaction is one credit, or none."""

from bezant.payments.incoming.service import IncomingService

__all__ = ["IncomingService"]
