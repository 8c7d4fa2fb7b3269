"""Security and session use of the routes of a host, by the dependencies and guards that they use."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.routes import BaseRoute, HTTPRoute
from litestar.types import Middleware

from accounts_core.errors import ConfigurationError
from accounts_litestar.host.dependencies import OPT_OUT, Dependencies


class HostRoutes:
    """Documents the security of routes, and has their use of a session recorded.

    A host's own `security` stays as it is. Routes that use no dependency and no guard are left alone.

    Args:
        dependencies: Recognizes what needs a token.
        schemes: The names of the security schemes; each alone is enough.
        after: The middleware of a handler that uses one of them.

    """

    def __init__(self, dependencies: Dependencies[Any], schemes: Sequence[str], *, after: Middleware) -> None:
        self._dependencies = dependencies
        self._schemes = schemes
        self._after = after

    def complete(self, route: BaseRoute) -> None:
        """Complete each handler of a route. Raises `ConfigurationError` for one that is cached for everybody."""
        if not isinstance(route, HTTPRoute):
            return
        for handler in route.route_handlers:
            used = set(self._used_by(handler))
            if not used:
                continue
            if handler.cache and handler.cache_key_builder is None:
                raise ConfigurationError(
                    f"{handler} is cached, and its answer depends on the signed-in user: everybody would get the first"
                    " one's. Leave `cache` out, or give it a `cache_key_builder` that tells users apart."
                )
            middleware = handler.middleware or ()
            if self._after not in middleware:  # a path that gains a method is registered again
                handler.middleware = [*middleware, self._after]
            if not any(getattr(layer, "security", None) for layer in handler.ownership_layers):
                needed: list[dict[str, list[str]]] = [{scheme: []} for scheme in self._schemes]
                handler.security = needed if True in used else [*needed, {}]

    def _used_by(self, handler: HTTPRouteHandler) -> Iterator[bool]:
        """Return for each dependency and guard of a handler whether it needs a token."""
        if not handler.opt.get(OPT_OUT):
            yield from self._known(handler.resolve_guards())
        provided = handler.resolve_dependencies()
        yield from self._known(_dependencies_of(handler.parsed_fn_signature.parameters, provided, set()))

    def _known(self, functions: Any) -> Iterator[bool]:
        for function in functions:
            needs_token = self._dependencies.needs_token(function)
            if needs_token is not None:
                yield needs_token


def _dependencies_of(names: Mapping[str, Any], provided: Mapping[str, Provide], seen: set[str]) -> Iterator[Any]:
    """Return the functions that provide these names, and what they depend on in turn."""
    for name in names:
        if name in provided and name not in seen:
            seen.add(name)
            yield provided[name].dependency
            yield from _dependencies_of(provided[name].parsed_fn_signature.parameters, provided, seen)
