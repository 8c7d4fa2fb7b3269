"""Times as the two APIs write them."""

from datetime import datetime


def milliseconds(moment: datetime) -> str:
    """Format a UTC time as the account API does: `2023-11-06T08:30:09.166Z`."""
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def seconds(moment: datetime) -> str:
    """Format a UTC time as the user API does: `2019-04-24T01:27:22+00:00`."""
    return moment.isoformat(timespec="seconds")
