"""Ways to serve an application below a prefix: mounts of other frameworks, servers and proxies."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from fastapi import FastAPI
from litestar import Litestar, asgi
from starlette.applications import Starlette
from starlette.routing import Mount, Route

ASGI: TypeAlias = Callable[..., Any]
"""An application; each framework has types of its own for it."""


def in_starlette(app: ASGI, prefix: str) -> ASGI:
    return Starlette(routes=[Route("/own", lambda request: None), Mount(prefix, app)])


def in_fastapi(app: ASGI, prefix: str) -> ASGI:
    outer = FastAPI()
    outer.mount(prefix, app)
    return outer


def in_litestar(app: ASGI, prefix: str) -> ASGI:
    mounted = asgi(prefix, is_mount=True, copy_scope=True)(app)
    return Litestar([mounted], logging_config=None)


def behind_uvicorns_root_path(app: ASGI, prefix: str) -> ASGI:
    """uvicorn --root-path, and a proxy that removes the prefix: uvicorn puts it before the path again."""
    return _with_scope(app, prefix, strips=True, tells=True, puts_back=True)


def behind_a_proxy_and_fastapis_root_path(app: ASGI, prefix: str) -> ASGI:
    """A proxy that removes the prefix, and an application that sets `root_path` alone."""
    return _with_scope(app, prefix, strips=True, tells=True)


def behind_a_root_path_with_a_slash(app: ASGI, prefix: str) -> ASGI:
    return _with_scope(app, prefix, strips=True, tells=True, slash="/")


def twice_in_litestar(app: ASGI, prefix: str) -> ASGI:
    first, _, rest = prefix.removeprefix("/").partition("/")
    return in_litestar(in_litestar(app, f"/{rest}"), f"/{first}") if rest else in_litestar(app, prefix)


def litestar_in_starlette(app: ASGI, prefix: str) -> ASGI:
    first, _, rest = prefix.removeprefix("/").partition("/")
    return in_starlette(in_litestar(app, f"/{rest}"), f"/{first}") if rest else in_starlette(app, prefix)


def starlette_in_litestar(app: ASGI, prefix: str) -> ASGI:
    first, _, rest = prefix.removeprefix("/").partition("/")
    return in_litestar(in_fastapi(app, f"/{rest}"), f"/{first}") if rest else in_litestar(app, prefix)


MOUNTS: Final[Mapping[str, Callable[[ASGI, str], ASGI]]] = {
    each.__name__: each
    for each in (
        in_starlette,
        in_fastapi,
        in_litestar,
        behind_uvicorns_root_path,
        behind_a_proxy_and_fastapis_root_path,
        behind_a_root_path_with_a_slash,
        twice_in_litestar,
        litestar_in_starlette,
        starlette_in_litestar,
    )
}
"""Each takes an application and a prefix, and serves the one below the other."""

CUTTING: Final = (behind_a_proxy_and_fastapis_root_path, behind_a_root_path_with_a_slash)
"""Those whose scope is not as ASGI asks: the path is without the root path."""


def behind_a_proxy_that_tells_nothing(app: ASGI, prefix: str) -> ASGI:
    """A proxy that removes the prefix, and nobody says which: only what is relative can be right."""
    return _with_scope(app, prefix, strips=True)


def _with_scope(
    app: ASGI, prefix: str, *, strips: bool, tells: bool = False, puts_back: bool = False, slash: str = ""
) -> ASGI:
    async def proxy(scope: Any, receive: Any, send: Any) -> None:
        scope = dict(scope)
        if scope["type"] == "http" and strips:
            assert scope["path"].startswith(prefix)
            scope["path"] = scope["path"].removeprefix(prefix)
            scope["raw_path"] = b"/" + scope["raw_path"].split(b"/", prefix.count("/") + 1)[-1]
        if puts_back:
            scope["path"] = prefix + scope["path"]
            scope["raw_path"] = prefix.encode() + scope["raw_path"]
        if tells:
            scope["root_path"] = prefix + slash
        await app(scope, receive, send)

    return proxy
