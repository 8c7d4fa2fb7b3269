"""Problem documents for errors of the accounts on a host's own routes."""

from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeAlias

from fastapi import HTTPException, Request, Response, WebSocket, WebSocketException
from fastapi.requests import HTTPConnection
from starlette.websockets import WebSocketState

from accounts_fastapi.responses import AnswerResponse
from accounts_http.api.problems import answer_of_problem
from accounts_http.problems import ANSWERED, ProblemResponse, problem_response

Handlers: TypeAlias = dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]]
"""Exception handlers as `FastAPI` takes them. It calls one with a WebSocket, too, for which it may return None."""

_DENIAL: Final = "websocket.http.response"
"""The extension of ASGI with which a server answers a WebSocket's handshake with an HTTP response."""
_POLICY_VIOLATION: Final = 1008
_INTERNAL_ERROR: Final = 1011
_MAX_REASON_BYTES: Final = 123
"""The space for a reason in a closing frame (RFC 6455, 5.5)."""


class Problems:
    """The exception handlers of an application."""

    def __init__(self, *, retry_after_seconds: int) -> None:
        self._retry_after_seconds = retry_after_seconds

    @property
    def handlers(self) -> Handlers:
        """The handlers by class."""
        handler: Any = self.answer
        return dict.fromkeys(ANSWERED, handler)

    async def answer(self, connection: HTTPConnection, error: Exception) -> Response | None:
        """Answer with a problem document, and log what is no client's fault.

        A WebSocket that is not accepted yet gets it as the response to its handshake, if the server can send one.
        Otherwise it is closed with a code and a reason.
        """
        problem = self._problem(connection, error)
        response = AnswerResponse(answer_of_problem(problem), is_head=connection.scope.get("method") == "HEAD")
        if not isinstance(connection, WebSocket):
            return response
        if connection.application_state is not WebSocketState.CONNECTING or not _takes_response(connection):
            await connection.close(*_closing(problem))
        else:
            await connection.send_denial_response(response)
        return None

    def refuse(self, connection: HTTPConnection, error: Exception) -> None:
        """Raise an error of a dependency as FastAPI's own, if the application has no handler for it.

        Raises:
            HTTPException: With the status, the text and the headers of the problem.
            WebSocketException: With a code and the text of the problem.

        """
        handlers, _ = connection.scope.get("starlette.exception_handlers", ({}, {}))
        if not isinstance(error, ANSWERED) or any(cls in handlers for cls in type(error).__mro__):
            return
        problem = self._problem(connection, error)
        if connection.scope["type"] == "websocket":
            raise WebSocketException(*_closing(problem)) from error
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


def _takes_response(connection: HTTPConnection) -> bool:
    return _DENIAL in (connection.scope.get("extensions") or {})


def _closing(problem: ProblemResponse) -> tuple[int, str]:
    code = _INTERNAL_ERROR if problem.status >= 500 else _POLICY_VIOLATION
    return code, problem.problem.detail.encode()[:_MAX_REASON_BYTES].decode(errors="ignore")
