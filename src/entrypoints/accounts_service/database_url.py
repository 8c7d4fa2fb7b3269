from pathlib import Path
from typing import Final, Self, TypedDict

import attrs
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

_KINDS: Final = {
    "sqlite": "sqlite",
    "sqlite+aiosqlite": "sqlite",
    "postgres": "postgresql",  # what many hosting providers hand out
    "postgresql": "postgresql",
    "postgresql+asyncpg": "postgresql",
    "postgresql+psycopg": "postgresql",
}


class TablePlace(TypedDict):
    """Schema and prefix of the tables, as arguments of whatever uses them."""

    schema: str | None
    prefix: str


@attrs.frozen
class DatabaseUrl:
    """The URL of a database: `sqlite:///<file>` or `postgresql://<user>:<password>@<host>/<name>`.

    `text` may hold a password; `str()` and `repr()` never show it.
    """

    text: str = attrs.field(repr=False)
    shown: str
    """The URL without its password and its parameters."""
    file: Path | None
    """The file of an SQLite database."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the URL of a database.

        Raises:
            ValueError: It is another kind of database, or SQLite in memory, which would lose its data.

        """
        try:
            url = make_url(text)
        except ArgumentError as error:
            raise ValueError("This is not a database URL.") from error
        kind = _KINDS.get(url.drivername)
        if kind is None or not url.database:
            raise ValueError("This names no database.")
        if kind == "postgresql" and text.count("@") > 1:
            # the first one ends the password, and what follows it would be shown as the server's name
            raise ValueError("An @ in a password is written as %40.")
        if kind == "sqlite":
            if url.host or url.database == ":memory:" or url.database.startswith("file:"):
                raise ValueError("This names no database file.")
            return cls(text, f"sqlite:///{url.database}", Path(url.database))
        if url.drivername == "postgres":
            text = "postgresql" + text.removeprefix("postgres")
        plain = url.set(drivername=kind, query={})
        return cls(text, plain.render_as_string(hide_password=True), None)

    @property
    def secrets(self) -> list[str]:
        """The passwords in the URL and in its parameters."""
        url = make_url(self.text)
        named = [value for name, value in url.query.items() if "password" in name and isinstance(value, str)]
        return [password for password in (url.password, *named) if password]

    def conceal(self, text: str) -> str:
        """Return `text` without the passwords of the URL."""
        for password in self.secrets:
            text = text.replace(password, "***")
        return text

    def __str__(self) -> str:
        return self.shown
