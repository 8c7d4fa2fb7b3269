"""Requests with a key, and what the HTTP edge lets in."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, faults, http

_ONCE: Final = "accounts_core/use_cases/perform_once.py"
_LITESTAR: Final = "entrypoints/accounts_litestar"

REQUESTS: Final = (
    Mutant(
        name="an answer that is kept after its effect is committed",
        file=_ONCE,
        old=(
            "        if answered.is_final:\n"
            "            async with unit.begin() as work:\n"
            "                await keep(work, answered)\n"
            "        await unit.commit()\n"
        ),
        new=(
            "        await unit.commit()\n"
            "        if answered.is_final:\n"
            "            async with store.begin() as work:\n"
            "                await keep(work, answered)\n"
        ),
        check=faults("writing once"),
    ),
    Mutant(
        name="a request that two perform at once",
        file=_ONCE,
        old="                if known.is_running(now=now):\n                    raise RequestInProgress\n",
        new="",
        check=core(
            "use_cases/test_perform_once.py::test_a_crash_leaves_nothing_and_the_repeat_performs_it_when_the_claim_has_run_out"
        ),
    ),
    Mutant(
        name="an effect of what was refused",
        file=_ONCE,
        old="        if not answered.took_effect:\n            await unit.roll_back(_NothingIsKept())\n",
        new="",
        check=faults("writing once what is refused"),
    ),
    Mutant(
        name="a repeat that is done again",
        file=_ONCE,
        old=(
            "                if repeat is Repeat.SAME and known.answer is not None:\n                    return known\n"
        ),
        new="",
        check=faults("writing once"),
    ),
    Mutant(
        name="an answer that goes when its commit is in doubt",
        file="adapters/accounts_memory/kept_requests.py",
        old="        if stored is not None and stored.answer is None:\n",
        new="        if stored is not None:\n",
        check=faults("writing once"),
    ),
    Mutant(
        name="a key that is good for another request",
        file=_ONCE,
        old="                if repeat is Repeat.ANOTHER:\n                    raise KeyReused\n",
        new="",
        check=core("use_cases/test_perform_once.py::test_another_request_under_the_same_key_is_refused"),
    ),
    Mutant(
        name="a request that failed, and stays claimed",
        file=_ONCE,
        old="        except Exception:\n            await self._let_go(request)\n            raise\n",
        new="        except Exception:\n            raise\n",
        check=core("use_cases/test_perform_once.py::test_a_failure_leaves_neither_effect_nor_claim"),
    ),
    Mutant(
        name="an answer by whoever lost the claim",
        file="adapters/accounts_memory/kept_requests.py",
        old="        if stored is None or stored.claim != request.claim:\n            raise Conflict",
        new="        if stored is None:\n            raise Conflict",
        check=core("use_cases/test_perform_once.py::test_whoever_lost_the_claim_meanwhile_writes_nothing"),
    ),
    Mutant(
        name="one person's key that gives another's answer",
        file=f"{_LITESTAR}/repeating.py",
        old='scope = sha256(f"{user_id}\\0{request.method}',
        new='scope = sha256(f"{request.method}',
        check=http("test_idempotency.py::test_a_key_belongs_to_one_user_one_call_and_one_body[memory]"),
    ),
    Mutant(
        name="an event that the provider never signed",
        file="adapters/accounts_stripe/webhooks.py",
        old="    if not any(fits):\n",
        new="    if not fits:\n",
        check=http("test_webhooks.py::test_the_signature_is_of_the_very_bytes[memory]"),
    ),
    Mutant(
        name="a verification that ends with the connection of whoever asked",
        file=f"{_LITESTAR}/verifying.py",
        old="        await asyncio.wait({task}, timeout=deadline - asyncio.get_running_loop().time())\n",
        new="        await asyncio.wait_for(task, timeout=deadline - asyncio.get_running_loop().time())\n",
        check=http("test_verifying.py::test_a_client_that_goes_away_does_not_stop_the_work"),
    ),
)
