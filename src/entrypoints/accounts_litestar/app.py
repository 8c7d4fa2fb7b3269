"""The whole service as a Litestar application."""

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
from accounts_http.options import HttpOptions
from accounts_http.proxies import TrustedProxies
from accounts_litestar.api.account import AccountApi
from accounts_litestar.api.auth import AuthApi
from accounts_litestar.api.health import HealthApi
from accounts_litestar.api.teams import TeamsApi
from accounts_litestar.api.user import UserApi
from accounts_litestar.api.webhooks import WebhookApi
from accounts_litestar.documentation.operations import COMPONENTS
from accounts_litestar.documentation.page import MountedJson, OfflineDocs, refuse_other_pages
from accounts_litestar.edge.hardening import HardenedApp
from accounts_litestar.edge.problems import Problems
from accounts_litestar.pages.mail_pages import mail_pages
from accounts_litestar.plugin import AccountsPlugin

DESCRIPTION: Final = """\
Sign up with `POST /api/auth/register` and sign in with `POST /api/auth/login`. Send the `access_token` of the \
answer with every other call, as `Authorization: Bearer <access_token>`.

- **Two APIs** work on the same accounts. `/api/users/current` has cards, notifications and sessions; `/api/v1` has \
the user, its export and deletion, and teams, which its paths call accounts. A token is valid for both.
- **Bodies** are JSON or a form (`application/x-www-form-urlencoded`), at most 16 KiB.
- **Errors** are `application/problem+json` (RFC 9457). `type` is stable, `detail` is a sentence for people, and \
`errors` has a message for each invalid field.
- **Lists** return the newest entries first, at most `limit`. The `Link` header has the URL of the next page.
- **Repeats.** A write with an `Idempotency-Key` header can be sent again with the same key: it is carried out once.
- **Rate limits.** A call over a limit returns 429, and `Retry-After` says after how many seconds to try again.
"""

PROFILE: Final = """\
- **Profile data** is the object `profile`. An update replaces the members that it names, and keeps the others; a \
nested object is replaced as a whole. In a form it is the object as JSON text. Errors name members by path, such as \
`profile.company`.
"""
"""The end of the description, where the accounts have a profile type."""

TAGS: Final = {
    AuthApi.tags[0]: "Sign in to get an access token, and send it as `Authorization: Bearer <token>`.",
    AccountApi.tags[0]: "The signed-in user with their sessions, notifications and cards: the account API.",
    UserApi.tags[0]: "The signed-in user, their activity, export and deletion: the user API.",
    WebhookApi.tags[0]: "Calls by the payment provider.",
    TeamsApi.tags[0]: "Teams with their members, invitations and interactions. The paths call a team an account.",
    HealthApi.tags[0]: "Health checks for monitoring.",
}

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


def create_app(
    accounts: Accounts[Any], *, options: HttpOptions | None = None, lifespan: Sequence[Lifespan] = ()
) -> Litestar:
    """Return the whole service: the API, its health checks, its OpenAPI document and the page to read it.

    Args:
        accounts: The facade that every call uses.
        options: The options of the API; the defaults otherwise.
        lifespan: Context managers that are entered at the start and exited at the end, after running verifications
            are done.

    """
    options = options or HttpOptions()
    problems = Problems(retry_after_seconds=options.retry_after_seconds)
    # the client behind a proxy is looked up once, by the outermost layer
    plugin = AccountsPlugin(accounts, attrs.evolve(options, trusted_proxies=()))
    app = Litestar(
        [plugin.health(), mail_pages(options.path)],
        plugins=[plugin],
        exception_handlers={Exception: problems},
        request_max_body_size=options.body_limit_bytes,
        cors_config=_cors(options.cors_origins) if options.cors_origins else None,
        openapi_config=_openapi_config(accounts),
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


def _openapi_config(accounts: Accounts[Any]) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Accounts",
        version="1",
        summary="User accounts and their cards.",
        description=DESCRIPTION if accounts.profile_type is None else DESCRIPTION + PROFILE,
        components=[COMPONENTS],
        use_handler_docstrings=True,
        tags=[Tag(name, description) for name, description in TAGS.items()],
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
