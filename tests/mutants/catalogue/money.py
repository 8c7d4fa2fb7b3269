"""Holds and the customers they are on: what leaves money frozen, or freezes it twice."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import ONE_CARD_AT_ONCE, core, faults, first_card, found

_CALLS: Final = "accounts_core/use_cases/card_calls.py"
_VERIFIER: Final = "accounts_core/use_cases/card_verifier.py"
_VERIFY: Final = "accounts_core/use_cases/verify_card.py"

MONEY: Final = (
    Mutant(
        name="a hold that is never let go",
        file=_VERIFIER,
        old="                await self._calls.release(v)\n                await self._advance(v, Event.RELEASED)",
        new="                await self._advance(v, Event.RELEASED)",
        check=faults("the worker going on after a lost hold"),
    ),
    Mutant(
        name="a hold that is let go only after that is committed",
        file=_VERIFIER,
        old="                await self._calls.release(v)\n                await self._advance(v, Event.RELEASED)",
        new="                await self._advance(v, Event.RELEASED)\n                await self._calls.release(v)",
        check=faults("the first card"),
    ),
    Mutant(
        name="a declined hold that is not cancelled",
        file=_VERIFIER,
        old=(
            "        if v.hold_id is not None:\n"
            "            await self._calls.release(v)\n"
            "        await self._advance(v, v.closing_because)"
        ),
        new="        await self._advance(v, v.closing_because)",
        check=faults("a decline"),
    ),
    Mutant(
        name="a hold under another key at every try",
        file=_CALLS,
        old='        key = f"{v.id}:hold"\n',
        new='        key = self._fresh(f"{v.id}:hold")\n',
        check=faults("the first card"),
    ),
    Mutant(
        name="one key for two steps",
        file=_CALLS,
        old='key = f"{v.id}:attach"',
        new='key = f"{v.id}:release"',
        check=faults("the first card"),
    ),
    Mutant(
        name="a second hold in the blind after a failure that the provider keeps",
        file=_CALLS,
        old=(
            "            found = await self._find_hold(v)\n"
            "            if found is None and not self._is_settled(v):\n"
            "                raise\n"
            "            return found"
        ),
        new='            return await self._payments.hold(request, key=self._fresh(f"{v.id}:hold"))',
        check=faults("the first card"),
    ),
    Mutant(
        name="a hold that is not looked for before it is asked for again",
        file=_CALLS,
        old="        found = None if is_first else await self._find_hold(v)\n",
        new="        found = None\n",
        check=found(
            "test_a_machine_whose_clock_is_off_by_a_day_leads_to_no_second_hold_and_no_second_customer[1-hold]"
        ),
    ),
    Mutant(
        name="a hold that is given up before it can be known not to be there",
        file=_CALLS,
        old=(
            "            if found is None and not self._is_settled(v):\n                raise\n            return found"
        ),
        new="            return found",
        check=core(
            "use_cases/test_worker_verifications.py::test_a_kept_failure_without_a_hold_ends_the_verification_and_asks_for_no_second_one"
        ),
    ),
    Mutant(
        name="a release that goes on failing under its first key",
        file=_CALLS,
        old="            await self._payments.release(v.hold_id, key=self._fresh(key))",
        new="            await self._payments.release(v.hold_id, key=key)",
        check=faults("a decline"),
    ),
    Mutant(
        name="a release whose answer was lost, taken for done",
        file=_CALLS,
        old=(
            "        try:\n"
            "            await self._payments.release(v.hold_id, key=key)\n"
            "        except ProviderAmbiguous as lost:\n"
            "            if not lost.replays:\n"
            "                raise\n"
        ),
        new=(
            "        try:\n"
            "            await self._payments.release(v.hold_id, key=key)\n"
            "        except ProviderAmbiguous as lost:\n"
            "            if not lost.replays:\n"
            "                return\n"
        ),
        check=faults("a decline"),
    ),
    Mutant(
        name="a challenge that nobody gives up",
        file=_VERIFIER,
        old="        if self._clock.now() < v.created_at + self._policy.challenge_limit:\n            return hold\n",
        new="        if hold.status is HoldStatus.CHALLENGED:\n            return hold\n",
        check=faults("a challenge that nobody answers"),
    ),
    Mutant(
        name="an abandoned challenge whose hold is forgotten",
        file="accounts_core/model/verification.py",
        old="    (State.REQUIRES_ACTION, Event.ABANDONED): State.CLOSING,",
        new="    (State.REQUIRES_ACTION, Event.ABANDONED): State.ABANDONED,",
        check=faults("a challenge that nobody answers"),
    ),
    Mutant(
        name="a failed challenge taken for a passed one",
        file=_VERIFIER,
        old="    HoldStatus.DECLINED: Event.DECLINED,",
        new="    HoldStatus.DECLINED: Event.HELD,",
        check=faults("a failed challenge"),
    ),
    Mutant(
        name="a verification that is not written down for a worker",
        file=_VERIFY,
        old="await work.outbox.put(self._effects.job(job_id(verification.id), Topic.VERIFY_CARD, payload))",
        new="self._effects.job(job_id(verification.id), Topic.VERIFY_CARD, payload)",
        check=faults("a decline"),
    ),
    Mutant(
        name="a job that ends while its verification is open",
        file="accounts_core/use_cases/outbox.py",
        old="return verification.created_at + self._policy.challenge_limit if verification.is_open else None",
        new="return None",
        check=faults("a challenge that nobody answers"),
    ),
    Mutant(
        name="an open verification that is not looked for",
        file=_VERIFY,
        old="        found = await work.verifications.find_open(wish.user_id, wish.requested)\n",
        new="        found = None\n",
        check=faults("an answered challenge"),
    ),
    Mutant(
        name="a look whether a verification is needed, outside the transaction that opens it",
        file=_VERIFY,
        old=(
            "            found = await self._look(work, wish)\n"
            "            if found is not None:\n"
            "                return found, False\n"
        ),
        new="",
        check=ONE_CARD_AT_ONCE,
    ),
    Mutant(
        name="a user who is not locked while a verification is opened",
        file=_VERIFY,
        old="        await work.users.get(wish.user_id, lock=True)\n",
        new="        await work.users.get(wish.user_id)\n",
        check=ONE_CARD_AT_ONCE,
    ),
    Mutant(
        name="a verification taken over from a driver who is alive",
        file="accounts_core/model/verification.py",
        old="TAKEOVER_AFTER: Final = timedelta(seconds=60)",
        new="TAKEOVER_AFTER: Final = timedelta(0)",
        check=core("use_cases/test_verify_card.py::test_the_row_is_there_before_the_provider_is_asked_anything"),
    ),
    Mutant(
        name="a request that is another verification when it comes again",
        file=_VERIFY,
        old="            if same is not None and not same.is_open:\n                return same\n",
        new="",
        check=core("use_cases/test_repeated_verifications.py::test_the_same_request_brings_the_same_decline"),
    ),
    Mutant(
        name="a second customer for one user",
        file=_CALLS,
        old='key = f"customer:{user.hex_id}:{user.lost_customers}"',
        new='key = f"customer:{v.id}"',
        check=first_card("a decline"),
    ),
    Mutant(
        name="a customer that is not looked for before it is asked for again",
        file=_CALLS,
        old="        customer = None if is_first else await self._payments.find_customer(user.hex_id)\n",
        new="        customer = None\n",
        check=found(
            "test_a_machine_whose_clock_is_off_by_a_day_leads_to_no_second_hold_and_no_second_customer"
            "[1-create_customer]"
        ),
    ),
    Mutant(
        name="a lost customer that its old key brings back",
        file="accounts_core/model/user.py",
        old="customer_id=None, balance=0, lost_customers=self.lost_customers + 1)",
        new="customer_id=None, balance=0)",
        check=found("test_a_customer_that_was_deleted_before_it_was_the_users_does_not_stop_a_card"),
    ),
    Mutant(
        name="a customer that was made while somebody else moved the verification, and is nobody's",
        file=_VERIFIER,
        old=(
            "                stored = await work.verifications.find(v.id)\n"
            "                is_moved = stored is None or stored.version != v.version\n"
        ),
        new="                is_moved = False\n",
        check=core(
            "use_cases/test_customer_details.py::test_a_customer_that_was_made_while_another_driver_was_refused_is_kept"
        ),
    ),
    Mutant(
        name="a name that changed while the customer was made, and is never told",
        file=_VERIFIER,
        old="jobs.append(await self._effects.put(work, Topic.UPDATE_CUSTOMER, **whose))",
        new="pass",
        check=first_card("renaming"),
    ),
    Mutant(
        name="a customer that was made for somebody who is deleted meanwhile, and stays",
        file=_VERIFIER,
        old=(
            "            async with self._store.begin() as work:\n"
            "                job = await self._effects.put(work, Topic.DELETE_CUSTOMER, customer=customer_id)\n"
            "            await self._effects.attempt(job)\n"
        ),
        new="",
        check=first_card("deleting, and a worker"),
    ),
    Mutant(
        name="two drivers of one verification who overwrite each other",
        file="adapters/accounts_memory/verifications.py",
        old="        if stored is None or stored.version != verification.version:",
        new="        if stored is None:",
        check=faults("the first card"),
    ),
    Mutant(
        name="a hold that takes the money",
        file="adapters/accounts_stripe/calls.py",
        old='"capture_method": "manual"',
        new='"capture_method": "automatic"',
        check="tests/unit/stripe/test_calls.py::test_a_hold_freezes_and_never_takes",
    ),
)
