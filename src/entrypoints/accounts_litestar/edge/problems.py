"""Problem documents as Litestar's exception handler."""

from typing import Any, Final

from litestar import Request
from litestar.exceptions import HTTPException

from accounts_http.api.problems import problem_answer
from accounts_http.problems import Problem, ProblemType, problem_type_of_status
from accounts_http.problems import problem_type_of as problem_type_of_error
from accounts_litestar.edge.answers import AnswerResponse

FRAMEWORK: Final = "litestar"


def problem_type_of(error: Exception) -> ProblemType:
    """Return the problem type of an error, Litestar's own exceptions included."""
    if isinstance(error, HTTPException):
        return problem_type_of_status(error.status_code)
    return problem_type_of_error(error)


class Problems:
    """Litestar's exception handler for every error of the API."""

    def __init__(self, *, retry_after_seconds: int) -> None:
        self._retry_after_seconds = retry_after_seconds

    def __call__(self, request: Request[Any, Any, Any], error: Exception) -> AnswerResponse[Problem]:
        """Return the answer for an error, and log it."""
        answer = problem_answer(
            error,
            request=f"{request.method} {request.scope.get('path_template', '?')}",
            retry_after_seconds=self._retry_after_seconds,
            kind=problem_type_of_status(error.status_code) if isinstance(error, HTTPException) else None,
            framework=FRAMEWORK,
        )
        if isinstance(error, HTTPException) and error.headers:
            answer.headers.update({name.lower(): value for name, value in error.headers.items()})
        return AnswerResponse(answer)
