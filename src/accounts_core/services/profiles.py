"""The profile data of users, in the type of the host application, for all use cases that return or change a user."""

from collections.abc import Mapping
from typing import Any, Generic

import attrs

from accounts_core.errors import ConfigurationError
from accounts_core.model.profile_data import NOTHING, D, ProfileData
from accounts_core.model.user import User
from accounts_core.services.profile_type import ChangedData, NewData, ProfileType


@attrs.frozen
class Profiles(Generic[D]):
    """Checks profile data, and binds its type to users. Without a type it does nothing."""

    _type: ProfileType[D] | None

    def bind(self, user: User[Any]) -> User[D]:
        """Return the user with the type, so that `User.profile` can be read."""
        return user if self._type is None else self._type.bind(user)

    def check_new(self, typed: D | Mapping[str, Any] | None) -> NewData[D] | None:
        """Return the checked data of a sign-up; None if there is no type.

        Raises:
            Invalid: On `profile` or its members.
            ConfigurationError: There is data, but no type.

        """
        if self._type is None:
            _refuse(typed)
            return None
        return self._type.check_new(typed)

    def check_change(self, user: User[Any], typed: D | Mapping[str, Any] | None) -> ChangedData[D] | None:
        """Return the data that replaces the user's, or None if nothing changes.

        Raises:
            Invalid: On `profile` or its members.
            ConfigurationError: There is data, but no type; or members are to be replaced of data that cannot be read.

        """
        if self._type is None:
            _refuse(typed)
            return None
        return None if typed is None else self._type.check_change(user.profile_data, typed)

    def stored(self, data: ProfileData | None) -> ProfileData | None:
        """Return the data of a sign-up as the user has it: none if it is not stored with users."""
        return None if self._type is not None and not self._type.stored else data

    def read(self, data: ProfileData | None) -> D | None:
        """Return the data of a sign-up in the type, for the event; None if there is no type.

        It is None as well for a sign-up from before there was a type, if that cannot do without members: such a sign-up
        must not wait for ever.

        Raises:
            ConfigurationError: It cannot be read with the present type.

        """
        if self._type is None:
            return None
        try:
            return self._type.read_pending(data or NOTHING)
        except ConfigurationError:
            if data is None:
                return None
            raise


def _refuse(typed: object) -> None:
    if typed is not None:
        raise ConfigurationError("These accounts have no type for profile data. Give them one: profile_type=...")
