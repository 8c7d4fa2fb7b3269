"""`accounts mails preview`: write every mail with sample values as files."""

from argparse import Namespace
from pathlib import Path

from accounts_cli.streams import say
from accounts_service.defaults import LOCAL_URL
from accounts_service.mails import preview_mails
from accounts_service.settings import Settings


def preview(settings: Settings, arguments: Namespace) -> None:
    """Write the files, and print which page lists them."""
    templates = None if arguments.templates is None else Path(arguments.templates)
    page = preview_mails(settings, LOCAL_URL, to=Path(arguments.to), locale=arguments.locale, folder=templates)
    say(f"Open {page}")
