import logging
import ssl
from typing import Final

from accounts_core.errors import Unavailable
from accounts_core.forking import keep_forever, on_fork
from accounts_smtp.url import SmtpUrl

logger: Final = logging.getLogger(__name__)


class DefaultContext:
    """TLS context with the system's CAs, created anew in each process because a fork would copy its locks."""

    def __init__(self) -> None:
        self._context: ssl.SSLContext | None = ssl.create_default_context()
        on_fork(self, in_child=DefaultContext._drop)

    def _drop(self) -> None:
        keep_forever(self._context)
        self._context = None

    def get(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context()
        return self._context


def unavailable(url: SmtpUrl, error: Exception) -> Unavailable:
    """Return the error for a failure to talk to the mail server, and log a refused certificate as that."""
    if (failure := _tls_failure(error)) is not None:
        logger.error("TLS with the mail server %s failed: %s.", url, failure.reason or "refused")
    # the error's text may quote the credentials
    return Unavailable(f"The mail server {url} did not take a mail: {type(error).__name__}.")


def _tls_failure(error: BaseException | None) -> ssl.SSLError | None:
    """Return the TLS error in the chain of causes, if any."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error
