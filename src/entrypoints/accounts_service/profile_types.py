"""The type of the profile data, which the operator names by its import path."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Final

from accounts_core import ProfileType
from accounts_core.errors import ConfigurationError
from accounts_service.errors import ServiceError

SETTING: Final = "ACCOUNTS_PROFILE_TYPE"
EXPECTED: Final = "the import path of a class or a ProfileType, such as shop.people:Customer"


def parse_import_path(text: str) -> str:
    """Return an import path. Raises `ValueError` for any other text."""
    module, _, name = text.partition(":")
    if not all(part.isascii() and part.isidentifier() for part in (*module.split("."), name)):
        raise ValueError(text)
    return text


def load_profile_type(path: str | None) -> ProfileType[Any] | None:
    """Import a profile type, or the class of one; None for None.

    The module is installed, on `PYTHONPATH`, or in the working folder.

    Raises:
        ServiceError: It cannot be imported, or is neither.

    """
    if path is None:
        return None
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)  # at the end, so that no file there takes the place of an installed module
    try:
        found = EntryPoint(name="profile", value=path, group="accounts").load()
    except (Exception, SystemExit) as error:  # a script ends the process when it is imported
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ServiceError(f"{SETTING}: {path} cannot be imported: {reason}") from error
    if isinstance(found, ProfileType):
        return found
    if not isinstance(found, type):
        raise ServiceError(f"{SETTING}: expected {EXPECTED}; {path} is of the type {type(found).__name__}.")
    from accounts_profiles import profile_type

    try:
        return profile_type(found)
    except ConfigurationError as error:
        raise ServiceError(f"{SETTING}: {error}") from error


def describe_profile_type(path: str) -> str:
    """Return what `accounts check` says of the type. Raises `ServiceError` if there is none at this path."""
    kind = load_profile_type(path)
    assert kind is not None
    stored = "" if kind.stored else ", not stored with users"
    return f"{path}, version {kind.version}, {kind.max_bytes} bytes at most{stored}"
