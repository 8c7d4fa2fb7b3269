"""Choose the parts of the service by its settings, and put them together."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import attrs

from accounts_argon2 import AsyncArgon2Hasher
from accounts_core import Accounts, MailDispatch
from accounts_core.ports.clock import Clock
from accounts_service.database import require_connection, translate_errors
from accounts_service.defaults import LOCAL_URL
from accounts_service.mails import describe_mail, make_mailer
from accounts_service.payments import Provider, describe_provider, open_provider
from accounts_service.profile_types import load_profile_type
from accounts_service.rate_limiters import open_rate_limiter
from accounts_service.settings import Settings
from accounts_sql import AsyncSqlStore, create_async_engine
from accounts_system import SystemClock, SystemSecrets


@attrs.frozen(kw_only=True)
class Service:
    """The accounts, and the parts that the server and the worker need beside them."""

    settings: Settings
    accounts: Accounts[Any]
    provider: Provider
    clock: Clock


def describe(settings: Settings) -> list[str]:
    """Return a line for each part that the settings choose, and one that names the settings without effect."""
    lines = [
        f"Database: {settings.database_url}",
        f"Payments: {describe_provider(settings)}",
        f"Mail: {describe_mail(settings)}",
    ]
    if settings.smtp_url is not None:
        unset = [
            f"ACCOUNTS_{name}" for name in ("PUBLIC_URL", "MAIL_FROM") if f"ACCOUNTS_{name}" not in settings.configured
        ]
        if unset:
            lines.append(f"WARNING: mails are sent, and {' and '.join(unset)} {'are' if unset[1:] else 'is'} not set")
    if settings.profile_type is not None:
        lines.append(f"Profile data: {settings.profile_type}")
    if settings.rate_limits_url is not None:
        lines.append(f"Limits: counted in {settings.rate_limits_url}")
    idle = settings.without_effect()
    return [*lines, f"Without effect in this release: {', '.join(idle)}"] if idle else lines


@asynccontextmanager
async def open_service(settings: Settings, *, public_url: str = LOCAL_URL) -> AsyncIterator[Service]:
    """Open every part of the service, and close them at the end.

    Args:
        settings: Choose the parts.
        public_url: The URL in mails where `ACCOUNTS_PUBLIC_URL` is not set.

    Raises:
        ServiceError: A part cannot be opened.

    """
    profile_type = load_profile_type(settings.profile_type)
    clock = SystemClock()
    secrets = SystemSecrets()
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(open_provider(settings, clock, secrets))
        with translate_errors(settings.database_url, "used"):
            engine = create_async_engine(settings.database_url.text)
        store = AsyncSqlStore(engine, **settings.tables)
        stack.push_async_callback(store.close)
        await require_connection(engine, settings.database_url)
        limits = await stack.enter_async_context(open_rate_limiter(settings.rate_limits_url, engine, settings.tables))
        passwords = await stack.enter_async_context(AsyncArgon2Hasher())
        accounts = Accounts(
            store=store,
            limits=limits,
            payments=provider.gateway,
            passwords=passwords,
            mailer=make_mailer(settings, settings.public_url or public_url, clock),
            clock=clock,
            secrets=secrets,
            policy=settings.policy(),
            mail_dispatch=MailDispatch.WORKER,
            profile_type=profile_type,
        )
        yield Service(settings=settings, accounts=accounts, provider=provider, clock=clock)
