"""Logs are events with ids, never document text: `log.info("ingest.read.failed", document=..., reason=...)`."""

from __future__ import annotations

import logging
import sys

import structlog

_SECRET_WORDS = ("password", "secret", "token", "key_value", "authorization")


def configure_logs(level: str = "INFO", *, as_json: bool = False) -> None:
    """Set up logging of this process: to standard error, so that standard output stays data."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _redact,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping().get(level.upper(), 20)),
        logger_factory=_to_standard_error,
        cache_logger_on_first_use=False,
    )


def _to_standard_error(*_: object) -> structlog.WriteLogger:
    """Whatever standard error is now: a test or a host of this process may have replaced it since."""
    return structlog.WriteLogger(sys.stderr)


def _redact(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for key in event:
        if any(word in key.lower() for word in _SECRET_WORDS):
            event[key] = "***"
    return event


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger that names its module."""
    return structlog.get_logger(name)
