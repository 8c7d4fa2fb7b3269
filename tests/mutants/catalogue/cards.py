"""Cards, their default, and the provider's idea of both."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import ONLY_CARD, ONLY_CARD_LATER, core, faults, race

_VERIFIER: Final = "accounts_core/use_cases/card_verifier.py"
_METHODS: Final = "accounts_core/use_cases/payment_methods.py"
_SYNC: Final = "accounts_core/use_cases/sync_customer.py"
_EFFECTS: Final = "accounts_core/use_cases/effects.py"
_MODEL: Final = "accounts_core/model/payment_method.py"

CARDS: Final = (
    Mutant(
        name="a card that is the user's before it is attached",
        file=_VERIFIER,
        old="            await self._calls.attach(v)\n        except",
        new="            pass\n        except",
        check=core("use_cases/test_verify_card.py::test_the_provider_is_asked_in_this_order"),
    ),
    Mutant(
        name="a card that is the user's though it was taken away meanwhile",
        file=_VERIFIER,
        old="        if provided.customer_id != v.customer_id:",
        new="        if provided.customer_id is not None and provided.customer_id != v.customer_id:",
        check=core("use_cases/test_sync_customer.py::test_a_card_that_is_taken_away_in_mid_verification_is_not_kept"),
    ),
    Mutant(
        name="a replaced card that stays attached",
        file=_VERIFIER,
        old="jobs = [await self._effects.put(work, Topic.DETACH_CARD, payment_method=old) for old in replaced]",
        new="jobs: list[Job] = []",
        check=faults("the same card again"),
    ),
    Mutant(
        name="a first card that the provider does not charge",
        file=_VERIFIER,
        old=(
            "            jobs.append(await self._effects.put_default("
            "work, user_id, chosen=card.id if is_chosen else None))\n"
            "        return jobs\n"
            "\n"
            "    async def _advance"
        ),
        new="        return jobs\n\n    async def _advance",
        check=faults("a card after the customer was deleted"),
    ),
    Mutant(
        name="cards that are kept without the user being locked",
        file=_VERIFIER,
        old=(
            "            user = await work.users.get(user_id, lock=True)\n"
            "        except NotFound:\n"
            "            raise Conflict"
        ),
        new="            user = await work.users.get(user_id)\n        except NotFound:\n            raise Conflict",
        check=ONLY_CARD_LATER,
    ),
    Mutant(
        name="a removed card that stays attached",
        file=_METHODS,
        old="                jobs = [await self._effects.put(work, Topic.DETACH_CARD, payment_method=id)]",
        new="                jobs: list[Job] = []",
        check=faults("removing the only card"),
    ),
    Mutant(
        name="a removed card that is detached before that is committed",
        file=_METHODS,
        old="                jobs = [await self._effects.put(work, Topic.DETACH_CARD, payment_method=id)]",
        new="                jobs = list[Job]()\n                await self._effects._payments.detach(id)",
        check=faults("removing the only card"),
    ),
    Mutant(
        name="a default that is removed, and none is told to the provider instead",
        file=_METHODS,
        old="                if gone.is_default:\n",
        new="                if gone.is_default and after.default is None:\n",
        check=faults("removing the default of two"),
    ),
    Mutant(
        name="a default that is removed, and none takes its place",
        file=_MODEL,
        old="        return self._with([card for card in self._held if card is not gone])",
        new="        return attrs.evolve(self, held=[card for card in self._held if card is not gone])",
        check=faults("removing the default of two"),
    ),
    Mutant(
        name="a second card that is the default beside the first",
        file=_MODEL,
        old="attrs.evolve(new, is_default=any(card.is_default for card in same))",
        new="attrs.evolve(new, is_default=True)",
        check=core("model/test_cards.py::test_a_later_card_does_not_take_the_default"),
    ),
    Mutant(
        name="the same physical card kept twice",
        file=_MODEL,
        old="if card.id == new.id or (fingerprint is not None and card.card.fingerprint == fingerprint)",
        new="if card.id == new.id",
        check=faults("the same card again"),
    ),
    Mutant(
        name="two defaults",
        file=_MODEL,
        old="[attrs.evolve(card, is_default=card is chosen) for card in self._held]",
        new="[attrs.evolve(card, is_default=card is chosen or card.is_default) for card in self._held]",
        check=faults("listing and choosing the default"),
    ),
    Mutant(
        name="a card that is removed without the user being locked",
        file=_METHODS,
        old=(
            "                user = await work.users.get(user_id, lock=True)\n"
            "                before = await work.payment_methods.of(user_id)\n"
            "                gone"
        ),
        new=(
            "                user = await work.users.get(user_id)\n"
            "                before = await work.payment_methods.of(user_id)\n"
            "                gone"
        ),
        check=ONLY_CARD,
    ),
    Mutant(
        name="a default that is told once, and not looked at again",
        file=_EFFECTS,
        old="            if now == told:\n                return\n",
        new="            return\n",
        check=race("choosing the newest"),
    ),
    Mutant(
        name="a provider's older default that overwrites a newer choice",
        file=_SYNC,
        old="            default = None if ours_is_newer else customer.default_payment_method",
        new="            default = customer.default_payment_method",
        check=race("choosing the newest"),
    ),
    Mutant(
        name="a local copy that overwrites what changed while the provider was asked",
        file=_SYNC,
        old="            if held != seen:\n",
        new="            if len(held) != len(seen):\n",
        check=race("syncing"),
    ),
    Mutant(
        name="a local copy that overwrites a card removed meanwhile",
        file=_SYNC,
        old="            if held != seen:\n",
        new="            if len(held) > len(seen):\n",
        check=race("syncing"),
    ),
    Mutant(
        name="a customer that was deleted at the provider, and stays here",
        file="accounts_core/use_cases/lost_customer.py",
        old="    await work.users.save(user.lose_customer())\n",
        new="",
        check=faults("hearing that the customer was deleted"),
    ),
    Mutant(
        name="a default that the provider lost, and is not told ours",
        file=_SYNC,
        old="        return (await self._effects.put_default(work, user_id),)\n\n    async def _forget",
        new="        return ()\n\n    async def _forget",
        check=faults("hearing that the default was detached"),
    ),
    Mutant(
        name="an event that is noted, and never looked into",
        file="accounts_core/use_cases/provider_events.py",
        old="                if is_new and customer_id is not None:\n",
        new="                if not is_new and customer_id is not None:\n",
        check=faults("hearing that the default was detached"),
    ),
    Mutant(
        name="an event that is noted before what it leads to is written down",
        file="accounts_core/use_cases/provider_events.py",
        old=(
            "                is_new = await work.provider_events.add(id, at=self._clock.now())\n"
            "                if is_new"
        ),
        new=(
            "                is_new = await work.provider_events.add(id, at=self._clock.now())\n"
            "            async with self._store.begin() as work:\n"
            "                if is_new"
        ),
        check=faults("hearing that the default was detached"),
    ),
    Mutant(
        name="a new name that the provider never hears",
        file=_EFFECTS,
        old=(
            "    return ("
            "await effects.put(work, Topic.UPDATE_CUSTOMER, user=str(after.id), customer=after.customer_id),)"
        ),
        new="    return ()",
        check=faults("changing name and address"),
    ),
)
