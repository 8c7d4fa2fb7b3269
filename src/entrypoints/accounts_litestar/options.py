from collections.abc import Awaitable, Callable
from typing import Final

import attrs

BODY_LIMIT_BYTES: Final = 16 * 1024


@attrs.frozen(kw_only=True)
class HttpOptions:
    """How the accounts are served over HTTP. Every default is safe to keep."""

    path: str = "/"
    """Put before every path of the API, such as `/accounts`."""
    body_limit_bytes: int = attrs.field(default=BODY_LIMIT_BYTES, validator=attrs.validators.ge(1))
    """A larger request body is refused with 413 before it is parsed."""
    verification_seconds: float = attrs.field(default=20.0, validator=attrs.validators.gt(0))
    """How long a client waits for the verification of a card; then the answer is 503 and the work goes on."""
    shutdown_seconds: float = attrs.field(default=20.0, validator=attrs.validators.ge(0))
    """How long a stopping service waits for verifications that nobody waits for any more."""
    retry_after_seconds: int = attrs.field(default=5, validator=attrs.validators.ge(1))
    """What `Retry-After` says when a database or a provider is away."""
    cors_origins: tuple[str, ...] = ()
    """Web origins whose pages may call the API, such as `https://app.example.org`; none by default. For `create_app`:
    an application that mounts the plugin has a CORS configuration of its own."""
    ready: Callable[[], Awaitable[object]] | None = None
    """What `/health/ready` awaits; whatever it raises makes the answer 503. By default the store is asked for a session
    that nobody has."""
    readiness_seconds: float = attrs.field(default=5.0, validator=attrs.validators.gt(0))
    """A readiness check that takes longer has failed."""
