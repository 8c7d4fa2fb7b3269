"""Where the tables are: their schema, and the beginning of their names.

SQLAlchemy translates the schema of each statement. The names are written in the definitions and the statements with
`accounts_`, and another prefix replaces it in the finished SQL: values are bound parameters, so every such word in it
is the name of a table, sequence, index or constraint.
"""

import re
from functools import lru_cache
from typing import Final

import attrs

from accounts_core.errors import ConfigurationError

PREFIX: Final = "accounts_"
MAX_PREFIX_LENGTH: Final = 16
"""PostgreSQL shortens names to 63 bytes; with such a prefix the longest of ours has fewer."""

_FORM: Final = re.compile(r"[a-z][a-z0-9_]*_")
_RESERVED: Final = ("pg_", "sqlite_", PREFIX)
_NAME: Final = re.compile(rf"(?<![A-Za-z0-9_])((?:pk|fk|uq|ix|ck)_)?{PREFIX}(?=[a-z])")
_CACHED: Final = 2000


def _check_prefix(_: object, __: object, prefix: str) -> None:
    if prefix == PREFIX:
        return
    if not _FORM.fullmatch(prefix) or len(prefix) > MAX_PREFIX_LENGTH or prefix.startswith(_RESERVED):
        raise ConfigurationError(
            f"The prefix {prefix!r} cannot begin the tables' names: it must be 2 to {MAX_PREFIX_LENGTH} lower-case"
            " letters, digits and underscores, begin with a letter, end with an underscore, and begin with none of"
            f" {', '.join(_RESERVED)}."
        )


@attrs.frozen
class Location:
    """Schema and prefix of the tables.

    Args:
        schema: Schema of the tables; None for the connection's default.
        prefix: Beginning of the name of each table and sequence.

    Raises:
        ConfigurationError: The prefix is too long, or has other characters than `a` to `z`, digits and `_`.

    """

    schema: str | None = None
    prefix: str = attrs.field(default=PREFIX, validator=_check_prefix)

    def rename(self, text: str) -> str:
        """Return a name or a statement with the names that have this prefix."""
        return text if self.prefix == PREFIX else _renamed(text, self.prefix)


@lru_cache(_CACHED)
def _renamed(text: str, prefix: str) -> str:
    return _NAME.sub(lambda found: f"{found[1] or ''}{prefix}", text)
