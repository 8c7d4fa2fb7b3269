"""What is left of somebody who is gone, and what goes with them that should not."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, faults, proven

_DELETE: Final = "accounts_core/services/erasure.py"
_OWNED: Final = "accounts_core/services/owned_data.py"

DELETION: Final = (
    Mutant(
        name="a deletion that leaves a hold behind",
        at="accounts_core/model/verification.py::CardVerification.orphan",
        old="attrs.evolve(self, user_id=None, updated_at=at)",
        new="attrs.evolve(self, user_id=None, state=State.ABANDONED, updated_at=at)",
        check=faults("deleting a user who is challenged"),
    ),
    Mutant(
        name="a orphaned verification that goes on to keep the card",
        at="accounts_core/services/card_verifier.py::CardVerifier._step",
        old="v.is_orphaned and v.state is not State.CLOSING and ((v.state, Event.ABANDONED) in TRANSITIONS)",
        new="v.is_orphaned and v.state is State.REQUIRES_ACTION",
        check=faults("deleting a user whose attach was lost"),
    ),
    Mutant(
        name="a orphaned verification whose hold may not have been made, and is not looked for",
        at="accounts_core/services/card_verifier.py::CardVerifier._step",
        old=(
            "if v.is_orphaned and v.state is not State.CLOSING and ((v.state, Event.ABANDONED) in TRANSITIONS):\n"
            "    await self._commits.advance(v, Event.ABANDONED)\n"
            "    return None"
        ),
        new=(
            "if v.is_orphaned and v.state is State.HOLDING:\n"
            "    await self._commits.advance(v, Event.REFUSED)\n"
            "    return None\n"
            "if v.is_orphaned and v.state is not State.CLOSING and ((v.state, Event.ABANDONED) in TRANSITIONS):\n"
            "    await self._commits.advance(v, Event.ABANDONED)\n"
            "    return None"
        ),
        check=faults("deleting a user whose hold was lost"),
    ),
    Mutant(
        name="a customer that is deleted before its last hold is let go",
        at="accounts_core/services/customer_removal.py::CustomerRemoval.remove",
        old=(
            "async with self._store.reader() as reader:\n"
            "    if await reader.verifications.list_open_for_customer(customer_id):\n"
            '        raise Conflict("A card of this customer is still being verified.")'
        ),
        new="",
        check=core(
            "use_cases/test_worker_verifications.py::test_a_customer_is_not_deleted_before_the_last_hold_is_let_go"
        ),
    ),
    Mutant(
        name="a customer that outlives its user",
        at="accounts_core/services/erasure.py::EraseUser.erase",
        old="(await self._outbox.enqueue(work, DeleteCustomerJob(customer=user.customer_id)),)",
        new="()",
        check=faults("deleting a user with cards"),
    ),
    Mutant(
        name="a customer that nobody heard of, and nobody looks for",
        at="accounts_core/services/erasure.py::EraseUser.erase",
        old=(
            "if orphaned:\n"
            "    user_ref = user.hex_id if user.customer_id is None else None\n"
            "    await self._outbox.enqueue_for_worker(\n"
            "        work, DeleteCustomerJob(customer=user.customer_id, user_ref=user_ref)\n"
            "    )\n"
            "    return ()"
        ),
        new=(
            "if orphaned and user.customer_id is not None:\n"
            "    user_ref = user.hex_id if user.customer_id is None else None\n"
            "    await self._outbox.enqueue_for_worker(\n"
            "        work, DeleteCustomerJob(customer=user.customer_id, user_ref=user_ref)\n"
            "    )\n"
            "    return ()"
        ),
        check=faults("deleting a user whose create_customer was lost"),
    ),
    Mutant(
        name="a customer that is deleted before the deletion is committed",
        at="accounts_core/services/erasure.py::EraseUser.erase",
        old="return (await self._outbox.enqueue(work, DeleteCustomerJob(customer=user.customer_id)),)",
        new=(
            "await self._outbox._dispatcher.perform("
            "self._outbox.job('x', DeleteCustomerJob(customer=user.customer_id)))\nreturn ()"
        ),
        check=faults("deleting a user with cards"),
    ),
    Mutant(
        name="sessions that outlive their user",
        at="accounts_core/services/owned_data.py::OwnedPersonalData.erase",
        old="await work.sessions.delete_for_user(user_id)",
        new="",
        check=faults("deleting a user with teams"),
    ),
    Mutant(
        name="mailed tokens that outlive their user",
        at="accounts_core/services/owned_data.py::OwnedPersonalData.erase",
        old="await work.mail_tokens.delete_for_user(user_id)",
        new="",
        check=faults("deleting a user with teams"),
    ),
    Mutant(
        name="a trail that keeps what a deleted user did in words",
        at="accounts_core/services/owned_data.py::OwnedPersonalData.erase",
        old="await work.audit.redact(user_id)",
        new="",
        check=faults("deleting a user with teams"),
    ),
    Mutant(
        name="invitations to somebody who is gone",
        at="accounts_core/services/owned_data.py::OwnedTeams.erase",
        old="await work.teams.delete_invitations_to(user.email)",
        new="",
        check=faults("deleting a user who is invited"),
    ),
    Mutant(
        name="what was written in others' teams goes with its author",
        at="adapters/accounts_memory/teams.py::MemoryTeams.disassociate",
        old="work.interactions.put(attrs.evolve(interaction, author_id=None))",
        new="work.interactions.drop(interaction)",
        check=faults("deleting a user with teams"),
    ),
    Mutant(
        name="a deletion that does not look whether the password is still the one",
        at="accounts_core/use_cases/identity/delete_user.py::DeleteUser.__call__.attempt",
        old="user.password_hash != proven.password_hash",
        new="user.status != proven.status",
        check=proven("deleting"),
    ),
    Mutant(
        name="a deletion without the password",
        at="accounts_core/use_cases/identity/delete_user.py::DeleteUser.__call__.attempt",
        old="await self._reauthentication.check(proven, typed, client)",
        new="",
        check=core("use_cases/test_delete_user.py::test_a_wrong_password_deletes_nothing[]"),
    ),
)
