from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import attrs
from litestar import Litestar, Router
from litestar.config.cors import CORSConfig
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Tag
from litestar.types import ASGIApp

from accounts_core import Accounts
from accounts_litestar.account_api import AccountApi
from accounts_litestar.auth_api import AuthApi
from accounts_litestar.docs import OfflineDocs, refuse_other_pages
from accounts_litestar.health import HealthApi, health, store_answers
from accounts_litestar.openapi import COMPONENTS
from accounts_litestar.options import HttpOptions
from accounts_litestar.pages import pages
from accounts_litestar.plugin import AccountsPlugin
from accounts_litestar.problems import Problems
from accounts_litestar.proxies import TrustedProxies
from accounts_litestar.strict import StrictEdge
from accounts_litestar.teams_api import TeamsApi
from accounts_litestar.user_api import UserApi
from accounts_litestar.webhooks import WebhookApi

TAGS: Final = {
    AuthApi.tags[0]: "A token comes from signing in, and goes into `Authorization: Bearer <token>`.",
    AccountApi.tags[0]: "The signed-in user, their notifications and their cards.",
    UserApi.tags[0]: "The signed-in user as a resource, and its deletion.",
    WebhookApi.tags[0]: "For the payment provider.",
    TeamsApi.tags[0]: "Teams: who is in one, who is invited, what is written there.",
    HealthApi.tags[0]: "For whatever watches over the process.",
}

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


def create_app(
    accounts: Accounts[Any], *, options: HttpOptions | None = None, lifespan: Sequence[Lifespan] = ()
) -> Litestar:
    """Return the whole service: the API, its health checks, its specification and the page to read it.

    `lifespan` are opened at the start and closed at the end, after the last verification was waited for.
    """
    options = options or HttpOptions()
    problems = Problems(retry_after_seconds=options.retry_after_seconds)
    app = Litestar(
        [
            health(options.ready or store_answers(accounts), limit_seconds=options.readiness_seconds),
            pages(options.path),
        ],
        # who is behind a proxy is found out once, and before anything else
        plugins=[AccountsPlugin(accounts, attrs.evolve(options, trusted_proxies=()))],
        exception_handlers={Exception: problems},
        request_max_body_size=options.body_limit_bytes,
        cors_config=_cors(options.cors_origins) if options.cors_origins else None,
        openapi_config=OpenAPIConfig(
            title="Accounts",
            version="1",
            summary="User accounts and their cards.",
            components=[COMPONENTS],
            use_handler_docstrings=True,
            tags=[Tag(name, description) for name, description in TAGS.items()],
            render_plugins=[OfflineDocs()],
            openapi_router=Router(
                "/schema",
                route_handlers=[],
                include_in_schema=False,
                before_request=refuse_other_pages,
                response_headers={"x-content-type-options": "nosniff"},
            ),
        ),
        lifespan=list(lifespan),
        logging_config=None,  # whoever runs the service configures the log
        # said here, because unsaid it is read from LITESTAR_DEBUG and LITESTAR_PDB
        debug=False,
        pdb_on_exception=False,
    )
    # round everything: Litestar's own middleware does not see a path that is not there
    app.asgi_handler = strict_edge(app.asgi_handler, options)
    return app


def strict_edge(app: ASGIApp, options: HttpOptions) -> StrictEdge:
    """Put the outermost layer round an application: what no request gets past, and what every answer has."""
    return StrictEdge(
        app,
        shared=bool(options.cors_origins),
        only_tls=options.only_tls,
        proxies=TrustedProxies(options.trusted_proxies) if options.trusted_proxies else None,
        log=options.log_request,
    )


def _cors(origins: tuple[str, ...]) -> CORSConfig:
    return CORSConfig(
        allow_origins=list(origins),
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
        expose_headers=["Retry-After", "WWW-Authenticate", "Idempotent-Replayed", "Link", "X-Request-Id"],
        max_age=600,
    )
