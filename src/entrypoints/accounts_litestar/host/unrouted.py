"""The answers to paths and methods that have no route.

Litestar uses the application's exception handlers for them. Below the paths of the API they answer as the API does; the
host's handlers are used for everything else.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.exceptions.responses import create_exception_response

from accounts_core.errors import ConfigurationError
from accounts_http.mounting import Place, is_below, prefix, require_single_prefix
from accounts_litestar.edge.problems import Problems

_NOT_ROUTED: Final[tuple[type[HTTPException], ...]] = (NotFoundException, MethodNotAllowedException)

Handler = Callable[[Request[Any, Any, Any], Any], Response[Any]]
Handlers = Mapping[int | type[Exception], Handler]


class Unrouted:
    """The answers to unknown paths and methods.

    Args:
        problems: Answers as the API does.
        path: The prefix of the API.
        prefixes: What the paths of the API begin with, without that prefix.
        host: The host's exception handlers.
        app_path: The path that the host's application puts before all of its routes.

    """

    def __init__(
        self, problems: Problems, path: str, prefixes: Sequence[str], host: Handlers, *, app_path: str = ""
    ) -> None:
        self._problems = problems
        self._app_path = prefix(app_path)
        self._path = prefix(path)
        self._prefixes = prefixes
        self._host = host

    def handlers(self) -> dict[int | type[Exception], Handler]:
        """Return the handlers to register in the application, in place of the host's for the same errors."""
        # Litestar looks for the status first, so a host's handler for 404 has to be wrapped where it is
        statuses = [error.status_code for error in _NOT_ROUTED if error.status_code in self._host]
        return dict.fromkeys([*_NOT_ROUTED, *statuses], self._handle)

    def _handle(self, request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        # Litestar's type says that there always is a handler; one of another application has mounted this one
        handler = cast("Mapping[str, Any]", request.scope).get("route_handler")
        if handler is not None and handler.app is request.app:
            return self._as_before(request, error, handler.resolve_exception_handlers())
        place = Place.of(request.scope)
        path = "/" + "/".join(part for part in place.path.split("/") if part)
        if not is_below(path, self._app_path):
            return self._as_before(request, error, self._host)
        path = path[len(self._app_path) :]
        if self._is_ours(path):
            return self._problems(request, error)
        if self._path and any(is_below(path, each) for each in self._prefixes):
            try:
                require_single_prefix(place.root, self._path)
            except ConfigurationError as doubled:
                return self._problems(request, doubled)
        return self._as_before(request, error, self._host)

    def _is_ours(self, path: str) -> bool:
        if self._path:
            return is_below(path, self._path)
        return any(is_below(path, each) for each in self._prefixes)

    def _as_before(self, request: Request[Any, Any, Any], error: Exception, handlers: Handlers) -> Response[Any]:
        """Use the handler that Litestar would: by status, then by the nearest class, then its default."""
        chain: list[int | type[Exception]] = [error.status_code] if isinstance(error, HTTPException) else []
        chain += [ancestor for ancestor in type(error).__mro__ if issubclass(ancestor, Exception)]
        for key in chain:
            handler = handlers.get(key)
            if handler == self._handle:
                handler = self._host.get(key)
            if handler is not None:
                response: Response[Any] = handler(request, error)
                return response
        return create_exception_response(request, error)
