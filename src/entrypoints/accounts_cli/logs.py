import logging
from typing import Final

_OURS: Final = (
    "accounts_cli",
    "accounts_core",
    "accounts_litestar",
    "accounts_smtp",
    "accounts_sql",
    "accounts_stripe",
)


def log_to_stderr() -> None:
    """Write what a command that goes on has to say to standard error: its own from INFO on, the rest from WARNING."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.INFO)
