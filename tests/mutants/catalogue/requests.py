"""Requests with a key, and what the HTTP edge lets in."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, faults, http

_ONCE: Final = "accounts_core/use_cases/operations/run_idempotent.py"

REQUESTS: Final = (
    Mutant(
        name="an answer that is kept after its effect is committed",
        at="accounts_core/services/idempotency.py::_in_single_unit",
        old=(
            "if answered.is_final:\n"
            "    async with unit.begin() as work:\n"
            "        await keep(work, answered)\n"
            "await unit.commit()"
        ),
        new=(
            "await unit.commit()\n"
            "if answered.is_final:\n"
            "    async with store.begin() as work:\n"
            "        await keep(work, answered)"
        ),
        check=faults("writing once"),
    ),
    Mutant(
        name="a request that two perform at once",
        at="accounts_core/use_cases/operations/run_idempotent.py::RunIdempotent._claim",
        old=("if record.is_running(now=now):\n    raise RequestInProgress"),
        new="",
        check=core(
            "use_cases/test_run_idempotent.py::test_a_crash_leaves_nothing_and_the_repeat_performs_it_when_the_claim_has_run_out"
        ),
    ),
    Mutant(
        name="an effect of what was refused",
        at="accounts_core/services/idempotency.py::_in_single_unit",
        old=("if not answered.took_effect:\n    await unit.roll_back(_NothingIsKept())"),
        new="",
        check=faults("writing once what is refused"),
    ),
    Mutant(
        name="a repeat that is done again",
        at="accounts_core/use_cases/operations/run_idempotent.py::RunIdempotent._claim",
        old=("if repeat is Repeat.SAME and record.answer is not None:\n    return record"),
        new="",
        check=faults("writing once"),
    ),
    Mutant(
        name="an answer that goes when its commit is in doubt",
        at="adapters/accounts_memory/idempotency.py::MemoryIdempotencyStore.release",
        old="stored is not None and stored.answer is None",
        new="stored is not None",
        check=faults("writing once"),
    ),
    Mutant(
        name="a key that is good for another request",
        at="accounts_core/use_cases/operations/run_idempotent.py::RunIdempotent._claim",
        old=("if repeat is Repeat.ANOTHER:\n    raise KeyReused"),
        new="",
        check=core("use_cases/test_run_idempotent.py::test_another_request_under_the_same_key_is_refused"),
    ),
    Mutant(
        name="a request that failed, and stays claimed",
        at="accounts_core/use_cases/operations/run_idempotent.py::RunIdempotent.__call__",
        old=("await self._release(request)\nraise"),
        new="raise",
        check=core("use_cases/test_run_idempotent.py::test_a_failure_leaves_neither_effect_nor_claim"),
    ),
    Mutant(
        name="an answer by whoever lost the claim",
        at="adapters/accounts_memory/idempotency.py::MemoryIdempotencyStore.answer",
        old="stored is None or stored.claim != request.claim",
        new="stored is None",
        check=core("use_cases/test_run_idempotent.py::test_whoever_lost_the_claim_meanwhile_writes_nothing"),
    ),
    Mutant(
        name="one person's key that gives another's answer",
        at="entrypoints/accounts_http/idempotency.py::run_idempotent",
        old="f'{user_id}\\x00{method}\\x00{path}\\x00{key}'",
        new="f'{method}\\x00{path}\\x00{key}'",
        check=http("test_idempotency.py::test_a_key_belongs_to_one_user_one_call_and_one_body[memory]"),
    ),
    Mutant(
        name="an event that the provider never signed",
        at="adapters/accounts_stripe/webhooks.py::verify_webhook",
        old="any(fits)",
        new="fits",
        check=http("test_webhooks.py::test_the_signature_is_of_the_very_bytes[memory]"),
    ),
    Mutant(
        name="a verification that ends with the connection of whoever asked",
        at="entrypoints/accounts_http/card_verifications.py::CardVerifications._attempt",
        old="asyncio.wait({task}, timeout=deadline - asyncio.get_running_loop().time())",
        new="asyncio.wait_for(task, timeout=deadline - asyncio.get_running_loop().time())",
        check=http("test_verifying.py::test_a_client_that_goes_away_does_not_stop_the_work"),
    ),
)
