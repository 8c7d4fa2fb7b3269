from datetime import timedelta
from typing import Final

WORKER_LEASE: Final = timedelta(minutes=5)
"""Lease of a job that a worker claimed; longer than the timeouts of all provider calls of one job together."""

FIRST_DELAY: Final = timedelta(seconds=2)

LONGEST_DELAY: Final = timedelta(hours=1)
"""Maximum delay between two attempts, before up to 50% of random jitter is added."""

MOST_ATTEMPTS: Final = 30
"""Number of attempts, about a day with these delays, after which a job is dead-lettered."""
