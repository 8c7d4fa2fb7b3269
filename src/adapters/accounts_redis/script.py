"""The one script, and what goes into it: to look into every scope and to count in all of them is a single step.

Redis runs a script as a whole before anything else. A scope is a sorted set of the attempts in it, each scored by when
it was made, in microseconds: a double holds those exactly until the year 2255.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from accounts_core.errors import LimitExceeded, Unavailable
from accounts_core.ports.limits import Limit

SKEW: Final = timedelta(minutes=1)
"""How far the clocks of several machines may be apart: an attempt is kept for that much longer than it counts."""

SPEND: Final = """
-- KEYS: the scopes. ARGV: now, the skew, and for each scope its count and its period
local now, skew, wait = tonumber(ARGV[1]), tonumber(ARGV[2]), 0
for i, scope in ipairs(KEYS) do
  local count, period = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  -- of the attempts that count, the one that has to expire before another is let through
  local made = redis.call('ZREVRANGE', scope, count - 1, count - 1, 'WITHSCORES')[2]
  if made then wait = math.max(wait, tonumber(made) + period - now) end
end
if wait > 0 then return wait end
for i, scope in ipairs(KEYS) do
  local kept = tonumber(ARGV[2 * i + 2]) + skew
  -- those of one moment go together, below, so that their number is never given twice
  local number = redis.call('ZCOUNT', scope, ARGV[1], ARGV[1])
  redis.call('ZADD', scope, ARGV[1], ARGV[1] .. ':' .. number)
  redis.call('ZREMRANGEBYSCORE', scope, '-inf', now - kept)
  local milliseconds = math.ceil(kept / 1000)
  if redis.call('PTTL', scope) < milliseconds then redis.call('PEXPIRE', scope, milliseconds) end
end
return 0
"""
"""Returns 0 when the attempt was counted, else how long until it would be, in microseconds; then nothing is written."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_A_MICROSECOND: Final = timedelta(microseconds=1)


def key(prefix: str, name: str, scope: str) -> bytes:
    """Return where the attempts of `name` within `scope` are kept.

    In a cluster, what stands in braces decides where a key lives: all scopes of a name are together, as a script needs
    them. A scope may be any text that somebody typed, and long: a digest of it is neither long nor anybody's address.
    """
    digest = sha256(scope.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{{{prefix}:{name}}}:{digest}".encode()


def question(prefix: str, name: str, scopes: Mapping[str, Limit], now: datetime) -> list[bytes | int]:
    """Return the keys and then the arguments of `SPEND`; there are as many keys as scopes."""
    asked: list[bytes | int] = [key(prefix, name, scope) for scope in scopes]
    asked += [(now - _EPOCH) // _A_MICROSECOND, SKEW // _A_MICROSECOND]
    for limit in scopes.values():
        asked += [limit.count, limit.period // _A_MICROSECOND]
    return asked


def judge(name: str, answer: object) -> None:
    """Return when the attempt was counted. Raises `LimitExceeded`, and `Unavailable` on what is no answer at all."""
    if not isinstance(answer, int) or answer < 0:
        raise Unavailable("What answered is not Redis.")
    if answer:
        raise LimitExceeded(name, timedelta(microseconds=answer))
