"""Every mail as files, with sample values."""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from errno import EEXIST
from html import escape
from pathlib import Path
from typing import Final

from accounts_core.errors import ConfigurationError
from accounts_core.ports.mailer import MailKind
from accounts_smtp.composer import ComposedMail, MailComposer
from accounts_smtp.locales import parents_of, require_locale, tag_of
from accounts_smtp.samples import AT, sample_message

_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Mails</title>
<style>body{font-family:Arial,Helvetica,sans-serif;margin:2em}td,th{text-align:left;padding:.25em 1em .25em 0}</style>
</head>
<body>
<h1>Mails</h1>
"""


def write_preview(composer: MailComposer, folder: Path, locales: Iterable[str] | None = None) -> Path:
    """Write each mail as `<locale>/<kind>.html`, `.txt` and `.eml`, and return the page that lists them.

    Files of an earlier preview are overwritten.

    Args:
        composer: Composes the mails.
        folder: The folder to write to; it is created if need be.
        locales: The locales to write; None means all that have templates.

    Raises:
        ConfigurationError: A template is wrong, or there is none in a locale.
        OSError: A file cannot be written, or there is an `index.html` of something else.

    """
    index = folder / "index.html"
    if index.exists() and not index.read_bytes().startswith(_PAGE.encode()):
        raise FileExistsError(EEXIST, "there is one that is no preview", str(index))
    there = composer.templates.locales()
    keys = there if locales is None else [_require(locale, there) for locale in locales]
    mails = {tag_of(key): [_compose(composer, kind, key) for kind in MailKind] for key in keys}
    for locale, composed in mails.items():
        (folder / locale).mkdir(parents=True, exist_ok=True)
        for mail in composed:
            for suffix, content in _contents(mail):
                path = folder / locale / f"{mail.kind}.{suffix}"
                path.write_bytes(content)
    index.write_bytes("".join([_PAGE, *map(_table, mails, mails.values()), "</body>\n</html>\n"]).encode())
    return index


def _require(locale: str, there: list[str]) -> str:
    key = require_locale(locale)
    if not any(each in there for each in parents_of(key)):
        raise ConfigurationError(f"there is none in {locale}, only in {', '.join(map(tag_of, there))}")
    return key


def _compose(composer: MailComposer, kind: MailKind, locale: str) -> ComposedMail:
    return composer.compose(sample_message(kind, locale=locale), at=AT)


def _contents(mail: ComposedMail) -> Iterator[tuple[str, bytes]]:
    page = mail.html
    if mail.logo is not None:
        # a browser cannot read a part of a mail
        picture = f"data:{mail.logo.media_type};base64,{b64encode(mail.logo.content).decode()}"
        page = page.replace(f"cid:{mail.logo.content_id}", picture)
    yield "html", page.encode()
    yield "txt", f"Subject: {mail.subject}\n\n{mail.text}".encode()
    yield "eml", bytes(mail.as_bytes())


def _table(locale: str, mails: list[ComposedMail]) -> str:
    rows = "".join(
        f"<tr><td>{mail.kind}</td><td>{escape(mail.subject)}</td>"
        + "".join(f'<td><a href="{locale}/{mail.kind}.{suffix}">{suffix}</a></td>' for suffix in ("html", "txt", "eml"))
        + "</tr>\n"
        for mail in mails
    )
    return f"<h2>{locale}</h2>\n<table>\n{rows}</table>\n"
