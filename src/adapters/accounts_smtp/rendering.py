"""Rendering of templates with Jinja2.

Templates are an operator's, and run in Jinja2's sandbox nevertheless: they see their variables, and nothing of Python.
There are two environments over the same files: one for plain text, and one that escapes. The second escapes the literal
text of `.txt` templates, too, so that a body of plain text becomes paragraphs of HTML.
"""

import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import attrs
from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateError, TemplateNotFound, TemplateSyntaxError
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from accounts_smtp.headers import MailRefused
from accounts_smtp.sources import Template
from accounts_smtp.typed import Typed

SHIPPED_PREFIX: Final = "shipped/"
_BLANK_LINES: Final = re.compile(r"\n{2,}")
_BLOCK: Final = re.compile(r"<(?:blockquote|div|h[1-6]|hr|ol|p|pre|table|ul)\b", re.IGNORECASE)
_LINK: Final = ("https://", "http://", "mailto:")


class TemplateFailed(MailRefused):
    """A template cannot be compiled or rendered. The text names its file and line, and shows no value."""


class _EscapeText(Extension):
    """Escapes the literal text of `.txt` templates."""

    def filter_stream(self, stream: TokenStream) -> TokenStream | Iterator[Token]:
        return self._escaped(stream) if (stream.name or "").endswith(".txt") else stream

    def _escaped(self, stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            yield Token(token.lineno, token.type, str(escape(token.value))) if token.type == "data" else token


class _Files(BaseLoader):
    def __init__(self, own: Mapping[str, Template], shipped: Mapping[str, Template]) -> None:
        self._templates = {**{f"{SHIPPED_PREFIX}{name}": each for name, each in shipped.items()}, **shipped, **own}

    def get_source(self, _: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        if (found := self._templates.get(template)) is None:
            raise TemplateNotFound(template)
        return found.source, found.path, lambda: True


def _environment(loader: BaseLoader, *, is_html: bool) -> Environment:
    environment = ImmutableSandboxedEnvironment(
        loader=loader,
        autoescape=is_html,
        undefined=StrictUndefined,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,  # a dict: the bounded cache has a lock, and the number of files bounds this one
        extensions=[_EscapeText] if is_html else [],
    )
    # the same text makes both parts: its author may escape what the page escapes, and plain text has nothing to escape
    environment.filters |= dict.fromkeys(("e", "escape", "forceescape"), escape if is_html else str)
    return environment


@attrs.frozen
class Renderer:
    """Renders templates, each compiled once. A host's template replaces the shipped one of the same name.

    A shipped template is there under `shipped/` as well, so that one that replaces it can extend or include it.
    """

    _text: Environment
    _html: Environment

    @classmethod
    def over(cls, own: Mapping[str, Template], shipped: Mapping[str, Template]) -> "Renderer":
        loader = _Files(own, shipped)
        return cls(_environment(loader, is_html=False), _environment(loader, is_html=True))

    def subject(self, name: str, variables: Mapping[str, Any]) -> str:
        return self._render(self._text, name, variables)

    def text(self, name: str, variables: Mapping[str, Any]) -> str:
        """Render plain text, without blank lines at its ends and with one at most between its paragraphs."""
        rendered = self._render(self._text, name, {**variables, "button": _text_button})
        return _BLANK_LINES.sub("\n\n", _stripped(rendered))

    def html(self, name: str, variables: Mapping[str, Any]) -> Markup:
        """Render HTML. Of a `.txt` template, what blank lines separate becomes paragraphs."""

        def button(label: str, url: str) -> Markup:
            button = {"label": label, "url": _require_link(url), "dir": variables["dir"]}
            return Markup(_BLANK_LINES.sub("\n", _stripped(self._render(self._html, "button.html", button))))  # noqa: S704  it is rendered with escapes

        rendered = self._render(self._html, name, {**variables, "button": button})
        return Markup(_paragraphs(rendered) if name.endswith(".txt") else rendered.strip() + "\n")  # noqa: S704  as above

    def _render(self, environment: Environment, name: str, variables: Mapping[str, Any]) -> str:
        with _failures(name, variables):
            return environment.get_template(name).render(variables)


@contextmanager
def _failures(name: str, variables: Mapping[str, Any]) -> Iterator[None]:
    try:
        yield
    except TemplateFailed:
        raise  # of the template of a button
    except TemplateSyntaxError as error:
        raise TemplateFailed(f"{error.filename or name}, line {error.lineno}: {error.message}") from None
    except TemplateNotFound as error:
        raise TemplateFailed(f"{_place(error, name)}: there is no template {error.name}.") from None
    except TemplateError as error:
        raise TemplateFailed(f"{_place(error, name)}: {_without_values(error, variables).rstrip('.')}.") from None
    except Exception as error:  # noqa: BLE001  whatever an expression in a template raises
        # of foreign errors only the type, because their text may hold a token
        raise TemplateFailed(f"{_place(error, name)}: {type(error).__name__}.") from None


def _without_values(error: TemplateError, variables: Mapping[str, Any]) -> str:
    """Return the text of an error, or its type if it may quote a value, as that of a missing key does."""
    text = error.message or ""
    values = [repr(each) for each in variables.values() if isinstance(each, str)]
    if "token" in variables:
        values.append(variables["token"])  # also as a part of something else
    return type(error).__name__ if any(each in text for each in values) else text


def _place(error: Exception, name: str) -> str:
    """Return the file and line of the innermost template in the error's traceback, whose frames Jinja2 rewrites."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith((".txt", ".html"))
    ]
    return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else name


def _text_button(_: str, url: str) -> str:
    """Return what `button` is in plain text: the link. The text around it says what it is for."""
    return _require_link(url)


def _require_link(url: str) -> str:
    if isinstance(url, Typed) or not url.startswith(_LINK):
        raise ValueError("A button leads to an address of the product.")
    return url


def _paragraphs(rendered: str) -> str:
    chunks = _BLANK_LINES.split(_stripped(rendered))
    return "\n".join(each if _BLOCK.match(each) else f"<p>{_with_breaks(each)}</p>" for each in chunks if each)


def _with_breaks(paragraph: str) -> str:
    return paragraph.replace("\n", "<br>\n")


def _stripped(text: str) -> str:
    """Return `text` without blanks at the ends of its lines, and without blank lines at its ends."""
    return "\n".join(line.strip() for line in text.splitlines()).strip()
