"""The profile fields as tests know them: a row for each field of `ProfileFields`, and no list of them anywhere else."""

from typing import Final

import attrs


@attrs.frozen(kw_only=True)
class ProfileField:
    """A field that people write about themselves."""

    name: str
    """In the core and in the user API."""
    camel: str
    """In the account API."""
    good: tuple[str, ...]
    """Two values, neither of them the default, each kept as it is written."""
    bad: tuple[str, ...]
    """Values that are refused."""
    unsent: str | None
    """The value of a user who signed up without the field; None if there is none, as it is required."""

    def __str__(self) -> str:
        return self.name


FIELDS: Final = (
    ProfileField(
        name="name",
        camel="name",
        good=("Mary Major", "\u00c9lodie O'Neill \U0001f469\u200d\U0001f680"),
        bad=("", " ", "two\nlines", "n" * 201, "a\0b", "4242 4242 4242 4242"),
        unsent=None,
    ),
)
NAMES: Final = [field.name for field in FIELDS]
CAMEL_NAMES: Final = [field.camel for field in FIELDS]
UNSENT: Final = {field.camel: field.unsent for field in FIELDS if field.unsent is not None}
"""What the account API shows of the fields that were not sent at sign-up."""
REQUIRED: Final = {field.name: field.good[0] for field in FIELDS if field.unsent is None}
ALL: Final = {field.name: field.good[0] for field in FIELDS}
"""A value for each field."""
