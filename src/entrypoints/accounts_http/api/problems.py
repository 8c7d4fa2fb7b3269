"""Errors as answers."""

from accounts_http.api.answers import Answer
from accounts_http.problems import MEDIA_TYPE, Problem, ProblemResponse, ProblemType, problem_response


def problem_answer(
    error: Exception,
    *,
    request: str,
    retry_after_seconds: int,
    kind: ProblemType | None = None,
    framework: str = "",
) -> Answer[Problem]:
    """Return the answer for an error, and log it. The arguments are those of `problem_response`."""
    response = problem_response(
        error, request=request, retry_after_seconds=retry_after_seconds, kind=kind, framework=framework
    )
    return answer_of_problem(response)


def answer_of_problem(response: ProblemResponse) -> Answer[Problem]:
    """Return the answer with a problem document."""
    return Answer(response.problem, status=response.status, media_type=MEDIA_TYPE, headers=response.headers)
