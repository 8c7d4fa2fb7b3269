import pytest
from tests.unit.core.conftest import Core, Environment

from accounts_core.errors import NotFound
from accounts_core.model import User
from accounts_core.testing.builders import NOON


def notify(accounts: Core, env: Environment, to: User, count: int) -> None:
    owner = accounts.register(email="owner@example.org", password="correct horse battery staple", name="Owner")
    accounts.mark_email_verified(to.id)
    for number in range(count):
        env.wait(seconds=1)
        team = accounts.create_team(owner.id, name=f"Team {number}").team
        accounts.invite_to_team(owner.id, team.id, email=to.email)


def test_notifications_are_listed_newest_first(accounts: Core, jane: User, env: Environment) -> None:
    notify(accounts, env, jane, 3)

    assert [notification.message for notification in accounts.list_notifications(jane.id)] == [
        "You invited to join Team 2.",
        "You invited to join Team 1.",
        "You invited to join Team 0.",
    ]


def test_one_is_marked_read_and_the_first_time_counts(accounts: Core, jane: User, env: Environment) -> None:
    notify(accounts, env, jane, 2)
    newest, oldest = accounts.list_notifications(jane.id)
    read_at = env.clock.now()

    accounts.mark_notification_read(jane.id, newest.id)
    env.wait(hours=1)
    accounts.mark_notification_read(jane.id, newest.id)

    assert [notification.read_at for notification in accounts.list_notifications(jane.id)] == [read_at, None]
    assert oldest.read_at is None
    assert read_at > NOON


def test_all_are_marked_read(accounts: Core, jane: User, env: Environment) -> None:
    notify(accounts, env, jane, 2)

    accounts.mark_all_notifications_read(jane.id)

    assert all(notification.read_at for notification in accounts.list_notifications(jane.id))


def test_nobody_marks_somebody_elses(accounts: Core, jane: User, john: User, env: Environment) -> None:
    notify(accounts, env, jane, 1)
    (notification,) = accounts.list_notifications(jane.id)

    with pytest.raises(NotFound):
        accounts.mark_notification_read(john.id, notification.id)

    assert accounts.list_notifications(jane.id) == [notification]
