"""A4: calls of somebody who is signed in are counted, and what ends access is not."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import pytest
from tests.unit.core.conftest import OTHER_PASSWORD, PASSWORD, Core, Environment, signed_up

from accounts_core import Policy
from accounts_core.errors import RateLimitExceeded, ReauthenticationRequired
from accounts_core.model import TeamId, User, UserId
from accounts_core.model.events import Actor
from accounts_core.model.rate_limits import EXPORT, INTERACTION, PASSWORD_CHANGE, WRITE, RateLimit, in_every_scope
from accounts_core.testing.builders import NOON
from accounts_memory import MemoryRateLimiter

HOUR: Final = timedelta(hours=1)


def strict(env: Environment, *names: str, count: int = 1) -> Core:
    return env.accounts(
        Policy(limits=in_every_scope(dict.fromkeys(names, RateLimit(count, HOUR)))), MemoryRateLimiter()
    )


WRITES: Final[Mapping[str, Callable[[Core, User], object]]] = {
    "update_profile, a name": lambda a, jane: a.update_profile(jane.id, name="Janet"),
    "update_profile, an address": lambda a, jane: a.update_profile(jane.id, email="new@example.org", signed_in_at=NOON),
    "mark_notification_read": lambda a, jane: a.mark_notification_read(jane.id, "ntf_1"),
    "mark_all_notifications_read": lambda a, jane: a.mark_all_notifications_read(jane.id),
    "verify_card": lambda a, jane: a.verify_card(jane.id, payment_method="pm_card_visa"),
    "set_default_payment_method": lambda a, jane: a.set_default_payment_method(jane.id, "pm_1"),
    "remove_payment_method": lambda a, jane: a.remove_payment_method(jane.id, "pm_1"),
    "retrieve_customer": lambda a, jane: a.retrieve_customer(jane.id),
    "create_team": lambda a, jane: a.create_team(jane.id, name="Dev team"),
    "delete_team": lambda a, jane: a.delete_team(jane.id, TeamId(1)),
    "hand_over_team": lambda a, jane: a.hand_over_team(jane.id, TeamId(1), to=UserId(2)),
    "remove_team_member": lambda a, jane: a.remove_team_member(jane.id, TeamId(1), member_id=UserId(2)),
    "accept_invitation": lambda a, jane: a.accept_invitation(jane.id, "inv_1"),
    "decline_invitation": lambda a, jane: a.decline_invitation(jane.id, "inv_1"),
    "run_idempotent": lambda a, jane: a.run_idempotent(
        jane.id, scope=b"s" * 32, fingerprint=b"f" * 32, perform=_unasked
    ),
}


async def _unasked(_: Any) -> Any:
    raise AssertionError


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a4_every_write_is_counted_before_anything_is_read(
    env: Environment, jane: User, john: User, write: Callable[[Core, User], object]
) -> None:
    accounts = strict(env, WRITE)
    accounts.mark_all_notifications_read(jane.id)
    state = env.store._state

    with pytest.raises(RateLimitExceeded) as refusal:
        write(accounts, jane)

    assert refusal.value.name == WRITE
    assert env.store._state is state
    accounts.mark_all_notifications_read(john.id)


def test_a4_whoever_writes_too_often_can_still_end_what_a_thief_has(env: Environment) -> None:
    """With a stolen token somebody can use the limit up. The owner can still sign out and change the password."""
    plain = env.accounts()
    jane = signed_up(plain, env, "jane@example.org", "Jane Doe")
    accounts = strict(env, WRITE)
    accounts.mark_all_notifications_read(jane.id)
    signed_in = [plain.sign_in(email="jane@example.org", password=PASSWORD) for _ in range(3)]

    accounts.end_sessions(signed_in[0].session, signed_in[1].session.id, current_password=PASSWORD)
    accounts.end_sessions(signed_in[0].session, current_password=PASSWORD)
    accounts.update_profile(jane.id, new_password=OTHER_PASSWORD, current_password=PASSWORD)
    accounts.sign_out(signed_in[0].session)
    accounts.deactivate(jane.id)
    accounts.restore(email="jane@example.org", password=OTHER_PASSWORD)
    accounts.delete_user(jane.id, password=OTHER_PASSWORD)


def test_an_operator_is_not_stopped_by_what_a_user_has_used_up(env: Environment, jane: User) -> None:
    accounts = strict(env, WRITE)
    accounts.mark_all_notifications_read(jane.id)

    accounts.mark_email_verified(jane.id)
    accounts.deactivate(jane.id, by=Actor.OPERATOR)
    accounts.reinstate(jane.id)
    accounts.end_all_sessions(jane.id)
    accounts.erase_user(jane.id)


def test_a3_one_user_changes_the_password_so_often(env: Environment, jane: User, john: User) -> None:
    accounts = strict(env, PASSWORD_CHANGE, count=2)
    for password in (OTHER_PASSWORD, PASSWORD):
        accounts.update_profile(jane.id, new_password=password, signed_in_at=env.clock.now())

    with pytest.raises(RateLimitExceeded) as refusal:
        accounts.update_profile(jane.id, new_password=OTHER_PASSWORD, signed_in_at=env.clock.now())

    assert refusal.value.name == PASSWORD_CHANGE
    accounts.update_profile(jane.id, name="Janet")
    accounts.update_profile(john.id, new_password=OTHER_PASSWORD, signed_in_at=env.clock.now())


def test_a3_one_client_changes_so_many_passwords(env: Environment, jane: User, john: User) -> None:
    accounts = strict(env, PASSWORD_CHANGE)
    now = env.clock.now()
    accounts.update_profile(jane.id, new_password=OTHER_PASSWORD, signed_in_at=now, client="192.0.2.1")

    with pytest.raises(RateLimitExceeded):
        accounts.update_profile(john.id, new_password=OTHER_PASSWORD, signed_in_at=now, client="192.0.2.1")
    accounts.update_profile(john.id, new_password=OTHER_PASSWORD, signed_in_at=now, client="192.0.2.2")


def test_a_change_without_proof_counts_as_nothing(env: Environment, jane: User) -> None:
    """Else whoever has a stolen token could keep the owner from choosing a new password."""
    accounts = strict(env, PASSWORD_CHANGE, WRITE)
    for _ in range(3):
        with pytest.raises(ReauthenticationRequired):
            accounts.update_profile(jane.id, new_password=OTHER_PASSWORD)

    accounts.update_profile(jane.id, new_password=OTHER_PASSWORD, current_password=PASSWORD)


def test_a4_one_user_writes_so_many_interactions(env: Environment, jane: User) -> None:
    accounts = strict(env, INTERACTION)
    team = accounts.create_team(jane.id, name="Dev team").team.id
    accounts.write_interaction(jane.id, team, body="Hello.")

    with pytest.raises(RateLimitExceeded):
        accounts.write_interaction(jane.id, team, body="Hello again.")

    assert len(accounts.list_interactions(jane.id, team)) == 1


def test_a4_one_user_exports_so_often(env: Environment, jane: User, john: User) -> None:
    accounts = strict(env, EXPORT)
    accounts.export_personal_data(jane.id)

    with pytest.raises(RateLimitExceeded):
        accounts.export_personal_data(jane.id)
    accounts.export_personal_data(john.id)
