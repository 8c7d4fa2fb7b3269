"""What belongs to a host at the payment provider, and what the provider refuses or has lost."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, http

_DEFAULT: Final = "accounts_core/use_cases/default_card.py"
_DELETE: Final = "accounts_core/use_cases/delete_user.py"
_EFFECTS: Final = "accounts_core/use_cases/effects.py"
_REMOVAL: Final = "accounts_core/use_cases/customer_removal.py"
_VERIFIER: Final = "accounts_core/use_cases/card_verifier.py"

_ELSEWHERE: Final = "use_cases/test_default_elsewhere.py::"
_CUSTOMERS: Final = "use_cases/test_customers_of_deleted_users.py::"
_LOST: Final = "use_cases/test_lost_customer.py::"
_DETAILS: Final = "use_cases/test_customer_details.py::"


def _stripe(test: str) -> str:
    return f"tests/unit/stripe/{test}"


PROVIDER: Final = (
    Mutant(
        name="a default that is managed elsewhere and replaced by an event",
        file="accounts_core/use_cases/sync_customer.py",
        old="        if await is_managed_elsewhere(work, user_id, cards, theirs):\n            return ()\n",
        new=(
            "        if theirs is not None:\n"
            "            return (await self._effects.put_default(work, user_id, chosen=ours),)\n"
        ),
        check=core(f"{_ELSEWHERE}test_an_event_leaves_it_alone"),
    ),
    Mutant(
        name="a default that is managed elsewhere and replaced by a first card",
        file=_DEFAULT,
        old="            if await is_managed_elsewhere(views, user_id, cards, current):\n                return\n",
        new="",
        check=core(f"{_ELSEWHERE}test_a_new_first_card_leaves_it_alone"),
    ),
    Mutant(
        name="a card that was declined here and counts as ours",
        file=_DEFAULT,
        old="    return verification is None or verification.state is not State.VERIFIED\n",
        new="    return verification is None or verification.is_open\n",
        check=core(f"{_ELSEWHERE}test_a_card_that_was_declined_here_is_the_choice_of_somebody_else"),
    ),
    Mutant(
        name="a person's choice of the default that is forgotten with the payment method",
        file=_VERIFIER,
        old="chosen=card.id if is_chosen else None",
        new="chosen=None",
        check=core(f"{_ELSEWHERE}test_the_persons_choice_is_still_one_when_the_same_card_is_verified_again"),
    ),
    Mutant(
        name="a default that is chosen again and not told",
        file="accounts_core/use_cases/payment_methods.py",
        old="                return (await self._effects.put_default(work, user_id, chosen=id),)\n",
        new="                return (await self._effects.put_default(work, user_id),)\n",
        check=core(f"{_ELSEWHERE}test_a_person_replaces_it_with_the_card_that_they_choose"),
    ),
    Mutant(
        name="a default of a card that is being verified, which nobody reads again",
        file="accounts_core/use_cases/sync_customer.py",
        old="            await self._effects.put_reading(work, customer.id, wait=LEASE)\n",
        new="",
        check=core(f"{_ELSEWHERE}test_a_default_that_is_being_verified_is_taken_over_once_it_is"),
    ),
    Mutant(
        name="a customer that is deleted with a subscription that nobody has seen",
        file=_REMOVAL,
        old="        if unless_used or self._policy is CustomerDeletion.BLOCK:\n",
        new="        if unless_used:\n",
        check=core(f"{_CUSTOMERS}test_a_subscription_that_begins_after_the_look_parks_the_job_and_stays"),
    ),
    Mutant(
        name="a second customer that is deleted although it is used by then",
        file="accounts_core/use_cases/reconcile_cards.py",
        old=', unless_used="true")',
        new=")",
        check=core(f"{_CUSTOMERS}test_a_second_customer_that_is_used_by_the_time_it_is_deleted_stays"),
    ),
    Mutant(
        name="a deletion that does not see that the user is billed by now",
        file=_DELETE,
        old="                if user.customer_id != proven.customer_id:\n",
        new="                if False:\n",
        check=core(f"{_CUSTOMERS}test_a_user_who_is_billed_for_the_first_time_meanwhile_is_looked_at_again"),
    ),
    Mutant(
        name="an operator who deletes whatever hangs on the customer",
        file=_DELETE,
        old="                return await self.erase(work, user, by=Actor.OPERATOR, blocked_by=blocked_by)\n",
        new="                return await self.erase(work, user, by=Actor.OPERATOR)\n",
        check=core(f"{_CUSTOMERS}test_a_live_subscription_blocks_by_default"),
    ),
    Mutant(
        name="a customer that is kept with its cards",
        file=_REMOVAL,
        old="                await self._payments.detach(card.id)\n",
        new="                pass\n",
        check=core(f"{_CUSTOMERS}test_a_kept_customer_has_no_cards_and_no_personal_data"),
    ),
    Mutant(
        name="an expired subscription that blocks a deletion for ever",
        file="adapters/accounts_stripe/converters.py",
        old='OVER_SUBSCRIPTIONS: Final = {"canceled", "incomplete_expired"}\n',
        new='OVER_SUBSCRIPTIONS: Final = {"canceled"}\n',
        check=_stripe("test_usage.py::test_a_subscription_counts_until_it_can_never_charge_again"),
    ),
    Mutant(
        name="a payment method that is no card and breaks the list",
        file="adapters/accounts_stripe/operations.py",
        old="            if converters.is_card(method):  # asked",
        new="            if method:  # asked",
        check=_stripe("test_usage.py::test_cards_alone_are_listed_whatever_the_server_lists"),
    ),
    Mutant(
        name="a refused address that leaves the old one at the provider",
        file="accounts_core/use_cases/customer_details.py",
        old="            refused[field] = refusal.code\n",
        new="            return Refusal(field, refusal.code)\n",
        check=core(f"{_DETAILS}test_an_address_that_is_refused_takes_the_old_one_away"),
    ),
    Mutant(
        name="a refused name that goes by the address's code alone",
        file="accounts_core/use_cases/customer_details.py",
        old="    return refusal.param if refusal.param in {EMAIL, NAME} else _BY_CODE.get(refusal.code)\n",
        new="    return _BY_CODE.get(refusal.code)\n",
        check=core(f"{_DETAILS}test_what_the_provider_refuses_is_left_out_and_the_rest_is_told"),
    ),
    Mutant(
        name="a customer that is made anew as often as it is lost",
        file=_VERIFIER,
        old="            if is_lost and v.user_id is not None and not v.has_lost_customer:\n",
        new="            if is_lost and v.user_id is not None:\n",
        check=core(f"{_LOST}test_a_customer_that_is_lost_twice_makes_no_third_one"),
    ),
    Mutant(
        name="a second hold under the key of the first",
        file="accounts_core/use_cases/card_calls.py",
        old='            key += ":again"\n',
        new="            pass\n",
        check=core(f"{_LOST}test_the_hold_on_another_customer_has_a_key_of_its_own"),
    ),
    Mutant(
        name="a lost customer whose cards stay here",
        file="accounts_core/use_cases/lost_customer.py",
        old="    await work.payment_methods.save(user.id, Cards())\n",
        new="",
        check=core(f"{_LOST}test_a_verification_makes_another_customer_in_the_same_call"),
    ),
    Mutant(
        name="a thin event that is refused",
        file="adapters/accounts_stripe/webhooks.py",
        old="    return found if isinstance(found, dict) else {}\n",
        new="    return found or {}\n",
        check=_stripe("test_webhooks.py::test_what_a_signed_object_lacks_is_none"),
    ),
    Mutant(
        name="a stolen card that is told to be one in the list of verifications",
        file="entrypoints/accounts_litestar/account_shapes.py",
        old='            return "generic_decline" if reason in TELLTALE_DECLINES else reason\n',
        new="            return reason\n",
        check=http("test_verifications.py::test_why_a_card_was_declined_is_said_as_when_it_was"),
    ),
    Mutant(
        name="somebody else's verification as a place in the list",
        file="accounts_core/use_cases/verifications.py",
        old="if verification is None or verification.user_id != user_id else",
        new="if verification is None else",
        check=http("test_verifications.py::test_an_id_that_is_not_among_them_is_refused"),
    ),
    Mutant(
        name="a hold that was declined since it was listed, and is let go all the same",
        file="accounts_core/use_cases/repairs.py",
        old="            if current.status in {HoldStatus.RELEASED, HoldStatus.DECLINED}:\n",
        new="            if current.status is HoldStatus.RELEASED:\n",
        check=core(
            "use_cases/test_reconcile_races.py::test_a_hold_that_was_declined_since_it_was_listed_is_not_stranded"
        ),
    ),
    Mutant(
        name="a provider's customer id in the trail",
        file="accounts_core/model/audit.py",
        old='"replaced", "customer_id", "was_verified"',
        new='"replaced", "was_verified"',
        check=core(f"{_LOST}test_the_trail_does_not_name_the_customer"),
    ),
    Mutant(
        name="a card's metadata at the provider that is never taken over",
        file="accounts_core/model/payment_method.py",
        old="billing_details=provided.billing_details, metadata=provided.metadata\n        )\n\n\ndef",
        new="billing_details=provided.billing_details\n        )\n\n\ndef",
        check=core("model/test_cards.py::test_the_providers_details_of_a_card_are_taken_over"),
    ),
)
