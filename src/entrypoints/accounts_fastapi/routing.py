"""The calls of the API as routes of FastAPI.

FastAPI tries the routes of an application one after the other, so that a hundred routes slow down those behind them.
Each router here has one route that finds its call in a table, and refuses every other path at once. The routes beside
it are only documented: FastAPI makes its operations, and URLs by name, from them.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from fastapi import APIRouter, BackgroundTasks, Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from accounts_fastapi.call_table import CallTable, Found
from accounts_fastapi.documentation import Documentation, NeedsToken
from accounts_fastapi.requests import FastAPIRequest
from accounts_fastapi.responses import AnswerResponse, response_of
from accounts_http.api.http_api import HttpApi
from accounts_http.api.http_calls import HttpCall
from accounts_http.errors import NotRunning
from accounts_http.mounting import prefix, require_single_prefix
from accounts_http.problems import problem_type_of_status
from accounts_http.proxies import TrustedProxies

_DISPATCHER: Final = "accounts_dispatcher"
_PATH: Final = "accounts_path"
_FOUND: Final = "accounts_found"
_METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE")


class _AnyPath(PathConvertor):
    """A rest of a path with whatever is in it: Starlette's own `path` ends at a line feed (`%0A`)."""

    regex = "(?s:.*)"


register_url_convertor("accounts_any_path", _AnyPath())


class Dispatcher:
    """Finds and runs the calls of a router."""

    def __init__(self, api: HttpApi, calls: Iterable[HttpCall], require_running: Callable[[], None]) -> None:
        self._api = api
        self.table = CallTable(calls)
        self._require_running = require_running
        self._own = prefix(api.options.path)
        self.documented: dict[tuple[str, str], APIRoute] = {}
        """The routes that the document has, by path and method."""
        proxies = api.options.trusted_proxies
        self._proxies = TrustedProxies(proxies) if proxies else None

    def endpoint(self) -> Callable[..., Any]:
        """Return the function that FastAPI calls. It is the one thing that every version keeps of an included route."""

        async def accounts(request: Request, tasks: BackgroundTasks) -> Response:
            return await self._answer(request, tasks)

        setattr(accounts, _DISPATCHER, self)
        return accounts

    async def _answer(self, request: Request, tasks: BackgroundTasks) -> Response:
        found: Found = request.scope[_FOUND]
        call = found.calls[request.scope["method"]]
        read = FastAPIRequest(request, call.path, self._proxies)
        try:
            if self._own:
                require_single_prefix(read.root.removesuffix(self._own), self._own)
            self._require_running()
        except NotRunning as error:
            return self._refusal(error, request.scope, call.path)
        answer = await self._api.run(call, read)
        if answer.background is not None:
            tasks.add_task(answer.background)
        return response_of(answer, is_head=call.method == "HEAD")

    def wrong_method(self, scope: Scope, found: Found) -> Response:
        """Return the answer to a method that the path does not support."""
        any_call = next(iter(found.calls.values()))
        refusal = self._refusal(_WrongMethod(), scope, any_call.path, 405)
        refusal.headers["allow"] = ", ".join(sorted(found.calls))
        return refusal

    def _refusal(self, error: Exception, scope: Scope, path: str, status: int | None = None) -> Response:
        kind = None if status is None else problem_type_of_status(status)
        answer = self._api.problem(error, f"{scope['method']} {path}", kind=kind)
        return AnswerResponse(answer, is_head=scope["method"] == "HEAD")


class _WrongMethod(Exception):
    """The path does not support the method."""


class DispatchingRoute(APIRoute):
    """The route of every call of a router."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the paths of the calls alone."""
        match, child_scope = super().matches(scope)
        if match is Match.NONE:
            return match, child_scope
        dispatcher: Dispatcher = getattr(self.endpoint, _DISPATCHER)
        parameters = dict(child_scope["path_params"])
        found = dispatcher.table.find("/" + parameters.pop(_PATH))
        if found is None:
            return Match.NONE, {}
        child_scope["path_params"] = {**parameters, **found.parameters}
        child_scope[_FOUND] = found
        return Match.FULL if scope["method"] in found.calls else Match.PARTIAL, child_scope

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        dispatcher: Dispatcher = getattr(self.endpoint, _DISPATCHER)
        found: Found = scope[_FOUND]
        if scope["method"] not in found.calls:
            await dispatcher.wrong_method(scope, found)(scope, receive, send)
        else:
            call = found.calls[scope["method"]]
            method = "GET" if call.method == "HEAD" else call.method
            # the host's metrics and logs name a request by its route
            scope["route"] = dispatcher.documented.get((call.path, method), self)
            await super().handle(scope, receive, send)


class DocumentedRoute(APIRoute):
    """A route that is in the OpenAPI document, and whose requests another one answers."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:  # noqa: ARG002  Starlette's signature
        """Match nothing."""
        return Match.NONE, {}


class AccountsRouter(APIRouter):
    """A router for some calls."""

    def __init__(self, dispatcher: Dispatcher, path: str) -> None:
        super().__init__(prefix=path)
        self._table = dispatcher.table
        self.add_api_route(
            f"/{{{_PATH}:accounts_any_path}}",
            dispatcher.endpoint(),
            methods=list(_METHODS),
            response_model=None,
            response_class=Response,
            include_in_schema=False,
            route_class_override=DispatchingRoute,
        )

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match nothing for paths of the host, before any route is tried."""
        if scope["type"] != "http" or not self._table.may_have(scope["path"]):
            return Match.NONE, {}
        return super().matches(scope)


class Routers:
    """Makes the routers of an API."""

    def __init__(self, api: HttpApi, documentation: Documentation, require_running: Callable[[], None]) -> None:
        self._api = api
        self._documentation = documentation
        self._require_running = require_running
        self._token = Depends(NeedsToken(documentation.bearer))

    def of(self, *areas: str) -> APIRouter:
        """Return a router with the calls of these areas."""
        calls = [call for call in self._api.calls if call.area in areas]
        dispatcher = Dispatcher(self._api, calls, self._require_running)
        router = AccountsRouter(dispatcher, prefix(self._api.options.path))
        for call in calls:
            if call.documented is not None:
                dispatcher.documented[call.path, call.method] = self._document(router, call)
        return router

    def _document(self, router: APIRouter, call: HttpCall) -> APIRoute:
        assert call.documented is not None
        operation_id = self._documentation.id_of(call.documented.route.docs.id)
        router.add_api_route(
            call.path,
            _elsewhere,
            name=self._documentation.route_name_of(call.documented.route.docs.id),
            operation_id=operation_id,
            dependencies=[self._token] if call.documented.route.needs_token else None,
            methods=[call.method],
            status_code=call.status,
            response_model=None,
            response_class=Response,
            openapi_extra=self._documentation.described(call),
            route_class_override=DocumentedRoute,
        )
        route = router.routes[-1]
        assert isinstance(route, APIRoute)
        return route


async def _elsewhere() -> None:
    raise AssertionError("the dispatching route answers")
