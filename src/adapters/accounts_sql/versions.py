"""The versions of SQLAlchemy and Alembic that this package works with; the same as in `pyproject.toml`.

pip resolves what is installed together, but a later `pip install` of another package may replace SQLAlchemy and only
print a warning. Without this check the first error of a statement would be an `AttributeError` of an unrelated line.
"""

import re
from typing import Final

import alembic
import sqlalchemy as sa

from accounts_core.errors import ConfigurationError

SUPPORTED: Final = {"SQLAlchemy": ((2, 0, 38), (2, 2)), "Alembic": ((1, 16), (2,))}
"""The lowest version, and the first that is too new, by package. Before 2.0.38 SQLAlchemy has no
`sqlite_strict`, or makes a pool for aiosqlite that keeps no connection."""


def check_supported(package: str, version: str) -> None:
    """Raise `ConfigurationError` unless this version of the package is supported, which a pre-release of one is not."""
    lowest, too_new = SUPPORTED[package]
    numbers = release(version)
    if not (lowest <= numbers < too_new) or _is_pre_release(version):
        raise ConfigurationError(
            f"accounts_sql does not work with {package} {version}: install {package.lower()}>={_text(lowest)},"
            f"<{_text(too_new)}, as the extra accounts-core[sql] does."
        )


def release(version: str) -> tuple[int, ...]:
    """Return the numbers at the beginning of a version."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(number) for number in match[0].split(".")) if match else ()


def _is_pre_release(version: str) -> bool:
    return re.match(r"\d+(?:\.\d+)*[-_.]?(a|b|c|rc|alpha|beta|pre|preview|dev)", version) is not None


def _text(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))


check_supported("SQLAlchemy", sa.__version__)
check_supported("Alembic", alembic.__version__)
