"""What the service has to say while it runs, on standard error: one line an event, readable by people or by machines.

On a terminal each line is for people. Everywhere else it is a JSON object, with what came of each request beside it.
All of it, the libraries' own words included, goes one way: it names the request and who asked, it is stamped in UTC,
secrets are masked in every part of it, and nothing in it can begin a line of its own.
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

from accounts_cli.flood import Throttle
from accounts_cli.masking import Masker, printable
from accounts_http.access_log import ACCESS_LOGGER, RequestEntry, current_request, log_entry

logger: Final = logging.getLogger("accounts_cli")

_OURS: Final = (
    "accounts_cli",
    "accounts_core",
    "accounts_http",
    "accounts_smtp",
    "accounts_sql",
    "accounts_stripe",
    "accounts_system",
)
_FIRST: Final = ("timestamp", "level", "logger", "event")
_OF_OURS: Final = frozenset({"timestamp", "level", "logger", "request_id", "user_id", "process", "left_out"})
"""Nothing that somebody else says is in these, and nothing that somebody chose as a password takes them away."""
_TOLD: Final = frozenset({"event", "exception", "stack"})


def log_to_stderr(secrets: Iterable[str] = ()) -> Callable[[RequestEntry], None]:
    """Write what a command that goes on has to say to standard error: its own from INFO on, the rest from WARNING.

    `secrets` never appear there, whoever logs them. Returns what takes the requests that were answered.
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
    _log_what_nobody_caught()
    return log_entry if for_people else RequestWriter(stream, throttle)


def formatter(masker: Masker, *, for_people: bool) -> logging.Formatter:
    """Return what makes a line of a record, whoever logged it."""
    told: list[Processor] = [
        structlog.stdlib.ExtraAdder(),
        _described,
        structlog.processors.format_exc_info,
        structlog.processors.UnicodeDecoder(),
    ]
    shown: Processor = _for_people if for_people else structlog.processors.JSONRenderer()
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=told,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _Mask(masker), shown],
    )


def _described(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add when, how bad, where and for whom."""
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
    """Takes secrets out of everything that a line is made of."""

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
        if name in _OF_OURS:
            masked[name] = value
        elif name in _TOLD:
            masked[name] = masker.value(value)
        else:
            masked.update(masker.fields({name: value}))
    return masked


def _for_people(_: WrappedLogger, __: str, event: EventDict) -> str:
    traces = [str(event.pop(name)) for name in ("exception", "stack") if event.get(name)]
    timestamp, level, name, said = (printable(str(event.pop(part))) for part in _FIRST)
    rest = "".join(f"  {printable(str(key))}={_quoted(value)}" for key, value in event.items() if value is not None)
    # every further line is set in, so that none of them looks like the beginning of another event
    traced = "".join(f"\n    {printable(line)}" for trace in traces for line in trace.split("\n"))
    return f"{timestamp} {level.upper():<8}{name}: {said}{rest}{traced}"


def _quoted(value: object) -> str:
    text = printable(str(value))
    return f"'{text}'" if " " in text else text


class _Handler(logging.StreamHandler[TextIO]):
    """Where a line cannot be made, says that and nothing of what it was made of."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's own name
        error = sys.exc_info()[0]
        try:
            self.stream.write(f'{{"event": "A line of {record.name} was lost: {error and error.__name__}"}}\n')
            self.flush()
        except (OSError, ValueError):
            return  # there is nobody to tell


class _Flood(logging.Filter):
    """Leaves out what a flood would bury everything under; the next line of its kind says how much that was."""

    def __init__(self, throttle: Throttle) -> None:
        super().__init__()
        self._throttle = throttle

    def filter(self, record: logging.LogRecord) -> bool:
        request = current_request.get()
        if record.name == ACCESS_LOGGER and (request is None or not _may_be_left_out(request)):
            return True
        # what our own say is one of so many texts; what others say may be another each time
        which = record.msg if record.name.partition(".")[0] in _OURS else None
        kind = (record.name, record.levelno, which, getattr(record, "status", None))
        left_out = self._throttle.admit(kind, monotonic())
        if left_out:
            record.left_out = left_out
        return left_out is not None


def _may_be_left_out(request: RequestEntry) -> bool:
    """Whether a request was anybody's, and cost next to nothing. A person's requests and sign-ins are all logged."""
    return request.user_id is None and (request.status == 429 or not request.is_sign_in)


class RequestWriter:
    """Writes the line of each request as JSON, by the shortest way: there is one for every request.

    Every part is ours, a number or a checked address, so there is nothing in it to mask.
    """

    def __init__(self, stream: TextIO, throttle: Throttle) -> None:
        self._stream = stream
        self._throttle = throttle
        self._process = os.getpid()

    def __call__(self, entry: RequestEntry) -> None:
        now = time()
        left_out: int | None = 0
        if _may_be_left_out(entry):
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
            return  # nobody reads it any more; requests are answered all the same


def _log_what_nobody_caught() -> None:
    """Log what ends a thread or the process, and what Python could only have printed."""

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
