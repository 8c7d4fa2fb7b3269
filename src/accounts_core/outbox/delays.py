from datetime import timedelta
from typing import Final

WORKER_LEASE: Final = timedelta(minutes=5)
"""Longer than the provider may take for every call of one job."""

FIRST_DELAY: Final = timedelta(seconds=2)

LONGEST_DELAY: Final = timedelta(hours=1)
"""Before chance makes it up to half as long again."""

MOST_ATTEMPTS: Final = 30
"""With these delays about a day; then a job is dead-lettered."""
