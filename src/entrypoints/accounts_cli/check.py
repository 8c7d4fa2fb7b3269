"""`accounts check`: print whether the service could run with its settings."""

from collections.abc import Mapping
from pathlib import Path

from accounts_cli.streams import say
from accounts_service.checks import check_parts


def check(environment: Mapping[str, str], folder: Path) -> bool:
    """Print a line for each part, and return whether all are ok."""
    all_ok = True
    for result in check_parts(environment, folder):
        say(f"{result.part:<10}{'ok' if result.is_ok else 'FAILED':<8}{result.detail}")
        all_ok = all_ok and result.is_ok
    return all_ok
