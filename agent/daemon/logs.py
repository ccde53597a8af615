"""Logs: one JSON object a line on standard output, for journald; card numbers and names never.

An event is a fixed noun phrase, the rest are fields, and only fields on the list below leave: a new
field is a decision, so nothing personal slips into a log by accident.
"""

import logging
import os
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from agent.clock import Clock

_WORDS = """
account address amount backlog batch brand code count cursor detail device door entries entry_mode epoch
error exception from_seq hash incarnation kind limit masked member mode number path points programme
reason receipt remedy return_id seconds seq signal state status store till to_seq uid url version wallet
"""
FIELDS = frozenset(_WORDS.split())
_PRIORITY = {"debug": "<7>", "info": "<6>", "warning": "<4>", "error": "<3>", "critical": "<2>"}

_json = structlog.processors.JSONRenderer()


def configure(level: str, clock: Clock, **always: str) -> None:
    """Set up structlog for this process; `always` (store, till) stands on every line."""

    def stamped(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["time"] = clock.now().isoformat(timespec="milliseconds")
        return event

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            stamped,
            # Locals would carry card numbers into tracebacks, so they are left out.
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=20)
            ),
            allow_listed,
            _render_for_journald if os.environ.get("JOURNAL_STREAM") else _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(**always)


def allow_listed(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Keep the known fields; name those that were dropped, without their values.

    >>> allow_listed(None, "info", {"event": "card read", "level": "info", "card_number": "299"})
    {'event': 'card read', 'level': 'info', 'dropped_fields': ['card_number']}
    """
    kept: dict[str, Any] = {
        key: value for key, value in event.items() if key in FIELDS or key in {"event", "level", "time"}
    }
    if dropped := sorted(event.keys() - kept.keys()):
        kept["dropped_fields"] = dropped
    return kept


def _render(logger: WrappedLogger, level: str, event: EventDict) -> str:
    line = _json(logger, level, event)
    return line if isinstance(line, str) else line.decode()


def _render_for_journald(logger: WrappedLogger, level: str, event: EventDict) -> str:
    """Prefix the level in journald's own way (sd-daemon(3)), so `journalctl -p` works."""
    return f"{_PRIORITY.get(level, '<6>')}{_render(logger, level, event)}"
