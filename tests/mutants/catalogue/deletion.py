"""What is left of somebody who is gone, and what goes with them that should not."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, faults, proven

_DELETE: Final = "accounts_core/use_cases/delete_user.py"
_OWNED: Final = "accounts_core/use_cases/owned_data.py"

DELETION: Final = (
    Mutant(
        name="a deletion that leaves a hold behind",
        file="accounts_core/model/verification.py",
        old="        return attrs.evolve(self, user_id=None, updated_at=at)",
        new="        return attrs.evolve(self, user_id=None, state=State.ABANDONED, updated_at=at)",
        check=faults("deleting a user who is challenged"),
    ),
    Mutant(
        name="a doomed verification that goes on to keep the card",
        file="accounts_core/use_cases/card_verifier.py",
        old="        if v.is_doomed and v.state is not State.CLOSING and (v.state, Event.ABANDONED) in TRANSITIONS:\n",
        new="        if v.is_doomed and v.state is State.REQUIRES_ACTION:\n",
        check=faults("deleting a user whose attach was lost"),
    ),
    Mutant(
        name="a doomed verification whose hold may not have been made, and is not looked for",
        file="accounts_core/use_cases/card_verifier.py",
        old="        if v.is_doomed and v.state is not State.CLOSING and (v.state, Event.ABANDONED) in TRANSITIONS:\n",
        new=(
            "        if v.is_doomed and v.state is State.HOLDING:\n"
            "            await self._advance(v, Event.REFUSED)\n"
            "            return None\n"
            "        if v.is_doomed and v.state is not State.CLOSING and (v.state, Event.ABANDONED) in TRANSITIONS:\n"
        ),
        check=faults("deleting a user whose hold was lost"),
    ),
    Mutant(
        name="a customer that is deleted before its last hold is let go",
        file="accounts_core/use_cases/customer_removal.py",
        old=(
            "        async with self._store.read() as views:\n"
            "            if await views.verifications.open_of_customer(customer_id):\n"
            '                raise Conflict("A card of this customer is still being verified.")\n'
        ),
        new="",
        check=core(
            "use_cases/test_worker_verifications.py::test_a_customer_is_not_deleted_before_the_last_hold_is_let_go"
        ),
    ),
    Mutant(
        name="a customer that outlives its user",
        file=_DELETE,
        old="        return (await self._effects.put(work, Topic.DELETE_CUSTOMER, customer=user.customer_id),)\n",
        new="        return ()\n",
        check=faults("deleting a user with cards"),
    ),
    Mutant(
        name="a customer that nobody heard of, and nobody looks for",
        file=_DELETE,
        old="        if doomed:  # a worker has to wait",
        new="        if doomed and user.customer_id is not None:  # a worker has to wait",
        check=faults("deleting a user whose create_customer was lost"),
    ),
    Mutant(
        name="a customer that is deleted before the deletion is committed",
        file=_DELETE,
        old="        return (await self._effects.put(work, Topic.DELETE_CUSTOMER, customer=user.customer_id),)\n",
        new="        await self._effects._payments.delete_customer(user.customer_id)\n        return ()\n",
        check=faults("deleting a user with cards"),
    ),
    Mutant(
        name="sessions that outlive their user",
        file=_OWNED,
        old="        await work.sessions.remove_of(user_id)\n",
        new="",
        check=faults("deleting a user with teams"),
    ),
    Mutant(
        name="mailed tokens that outlive their user",
        file=_OWNED,
        old="        await work.mail_tokens.remove_of(user_id)\n",
        new="",
        check=faults("deleting a user with teams"),
    ),
    Mutant(
        name="a trail that keeps what a deleted user did in words",
        file=_OWNED,
        old="        await work.audit.redact(user_id)\n",
        new="",
        check=faults("deleting a user with teams"),
    ),
    Mutant(
        name="invitations to somebody who is gone",
        file=_OWNED,
        old="            await work.teams.remove_invitations_to(user.email)\n",
        new="            pass\n",
        check=faults("deleting a user who is invited"),
    ),
    Mutant(
        name="what was written in others' teams goes with its author",
        file="adapters/accounts_memory/teams.py",
        old="            work.interactions.put(attrs.evolve(interaction, author_id=None))\n",
        new="            work.interactions.drop(interaction)\n",
        check=faults("deleting a user with teams"),
    ),
    Mutant(
        name="a deletion that does not look whether the password is still the one",
        file=_DELETE,
        old="                if user.password_hash != proven.password_hash:",
        new="                if user.status != proven.status:",
        check=proven("deleting"),
    ),
    Mutant(
        name="a deletion without the password",
        file=_DELETE,
        old="            await self._proofs.check(proven, given, client)\n",
        new="",
        check=core("use_cases/test_delete_user.py::test_a_wrong_password_deletes_nothing[]"),
    ),
)
