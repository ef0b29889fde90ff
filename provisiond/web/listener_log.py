"""What does the listener tell of requests that are no HTTP? Nothing: they are answered with 400."""

import logging

from aiohttp.http_exceptions import HttpProcessingError

_NAME = "provisiond.web.listener"


class _NoNonsense(logging.Filter):
    """Drops what anybody could fill the log with, a traceback for each malformed request."""

    def filter(self, record: logging.LogRecord) -> bool:
        fault = record.exc_info[1] if record.exc_info else None
        return not isinstance(fault, HttpProcessingError)


def listener_log() -> logging.Logger:
    """The logger to start a listener with; faults of ours are still told."""
    logger = logging.getLogger(_NAME)
    if not logger.filters:
        logger.addFilter(_NoNonsense())
    return logger
