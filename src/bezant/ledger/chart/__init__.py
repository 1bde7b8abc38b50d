"""Charts of accounts: how a book's accounts are arranged in its reports, version by version."""

from bezant.ledger.chart.domain import Chart, Node
from bezant.ledger.chart.reading import current_chart

__all__ = ["Chart", "Node", "current_chart"]
