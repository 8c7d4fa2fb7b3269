from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from accounts_core.errors import ConfigurationError
from accounts_core.ports.mailer import MailKind
from accounts_smtp.locales import SHIPPED, parents_of, require_locale
from accounts_smtp.sources import BODY, FOOTER, HTML, LAYOUTS, SUBJECT, Files, Logo, open_folder, open_package
from accounts_smtp.text import for_header

if TYPE_CHECKING:
    from accounts_smtp.rendering import Renderer


@cache
def shipped() -> Files:
    """Return the templates of this package."""
    return Files.read(files("accounts_smtp") / "templates")


@cache
def _shipped_renderer() -> "Renderer":
    from accounts_smtp.rendering import Renderer

    return Renderer.over({}, shipped().templates)


@attrs.frozen(kw_only=True)
class MailTemplates:
    """The texts of the mails: those of this package, in English and German, and in their place those of a host.

    Files are read once, here. Every mail that has a part in them is rendered with sample values, so that a mistake
    stops the start and loses no mail. The file names and variables are in `docs/mails.md`.

    Args:
        folder: Folder with the host's templates.
        package: Package with the host's templates, such as `shop.mails`, in place of a folder.
        default_locale: The locale of mails to people who have chosen none, or one without templates.
        product: The name of the product; None means that of the file `product.txt`, and without one the sender's name.

    Raises:
        ConfigurationError: A file is unknown, unreadable or wrong, or belongs to a mail that is not complete. The text
            has its path and line.

    """

    folder: Path | None = attrs.field(default=None, converter=attrs.converters.optional(Path))
    package: str | None = None
    default_locale: str = SHIPPED
    product: str | None = attrs.field(default=None, converter=attrs.converters.optional(for_header))
    _files: Files = attrs.field(init=False, repr=False, eq=False)
    _default: str = attrs.field(init=False, repr=False, eq=False)
    _renderers: "list[Renderer]" = attrs.field(init=False, repr=False, eq=False, factory=list)

    @_files.default
    def _read(self) -> Files:
        if self.folder is not None and self.package is not None:
            raise ConfigurationError("Mail templates are in a folder or in a package, not in both.")
        if self.folder is not None:
            return Files.read(open_folder(self.folder))
        return Files() if self.package is None else Files.read(open_package(self.package))

    @_default.default
    def _default_key(self) -> str:
        return require_locale(self.default_locale)

    def __attrs_post_init__(self) -> None:
        if not any(each in self.locales() for each in parents_of(self._default)):
            raise ConfigurationError(f"There are no mail templates for the default locale {self.default_locale}.")
        if self._files.templates:
            from accounts_smtp.samples import check_templates

            check_templates(self, all_mails=any(name in self._files.templates for name in LAYOUTS))

    @property
    def logo(self) -> Logo | None:
        """The picture at the top of each mail."""
        return self._files.logo

    def product_name(self, default: str) -> str:
        """Return the name of the product."""
        if self.product is not None:
            return self.product
        return self._files.product if self._files.product is not None else default

    def locales(self) -> list[str]:
        """Return the keys of every locale that has templates, in alphabetical order."""
        return sorted(self.own_locales() | shipped().locales())

    def language(self, kind: MailKind, locale: str | None) -> str:
        """Return the locale of a mail: the person's, a parent of it or a default, the first that has a body."""
        return next(each for each in self._search(locale) if self._has(f"{each}/{kind}.{BODY}"))

    def subject(self, kind: MailKind, language: str) -> str:
        """Return the name of the template of a subject. Raises `ConfigurationError` if there is none."""
        for each in parents_of(language):
            if self._has(name := f"{each}/{kind}.{SUBJECT}"):
                return name
        raise ConfigurationError(f"There is a {language}/{kind}.{BODY}, and no {language}/{kind}.{SUBJECT}.")

    def body(self, kind: MailKind, language: str, *, is_html: bool) -> str:
        """Return the name of the template of a body. That in HTML is optional."""
        html = f"{language}/{kind}.{HTML}"
        return html if is_html and self._has_html(kind, language) else f"{language}/{kind}.{BODY}"

    def footer(self, language: str) -> str | None:
        """Return the name of the template of the footer, which is optional."""
        names = (f"{each}/{FOOTER}" for each in parents_of(language))
        return next((name for name in names if self._has(name)), None)

    def renderer(self) -> "Renderer":
        """Return the renderer, which is made with the first mail. Without files of a host it is shared."""
        if not self._files.templates:
            return _shipped_renderer()
        if not self._renderers:
            from accounts_smtp.rendering import Renderer

            self._renderers.append(Renderer.over(self._files.templates, shipped().templates))
        return self._renderers[0]

    def own_locales(self) -> frozenset[str]:
        """Return the keys of the locales that the host has templates in."""
        return frozenset(each for each in self._files.locales() if not each.startswith("_"))

    def has_own(self, name: str) -> bool:
        """Return whether the host has this file."""
        return name in self._files.templates

    def own_mails(self) -> Iterator[tuple[MailKind, str]]:
        """Yield each kind and locale of which the host has a file."""
        for locale in sorted(self.own_locales()):
            for kind in MailKind:
                names = (f"{locale}/{each}" for each in (FOOTER, *(f"{kind}.{part}" for part in (SUBJECT, BODY, HTML))))
                if any(name in self._files.templates for name in names):
                    yield kind, locale

    def _has_html(self, kind: MailKind, language: str) -> bool:
        """Return whether there is HTML, and not only of the package beside a host's text."""
        html, text = f"{language}/{kind}.{HTML}", f"{language}/{kind}.{BODY}"
        own = self._files.templates
        return html in own or (html in shipped().templates and text not in own)

    def _has(self, name: str) -> bool:
        return name in self._files.templates or name in shipped().templates

    def _search(self, locale: str | None) -> Iterator[str]:
        if locale is not None:
            yield from parents_of(locale.replace("_", "-").lower())
        yield from parents_of(self._default)
        yield SHIPPED
