"""The SQL linter: every statement of the source is portable, scoped to a tenant, and in a store.

It reads the source without running it. `tools.sql_linter.executed` compares what it found with
what the test suite really sent to the server.
"""

from tools.sql_linter.findings import Finding, Rule
from tools.sql_linter.linter import lint
from tools.sql_linter.policy import HOUSE, Policy

__all__ = ["HOUSE", "Finding", "Policy", "Rule", "lint"]
