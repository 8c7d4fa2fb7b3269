"""Log to standard error, one line for each event: text at a terminal, JSON and an access log everywhere else.

Every record, also those of libraries, takes one path: it carries the request and the user, its time is in UTC, secrets
are masked in all its parts, and no value can begin a line of its own.
"""

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from time import monotonic, time
from types import TracebackType
from typing import Final, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from accounts_http.access_log import ACCESS_LOGGER, RequestEntry, current_request, log_entry
from accounts_service.log_throttle import Throttle
from accounts_service.masking import Masker, printable

logger: Final = logging.getLogger("accounts_service")

_OURS: Final = (
    "accounts_service",
    "accounts_core",
    "accounts_http",
    "accounts_smtp",
    "accounts_sql",
    "accounts_stripe",
    "accounts_system",
)
_FIRST: Final = ("timestamp", "level", "logger", "event")
_TRUSTED_FIELDS: Final = frozenset({"timestamp", "level", "logger", "request_id", "user_id", "process", "left_out"})
"""Fields that this module sets itself: no text of a client is in them, so they are never masked."""
_MESSAGE_FIELDS: Final = frozenset({"event", "exception", "stack"})


def log_to_stderr(secrets: Iterable[str] = ()) -> Callable[[RequestEntry], None]:
    """Log to standard error: this project's packages from INFO on, all others from WARNING.

    Args:
        secrets: Masked in every line.

    Returns:
        A function that writes an answered request to the access log.

    """
    stream, throttle, masker = sys.stderr, Throttle(), Masker(secrets)
    for_people = stream.isatty()
    handler = _Handler(stream)
    handler.setFormatter(formatter(masker, for_people=for_people))
    handler.addFilter(_Flood(throttle))
    logging.basicConfig(handlers=[handler])
    logging.captureWarnings(True)
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    _log_uncaught()
    return log_entry if for_people else RequestWriter(stream, throttle)


def formatter(masker: Masker, *, for_people: bool) -> logging.Formatter:
    """Return the formatter of all records; `for_people` selects text instead of JSON."""
    prepare: list[Processor] = [
        structlog.stdlib.ExtraAdder(),
        _describe,
        structlog.processors.format_exc_info,
        structlog.processors.UnicodeDecoder(),
    ]
    shown: Processor = _for_people if for_people else structlog.processors.JSONRenderer()
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=prepare,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _Mask(masker), shown],
    )


def _describe(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add time, level, logger, request, user and process."""
    record: logging.LogRecord = event["_record"]
    described: EventDict = {
        "timestamp": _utc(record.created),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": event.pop("event"),
    }
    request = current_request.get()
    if request is not None:
        described["request_id"] = request.id
        if request.user_id is not None:
            described["user_id"] = request.user_id
    described["process"] = record.process
    return {**described, **{name: value for name, value in event.items() if name not in described}}


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


class _Mask:
    """A structlog processor that masks secrets in every field."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        request = current_request.get()
        if request is not None and request.secrets:
            event = _masked(event, Masker(request.secrets))
        return _masked(event, self._masker)


def _masked(event: EventDict, masker: Masker) -> EventDict:
    masked: EventDict = {}
    for name, value in event.items():
        if name in _TRUSTED_FIELDS:
            masked[name] = value
        elif name in _MESSAGE_FIELDS:
            masked[name] = masker.value(value)
        else:
            masked.update(masker.fields({name: value}))
    return masked


def _for_people(_: WrappedLogger, __: str, event: EventDict) -> str:
    traces = [str(event.pop(name)) for name in ("exception", "stack") if event.get(name)]
    timestamp, level, name, said = (printable(str(event.pop(part))) for part in _FIRST)
    rest = "".join(f"  {printable(str(key))}={_quoted(value)}" for key, value in event.items() if value is not None)
    # further lines are indented, so that none looks like the beginning of another event
    traced = "".join(f"\n    {printable(line)}" for trace in traces for line in trace.split("\n"))
    return f"{timestamp} {level.upper():<8}{name}: {said}{rest}{traced}"


def _quoted(value: object) -> str:
    text = printable(str(value))
    return f"'{text}'" if " " in text else text


class _Handler(logging.StreamHandler[TextIO]):
    """A stream handler that reports a record it cannot format without showing any of its content."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's own name
        error = sys.exc_info()[0]
        try:
            self.stream.write(f'{{"event": "A line of {record.name} was lost: {error and error.__name__}"}}\n')
            self.flush()
        except (OSError, ValueError):
            return  # standard error cannot be written


class _Flood(logging.Filter):
    """Drops lines above the rate of their kind; the next line of that kind carries how many were dropped."""

    def __init__(self, throttle: Throttle) -> None:
        super().__init__()
        self._throttle = throttle

    def filter(self, record: logging.LogRecord) -> bool:
        request = current_request.get()
        if record.name == ACCESS_LOGGER and (request is None or not _may_be_dropped(request)):
            return True
        # our own messages are a fixed set; those of libraries may all differ
        which = record.msg if record.name.partition(".")[0] in _OURS else None
        kind = (record.name, record.levelno, which, getattr(record, "status", None))
        left_out = self._throttle.admit(kind, monotonic())
        if left_out:
            record.left_out = left_out
        return left_out is not None


def _may_be_dropped(request: RequestEntry) -> bool:
    """Return whether a request was anonymous and cheap. Requests of users and sign-ins are always logged."""
    return request.user_id is None and (request.status == 429 or not request.is_sign_in)


class RequestWriter:
    """Writes the access log as JSON, past `logging`, because there is a line for every request.

    Every field is a constant, a number or a validated address, so nothing has to be masked.
    """

    def __init__(self, stream: TextIO, throttle: Throttle) -> None:
        self._stream = stream
        self._throttle = throttle
        self._process = os.getpid()

    def __call__(self, entry: RequestEntry) -> None:
        now = time()
        left_out: int | None = 0
        if _may_be_dropped(entry):
            left_out = self._throttle.admit(entry.status, monotonic())
            if left_out is None:
                return
        line = {
            "timestamp": _utc(now),
            "level": "warning" if entry.status is None or entry.status >= 500 else "info",
            "logger": ACCESS_LOGGER,
            "event": "Request",
            "request_id": entry.id,
            "user_id": entry.user_id,
            "process": self._process,
            **entry.log_fields,
        }
        if left_out:
            line["left_out"] = left_out
        try:
            self._stream.write(f"{msgspec.json.encode(line).decode()}\n")
            self._stream.flush()
        except (OSError, ValueError):
            return  # standard error cannot be written; requests are answered all the same


def _log_uncaught() -> None:
    """Log the errors that end a thread or the process, and those that Python would only print."""

    def ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            logger.critical("The process ends.", exc_info=(kind, error, trace))

    def ended_thread(what: threading.ExceptHookArgs) -> None:
        if what.exc_value is not None:
            logger.critical("A thread ends.", exc_info=what.exc_value)

    def ignored(what: "sys.UnraisableHookArgs") -> None:
        if what.exc_value is not None:
            logger.error("An error could not be raised: %s", what.err_msg or "in a finalizer", exc_info=what.exc_value)

    sys.excepthook, threading.excepthook, sys.unraisablehook = ended, ended_thread, ignored
