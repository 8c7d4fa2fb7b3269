"""The files of a folder or package with mail templates."""

import difflib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import attrs

from accounts_core.errors import ConfigurationError
from accounts_core.ports.mailer import MailKind
from accounts_smtp.locales import locale_key

LAYOUTS: Final = ("layout.html", "layout.txt", "button.html")
PRODUCT: Final = "product.txt"
LOGOS: Final[Mapping[str, str]] = {"logo.png": "image/png", "logo.jpg": "image/jpeg", "logo.svg": "image/svg+xml"}
FOOTER: Final = "footer.txt"
SUBJECT, BODY, HTML = ("subject.txt", "body.txt", "body.html")
LOCALE_FILES: Final = frozenset({FOOTER, *(f"{kind}.{part}" for kind in MailKind for part in (SUBJECT, BODY, HTML))})
ROOT_FILES: Final = frozenset({*LAYOUTS, PRODUCT, *LOGOS})

MAX_TEMPLATE_BYTES: Final = 100_000
MAX_LOGO_BYTES: Final = 100_000
MAX_PRODUCT: Final = 100
_IGNORED: Final = (".", "__")
_PARTS: Final = (".txt", ".html")


@attrs.frozen
class Template:
    """The source of a template, and the path that messages about it name."""

    source: str = attrs.field(repr=False)
    path: str


@attrs.frozen
class Logo:
    """A picture that is embedded in each mail."""

    content: bytes = attrs.field(repr=False)
    media_type: str
    """Such as `image/png`"""
    content_id: str
    """The page refers to it with `cid:` and this."""


@attrs.frozen
class Files:
    """The files of a folder or package, read once.

    A file is named by its locale and its name, such as `de-at/footer.txt`, or by its name alone. Others are refused,
    because a misspelled name would have no effect; those that begin with `_` are for `include`, `import` and `extends`.
    """

    templates: Mapping[str, Template] = attrs.field(factory=dict)
    product: str | None = None
    logo: Logo | None = None

    @classmethod
    def read(cls, root: Traversable) -> "Files":
        """Read a folder. Raises `ConfigurationError` for a file that is unknown, unreadable, too large or no text."""
        templates: dict[str, Template] = {}
        product: str | None = None
        logo: Logo | None = None
        for file in _children(root):
            if file.is_dir():
                found = dict(_of_locale(file))
                if twice := found.keys() & templates.keys():
                    raise ConfigurationError(f"{root} has two folders with {min(twice)}.")  # such as de-AT and de_AT
                templates |= found
            elif file.name == PRODUCT:
                product = _product(file)
            elif file.name in LOGOS:
                if logo is not None:
                    raise ConfigurationError(f"{root} has two logos.")
                logo = _logo(file)
            elif file.name in LAYOUTS or _is_part(file.name):
                templates[file.name] = Template(_text(file), str(file))
            else:
                raise _unknown(file, ROOT_FILES)
        return cls(templates, product, logo)

    def locales(self) -> frozenset[str]:
        """Return the keys of the locales that have a file here."""
        return frozenset(name.partition("/")[0] for name in self.templates if "/" in name)


def open_folder(folder: Path) -> Traversable:
    """Return a folder with templates. Raises `ConfigurationError` if it is none."""
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is not a folder with mail templates.")
    return folder


def open_package(package: str) -> Traversable:
    """Return the files of a package. Raises `ConfigurationError` if there is no such package."""
    try:
        return files(package)
    except (ImportError, TypeError, ValueError) as error:
        raise ConfigurationError(f"{package} is not a package with mail templates.") from error


def _children(folder: Traversable) -> Iterator[Traversable]:
    try:
        children = sorted(folder.iterdir(), key=lambda each: each.name)
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be read: {error.strerror}.") from error
    return (each for each in children if not each.name.startswith(_IGNORED))


def _of_locale(folder: Traversable) -> Iterator[tuple[str, Template]]:
    is_part = folder.name.startswith("_")
    locale = folder.name if is_part else locale_key(folder.name)
    if locale is None:
        raise ConfigurationError(f"{folder} is not named by a locale such as en or de-AT.")
    for file in _children(folder):
        if not is_part and file.name not in LOCALE_FILES and not _is_part(file.name):
            raise _unknown(file, LOCALE_FILES)
        yield f"{locale}/{file.name}", Template(_text(file), str(file))


def _is_part(name: str) -> bool:
    return name.startswith("_") and name.endswith(_PARTS)


def _unknown(file: Traversable, known: frozenset[str]) -> ConfigurationError:
    near = difflib.get_close_matches(file.name, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return ConfigurationError(f"{file} is not the name of a mail template.{hint}")


def _bytes(file: Traversable, most: int) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(most + 1)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.") from error
    if len(content) > most:
        raise ConfigurationError(f"{file} has more than {most:,} bytes.")
    return bytes(content)


def _text(file: Traversable) -> str:
    try:
        return _bytes(file, MAX_TEMPLATE_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file} is not UTF-8.") from error


def _product(file: Traversable) -> str:
    name = _text(file).strip()
    if not name or len(name) > MAX_PRODUCT or not name.isprintable():
        raise ConfigurationError(f"{file} is not one line of 1 to {MAX_PRODUCT} characters.")
    return name


def _logo(file: Traversable) -> Logo:
    return Logo(_bytes(file, MAX_LOGO_BYTES), LOGOS[file.name], f"{file.name}@accounts.invalid")
