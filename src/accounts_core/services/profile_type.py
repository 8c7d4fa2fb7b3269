"""The type of a host application's profile data: what is checked at a sign-up and a change, and how it is read."""

import json
import traceback
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final, Generic

import attrs

from accounts_core.errors import ConfigurationError, Invalid
from accounts_core.model.profile_data import (
    MAX_BYTES,
    NOTHING,
    D,
    ProfileData,
    Upgrade,
    check_json,
    invalid_profile,
    json_of,
)
from accounts_core.model.user import User
from accounts_core.ports.profile_codec import ProfileCodec

LARGEST: Final = 65_536
"""Most bytes that a type may allow. The data is read with its user, on every request."""
MAX_VERSION: Final = 2**31 - 1


@attrs.frozen(kw_only=True)
class NewData(Generic[D]):
    """Profile data that was checked: in its type, and as it is stored."""

    value: D
    data: ProfileData


@attrs.frozen(kw_only=True)
class ChangedData(NewData[D]):
    """Profile data that replaces other data."""

    before: D | None
    """The data before; None if it could not be read, or is not stored with the user."""
    members: tuple[str, ...]
    """The names of the members that changed."""


@attrs.frozen(kw_only=True, eq=False)
class ProfileType(Generic[D]):
    """The type of the profile data, with its version.

    `accounts_profiles.profile_type` makes one of a class. A codec of your own implements
    `accounts_core.ports.profile_codec.ProfileCodec`.

    Args:
        codec: Reads and writes the type.
        version: The version of the type, from 1 on; raise it with each change that older data does not fit.
        upgrade: Takes the members that an older version has stored, and that version, and returns those of the present
            one. Users who signed up before there was a type have no members, `{}`, of version 0. Without it older data
            is read as it is. It must be pure: it is called for each read until the data is stored anew, by the next
            change of it.
        max_bytes: Most bytes of the data as JSON in UTF-8, up to 65,536.
        stored: False does not store the data with the user: it is checked, and is in the events, for host applications
            that keep it in a table of their own.

    Raises:
        ConfigurationError: `version` or `max_bytes` is out of its range.

    """

    codec: ProfileCodec[D]
    version: int = 1
    upgrade: Upgrade | None = None
    max_bytes: int = MAX_BYTES
    stored: bool = True

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.version <= MAX_VERSION:
            raise ConfigurationError(f"The version of a profile type is 1 to {MAX_VERSION}.")
        if not 2 <= self.max_bytes <= LARGEST:
            raise ConfigurationError(f"max_bytes of a profile type is 2 to {LARGEST}.")

    def schema(self) -> Mapping[str, Any]:
        """Return the JSON Schema of the data (draft 2020-12), which refers to nothing outside of itself."""
        return self.codec.schema()

    def read(self, user: "User[Any]") -> D:
        """Return the profile data of a user that was read from a store, such as by a subscriber.

        Raises:
            ConfigurationError: What is stored cannot be read with the present type, or the data is not stored.

        """
        return self.read_data(user.profile_data or NOTHING)

    def bind(self, user: "User[Any]") -> "User[D]":
        """Return the user with this type, so that `User.profile` can be read."""
        data = user.profile_data or NOTHING
        return user.bind_profile_data(ProfileData(data.text, data.version, self.read_data))

    def read_data(self, data: ProfileData) -> D:
        """Return stored data in the type.

        Raises:
            ConfigurationError: It cannot be read with the present type, or such data is not stored.

        """
        if not self.stored:
            raise ConfigurationError(
                "The profile data is not stored with the user (stored=False): read the application's own table."
            )
        return self.read_pending(data)

    def read_pending(self, data: ProfileData) -> D:
        """Return the data of a sign-up, which is stored until the account is opened.

        Raises:
            ConfigurationError: It cannot be read with the present type.

        """
        try:
            return self._loaded(data)[1]
        except ConfigurationError:
            raise
        except Invalid as error:
            # without the error itself, whose reasons may quote the data: this one is logged
            raise self._unreadable(data, ", ".join(error.errors)) from None
        except Exception as error:  # noqa: BLE001  whatever an upgrade or a codec raises
            # without the error, too: a KeyError or a ValueError of an upgrade quotes a value
            raise self._unreadable(data, f"{type(error).__name__} ({_place_of(error)})") from None

    def _unreadable(self, data: ProfileData, why: str) -> ConfigurationError:
        return ConfigurationError(
            f"Profile data of version {data.version} cannot be read with the present type, of version {self.version}:"
            f" {why}. Give its members defaults, or give an upgrade."
        )

    def dump(self, value: D) -> Mapping[str, Any]:
        """Return a value as members whose values are JSON.

        Raises:
            Invalid: On `profile`: the value holds something that its type does not allow.

        """
        return self.codec.dump(value)

    def check_new(self, typed: "D | Mapping[str, Any] | None") -> NewData[D]:
        """Return the checked data of a sign-up; None is a sign-up without any.

        Raises:
            Invalid: On `profile` or its members.
            ConfigurationError: The codec writes what it cannot read.

        """
        value, members = self._checked({} if typed is None else typed)
        return NewData(value=value, data=ProfileData.of(members, self.version))

    def check_change(self, data: ProfileData | None, typed: "D | Mapping[str, Any]") -> ChangedData[D] | None:
        """Return the data that replaces `data`, or None if nothing changes.

        A value of the type replaces everything, a mapping the members that it names. Members that a newer version has
        stored, and this one does not know, are kept.

        Args:
            data: The data as it is stored; None if there is none.
            typed: The new value, or the members to replace.

        Raises:
            Invalid: On `profile` or its members.
            ConfigurationError: The stored data cannot be read, so that members of it cannot be replaced (a value of
                the type replaces it all the same); or the codec writes what it cannot read.

        """
        stored = data or NOTHING
        if not self.stored:
            value, members = self._checked(typed)
            return ChangedData(value=value, data=NOTHING, before=None, members=tuple(members))
        before, old, raw = self._before(stored, must_be_readable=not self.codec.is_value(typed))
        if not self.codec.is_value(typed) and isinstance(typed, Mapping):
            typed = {**old, **typed}
        value, members = self._checked(typed)
        changed = tuple(name for name in {**old, **members} if _member(old, name) != _member(members, name))
        if not changed and before is not None:
            return None
        members = _with_unknown(members, old, raw)
        # without what a newer version has stored this is data of the present one, which the newer one has to upgrade
        version = self.version if before is None else max(stored.version, self.version)
        self._check_size(members)
        return ChangedData(value=value, data=ProfileData.of(members, version), before=before, members=changed)

    def _before(
        self, stored: ProfileData, *, must_be_readable: bool
    ) -> tuple[D | None, Mapping[str, Any], Mapping[str, Any]]:
        """Return the stored data, its members in this version, and as they are stored, with those it does not know.

        Of older data the latter are those of this version: what it does not know was in the older one only.
        """
        try:
            raw, value = self._loaded(stored)
            dumped = self.codec.dump(value)
        except Exception:
            if must_be_readable and stored.version:
                self.read_data(stored)
                raise
            return None, {}, {}
        return value, dumped, dumped if stored.version < self.version else raw

    def _loaded(self, data: ProfileData) -> tuple[Mapping[str, Any], D]:
        """Return stored members, upgraded if they are older, and the same in the type."""
        stored = data.members()
        members: Mapping[str, Any] = stored
        if data.version < self.version and self.upgrade is not None:
            members = self.upgrade(stored, data.version)
            if not isinstance(members, Mapping):
                raise ConfigurationError("The upgrade of a profile type returns the members, as a mapping.")
        return members, self.codec.load(members, allow_unknown=True)

    def _checked(self, typed: "D | Mapping[str, Any]") -> tuple[D, Mapping[str, Any]]:
        """Return a typed value in the type, and its members."""
        if self.codec.is_value(typed):
            members = self.codec.dump(typed)
            check_json(members, max_bytes=self.max_bytes)
            return self.codec.load(members, allow_unknown=False), members
        if not isinstance(typed, Mapping):
            raise invalid_profile([((), "This is not an object.")])
        check_json(typed, max_bytes=self.max_bytes)
        # what a codec gets is what it gets from a store: no subclass of str, no tuple, no mapping but a dict
        value = self.codec.load(json.loads(json_of(dict(typed))), allow_unknown=False)
        members = self.codec.dump(value)
        check_json(members, max_bytes=self.max_bytes)
        try:
            self.codec.load(members, allow_unknown=False)
        except Invalid as error:
            raise ConfigurationError(
                f"The profile type writes what it does not read: {', '.join(error.errors)}. A member needs the same"
                " name and form in both directions."
            ) from None
        return value, members

    def _check_size(self, members: Mapping[str, Any]) -> None:
        if len(json_of(members).encode()) > self.max_bytes:
            raise invalid_profile([((), f"At most {self.max_bytes} bytes as JSON, please.")])


