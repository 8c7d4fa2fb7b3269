"""Port: a type of the host application for profile data.

Called by `ProfileType`. `accounts_profiles` implements it for attrs classes, dataclasses, msgspec Structs, TypedDicts
and pydantic models.
"""

from collections.abc import Mapping
from typing import Any, Protocol, TypeGuard

from accounts_core.model.profile_data import D


class ProfileCodec(Protocol[D]):
    """Reads and writes profile data of one type. It does no I/O and keeps no state between calls."""

    def load(self, data: Mapping[str, Any], *, allow_unknown: bool) -> D:
        """Return the data in the type, validated by it.

        Args:
            data: The members as JSON values. They are not changed.
            allow_unknown: Whether members that the type does not declare are ignored, at every depth. They are refused
                otherwise.

        Raises:
            Invalid: On `profile` or its members, which are missing, undeclared or not valid (`invalid_profile`). Every
                member that is not valid is reported, as far as the type's library tells.

        """
        ...

    def dump(self, value: D) -> Mapping[str, Any]:
        """Return a value as members whose values are JSON, so that `load` returns an equal value.

        Equal values have equal members, in the same order.

        Raises:
            Invalid: On `profile`: the value holds something that its type does not allow.

        """
        ...

    def is_value(self, value: object) -> TypeGuard[D]:
        """Return whether this is an instance of the type; never for a TypedDict, whose values are plain mappings."""
        ...

    def schema(self) -> Mapping[str, Any]:
        """Return the JSON Schema of the data (draft 2020-12), which refers to nothing outside of itself."""
        ...
