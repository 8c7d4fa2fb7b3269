"""The HTTP application of the service, from its open parts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.types import ASGIApp

from accounts_http.access_log import RequestEntry
from accounts_litestar import HttpOptions, create_app
from accounts_service.composition import Service
from accounts_service.payments import make_webhook_check
from accounts_service.prefix import Prefixed, prefix_of
from accounts_service.simulator import add_challenge_pages, deliver_events
from accounts_system import Worker


def build_app(
    service: Service, worker: Worker, address: str, log_request: Callable[[RequestEntry], None]
) -> tuple[ASGIApp, Litestar]:
    """Return the application, and the part of it that has the lifespan.

    Args:
        service: The open parts.
        worker: Woken by events of the payment provider. The caller runs it.
        address: The URL of the service, with the prefix of its public URL.
        log_request: Takes the entry of every request that is over.

    """
    settings, simulator = service.settings, service.provider.simulator
    options = HttpOptions(
        cors_origins=settings.cors_origins,
        only_tls=(settings.public_url or "").startswith("https://"),
        trusted_proxies=settings.trusted_proxies,
        webhook=make_webhook_check(settings.stripe_webhook_secret, service.clock),
        wake_worker=worker.wake,
        log_request=log_request,
    )
    inner = create_app(service.accounts, options=options)
    app: ASGIApp = inner
    if simulator is not None:
        simulator.url = address
        app = add_challenge_pages(app, simulator, options)
    return Prefixed(app, prefix_of(settings.public_url)), inner


@asynccontextmanager
async def delivering(service: Service, worker: Worker) -> AsyncIterator[None]:
    """Deliver the events of a simulator in this process, which sends no webhooks."""
    if service.provider.simulator is None:
        yield
        return
    delivery = asyncio.create_task(
        deliver_events(service.provider.simulator, service.accounts, service.clock, worker.wake)
    )
    try:
        yield
    finally:
        delivery.cancel()
        await asyncio.wait({delivery})
