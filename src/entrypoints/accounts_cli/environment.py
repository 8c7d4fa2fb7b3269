r"""The `.env` file: `NAME=value` lines, as Docker, direnv and most tools read them, and no surprises.

    # a comment
    ACCOUNTS_DATABASE_URL=postgresql://accounts@localhost/accounts
    export ACCOUNTS_MAIL_FROM="Accounts <no-reply@example.org>"   # quotes keep blanks and #

Nothing is expanded: no `$NAME`, and of escapes only `\"` and `\\` between double quotes.
"""

import re
from pathlib import Path
from typing import Final

from accounts_cli.failures import CommandFailed

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
    """Return what the file sets; nothing where there is no file.

    Raises `CommandFailed` with the number of the first line that cannot be read. No value is ever shown: it may be
    a secret.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror}.") from error
    if len(content) > MAX_BYTES:
        raise CommandFailed(f"{path} is larger than {MAX_BYTES // 1024} KiB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandFailed(f"{path} is not UTF-8 text.") from error
    return parse_env(text, name=str(path))


def parse_env(text: str, *, name: str = ".env") -> dict[str, str]:
    """Return what `text` sets. Raises `CommandFailed` as `read_env_file` does; `name` is how it calls the file."""
    values: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        setting, value = _read_line(line, where=f"{name}, line {number}")
        if setting in values:
            raise CommandFailed(f"{name}, line {number}: {setting} was set before in this file.")
        values[setting] = value
    return values


def _read_line(line: str, *, where: str) -> tuple[str, str]:
    match = _LINE.fullmatch(line.strip())
    if match is None:
        raise CommandFailed(f"{where}: expected NAME=value, with quotes that end where they should.")
    if (double := match["double"]) is not None:
        return match["name"], re.sub(r"\\(.)", r"\1", double)
    return match["name"], match["single"] or match["bare"] or ""
