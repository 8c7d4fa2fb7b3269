"""A session of `requests` that reaches an ASGI application in process, in the event loop that its store belongs to.

Schemathesis has a way of its own to an ASGI application: a loop in a thread, which is not the loop that a store's
connections belong to, and which takes some milliseconds a call.
"""

from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import requests
from litestar.types import ASGIApp
from requests.adapters import HTTPAdapter
from tests.integration.http.client import Run
from urllib3 import HTTPHeaderDict, HTTPResponse

BASE_URL = "http://accounts.test"


class InProcess(HTTPAdapter):
    """Takes requests to an application."""

    def __init__(self, run: Run, app: ASGIApp) -> None:
        super().__init__()
        self._run = run
        self._app = app

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Have the application answer."""
        return self._run(self._answered(request))

    async def _answered(self, request: requests.PreparedRequest) -> requests.Response:
        body = request.body or b""
        sent = [{"type": "http.request", "body": body.encode() if isinstance(body, str) else body, "more_body": False}]
        got: list[Any] = []

        async def receive() -> Any:
            return sent.pop() if sent else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            got.append(message)

        await self._app(_scope(request), receive, send)
        start, *bodies = got
        headers = HTTPHeaderDict((name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"])
        return self.build_response(
            request,
            HTTPResponse(
                body=BytesIO(b"".join(message.get("body", b"") for message in bodies)),
                headers=headers,
                status=start["status"],
                reason=HTTPStatus(start["status"]).phrase,
                request_method=request.method,
                preload_content=False,
            ),
        )


def session_for(run: Run, app: ASGIApp) -> requests.Session:
    """Return a session for which the application is all that is reachable."""
    session = requests.Session()
    session.trust_env = False
    session.adapters.clear()
    session.mount("http://", InProcess(run, app))
    return session


def _scope(request: requests.PreparedRequest) -> Any:
    url = urlsplit(str(request.url))
    named = {"host": "accounts.test", **{name.lower(): value for name, value in request.headers.items()}}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote_to_bytes(url.path).decode("utf-8", "replace"),
        "raw_path": url.path.encode(),
        "query_string": url.query.encode(),
        "root_path": "",
        "headers": [(name.encode("latin-1"), _bytes(value)) for name, value in named.items()],
        "client": ("192.0.2.7", 50_000),
        "server": ("accounts.test", 80),
        "state": {},
    }


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1")
