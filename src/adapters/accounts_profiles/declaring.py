"""The declaration of a profile type by a class."""

import sys
from typing import Any, get_origin

from accounts_core import ProfileType
from accounts_core.errors import ConfigurationError
from accounts_core.model.profile_data import MAX_BYTES, D, Upgrade
from accounts_core.ports.profile_codec import ProfileCodec


def profile_type(
    cls: type[D],
    *,
    version: int = 1,
    upgrade: Upgrade | None = None,
    max_bytes: int = MAX_BYTES,
    stored: bool = True,
) -> ProfileType[D]:
    """Return the profile type of a class.

    Members are named as in JSON: by msgspec's `rename`, or pydantic's `alias`, if they have one. Members that the class
    does not declare are refused at every depth, whatever the class says of them.

    Args:
        cls: An attrs class, dataclass, msgspec `Struct`, `TypedDict`, pydantic `BaseModel` (pydantic 2.12 or later) or
            pydantic dataclass. It cannot refer to itself. msgspec sets fields without attrs' converters and past
            `init=False`, so that a class with these is refused; attrs' validators and `__post_init__` are called.
        version: The version of the class, from 1 on; raise it with each change that older data does not fit.
        upgrade: Takes the members that an older version has stored, and that version, and returns those of this one.
        max_bytes: Most bytes of the data as JSON in UTF-8.
        stored: False does not store the data with the user; it is in the events only.

    Returns:
        The type, for `Accounts(profile_type=...)`.

    Raises:
        ConfigurationError: The class is of another kind, or has a field that JSON has no form for.

    """
    return ProfileType(codec=_codec_of(cls), version=version, upgrade=upgrade, max_bytes=max_bytes, stored=stored)


def _codec_of(cls: type[D]) -> ProfileCodec[D]:
    if get_origin(cls) is not None:
        raise ConfigurationError(f"{cls} is no class: make one of it, such as `class Customer({cls}): ...`.")
    if _is_pydantic(cls):
        from accounts_profiles.pydantic_codec import PydanticCodec

        return PydanticCodec(cls)
    try:
        from accounts_profiles.msgspec_codec import MsgspecCodec
    except ModuleNotFoundError as error:
        raise ConfigurationError('accounts_profiles needs msgspec: pip install "accounts-core[profiles]".') from error
    return MsgspecCodec(cls)


def _is_pydantic(cls: Any) -> bool:
    # a class of pydantic's is there only if somebody has imported pydantic
    return "pydantic" in sys.modules and hasattr(cls, "__pydantic_validator__")
