"""Logs for machines: one JSON object a line, on standard error."""

from __future__ import annotations

import sys

import structlog


def log_as_json() -> None:
    """Make structlog write JSON lines to standard error, times in UTC; to be called once by a process."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
