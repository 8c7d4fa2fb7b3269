"""Holds and the customers they are on: what leaves money frozen, or freezes it twice."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import ONE_CARD_AT_ONCE, core, faults, first_card, found

_CALLS: Final = "accounts_core/services/card_calls.py"
_VERIFIER: Final = "accounts_core/services/card_verifier.py"
_VERIFY: Final = "accounts_core/use_cases/cards/verify_card.py"

MONEY: Final = (
    Mutant(
        name="a hold that is never let go",
        at="accounts_core/services/card_verifier.py::CardVerifier._step",
        old="await self._calls.release(v)",
        new="",
        check=faults("the worker going on after a lost hold"),
    ),
    Mutant(
        name="a hold that is let go only after that is committed",
        at="accounts_core/services/card_verifier.py::CardVerifier._step",
        old=("await self._calls.release(v)\nawait self._commits.advance(v, Event.RELEASED)"),
        new=("await self._commits.advance(v, Event.RELEASED)\nawait self._calls.release(v)"),
        check=faults("the first card"),
    ),
    Mutant(
        name="a declined hold that is not cancelled",
        at="accounts_core/services/card_verifier.py::CardVerifier._close",
        old=("if v.hold_id is not None:\n    await self._calls.release(v)"),
        new="",
        check=faults("a decline"),
    ),
    Mutant(
        name="a hold under another key at every try",
        at="accounts_core/services/card_calls.py::CardCalls.hold",
        old="f'{v.id}:hold'",
        new="self._fresh(f'{v.id}:hold')",
        check=faults("the first card"),
    ),
    Mutant(
        name="one key for two steps",
        at="accounts_core/services/card_calls.py::CardCalls.attach",
        old="f'{v.id}:attach'",
        new="f'{v.id}:release'",
        check=faults("the first card"),
    ),
    Mutant(
        name="a second hold in the blind after a failure that the provider keeps",
        at="accounts_core/services/card_calls.py::CardCalls.hold",
        old=(
            "found = await self._find_hold(v)\nif found is None and (not self._is_settled(v)):\n    raise\nreturn found"
        ),
        new="return await self._payments.hold(request, key=self._fresh(f'{v.id}:hold'))",
        check=faults("the first card"),
    ),
    Mutant(
        name="a hold that is not looked for before it is asked for again",
        at="accounts_core/services/card_calls.py::CardCalls.hold",
        old="None if is_first else await self._find_hold(v)",
        new="None",
        check=found(
            "test_a_machine_whose_clock_is_off_by_a_day_leads_to_no_second_hold_and_no_second_customer[1-hold]"
        ),
    ),
    Mutant(
        name="a hold that is given up before it can be known not to be there",
        at="accounts_core/services/card_calls.py::CardCalls.hold",
        old=("if found is None and (not self._is_settled(v)):\n    raise"),
        new="",
        check=core(
            "use_cases/test_worker_verifications.py::test_a_kept_failure_without_a_hold_ends_the_verification_and_asks_for_no_second_one"
        ),
    ),
    Mutant(
        name="a release that goes on failing under its first key",
        at="accounts_core/services/card_calls.py::CardCalls.release",
        old="self._fresh(key)",
        new="key",
        check=faults("a decline"),
    ),
    Mutant(
        name="a release whose answer was lost, taken for done",
        at="accounts_core/services/card_calls.py::CardCalls.release",
        old="raise",
        new="return",
        check=faults("a decline"),
    ),
    Mutant(
        name="a challenge that nobody gives up",
        at="accounts_core/services/card_verifier.py::CardVerifier._ask_after_challenge",
        old="self._clock.now() < v.created_at + self._policy.challenge_limit",
        new="hold.status is HoldStatus.CHALLENGED",
        check=faults("a challenge that nobody answers"),
    ),
    Mutant(
        name="an abandoned challenge whose hold is forgotten",
        at="accounts_core/model/verification.py",
        old=(
            "{\n"
            "    (State.REQUESTED, Event.CUSTOMER_LINKED): State.HOLDING,\n"
            "    (State.REQUESTED, Event.REFUSED): State.CLOSING,\n"
            "    (State.REQUESTED, Event.ABANDONED): State.CLOSING,\n"
            "    (State.HOLDING, Event.CUSTOMER_LOST): State.REQUESTED,\n"
            "    (State.HOLDING, Event.HELD): State.HELD,\n"
            "    (State.HOLDING, Event.CHALLENGED): State.REQUIRES_ACTION,\n"
            "    (State.HOLDING, Event.DECLINED): State.CLOSING,\n"
            "    (State.HOLDING, Event.REFUSED): State.CLOSING,\n"
            "    (State.HOLDING, Event.LAPSED): State.LAPSED,\n"
            "    (State.REQUIRES_ACTION, Event.HELD): State.HELD,\n"
            "    (State.REQUIRES_ACTION, Event.DECLINED): State.CLOSING,\n"
            "    (State.REQUIRES_ACTION, Event.ABANDONED): State.CLOSING,\n"
            "    (State.REQUIRES_ACTION, Event.LAPSED): State.LAPSED,\n"
            "    (State.HELD, Event.RELEASE): State.RELEASING,\n"
            "    (State.HELD, Event.LAPSED): State.LAPSED,\n"
            "    (State.HELD, Event.ABANDONED): State.CLOSING,\n"
            "    (State.RELEASING, Event.RELEASED): State.RELEASED,\n"
            "    (State.RELEASED, Event.ATTACHED): State.ATTACHED,\n"
            "    (State.RELEASED, Event.REFUSED): State.FAILED,\n"
            "    (State.RELEASED, Event.ABANDONED): State.ABANDONED,\n"
            "    (State.ATTACHED, Event.RECORDED): State.VERIFIED,\n"
            "    (State.ATTACHED, Event.REFUSED): State.FAILED,\n"
            "    (State.ATTACHED, Event.ABANDONED): State.ABANDONED,\n"
            "    (State.CLOSING, Event.DECLINED): State.DECLINED,\n"
            "    (State.CLOSING, Event.REFUSED): State.FAILED,\n"
            "    (State.CLOSING, Event.ABANDONED): State.ABANDONED,\n"
            "}"
        ),
        new=(
            "{\n"
            "    (State.REQUESTED, Event.CUSTOMER_LINKED): State.HOLDING,\n"
            "    (State.REQUESTED, Event.REFUSED): State.CLOSING,\n"
            "    (State.REQUESTED, Event.ABANDONED): State.CLOSING,\n"
            "    (State.HOLDING, Event.CUSTOMER_LOST): State.REQUESTED,\n"
            "    (State.HOLDING, Event.HELD): State.HELD,\n"
            "    (State.HOLDING, Event.CHALLENGED): State.REQUIRES_ACTION,\n"
            "    (State.HOLDING, Event.DECLINED): State.CLOSING,\n"
            "    (State.HOLDING, Event.REFUSED): State.CLOSING,\n"
            "    (State.HOLDING, Event.LAPSED): State.LAPSED,\n"
            "    (State.REQUIRES_ACTION, Event.HELD): State.HELD,\n"
            "    (State.REQUIRES_ACTION, Event.DECLINED): State.CLOSING,\n"
            "    (State.REQUIRES_ACTION, Event.ABANDONED): State.ABANDONED,\n"
            "    (State.REQUIRES_ACTION, Event.LAPSED): State.LAPSED,\n"
            "    (State.HELD, Event.RELEASE): State.RELEASING,\n"
            "    (State.HELD, Event.LAPSED): State.LAPSED,\n"
            "    (State.HELD, Event.ABANDONED): State.CLOSING,\n"
            "    (State.RELEASING, Event.RELEASED): State.RELEASED,\n"
            "    (State.RELEASED, Event.ATTACHED): State.ATTACHED,\n"
            "    (State.RELEASED, Event.REFUSED): State.FAILED,\n"
            "    (State.RELEASED, Event.ABANDONED): State.ABANDONED,\n"
            "    (State.ATTACHED, Event.RECORDED): State.VERIFIED,\n"
            "    (State.ATTACHED, Event.REFUSED): State.FAILED,\n"
            "    (State.ATTACHED, Event.ABANDONED): State.ABANDONED,\n"
            "    (State.CLOSING, Event.DECLINED): State.DECLINED,\n"
            "    (State.CLOSING, Event.REFUSED): State.FAILED,\n"
            "    (State.CLOSING, Event.ABANDONED): State.ABANDONED,\n"
            "}"
        ),
        check=faults("a challenge that nobody answers"),
    ),
    Mutant(
        name="a failed challenge taken for a passed one",
        at="accounts_core/services/card_progress.py",
        old="Event.DECLINED",
        new="Event.HELD",
        check=faults("a failed challenge"),
    ),
    Mutant(
        name="a verification that is not written down for a worker",
        at="accounts_core/use_cases/cards/verify_card.py::VerifyCard._open",
        old=(
            "await work.outbox.add("
            "self._outbox.job(job_id(verification.id), VerifyCardJob(verification=verification.id)))"
        ),
        new="self._outbox.job(job_id(verification.id), VerifyCardJob(verification=verification.id))",
        check=faults("a decline"),
    ),
    Mutant(
        name="a job that ends while its verification is open",
        at="accounts_core/outbox/handlers.py::JobHandlers._verify",
        old="verification.created_at + self._policy.challenge_limit if verification.is_open else None",
        new="None",
        check=faults("a challenge that nobody answers"),
    ),
    Mutant(
        name="an open verification that is not looked for",
        at="accounts_core/use_cases/cards/verify_card.py::VerifyCard._look",
        old="await work.verifications.find_open(request.user_id, request.requested)",
        new="None",
        check=faults("an answered challenge"),
    ),
    Mutant(
        name="a look whether a verification is needed, outside the transaction that opens it",
        at="accounts_core/use_cases/cards/verify_card.py::VerifyCard._open",
        old=("found = await self._look(work, request)\nif found is not None:\n    return (found, False)"),
        new="",
        check=ONE_CARD_AT_ONCE,
    ),
    Mutant(
        name="a user who is not locked while a verification is opened",
        at="accounts_core/use_cases/cards/verify_card.py::VerifyCard._look",
        old="work.users.get(request.user_id, lock=True)",
        new="work.users.get(request.user_id)",
        check=ONE_CARD_AT_ONCE,
    ),
    Mutant(
        name="a verification taken over from a driver who is alive",
        at="accounts_core/model/verification.py",
        old="timedelta(seconds=60)",
        new="timedelta(0)",
        check=core("use_cases/test_verify_card.py::test_the_row_is_there_before_the_provider_is_asked_anything"),
    ),
    Mutant(
        name="a request that is another verification when it comes again",
        at="accounts_core/use_cases/cards/verify_card.py::VerifyCard._look",
        old=("if same is not None and (not same.is_open):\n    return same"),
        new="",
        check=core("use_cases/test_repeated_verifications.py::test_the_same_request_brings_the_same_decline"),
    ),
    Mutant(
        name="a second customer for one user",
        at="accounts_core/services/card_calls.py::CardCalls.customer",
        old="f'customer:{user.hex_id}:{user.lost_customers}'",
        new="f'customer:{v.id}'",
        check=first_card("a decline"),
    ),
    Mutant(
        name="a customer that is not looked for before it is asked for again",
        at="accounts_core/services/card_calls.py::CardCalls.customer",
        old="None if is_first else await self._payments.find_customer(user.hex_id)",
        new="None",
        check=found(
            "test_a_machine_whose_clock_is_off_by_a_day_leads_to_no_second_hold_and_no_second_customer"
            "[1-create_customer]"
        ),
    ),
    Mutant(
        name="a lost customer that its old key brings back",
        at="accounts_core/model/user.py::User.unlink_customer",
        old="attrs.evolve(self, customer_id=None, balance=0, lost_customers=self.lost_customers + 1)",
        new="attrs.evolve(self, customer_id=None, balance=0)",
        check=found("test_a_customer_that_was_deleted_before_it_was_the_users_does_not_stop_a_card"),
    ),
    Mutant(
        name="a customer that was made while somebody else moved the verification, and is nobody's",
        at="accounts_core/services/card_verifier.py::CardVerifier._find_customer",
        old=("stored = await work.verifications.find(v.id)\nis_moved = stored is None or stored.version != v.version"),
        new="is_moved = False",
        check=core(
            "use_cases/test_customer_details.py::test_a_customer_that_was_made_while_another_driver_was_refused_is_kept"
        ),
    ),
    Mutant(
        name="a name that changed while the customer was made, and is never told",
        at="accounts_core/services/card_verifier.py::CardVerifier._find_customer",
        old="jobs.append(await self._outbox.enqueue(work, UpdateCustomerJob(user=user.id, customer=customer_id)))",
        new="",
        check=first_card("renaming"),
    ),
    Mutant(
        name="a customer that was made for somebody who is deleted meanwhile, and stays",
        at="accounts_core/services/card_verifier.py::CardVerifier._find_customer",
        old=(
            "async with self._store.begin() as work:\n"
            "    job = await self._outbox.enqueue(work, DeleteCustomerJob(customer=customer_id))\n"
            "await self._outbox.dispatch_now(job)"
        ),
        new="",
        check=first_card("deleting, and a worker"),
    ),
    Mutant(
        name="two drivers of one verification who overwrite each other",
        at="adapters/accounts_memory/verifications.py::MemoryVerifications.save",
        old="stored is None or stored.version != verification.version",
        new="stored is None",
        check=faults("the first card"),
    ),
    Mutant(
        name="a hold that takes the money",
        at="adapters/accounts_stripe/calls.py::create_intent",
        old="'manual'",
        new="'automatic'",
        check="tests/unit/stripe/test_calls.py::test_a_hold_freezes_and_never_takes",
    ),
)
