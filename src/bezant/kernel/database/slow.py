"""The slow-statement log: what an operator may have to add an index for."""

from typing import TYPE_CHECKING, Final

import structlog

from bezant.kernel.telemetry import SLOW_STATEMENTS

if TYPE_CHECKING:
    from asyncpg.connection import LoggedQuery

SLOW_STATEMENT_MS: Final = 500
"""From how many milliseconds on a statement counts as slow, unless told otherwise."""

log = structlog.get_logger("bezant.database")


class SlowStatements:
    """Counts and logs the statements of the connections that it is added to as a query logger.

    The text of a statement is logged and never its values, nor the server's message of an error,
    which may quote values. Time is measured at the driver: waiting for locks and for the network
    counts, waiting for a connection does not. The driver tells of single statements, not of cursors
    and COPY.

    Args:
        threshold_ms: from here on a statement is slow.
    """

    def __init__(self, threshold_ms: int) -> None:
        self._threshold_s = threshold_ms / 1_000

    def __call__(self, executed: "LoggedQuery") -> None:
        """Look at one executed statement."""
        if executed.elapsed < self._threshold_s:
            return
        SLOW_STATEMENTS.inc()
        log.warning(
            "slow_statement",
            statement=" ".join(executed.query.split()),
            elapsed_ms=round(executed.elapsed * 1_000),
            failed=executed.exception is not None,
        )
