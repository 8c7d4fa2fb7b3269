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
    is_required: bool = False
    """Whether a sign-up needs it; otherwise it is None until it is set, an empty text removes it, and JSON's null
    keeps it."""
    is_known: bool = False
    """Whether others know the person by it, so that it may not be the password."""

    def __str__(self) -> str:
        return self.name


FIELDS: Final = (
    ProfileField(
        name="name",
        camel="name",
        good=("Mary Major", "\u00c9lodie O'Neill \U0001f469\u200d\U0001f680"),
        bad=("", " ", "two\nlines", "n" * 201, "a\0b", "4242 4242 4242 4242"),
        is_required=True,
        is_known=True,
    ),
    ProfileField(
        name="locale",
        camel="locale",
        good=("de-AT", "zh-Hant-TW"),
        bad=(" ", "de_AT", "de-", "de-AT ", "\u212ao", "d\0", "a" * 36, "x-4242-4242-4242-4242"),
    ),
    ProfileField(
        name="time_zone",
        camel="timeZone",
        good=("Europe/Vienna", "Asia/Calcutta"),
        bad=(
            " ",
            "europe/vienna",
            "Europe/Vienna ",
            "localtime",
            "posix/UTC",
            "/usr/share/zoneinfo/UTC",
            "../UTC",
            "\0",
        ),
    ),
)
NAMES: Final = [field.name for field in FIELDS]
SHOWN: Final = [field.camel for field in FIELDS if field.is_required]
"""What both APIs always show; the other fields only once they are set."""
REQUIRED: Final = {field.name: field.good[0] for field in FIELDS if field.is_required}
ALL: Final = {field.name: field.good[0] for field in FIELDS}
"""A value for each field."""
