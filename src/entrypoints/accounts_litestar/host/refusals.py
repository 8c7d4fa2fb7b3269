"""The answer to a request of a host's own route that is not signed in, or may not go on."""

from typing import Any

from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, WebSocketException

from accounts_http.api.problems import answer_of_problem
from accounts_http.problems import ANSWERED, ProblemResponse, problem_response
from accounts_litestar.edge.answers import AnswerResponse
from accounts_litestar.edge.problems import FRAMEWORK


class Refused(HTTPException):
    """A dependency or a guard of the plugin refuses a request. Only the plugin raises it.

    The answer is a problem document. A host that wants another one has an exception handler for this class, or for its
    status, such as 401.

    Attributes:
        error: The reason, such as `accounts_core.errors.InvalidToken`.
        problem: The problem document, with its status and headers.

    """

    def __init__(self, error: Exception, problem: ProblemResponse) -> None:
        super().__init__(detail=problem.problem.detail, status_code=problem.status, headers=problem.headers)
        self.error = error
        self.problem = problem


class Refusals:
    """Turns errors into refusals, and refusals into answers."""

    def __init__(self, *, retry_after_seconds: int) -> None:
        self._retry_after_seconds = retry_after_seconds

    def of(self, connection: ASGIConnection[Any, Any, Any, Any], error: Exception) -> Exception:
        """Return the exception to raise for an error: for a WebSocket one that closes it with 4000 and the status."""
        if not isinstance(error, ANSWERED):
            return error
        problem = self._problem(connection, error)
        if connection.scope["type"] == ScopeType.WEBSOCKET:
            return WebSocketException(detail=problem.problem.detail, code=4000 + problem.status)
        return Refused(error, problem)

    def handlers(self) -> dict[int | type[Exception], Any]:
        """Return exception handlers that answer every error of the accounts with its problem document."""

        def handle(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
            return _answer(self._problem(request, error))

        # a function, which Litestar does not copy with all that it refers to
        return dict.fromkeys(ANSWERED, handle)

    def _problem(self, connection: ASGIConnection[Any, Any, Any, Any], error: Exception) -> ProblemResponse:
        scope = connection.scope
        return problem_response(
            error,
            request=f"{scope.get('method', 'WEBSOCKET')} {scope.get('path_template', '?')}",
            retry_after_seconds=self._retry_after_seconds,
            framework=FRAMEWORK,
            by_host=True,
        )


def answer(_: Request[Any, Any, Any], refused: Refused) -> Response[Any]:
    """Answer a refusal with its problem document: an exception handler of Litestar."""
    return _answer(refused.problem)


def _answer(problem: ProblemResponse) -> Response[Any]:
    return AnswerResponse(answer_of_problem(problem))
