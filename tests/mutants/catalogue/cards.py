"""Cards, their default, and the provider's idea of both."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import ONLY_CARD, ONLY_CARD_LATER, core, faults, race

_VERIFIER: Final = "accounts_core/services/card_verifier.py"
_METHODS: Final = "accounts_core/use_cases/cards/remove_payment_method.py"
_SYNC: Final = "accounts_core/services/customer_sync.py"
_WRITER: Final = "accounts_core/services/outbox_writer.py"
_MODEL: Final = "accounts_core/model/payment_method.py"

CARDS: Final = (
    Mutant(
        name="a card that is the user's before it is attached",
        at="accounts_core/services/card_verifier.py::CardVerifier._attach",
        old="await self._calls.attach(v)",
        new="",
        check=core("use_cases/test_verify_card.py::test_the_provider_is_asked_in_this_order"),
    ),
    Mutant(
        name="a card that is the user's though it was taken away meanwhile",
        at="accounts_core/services/card_verifier.py::CardVerifier._record",
        old="provided.customer_id != v.customer_id",
        new="provided.customer_id is not None and provided.customer_id != v.customer_id",
        check=core("use_cases/test_sync_customer.py::test_a_card_that_is_taken_away_in_mid_verification_is_not_kept"),
    ),
    Mutant(
        name="a replaced card that stays attached",
        at="accounts_core/services/card_commits.py::CardCommits._keep",
        old="jobs = [await self._outbox.enqueue(work, DetachCardJob(payment_method=old)) for old in replaced]",
        new="jobs: list[OutboxJob] = []",
        check=faults("the same card again"),
    ),
    Mutant(
        name="a first card that the provider does not charge",
        at="accounts_core/services/card_commits.py::CardCommits._keep",
        old="jobs.append(await self._outbox.enqueue_default(work, user_id, chosen=card.id if is_chosen else None))",
        new="",
        check=faults("a card after the customer was deleted"),
    ),
    Mutant(
        name="cards that are kept without the user being locked",
        at="accounts_core/services/card_commits.py::CardCommits._keep",
        old="work.users.get(user_id, lock=True)",
        new="work.users.get(user_id)",
        check=ONLY_CARD_LATER,
    ),
    Mutant(
        name="a removed card that stays attached",
        at="accounts_core/use_cases/cards/remove_payment_method.py::RemovePaymentMethod.__call__.attempt",
        old="jobs = [await self._outbox.enqueue(work, DetachCardJob(payment_method=id))]",
        new="jobs: list[OutboxJob] = []",
        check=faults("removing the only card"),
    ),
    Mutant(
        name="a removed card that is detached before that is committed",
        at="accounts_core/use_cases/cards/remove_payment_method.py::RemovePaymentMethod.__call__.attempt",
        old="jobs = [await self._outbox.enqueue(work, DetachCardJob(payment_method=id))]",
        new=(
            "jobs = list[OutboxJob]()\n"
            "await self._outbox._dispatcher.perform(self._outbox.job('x', DetachCardJob(payment_method=id)))"
        ),
        check=faults("removing the only card"),
    ),
    Mutant(
        name="a default that is removed, and none is told to the provider instead",
        at="accounts_core/use_cases/cards/remove_payment_method.py::RemovePaymentMethod.__call__.attempt",
        old="gone.is_default",
        new="gone.is_default and after.default is None",
        check=faults("removing the default of two"),
    ),
    Mutant(
        name="a default that is removed, and none takes its place",
        at=f"{_MODEL}::Cards.remove",
        old="self._with([card for card in self._held if card is not gone])",
        new="attrs.evolve(self, held=[card for card in self._held if card is not gone])",
        check=faults("removing the default of two"),
    ),
    Mutant(
        name="a second card that is the default beside the first",
        at=f"{_MODEL}::Cards.add",
        old="any((card.is_default for card in same))",
        new="True",
        check=core("model/test_cards.py::test_a_later_card_does_not_take_the_default"),
    ),
    Mutant(
        name="the same physical card kept twice",
        at=f"{_MODEL}::Cards.add",
        old="card.id == new.id or (fingerprint is not None and card.card.fingerprint == fingerprint)",
        new="card.id == new.id",
        check=faults("the same card again"),
    ),
    Mutant(
        name="two defaults",
        at=f"{_MODEL}::Cards.make_default",
        old="card is chosen",
        new="card is chosen or card.is_default",
        check=faults("listing and choosing the default"),
    ),
    Mutant(
        name="a card that is removed without the user being locked",
        at="accounts_core/use_cases/cards/remove_payment_method.py::RemovePaymentMethod.__call__.attempt",
        old="work.users.get(user_id, lock=True)",
        new="work.users.get(user_id)",
        check=ONLY_CARD,
    ),
    Mutant(
        name="a default that is told once, and not looked at again",
        at="accounts_core/outbox/provider_jobs.py::ProviderJobs._tell",
        old=("if now == sent:\n    return"),
        new="return",
        check=race("choosing the newest"),
    ),
    Mutant(
        name="a provider's older default that overwrites a newer choice",
        at="accounts_core/services/customer_sync.py::SyncCustomer._mirror",
        old="None if ours_is_newer else customer.default_payment_method",
        new="customer.default_payment_method",
        check=race("choosing the newest"),
    ),
    Mutant(
        name="a local copy that overwrites what changed while the provider was asked",
        at="accounts_core/services/customer_sync.py::SyncCustomer._mirror",
        old="held != seen",
        new="len(held) != len(seen)",
        check=race("syncing"),
    ),
    Mutant(
        name="a local copy that overwrites a card removed meanwhile",
        at="accounts_core/services/customer_sync.py::SyncCustomer._mirror",
        old="held != seen",
        new="len(held) > len(seen)",
        check=race("syncing"),
    ),
    Mutant(
        name="a customer that was deleted at the provider, and stays here",
        at="accounts_core/services/lost_customer.py::unlink_lost_customer",
        old="await work.users.save(user.unlink_customer())",
        new="",
        check=faults("hearing that the customer was deleted"),
    ),
    Mutant(
        name="a default that the provider lost, and is not told ours",
        at="accounts_core/services/customer_sync.py::SyncCustomer._tell_default",
        old="(await self._outbox.enqueue_default(work, user_id),)",
        new="()",
        check=faults("hearing that the default was detached"),
    ),
    Mutant(
        name="an event that is noted, and never looked into",
        at="accounts_core/use_cases/operations/receive_provider_event.py::ReceiveProviderEvent.__call__.attempt",
        old="is_new and customer_id is not None",
        new="not is_new and customer_id is not None",
        check=faults("hearing that the default was detached"),
    ),
    Mutant(
        name="an event that is noted before what it leads to is written down",
        at="accounts_core/use_cases/operations/receive_provider_event.py::ReceiveProviderEvent.__call__.attempt",
        old=(
            "async with self._store.begin() as work:\n"
            "    is_new = await work.provider_events.add(id, at=self._clock.now())\n"
            "    if is_new and customer_id is not None:\n"
            "        await self._outbox.enqueue_for_worker(work, SyncCustomerJob(customer=customer_id))"
        ),
        new=(
            "async with self._store.begin() as work:\n"
            "    is_new = await work.provider_events.add(id, at=self._clock.now())\n"
            "async with self._store.begin() as work:\n"
            "    if is_new and customer_id is not None:\n"
            "        await self._outbox.enqueue_for_worker(work, SyncCustomerJob(customer=customer_id))"
        ),
        check=faults("hearing that the default was detached"),
    ),
    Mutant(
        name="a new name that the provider never hears",
        at="accounts_core/services/outbox_writer.py::tell_provider",
        old="(await outbox.enqueue(work, UpdateCustomerJob(user=after.id, customer=after.customer_id)),)",
        new="()",
        check=faults("changing name and address"),
    ),
)
