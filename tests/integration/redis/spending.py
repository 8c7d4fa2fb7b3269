"""A process that spends: `python -m tests.integration.redis.spending <mode> <url> <prefix> <attempts> <limit>`.

It says `ready`, waits for a line, tries, and says how many of its attempts were let through.
"""

import sys
from datetime import UTC, datetime, timedelta
from functools import partial

from tests.integration.redis.modes import opened

from accounts_core.ports.rate_limiter import RateLimit
from accounts_redis import RedisUrl

NOW = datetime(2023, 11, 6, 8, 30, 9, tzinfo=UTC)


def main(way_in: str, url: str, prefix: str, attempts: str, limit: str) -> None:
    with opened(way_in) as mode:
        limits = mode.limits(RedisUrl.parse(url), prefix=prefix)
        scopes = {"everybody": RateLimit(int(limit), timedelta(hours=1)), "jane": RateLimit(10**6, timedelta(hours=1))}
        mode.drive(limits.reset("sign-in", "nobody"))  # connected
        say("ready")
        sys.stdin.readline()
        tried = [partial(limits.consume, "sign-in", scopes, now=NOW)] * int(attempts)
        say(str(mode.drive(mode.concurrently(*tried)).count(None)))


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
