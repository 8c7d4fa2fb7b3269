"""How often things may be tried."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, faults, memory_contract, sql_contract

_ATTEMPTS: Final = "accounts_core/services/rate_limit_policy.py"

LIMITS: Final = (
    Mutant(
        name="guesses that are not counted",
        at="accounts_core/use_cases/sessions/sign_in.py::SignIn.__call__",
        old="await self._rate_limits.consume_sign_in(address, client)",
        new="",
        check=faults("guessing a password"),
    ),
    Mutant(
        name="guesses that are counted only when they are right",
        at="accounts_core/use_cases/sessions/sign_in.py::SignIn.__call__",
        old=(
            "await self._rate_limits.consume_sign_in(address, client)\n"
            "\n"
            "\n"
            "async def attempt() -> SignInResult[D]:\n"
            "    proven = await self._credentials.prove(address, given, client)\n"
            "    if not proven.is_active:\n"
            "        raise AccountDeactivated\n"
            "    rehashed = await self._credentials.rehashed(proven, given, client)\n"
            "    async with self._store.begin() as work:\n"
            "        user = await self._credentials.lock(work, proven)\n"
            "        if rehashed.password_hash != user.password_hash:\n"
            "            user = await work.users.save(user.rehash(rehashed.password_hash))\n"
            "        return await self._sessions.open(work, user, user_agent=user_agent, client=client)"
        ),
        new=(
            "async def attempt() -> SignInResult[D]:\n"
            "    proven = await self._credentials.prove(address, given, client)\n"
            "    await self._rate_limits.consume_sign_in(address, client)\n"
            "    if not proven.is_active:\n"
            "        raise AccountDeactivated\n"
            "    rehashed = await self._credentials.rehashed(proven, given, client)\n"
            "    async with self._store.begin() as work:\n"
            "        user = await self._credentials.lock(work, proven)\n"
            "        if rehashed.password_hash != user.password_hash:\n"
            "            user = await work.users.save(user.rehash(rehashed.password_hash))\n"
            "        return await self._sessions.open(work, user, user_agent=user_agent, client=client)"
        ),
        check=faults("guessing a password"),
    ),
    Mutant(
        name="a success that forgives the account its attempts",
        at="accounts_core/services/rate_limit_policy.py::RateLimitPolicy.reset_failures",
        old="f'{FAILURES}:{email.key}'",
        new="f'{ACCOUNT}:{email.key}'",
        check=core("use_cases/test_attempts.py::test_a_success_does_not_forgive_the_account_its_attempts"),
    ),
    Mutant(
        name="a stolen token from which the password is guessed",
        at="accounts_core/services/credentials.py::Reauthentication.check",
        old="await self._rate_limits.consume_reauthentication(user.email)",
        new="",
        check=core("use_cases/test_attempts.py::test_a_stolen_token_is_no_place_to_guess_the_password_from"),
    ),
    Mutant(
        name="stolen cards that are tried one after another",
        at="accounts_core/services/card_verifier.py::CardVerifier._admit_card",
        old="await self._rate_limits.consume_card(card.card.fingerprint)",
        new="",
        check=core("use_cases/test_card_testing.py::test_one_card_is_tried_so_often_whoever_tries_it"),
    ),
    Mutant(
        name="a refused attempt that counts",
        at="adapters/accounts_memory/rate_limiter.py::MemoryRateLimiter.consume",
        old=(
            "if full:\n"
            "    raise RateLimitExceeded(name, max(full.values()), full)\n"
            "for log in logs.values():\n"
            "    insort(log.times, now)"
        ),
        new=(
            "for log in logs.values():\n"
            "    insort(log.times, now)\n"
            "if full:\n"
            "    raise RateLimitExceeded(name, max(full.values()), full)"
        ),
        check="tests/unit/core/test_memory_contracts.py::TestLimits::test_a_refused_attempt_is_not_counted",
    ),
    Mutant(
        name="in memory an attempt that counts at the very moment at which its period is over",
        at="adapters/accounts_memory/rate_limiter.py::_Log._wait",
        old="now - time < limit.period",
        new="now - time <= limit.period",
        check=memory_contract("TestLimits::test_a_limit_that_is_shorter_than_before_counts_to_its_own_end"),
    ),
    Mutant(
        name="the session that was not used for longest, which ends in place of the oldest",
        at="adapters/accounts_sql/repositories/sessions.py",
        old="sessions.c.created_at.desc()",
        new="sessions.c.last_used_at.desc()",
        check=sql_contract("TestSessions::test_the_oldest_beyond_a_number_end[sqlite3]"),
    ),
)
