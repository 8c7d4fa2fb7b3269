"""Lua script that checks and counts an attempt in all its scopes atomically, with its arguments and result.

A scope is a sorted set of attempts, scored by their time in microseconds, which a double represents exactly until the
year 2255.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from accounts_core.errors import RateLimitExceeded, Unavailable
from accounts_core.model.rate_limits import scope_digest
from accounts_core.model.times import CLOCK_SKEW
from accounts_core.ports.rate_limiter import RateLimit

SPEND: Final = """
-- KEYS: the scopes. ARGV: now, the skew, and for each scope its count and its period
local now, skew, wait, full = tonumber(ARGV[1]), tonumber(ARGV[2]), 0, {}
local function add(scope)
  -- those of one moment go together, below, so that their number is never given twice
  local number = redis.call('ZCOUNT', scope, ARGV[1], ARGV[1])
  redis.call('ZADD', scope, ARGV[1], ARGV[1] .. ':' .. number)
end
local function keep(scope, kept)
  local milliseconds = math.ceil(kept / 1000)
  if redis.call('PTTL', scope) < milliseconds then redis.call('PEXPIRE', scope, milliseconds) end
end
-- of the attempts that count, the one that has to expire before another is let through
local function blocking(scope, count)
  return redis.call('ZREVRANGE', scope, count - 1, count - 1, 'WITHSCORES')[2]
end
for i, scope in ipairs(KEYS) do
  local count, period = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  local made = blocking(scope, count)
  if made and tonumber(made) + period > now then
    -- attempts that lie in the future, by a clock that was ahead, count from now
    local ahead = redis.call('ZREMRANGEBYSCORE', scope, now + skew + 1, '+inf')
    for _ = 1, ahead do add(scope) end
    if ahead > 0 then
      keep(scope, period + skew)
      made = blocking(scope, count)
    end
    local left = math.min(tonumber(made) + period - now, period)
    if left > 0 then
      wait = math.max(wait, left)
      table.insert(full, i)
    end
  end
end
if wait > 0 then return {wait, unpack(full)} end
for i, scope in ipairs(KEYS) do
  local kept = tonumber(ARGV[2 * i + 2]) + skew
  add(scope)
  redis.call('ZREMRANGEBYSCORE', scope, '-inf', now - kept)
  keep(scope, kept)
end
return 0
"""
"""Returns 0 if the attempt was counted. Otherwise nothing is added, and it returns the waiting time in microseconds and
the numbers of the keys whose scopes are full."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_A_MICROSECOND: Final = timedelta(microseconds=1)


def key(prefix: str, name: str, scope: str) -> bytes:
    """Return the key of the attempts of `name` within `scope`.

    In a cluster, the part in braces (the hash tag) determines the slot, and a script needs all its keys in one slot.
    """
    return f"{{{prefix}:{name}}}:{scope_digest(scope).hex()}".encode()


def question(prefix: str, name: str, scopes: Mapping[str, RateLimit], now: datetime) -> list[bytes | int]:
    """Return the keys, one for each scope, and then the arguments of `SPEND`."""
    asked: list[bytes | int] = [key(prefix, name, scope) for scope in scopes]
    asked += [(now - _EPOCH) // _A_MICROSECOND, CLOCK_SKEW // _A_MICROSECOND]
    for limit in scopes.values():
        asked += [limit.count, limit.period // _A_MICROSECOND]
    return asked


def judge(name: str, scopes: Iterable[str], answer: object) -> None:
    """Check the script's result: return if the attempt was counted.

    Raises `RateLimitExceeded`, and `Unavailable` for an unexpected response.
    """
    if answer == 0:
        return
    numbers = [each for each in answer if isinstance(each, int)] if isinstance(answer, list) else []
    if len(numbers) < 2 or numbers[0] <= 0:
        raise Unavailable("The server that responded is not Redis.")
    full = set(numbers[1:])
    raise RateLimitExceeded(
        name,
        timedelta(microseconds=numbers[0]),
        [scope for number, scope in enumerate(scopes, start=1) if number in full],
    )
