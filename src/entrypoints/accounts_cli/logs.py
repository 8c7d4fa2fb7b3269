import logging
import re
from typing import Final

from accounts_litestar.strict import request_id

_OURS: Final = (
    "accounts_cli",
    "accounts_core",
    "accounts_litestar",
    "accounts_smtp",
    "accounts_sql",
    "accounts_stripe",
)

_SECRETS: Final = re.compile(
    r"\b(?:acc_|acm_|sk_|rk_|whsec_)[A-Za-z0-9_]{6,}|_secret_[A-Za-z0-9]+|(?<=://)[^/@\s]+:[^/@\s]+(?=@)|Bearer \S+"
)
"""Tokens, keys, what confirms a payment, and passwords in addresses: none is ever logged on purpose."""


class _Formatter(logging.Formatter):
    """Names the request that a line belongs to, and masks what looks like a secret, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        name = request_id.get()
        record.request = "" if name is None else f" [{name}]"
        return _SECRETS.sub("***", super().format(record))


def log_to_stderr() -> None:
    """Write what a command that goes on has to say to standard error: its own from INFO on, the rest from WARNING."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)s%(request)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler])
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.INFO)