_MISSING: Final = object()


def _place_of(error: Exception) -> str:
    """Return the file and line that raised an error."""
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    return f"{frame.f_code.co_filename}, line {line}"


def _member(members: Mapping[str, Any], name: str) -> object:
    """Return a member in a form in which 1, 1.0 and true differ."""
    return json_of(members[name]) if name in members else _MISSING


def _with_unknown(new: Any, old: Any, raw: Any) -> Any:
    """Return `new` with the members that are in `raw` and not in `old`, at every depth.

    Args:
        new: What replaces `old`.
        old: What this version reads and writes again.
        raw: The same as it is stored.

    """
    if isinstance(new, Mapping) and isinstance(old, Mapping) and isinstance(raw, Mapping):
        named = {name: _with_unknown(value, old.get(name), raw.get(name)) for name, value in new.items()}
        return {**named, **{name: value for name, value in raw.items() if name not in old and name not in new}}
    if isinstance(new, list | tuple) and isinstance(old, list | tuple) and _is_read_as(raw, old):
        return _items_with_unknown(new, old, raw)
    return new


def _items_with_unknown(new: Sequence[Any], old: Sequence[Any], raw: Sequence[Any]) -> list[Any]:
    """Return the items of a list; one that is not in `old` is a new one, whatever was in its place."""
    stored: dict[str, deque[Any]] = {}
    for before, each in zip(old, raw, strict=True):
        stored.setdefault(json_of(before), deque()).append(each)
    items = []
    for item in new:
        same = stored.get(json_of(item))
        items.append(same.popleft() if same else item)
    return items


def _is_read_as(raw: Any, old: Any) -> bool:
    """Return whether `old` is `raw` without what is not known of it: the items of a set may come in another order."""
    if isinstance(old, Mapping):
        return isinstance(raw, Mapping) and all(name not in raw or _is_read_as(raw[name], old[name]) for name in old)
    if isinstance(old, list | tuple):
        return isinstance(raw, list | tuple) and len(raw) == len(old) and all(map(_is_read_as, raw, old))
    return json_of(raw) == json_of(old)
