"""Values of the model as JSON, for exports."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Final

import attrs

from accounts_core.model.email_address import EmailAddress
from accounts_core.model.profile_data import ProfileData
from accounts_core.model.secret_values import SecretValue

SECRETS: Final = frozenset({"digest", "idempotency_key", "scope"})
"""Fields that are left out of an export, because what they were made from could be guessed offline. So is every field
whose value is a `SecretValue`."""

PUBLISHED_AS: Final = {"outcome_undelivered": "unheard", "profile_data": "profile"}
"""Fields whose name in exports is another one than in the model: an older one, or the one that callers use."""

OPTIONAL: Final = frozenset({"profile_data"})
"""Fields that are left out if there is nothing in them."""


def plain(value: Any) -> Any:
    """Return `value` as JSON: attrs instances as objects, times in ISO 8601, addresses as typed.

    Raises:
        TypeError: The value has no such form.

    """
    match value:
        case None | bool() | int() | float():
            return value
        case Enum():
            return value.value
        case str():
            return value
        case datetime():
            return value.isoformat()
        case EmailAddress():
            return value.address
        case ProfileData():
            return value.members()
        case Mapping():
            return {str(name): plain(each) for name, each in value.items()}
        case Sequence():
            return [plain(each) for each in value]
        case _ if attrs.has(type(value)):
            fields = {
                field.name: getattr(value, field.name)
                for field in attrs.fields(type(value))
                if field.name not in SECRETS and not (field.name in OPTIONAL and getattr(value, field.name) is None)
            }
            return {
                PUBLISHED_AS.get(name, name): plain(each)
                for name, each in fields.items()
                if not isinstance(each, SecretValue)
            }
        case _:
            raise TypeError(f"{type(value).__name__} cannot be written as JSON.")
