r"""Read a `.env` file: `NAME=value` lines, as Docker, direnv and most other tools read them.

    # a comment
    ACCOUNTS_DATABASE_URL=postgresql://accounts@localhost/accounts
    export ACCOUNTS_MAIL_FROM="Accounts <no-reply@example.org>"   # quotes keep blanks and #

Nothing is expanded: no `$NAME`, and of escapes only `\"` and `\\` between double quotes.
"""

import re
from pathlib import Path
from typing import Final

from accounts_service.errors import ServiceError

MAX_BYTES: Final = 64 * 1024

_LINE: Final = re.compile(
    r"""
    (?:export\s+)?
    (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    \s*=\s*
    (?:
        "(?P<double>(?:[^"\\]|\\["\\])*)"
      | '(?P<single>[^']*)'
      | (?P<bare>[^\s"'#](?:.*?[^\s])??)?
    )
    (?:\s+\#.*|\s*)
    """,
    re.VERBOSE | re.ASCII,
)


def read_env_file(path: Path) -> dict[str, str]:
    """Return the values that the file sets, or an empty mapping when there is no file.

    Raises:
        ServiceError: The file or one of its lines cannot be read. The message shows no value, which may be a secret.

    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ServiceError(f"{path} cannot be read: {error.strerror}.") from error
    if len(content) > MAX_BYTES:
        raise ServiceError(f"{path} is larger than {MAX_BYTES // 1024} KiB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ServiceError(f"{path} is not UTF-8 text.") from error
    return parse_env(text, name=str(path))


def parse_env(text: str, *, name: str = ".env") -> dict[str, str]:
    """Return the values that `text` sets. Raises `ServiceError` as `read_env_file` does, with `name` as the file."""
    values: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        setting, value = _read_line(line, where=f"{name}, line {number}")
        if setting in values:
            raise ServiceError(f"{name}, line {number}: {setting} is set twice in this file.")
        values[setting] = value
    return values


def _read_line(line: str, *, where: str) -> tuple[str, str]:
    match = _LINE.fullmatch(line.strip())
    if match is None:
        raise ServiceError(f"{where}: expected NAME=value, with matching quotes.")
    if (double := match["double"]) is not None:
        return match["name"], re.sub(r"\\(.)", r"\1", double)
    return match["name"], match["single"] or match["bare"] or ""
