"""The calls of the API as handlers of Litestar."""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from litestar import HttpMethod, Response, route
from litestar.handlers import HTTPRouteHandler

from accounts_http.api.answers import Answer
from accounts_http.api.http_api import HttpApi
from accounts_http.api.http_calls import HttpCall
from accounts_litestar.documentation.operations import handler_options
from accounts_litestar.edge.answers import AnswerResponse
from accounts_litestar.edge.reading import AnyRequest, LitestarRequest
from accounts_litestar.edge.streaming import StreamedResponse

_PARAMETER: Final = re.compile(r"{([a-z_]+)}")


Check = Callable[[Any], None]
"""Refuses a request by its scope."""


def handlers_of(api: HttpApi, calls: Iterable[HttpCall], *, check: Check = lambda _: None) -> list[HTTPRouteHandler]:
    """Return a handler for each of these calls of the API, for a router at `HttpOptions.path`.

    Each request passes the `check` first. Litestar has guards for that, which it collects anew in every request.
    """
    return [_handler(api, call, check) for call in calls]


def _handler(api: HttpApi, call: HttpCall, check: Check) -> HTTPRouteHandler:
    return route(
        _PARAMETER.sub(r"{\1:str}", call.path),
        http_method=[HttpMethod(call.method)],
        status_code=call.status,
        request_max_body_size=call.body_limit_bytes,
        **handler_options(api, call),
    )(_function(call, check))


def _function(call: HttpCall, check: Check) -> Callable[[AnyRequest], Any]:
    perform, path = call.perform, call.path

    # errors are raised, not answered by `HttpApi.run`: Litestar's own hooks of the host see them so
    async def handle(request: AnyRequest) -> Response[None]:
        check(request.scope)
        answer = await perform(LitestarRequest(request, path))
        return AnswerResponse(answer) if isinstance(answer, Answer) else StreamedResponse(answer)

    return handle
