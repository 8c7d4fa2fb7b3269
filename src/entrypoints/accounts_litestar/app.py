"""The whole service as a Litestar application."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import attrs
from litestar import Litestar, Router
from litestar.config.cors import CORSConfig
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Tag
from litestar.types import ASGIApp

from accounts_core import Accounts
from accounts_http.api.http_api import HttpApi
from accounts_http.options import HttpOptions
from accounts_http.proxies import TrustedProxies
from accounts_litestar.documentation.page import MountedJson, OfflineDocs, refuse_other_pages
from accounts_litestar.edge.hardening import HardenedApp
from accounts_litestar.edge.problems import Problems
from accounts_litestar.plugin import AccountsPlugin
from accounts_system import Worker

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


def create_app(
    accounts: Accounts[Any],
    *,
    options: HttpOptions | None = None,
    lifespan: Sequence[Lifespan] = (),
    migrate: bool = False,
    worker: bool | Worker = False,
) -> Litestar:
    """Return the whole service: the API, its health checks, its OpenAPI document and the page to read it.

    Args:
        accounts: The facade that every call uses.
        options: The options of the API; the defaults otherwise.
        lifespan: Context managers that are entered at the start and exited at the end, after running verifications
            are done.
        migrate: Whether to bring the database up to date when the application starts.
        worker: Whether to run a worker beside the requests, or a worker of your own.

    """
    options = options or HttpOptions()
    problems = Problems(retry_after_seconds=options.retry_after_seconds)
    # the client behind a proxy is looked up once, by the outermost layer
    plugin = AccountsPlugin(
        accounts,
        attrs.evolve(options, trusted_proxies=(), password_form=bool(options.password_form)),
        migrate=migrate,
        worker=worker,
    )
    app = Litestar(
        [plugin.health()],
        plugins=[plugin],
        exception_handlers={Exception: problems},
        request_max_body_size=options.body_limit_bytes,
        cors_config=_cors(options.cors_origins) if options.cors_origins else None,
        openapi_config=_openapi_config(plugin.api),
        lifespan=list(lifespan),
        logging_config=None,  # the host configures the log
        # set here, because Litestar otherwise reads them from LITESTAR_DEBUG and LITESTAR_PDB
        debug=False,
        pdb_on_exception=False,
    )
    # around everything: Litestar's own middleware does not see unknown paths
    app.asgi_handler = hardened(app.asgi_handler, options)
    return app


def hardened(app: ASGIApp, options: HttpOptions) -> HardenedApp:
    """Wrap an application in the outermost layer, which refuses ambiguous requests and adds the protective headers."""
    return HardenedApp(
        app,
        shared=bool(options.cors_origins),
        only_tls=options.only_tls,
        proxies=TrustedProxies(options.trusted_proxies) if options.trusted_proxies else None,
        log=options.log_request,
        path=options.path,
    )


def _openapi_config(api: HttpApi) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Accounts",
        version="1",
        summary="User accounts and their cards.",
        description=api.description,
        use_handler_docstrings=True,
        tags=[Tag(tag["name"], tag["description"]) for tag in api.tags],
        render_plugins=[OfflineDocs(), MountedJson()],
        openapi_router=Router(
            "/schema",
            route_handlers=[],
            include_in_schema=False,
            before_request=refuse_other_pages,
            response_headers={"x-content-type-options": "nosniff"},
        ),
    )


def _cors(origins: tuple[str, ...]) -> CORSConfig:
    return CORSConfig(
        allow_origins=list(origins),
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
        expose_headers=["Retry-After", "WWW-Authenticate", "Idempotent-Replayed", "Link", "X-Request-Id"],
        max_age=600,
    )
