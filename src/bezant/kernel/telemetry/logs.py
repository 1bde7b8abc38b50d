"""Structured logs on standard error: a redacted event per line, with the request it belongs to."""

import logging
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import structlog

from bezant.kernel.telemetry.redaction import redact_event

if TYPE_CHECKING:
    from structlog.typing import Processor

# Chatty at INFO about what our own events already say.
_QUIET: Final = ("alembic", "asyncio", "httpcore", "httpx", "uvicorn", "uvicorn.error")


class LogFormat(StrEnum):
    """How events are written: JSON or plain; `auto` is plain, coloured on a terminal."""

    AUTO = "auto"
    JSON = "json"
    PLAIN = "plain"


def configure_logs(log_format: LogFormat | str = LogFormat.AUTO) -> None:
    """Send the events of structlog and of the standard library to standard error, in one form.

    Args:
        log_format: see `LogFormat`.
    """
    is_json = log_format == LogFormat.JSON
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # An exception becomes text before redaction, so that what a driver wrote into its message is
    # redacted too. The text names files and lines, never the values of variables.
    after: list[Processor] = [
        structlog.processors.format_exc_info,
        redact_event,
        structlog.processors.JSONRenderer(sort_keys=False, default=str)
        if is_json
        else structlog.dev.ConsoleRenderer(
            colors=log_format == LogFormat.AUTO and sys.stderr.isatty(),
            pad_event_to=0,
            exception_formatter=structlog.dev.plain_traceback,
        ),
    ]
    structlog.configure(
        processors=[*before, *after],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _configure_standard_library(before, after)


def _configure_standard_library(before: "list[Processor]", after: "list[Processor]") -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*before, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *after],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in _QUIET:
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
        logger.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
