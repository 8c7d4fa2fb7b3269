"""What belongs to a host at the payment provider, and what the provider refuses or has lost."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, http

_DEFAULT: Final = "accounts_core/services/default_card.py"
_DELETE: Final = "accounts_core/services/erasure.py"
_WRITER: Final = "accounts_core/services/outbox_writer.py"
_REMOVAL: Final = "accounts_core/services/customer_removal.py"
_VERIFIER: Final = "accounts_core/services/card_verifier.py"

_ELSEWHERE: Final = "use_cases/test_default_elsewhere.py::"
_CUSTOMERS: Final = "use_cases/test_customers_of_deleted_users.py::"
_LOST: Final = "use_cases/test_lost_customer.py::"
_DETAILS: Final = "use_cases/test_customer_details.py::"


def _stripe(test: str) -> str:
    return f"tests/unit/stripe/{test}"


PROVIDER: Final = (
    Mutant(
        name="a default that is managed elsewhere and replaced by an event",
        at="accounts_core/services/customer_sync.py::SyncCustomer._tell_default",
        old=("if await is_managed_elsewhere(work, user_id, cards, theirs):\n    return ()"),
        new=("if theirs is not None:\n    return (await self._outbox.enqueue_default(work, user_id, chosen=ours),)"),
        check=core(f"{_ELSEWHERE}test_an_event_leaves_it_alone"),
    ),
    Mutant(
        name="a default that is managed elsewhere and replaced by a first card",
        at="accounts_core/services/default_card.py::replace_default",
        old=("if await is_managed_elsewhere(reader, user_id, cards, current):\n    return"),
        new="",
        check=core(f"{_ELSEWHERE}test_a_new_first_card_leaves_it_alone"),
    ),
    Mutant(
        name="a card that was declined here and counts as ours",
        at="accounts_core/services/default_card.py::is_managed_elsewhere",
        old="verification.state is not State.VERIFIED",
        new="verification.is_open",
        check=core(f"{_ELSEWHERE}test_a_card_that_was_declined_here_is_the_choice_of_somebody_else"),
    ),
    Mutant(
        name="a person's choice of the default that is forgotten with the payment method",
        at="accounts_core/services/card_commits.py::CardCommits._keep",
        old="card.id if is_chosen else None",
        new="None",
        check=core(f"{_ELSEWHERE}test_the_persons_choice_is_still_one_when_the_same_card_is_verified_again"),
    ),
    Mutant(
        name="a default that is chosen again and not told",
        at="accounts_core/use_cases/cards/set_default_payment_method.py::SetDefaultPaymentMethod.__call__.attempt",
        old="self._outbox.enqueue_default(work, user_id, chosen=id)",
        new="self._outbox.enqueue_default(work, user_id)",
        check=core(f"{_ELSEWHERE}test_a_person_replaces_it_with_the_card_that_they_choose"),
    ),
    Mutant(
        name="a default of a card that is being verified, which nobody reads again",
        at="accounts_core/services/customer_sync.py::SyncCustomer._tell_default",
        old="await self._outbox.enqueue_reading(work, customer.id, wait=LEASE)",
        new="",
        check=core(f"{_ELSEWHERE}test_a_default_that_is_being_verified_is_taken_over_once_it_is"),
    ),
    Mutant(
        name="a customer that is deleted with a subscription that nobody has seen",
        at="accounts_core/services/customer_removal.py::CustomerRemoval.remove",
        old="unless_used or self._policy is CustomerDeletion.BLOCK",
        new="unless_used",
        check=core(f"{_CUSTOMERS}test_a_subscription_that_begins_after_the_look_parks_the_job_and_stays"),
    ),
    Mutant(
        name="a second customer that is deleted although it is used by then",
        at="accounts_core/use_cases/operations/reconcile_cards.py::_Walks._double.put",
        old="self._outbox.enqueue(work, DeleteCustomerJob(customer=customer.id, unless_used=True))",
        new="self._outbox.enqueue(work, DeleteCustomerJob(customer=customer.id))",
        check=core(f"{_CUSTOMERS}test_a_second_customer_that_is_used_by_the_time_it_is_deleted_stays"),
    ),
    Mutant(
        name="a deletion that does not see that the user is billed by now",
        at="accounts_core/use_cases/identity/delete_user.py::DeleteUser.__call__.attempt",
        old="user.customer_id != proven.customer_id",
        new="False",
        check=core(f"{_CUSTOMERS}test_a_user_who_is_billed_for_the_first_time_meanwhile_is_looked_at_again"),
    ),
    Mutant(
        name="an operator who deletes whatever hangs on the customer",
        at="accounts_core/services/erasure.py::EraseUser.__call__.attempt",
        old="self.erase(work, user, by=Actor.OPERATOR, blocked_by=blocked_by)",
        new="self.erase(work, user, by=Actor.OPERATOR)",
        check=core(f"{_CUSTOMERS}test_a_live_subscription_blocks_by_default"),
    ),
    Mutant(
        name="a customer that is kept with its cards",
        at="accounts_core/services/customer_removal.py::CustomerRemoval._anonymize",
        old="await self._payments.detach(card.id)",
        new="",
        check=core(f"{_CUSTOMERS}test_a_kept_customer_has_no_cards_and_no_personal_data"),
    ),
    Mutant(
        name="an expired subscription that blocks a deletion for ever",
        at="adapters/accounts_stripe/converters.py",
        old="{'canceled', 'incomplete_expired'}",
        new="{'canceled'}",
        check=_stripe("test_usage.py::test_a_subscription_counts_until_it_can_never_charge_again"),
    ),
    Mutant(
        name="a payment method that is no card and breaks the list",
        at="adapters/accounts_stripe/operations.py::Operations.list_payment_methods.visit",
        old="converters.is_card(method)",
        new="method",
        check=_stripe("test_usage.py::test_cards_alone_are_listed_whatever_the_server_lists"),
    ),
    Mutant(
        name="a refused address that leaves the old one at the provider",
        at="accounts_core/services/customer_details.py::update_details",
        old="refused[refusal.param] = refusal.code",
        new="return Refusal(refusal.param or EMAIL, refusal.code)",
        check=core(f"{_DETAILS}test_an_address_that_is_refused_takes_the_old_one_away"),
    ),
    Mutant(
        name="a refused name that ends the job",
        at="accounts_core/services/customer_details.py::update_details",
        old="refusal.param not in {EMAIL, NAME}",
        new="refusal.param not in {EMAIL}",
        check=core(f"{_DETAILS}test_what_the_provider_refuses_is_left_out_and_the_rest_is_told"),
    ),
    Mutant(
        name="a refused address that Stripe's code alone names",
        at="adapters/accounts_stripe/translation.py::translate",
        old="getattr(error, 'param', None) or _PARAM_OF.get(code or '')",
        new="getattr(error, 'param', None)",
        check="tests/unit/stripe/test_errors.py::test_an_address_that_stripe_does_not_take_is_named_by_the_code_alone",
    ),
    Mutant(
        name="a customer that is made anew as often as it is lost",
        at="accounts_core/services/card_verifier.py::CardVerifier._hold",
        old="is_lost and v.user_id is not None and (not v.has_lost_customer)",
        new="is_lost and v.user_id is not None",
        check=core(f"{_LOST}test_a_customer_that_is_lost_twice_makes_no_third_one"),
    ),
    Mutant(
        name="a second hold under the key of the first",
        at="accounts_core/services/card_calls.py::CardCalls.hold",
        old="key += ':again'",
        new="",
        check=core(f"{_LOST}test_the_hold_on_another_customer_has_a_key_of_its_own"),
    ),
    Mutant(
        name="a lost customer whose cards stay here",
        at="accounts_core/services/lost_customer.py::unlink_lost_customer",
        old="await work.payment_methods.save(user.id, Cards())",
        new="",
        check=core(f"{_LOST}test_a_verification_makes_another_customer_in_the_same_call"),
    ),
    Mutant(
        name="a thin event that is refused",
        at="adapters/accounts_stripe/webhooks.py::_get_object",
        old="value if isinstance(value, dict) else {}",
        new="value or {}",
        check=_stripe("test_webhooks.py::test_what_a_signed_object_lacks_is_none"),
    ),
    Mutant(
        name="a stolen card that is told to be one in the list of verifications",
        at="entrypoints/accounts_http/schemas/account.py::_reason",
        old="'generic_decline' if reason in TELLTALE_DECLINES else reason",
        new="reason",
        check=http("test_verifications.py::test_why_a_card_was_declined_is_said_as_when_it_was"),
    ),
    Mutant(
        name="somebody else's verification as a place in the list",
        at="accounts_core/use_cases/cards/list_verifications.py::ListVerifications.__call__.find",
        old="verification is None or verification.user_id != user_id",
        new="verification is None",
        check=http("test_verifications.py::test_an_id_that_is_not_among_them_is_refused"),
    ),
    Mutant(
        name="a hold that was declined since it was listed, and is let go all the same",
        at="accounts_core/services/repairs.py::Repairs.by_release",
        old="current.status in {HoldStatus.RELEASED, HoldStatus.DECLINED}",
        new="current.status is HoldStatus.RELEASED",
        check=core(
            "use_cases/test_reconcile_races.py::test_a_hold_that_was_declined_since_it_was_listed_is_not_stranded"
        ),
    ),
    Mutant(
        name="a provider's customer id in the trail",
        at="accounts_core/model/audit.py",
        old="{'payment_method', 'requested', 'replaced', 'customer_id', 'was_verified'}",
        new="{'payment_method', 'requested', 'replaced', 'was_verified'}",
        check=core(f"{_LOST}test_the_trail_does_not_name_the_customer"),
    ),
    Mutant(
        name="a card's metadata at the provider that is never taken over",
        at="accounts_core/model/payment_method.py::PaymentMethod.updated",
        old=(
            "attrs.evolve(\n"
            "    self, card=provided.card, billing_details=provided.billing_details, metadata=provided.metadata\n"
            ")"
        ),
        new="attrs.evolve(self, card=provided.card, billing_details=provided.billing_details)",
        check=core("model/test_cards.py::test_the_providers_details_of_a_card_are_taken_over"),
    ),
)
