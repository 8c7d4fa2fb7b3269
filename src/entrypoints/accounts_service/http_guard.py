"""Guard HTTP/1.1 connections: uvicorn on httptools parses strictly, and this bounds what a client can make it hold.

Pipelined requests are parsed a few at a time: the bytes that follow are kept unparsed, and nothing more is read, until
those requests are answered. A client that does not read its answer is disconnected.

A request is refused when two parsers could read it as two requests (request smuggling), or when it exceeds its limits
of bytes and time. A refusal closes the connection, because the bytes that follow may belong to the refused request.
`HardenedApp` checks requests after they are parsed.
"""

import asyncio
import logging
from asyncio.events import TimerHandle
from http import HTTPStatus
from typing import ClassVar, Final

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from accounts_http.errors import HttpError, Malformed, TooSlow
from accounts_http.hardening import refusal
from accounts_http.problems import problem_type_of
from accounts_service.stalled_readers import CountedTransport, ReaderWatch

logger: Final = logging.getLogger("accounts_service")

MAX_FRAME_BYTES: Final = 64 * 1024
"""Largest request without its body: request line, headers, chunk sizes and extensions, trailers. The parser buffers an
incomplete header, so without this limit a single header could fill the memory."""
MAX_REQUEST_BYTES: Final = 4 * 1024 * 1024
"""Largest request with its body. No endpoint accepts a body over 1 MiB; a larger one is read and dropped."""

SLICE_BYTES: Final = 1024
"""Bytes that are parsed at a time. A parsed request that waits takes some kilobytes, and 40 fit into a slice."""


class GuardedProtocol(HttpToolsProtocol):
    """The guarded protocol of one connection."""

    receive_seconds: ClassVar[float] = 30.0
    """Time that a whole request has to arrive, from the connection or from its first byte."""
    send_seconds: ClassVar[float] = 30.0
    """Interval in which a client has to read some of its answer: see `ReaderWatch`."""

    _answering: RequestResponseCycle | None = None
    _has_upgraded = False
    _deadline: TimerHandle | None = None
    _is_under_way = False
    _is_in_head = True
    _completed = 0
    _received = _received_of_body = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        counted = self._counted = CountedTransport(transport)
        super().connection_made(counted)
        self.flow = self._reading = _Reading(counted)
        self._held = b""
        self._set_deadline()
        self._watch = ReaderWatch(counted, self.send_seconds, self._disconnect_stalled, loop=self.loop)
        self._watch.start()

    def connection_lost(self, exc: Exception | None) -> None:
        self._watch.stop()
        self._clear_deadline()
        self._held = b""
        answering = self._answering
        if answering is not None and not answering.response_complete:
            answering.disconnected = True  # uvicorn notifies only the request that it parsed last
            answering.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._has_upgraded:
            return  # it belongs to another protocol, and the connection ends with the answer
        if self._held or self.pipeline:
            self._hold(self._held + data)
        elif len(data) <= SLICE_BYTES:
            self._parse(data)
        else:
            self._parse_slices(data)

    def on_response_complete(self) -> None:
        if self.pipeline:
            self._answering = self.pipeline[-1][0]
        super().on_response_complete()
        if self._held and not self.pipeline and not self.transport.is_closing():
            held, self._held, self._reading.is_held = self._held, b"", False
            self._parse_slices(held)
            if not self._held and not self.pipeline:
                self.flow.resume_reading()

    def _parse_slices(self, data: bytes) -> None:
        for start in range(0, len(data), SLICE_BYTES):
            if self.transport.is_closing() or self._has_upgraded:
                return
            if self.pipeline:
                self._hold(data[start:])
                return
            self._parse(data[start : start + SLICE_BYTES])

    def _hold(self, data: bytes) -> None:
        """Keep `data` unparsed and stop reading. The deadline is cleared, because the client is not what delays it."""
        self._held = data
        self._reading.is_held = True
        self.flow.pause_reading()
        self._clear_deadline()

    def _parse(self, data: bytes) -> None:
        completed = self._completed
        self._received += len(data)
        super().data_received(data)
        if self._completed > completed:
            self._clear_deadline()
            self._received = self._received_of_body = 0
            if not self._is_under_way:
                return
        if self.transport.is_closing():
            self._clear_deadline()
        elif self._received - self._received_of_body > MAX_FRAME_BYTES or self._received > MAX_REQUEST_BYTES:
            self._refuse(Malformed("The request is too large."))
        elif self._deadline is None:
            self._set_deadline()

    def on_message_begin(self) -> None:
        self._is_under_way = self._is_in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._check_target()
        for index, (name, value) in enumerate(self.headers):
            if value.endswith((b" ", b"\t")):  # not part of the value (RFC 9112, 5.1)
                self.headers[index] = name, value.rstrip(b" \t")
        super().on_headers_complete()
        if not self.pipeline:
            self._answering = self.cycle
        # trailers are dropped: a proxy that checks headers has not seen them (RFC 9110, 6.5.1)
        self.headers = []
        self._is_in_head = False
        if self.parser.should_upgrade():
            self._has_upgraded = True
            self.cycle.keep_alive = False  # the parser drops the rest as another protocol

    def on_body(self, body: bytes) -> None:
        self._received_of_body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_under_way = False
        self._is_in_head = True
        self._completed += 1
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's own text
        self._refuse(Malformed("The request is not HTTP/1.1."))

    def _unsupported_upgrade_warning(self) -> None:
        """Log nothing: an upgrade may be ignored and the request answered in HTTP/1.1 (RFC 9110, 7.8)."""

    def _check_target(self) -> None:
        """Raise `Malformed` for a fragment in the target, or a host that differs from the header Host."""
        if b"#" in self.url:
            raise Malformed("The request target must not have a fragment.")
        if self.url.startswith(b"/") or self.url == b"*":
            return
        authority = self.url.partition(b"//")[2].partition(b"/")[0]
        if any(name == b"host" and value.lower() != authority.lower() for name, value in self.headers):
            raise Malformed("The request line and the header Host name different hosts.")

    def _refuse(self, error: HttpError) -> None:
        """Answer with the error and close; only close where an answer has begun or an earlier request waits for one."""
        extra = {"client": self.client[0] if self.client else None, "problem": problem_type_of(error).name}
        logger.info("The HTTP guard refused a request", extra=extra)
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        if self.pipeline or (self._is_in_head and cycle is not None and not cycle.response_complete):
            self.transport.abort()  # the client would take an answer as that of the earlier request
            return
        if cycle is None or self._is_in_head or not cycle.response_started:
            status, headers, body = refusal(error)
            lines = [b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode())]
            lines += [name + b": " + value for name, value in headers]
            self.transport.write(b"\r\n".join([*lines, b"", body]))
        self.transport.close()

    def _disconnect_stalled(self) -> None:
        logger.info(
            "A client did not read its answer and was disconnected",
            extra={"client": self.client[0] if self.client else None, "waiting": self._counted.get_write_buffer_size()},
        )
        self._counted.reset()

    def _set_deadline(self) -> None:
        self._deadline = self.loop.call_later(self.receive_seconds, self._time_out)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _time_out(self) -> None:
        self._deadline = None
        cycle: RequestResponseCycle | None = self.cycle
        is_answering = cycle is not None and not cycle.response_complete
        if not self.transport.is_closing() and (self._is_under_way or not is_answering):
            self._refuse(TooSlow())


class _Reading(FlowControl):
    """Flow control that stays paused while unparsed bytes are held."""

    is_held = False

    def resume_reading(self) -> None:
        if not self.is_held:
            super().resume_reading()
