"""HTTP/1.1 as it comes over the wire: uvicorn on httptools, which parses strictly and bounds nothing.

A request that two readers could take for two is refused, and so is one that does not end: its bytes and its time are
limited, whatever it is that goes on and on. A refusal closes the connection, because what follows may be the rest of
what was meant otherwise. What can be seen of a request afterwards is `StrictEdge`'s to judge.
"""

import asyncio
from asyncio.events import TimerHandle
from http import HTTPStatus
from typing import ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from accounts_litestar.edge import EdgeError, Malformed, TooSlow
from accounts_litestar.strict import refusal

MAX_FRAME_BYTES: Final = 64 * 1024
"""All of a request but its body: request line, headers, the sizes and extensions of chunks, trailers. The parser keeps
what has come of a header, so without this a single one fills the memory."""
MAX_REQUEST_BYTES: Final = 4 * 1024 * 1024
"""All of a request with its body, of which some may be passed over. No body that is taken is larger than 1 MiB."""


class StrictProtocol(HttpToolsProtocol):
    """One connection."""

    receive_seconds: ClassVar[float] = 30.0
    """How long a whole request may take to arrive, from the connection on or from its first byte."""

    _deadline: TimerHandle | None = None
    _is_under_way = False
    _is_in_head = True
    _completed = 0
    _received = _received_of_body = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._set_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._clear_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
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
        for at, (name, value) in enumerate(self.headers):
            if value.endswith((b" ", b"\t")):  # no part of the value (RFC 9112, 5.1)
                self.headers[at] = name, value.rstrip(b" \t")
        super().on_headers_complete()
        # what comes after the body goes nowhere: a proxy that looks at the headers has not seen it (RFC 9110, 6.5.1)
        self.headers = []
        self._is_in_head = False
        if self.parser.should_upgrade():
            self.cycle.keep_alive = False  # the parser drops what came with it, as another protocol's

    def on_body(self, body: bytes) -> None:
        self._received_of_body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_under_way = False
        self._is_in_head = True
        self._completed += 1
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's words for it
        self._refuse(Malformed("The request is not HTTP/1.1."))

    def _unsupported_upgrade_warning(self) -> None:
        """Log nothing: whoever asks for another protocol is answered in this one (RFC 9110, 7.8)."""

    def _check_target(self) -> None:
        """Raise `Malformed` for a request line that says something else than the headers, or than a URL can."""
        if b"#" in self.url:
            raise Malformed("A fragment is no part of a request.")
        if self.url.startswith(b"/") or self.url == b"*":
            return
        authority = self.url.partition(b"//")[2].partition(b"/")[0]
        if any(name == b"host" and value.lower() != authority.lower() for name, value in self.headers):
            raise Malformed("The request line and the header Host name two hosts.")

    def _refuse(self, error: EdgeError) -> None:
        """Answer, unless this request has its answer or an earlier one waits for its own, and close."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        if self.pipeline or (self._is_in_head and cycle is not None and not cycle.response_complete):
            self.transport.abort()  # whatever came now would be taken for the answer to the earlier one
            return
        if cycle is None or self._is_in_head or not cycle.response_started:
            status, headers, body = refusal(error)
            lines = [b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode())]
            lines += [name + b": " + value for name, value in headers]
            self.transport.write(b"\r\n".join([*lines, b"", body]))
        self.transport.close()

    def _set_deadline(self) -> None:
        self._deadline = self.loop.call_later(self.receive_seconds, self._run_out)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _run_out(self) -> None:
        self._deadline = None
        cycle: RequestResponseCycle | None = self.cycle
        is_answering = cycle is not None and not cycle.response_complete
        if not self.transport.is_closing() and (self._is_under_way or not is_answering):
            self._refuse(TooSlow())
