"""Trial balance, balance sheet and income statement, at any pair of times, by the chart."""
