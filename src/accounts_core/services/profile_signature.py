"""The signature and docstring of use cases that take the profile fields as `**fields`."""

import inspect
import re
from collections.abc import Callable
from textwrap import fill
from typing import Any, TypeVar, cast, get_args, get_type_hints

from accounts_core.model.profile import DESCRIPTION, PROFILE_FIELDS

F = TypeVar("F", bound=Callable[..., Any])

_ENTRY = re.compile(r"^( *)\*\*fields: .*$", re.MULTILINE)
_WIDTH = 120


def shows_profile_fields(call: F) -> F:
    """Name each profile field in the signature and the docstring of a use case, in place of `**fields`.

    Type checkers and editors read the fields from the annotation, `Unpack[NewProfile]` or `Unpack[ProfileChanges]`;
    `inspect.signature` and `help()` do not.
    """
    signature = inspect.signature(call)
    *others, last = signature.parameters.values()
    (fields,) = get_args(last.annotation)
    types, is_new = get_type_hints(fields), bool(fields.__required_keys__)
    parameters, described = [], []
    for name, field in PROFILE_FIELDS.items():
        default = None if not is_new else inspect.Parameter.empty if name in fields.__required_keys__ else field.default
        parameters.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=types[name])
        )
        described.append(f"{name}: {field.metadata[DESCRIPTION]}{'.' if is_new else '; None keeps the old one.'}")

    def entries(found: re.Match[str]) -> str:
        indent = found[1]
        return "\n".join(
            fill(each, _WIDTH, initial_indent=indent, subsequent_indent=f"{indent}    ") for each in described
        )

    cast("Any", call).__signature__ = signature.replace(parameters=[*others, *parameters])
    call.__doc__ = _ENTRY.sub(entries, call.__doc__ or "")
    return call
