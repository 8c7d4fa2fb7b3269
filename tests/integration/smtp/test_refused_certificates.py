"""A mail server whose certificate is refused is told in the log as that, by whoever ran into it."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

import pytest
from tests.integration.smtp.mailers import AnySmtpMailer, deliver, mailer_to
from tests.integration.smtp.test_smtp_mailer import (
    Mailbox,
    certificate,
    kind,
    mailbox,
    notice,
    serve,
    serving_tls,
    trusting,
)

from accounts_core.errors import Unavailable

__all__ = ["certificate", "kind", "mailbox", "serve", "serving_tls", "trusting"]

LOGGER = "accounts_smtp.tls"


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_that_is_refused_is_logged_as_that(
    kind: type[AnySmtpMailer],
    serve: Callable[..., int],
    mailbox: Mailbox,
    serving_tls: ssl.SSLContext,
    trusting: ssl.SSLContext,
    caplog: pytest.LogCaptureFixture,
    scheme: str,
    host: str,
) -> None:
    """ASVS 5.0, 12.3.2 and 16.3.4: one that nobody vouches for, and one that is vouched for under another name."""
    how: dict[str, Any] = {"tls_context": serving_tls, "require_starttls": True}
    if scheme == "smtps":
        how = {"ssl_context": serving_tls}
    port = serve(**how)
    mailer = mailer_to(kind, f"{scheme}://{host}:{port}", tls=trusting if host != "localhost" else None)

    with pytest.raises(Unavailable):
        asyncio.run(deliver(mailer, notice()))

    assert mailbox.taken == []
    assert [(record.levelname, record.getMessage()) for record in caplog.records if record.name == LOGGER] == [
        ("ERROR", f"TLS with the mail server {scheme}://{host}:{port} failed: CERTIFICATE_VERIFY_FAILED.")
    ]
