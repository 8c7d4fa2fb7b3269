"""Problem documents for errors of the accounts on a host's own routes."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from fastapi import HTTPException
from starlette.exceptions import WebSocketException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.status import WS_1008_POLICY_VIOLATION

from accounts_core.errors import ClientError, InfrastructureError
from accounts_http.errors import HttpError
from accounts_http.headers import PROTECTIVE_HEADERS
from accounts_http.problems import MEDIA_TYPE, ProblemResponse, problem_response

Handler = Callable[[Any, Any], Awaitable[Response]]
"""An exception handler. FastAPI calls it with the request or the WebSocket, and the error."""

HANDLED: Final[tuple[type[Exception], ...]] = (ClientError, InfrastructureError, HttpError)
"""The base classes that have a handler. A `ConfigurationError` has none: it is a bug of the host, like any other."""

DENIAL: Final = "websocket.http.response"
"""The extension of ASGI with which a server answers a WebSocket's handshake with an HTTP response."""


class Problems:
    """The exception handlers of an application."""

    def __init__(self, *, retry_after_seconds: int) -> None:
        self._retry_after_seconds = retry_after_seconds

    @property
    def handlers(self) -> Mapping[type[Exception], Handler]:
        """The handlers by class."""
        return dict.fromkeys(HANDLED, self.answer)

    async def answer(self, connection: HTTPConnection, error: Exception) -> Response:
        """Answer with a problem document, and log what is no client's fault."""
        return _response(self._problem(connection, error))

    def refuse(self, connection: HTTPConnection, error: Exception) -> None:
        """Raise an error of a dependency in a form that the application answers.

        Returns without raising if the application has a handler for the error, which then answers.

        Raises:
            WebSocketException: On a server that cannot answer a WebSocket's handshake with a response.
            HTTPException: The application has no handler. Its own for this class answers with status and headers.

        """
        if not isinstance(error, HANDLED):
            return
        scope = connection.scope
        if scope["type"] == "websocket" and DENIAL not in (scope.get("extensions") or {}):
            raise WebSocketException(WS_1008_POLICY_VIOLATION, str(error)) from error
        handlers, _ = scope.get("starlette.exception_handlers", ({}, {}))
        if not any(cls in handlers for cls in type(error).__mro__):
            problem = self._problem(connection, error)
            raise HTTPException(problem.status, problem.problem.detail, problem.headers) from error

    def _problem(self, connection: HTTPConnection, error: Exception) -> ProblemResponse:
        scope = connection.scope
        route = getattr(scope.get("route"), "path", "?")
        return problem_response(
            error,
            request=f"{scope.get('method', 'WEBSOCKET')} {route}",
            retry_after_seconds=self._retry_after_seconds,
            framework="starlette",
            by_host=True,
        )


def _response(problem: ProblemResponse) -> Response:
    headers = {**PROTECTIVE_HEADERS, **problem.headers}
    return Response(msgspec.json.encode(problem.problem), problem.status, headers, MEDIA_TYPE)
