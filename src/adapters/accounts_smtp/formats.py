"""Formats of dates and durations in a locale, by Babel's copy of the CLDR."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import attrs
from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, format_timedelta, get_timezone_name

from accounts_smtp.locales import parents_of

_ALWAYS: Final = 1e9
"""A threshold that no duration reaches, so that `granularity` is the unit."""
_SPACES: Final = str.maketrans({"\u202f": " ", "\u00a0": " "})
"""Narrow and no-break spaces, which some mail programs show as boxes."""


@attrs.frozen
class Moment:
    """A time as a person reads it: `date`, `time` and the name of the time zone."""

    date: str
    time: str
    zone: str

    def __str__(self) -> str:
        return f"{self.date}, {self.time} {self.zone}"


@attrs.frozen
class Formats:
    """Formats of one mail."""

    _locale: Locale
    _time_zone: ZoneInfo | None
    """None for UTC."""

    @classmethod
    def of(cls, language: str, locales: Iterable[str | None], time_zone: str | None) -> "Formats":
        """Return the formats for a mail.

        Args:
            language: The language of the mail's text.
            locales: The person's locale, and defaults. The first of the text's language is used, so that a mail in
                German has the dates of Austria for `de-AT`, but no mail in English has French dates.
            time_zone: IANA name; UTC if it is None or the system does not know it.

        """
        spoken = _spoken(language)
        return cls(
            _find(next((each for each in locales if each and _spoken(each) == spoken), language)), _zone(time_zone)
        )

    @property
    def direction(self) -> str:
        """The direction of the text, `ltr` or `rtl`."""
        return self._locale.text_direction

    def moment(self, at: datetime) -> Moment:
        local = at.astimezone(self._time_zone or UTC)
        return Moment(
            format_date(local.date(), "long", locale=self._locale).translate(_SPACES),
            format_time(local.timetz(), "short", locale=self._locale).translate(_SPACES),
            "UTC" if self._time_zone is None else self._zone_name(local),
        )

    def _zone_name(self, local: datetime) -> str:
        short = get_timezone_name(local, "short", locale=self._locale)
        # where people use no abbreviation, the short form is an offset such as +0100
        return get_timezone_name(local, "long", locale=self._locale) if short[:1] in "+-" else short

    def in_time(self, minutes: int) -> str:
        """Return a duration from now, such as `in 24 hours`."""
        is_hours = minutes % 60 == 0 and minutes > 60
        return format_timedelta(
            timedelta(minutes=minutes),
            granularity="hour" if is_hours else "minute",
            threshold=_ALWAYS,
            add_direction=True,
            locale=self._locale,
        ).translate(_SPACES)


def _spoken(locale: str) -> str:
    return locale.lower().replace("_", "-").partition("-")[0]


def _zone(name: str | None) -> ZoneInfo | None:
    if name is None or name in {"UTC", "Etc/UTC"}:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return None


def _find(locale: str) -> Locale:
    for each in (*parents_of(locale.replace("_", "-")), "en"):
        try:
            return Locale.parse(each, sep="-")
        except (ValueError, UnknownLocaleError):
            continue
    raise AssertionError("Babel has English.")
