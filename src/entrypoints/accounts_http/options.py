"""Options of the HTTP service."""

from collections.abc import Awaitable, Callable
from typing import Final

import attrs

from accounts_http.access_log import RequestEntry, log_entry
from accounts_http.proxies import Network
from accounts_http.webhooks import Webhook

BODY_LIMIT_BYTES: Final = 16 * 1024


@attrs.frozen(kw_only=True)
class HttpOptions:
    """Options of the HTTP API. Every default is safe to keep."""

    path: str = "/"
    """Prefix of every path of the API, such as `/accounts`."""
    body_limit_bytes: int = attrs.field(default=BODY_LIMIT_BYTES, validator=attrs.validators.ge(1))
    """A larger request body is refused with 413 before it is parsed."""
    verification_seconds: float = attrs.field(default=20.0, validator=attrs.validators.gt(0))
    """Time that a client waits for the verification of a card. After it the answer is 503, and the work continues."""
    shutdown_seconds: float = attrs.field(default=20.0, validator=attrs.validators.ge(0))
    """Time that a stopping service waits for verifications whose clients are gone."""
    retry_after_seconds: int = attrs.field(default=5, validator=attrs.validators.ge(1))
    """The `Retry-After` of a 503."""
    cors_origins: tuple[str, ...] = ()
    """Web origins whose pages may call the API, such as `https://app.example.org`; none by default. For `create_app`:
    an application that mounts the plugin has a CORS configuration of its own."""
    only_tls: bool = False
    """Whether browsers are told to come back by HTTPS alone (`Strict-Transport-Security`). For `create_app`."""
    trusted_proxies: tuple[Network, ...] = ()
    """Networks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed, such as
    `ip_network("10.0.0.0/8")`; none by default. A server that looks at these headers itself, as uvicorn does with
    `proxy_headers`, leaves nothing to look at here."""
    webhook: Webhook | None = None
    """Verifies an event of `POST /webhooks/stripe`; without it that call does not exist. For Stripe:
    `lambda body, headers: verify_webhook(body, headers.get("stripe-signature", ""), secret, datetime.now(UTC))`."""
    password_form: bool | None = None
    """Whether `POST /api/auth/token` signs in with the form of OAuth 2.0 (RFC 6749, 4.3), which the Authorize button of
    a documentation page sends, and whether the OpenAPI document offers it. By default an application of a host's does,
    and the bundled service does not."""
    wake_worker: Callable[[], None] | None = None
    """Called after an event was stored, to wake a worker in this process."""
    log_request: Callable[[RequestEntry], None] = log_entry
    """Called when a request is over. By default it becomes a line of the logger `accounts_http.access_log`. For
    `create_app`: an application that mounts the plugin has a log of its own."""
    ready: Callable[[], Awaitable[object]] | None = None
    """The check of `/health/ready`; any exception makes the answer 503. By default the store looks up a session that
    does not exist."""
    readiness_seconds: float = attrs.field(default=5.0, validator=attrs.validators.gt(0))
    """A readiness check that takes longer has failed."""
