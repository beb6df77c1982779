"""Logs as one JSON object a line, without anybody's name, phone or address.

A trace tells where, never what with: the message of an exception may quote a row (PostgreSQL's DETAIL does).
"""

import json
import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from sqlalchemy.exc import DBAPIError

from kernel.errors import Problem

_NO_FACTS: MappingProxyType[str, str] = MappingProxyType({})

# What is known of the request being answered: its id, its order's number.
request_facts: ContextVar[MappingProxyType[str, str] | dict[str, str]] = ContextVar("request_facts", default=_NO_FACTS)

_DEEPEST = 12


class JsonLines(logging.Formatter):
    """A log record as one line of JSON; extra facts come from ``extra={"facts": {...}}``."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **request_facts.get(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info and record.exc_info[1]:
            line["trace"] = describe(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


def describe(error: BaseException) -> list[str]:
    """An exception and its causes, innermost last: kinds and places, no messages but those we wrote ourselves."""
    said = [_headline(error)]
    said += [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in _frames(error)]
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return [*said, "from", *describe(before)] if before else said


def _headline(error: BaseException) -> str:
    kind = type(error).__name__
    if isinstance(error, Problem):
        return f"{kind}: {error.code}"
    if isinstance(error, DBAPIError):
        diagnosis = getattr(error.orig, "diag", None)
        constraint = getattr(diagnosis, "constraint_name", None)
        return f"{kind}: {getattr(error.orig, 'sqlstate', None)} {constraint or ''}".rstrip()
    return kind


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    return traceback.extract_tb(error.__traceback__)[-_DEEPEST:]


def _short(filename: str) -> str:
    return "/".join(Path(filename).parts[-3:])


def set_up_logs(level: int = logging.INFO) -> None:
    """Send the program's own log to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("gongfang")
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    logger.propagate = False
