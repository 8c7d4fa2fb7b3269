"""How often things may be tried."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, faults

_ATTEMPTS: Final = "accounts_core/use_cases/attempts.py"

LIMITS: Final = (
    Mutant(
        name="guesses that are not counted",
        file="accounts_core/use_cases/sign_in.py",
        old="        await self._attempts.sign_in(address, client)\n",
        new="",
        check=faults("guessing a password"),
    ),
    Mutant(
        name="guesses that are counted only when they are right",
        file="accounts_core/use_cases/sign_in.py",
        old=(
            "        await self._attempts.sign_in(address, client)\n"
            "\n"
            "        async def attempt() -> SignedIn:\n"
            "            proven = await self._credentials.prove(address, given, client)\n"
        ),
        new=(
            "        async def attempt() -> SignedIn:\n"
            "            proven = await self._credentials.prove(address, given, client)\n"
            "            await self._attempts.sign_in(address, client)\n"
        ),
        check=faults("guessing a password"),
    ),
    Mutant(
        name="a success that forgives the account its attempts",
        file=_ATTEMPTS,
        old='            await self._limits.forget(SIGN_IN, f"{FAILURES}:{email.key}")',
        new='            await self._limits.forget(SIGN_IN, f"{ACCOUNT}:{email.key}")',
        check=core("use_cases/test_attempts.py::test_a_success_does_not_forgive_the_account_its_attempts"),
    ),
    Mutant(
        name="a stolen token from which the password is guessed",
        file="accounts_core/use_cases/credentials.py",
        old="        await self._attempts.proof(user.email)\n",
        new="",
        check=core("use_cases/test_attempts.py::test_a_stolen_token_is_no_place_to_guess_the_password_from"),
    ),
    Mutant(
        name="stolen cards that are tried one after another",
        file="accounts_core/use_cases/card_verifier.py",
        old="            await self._attempts.card(card.card.fingerprint)\n",
        new="            pass\n",
        check=core("use_cases/test_card_testing.py::test_one_card_is_tried_so_often_whoever_tries_it"),
    ),
    Mutant(
        name="a refused attempt that counts",
        file="adapters/accounts_memory/limits.py",
        old=(
            "            if full:\n"
            "                raise LimitExceeded(name, max(full.values()), full)\n"
            "            for log in logs.values():\n"
            "                insort(log.times, now)\n"
        ),
        new=(
            "            for log in logs.values():\n"
            "                insort(log.times, now)\n"
            "            if full:\n"
            "                raise LimitExceeded(name, max(full.values()), full)\n"
        ),
        check="tests/unit/core/test_memory_contracts.py::TestLimits::test_a_refused_attempt_is_not_counted",
    ),
)
