"""What ends sessions ends those that are being opened at that moment, too: no token is good after the answer.

Every race is run for several people at once, so that it has several outcomes.
"""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Final

import pytest
from tests.security.races.actions import (
    authenticate,
    change_password,
    deactivate,
    delete,
    reset_password,
    restore,
    sign_in,
)
from tests.security.races.arena import OTHER_PASSWORD, PASSWORD, Arena
from tests.security.races.pool import Action, Told

from accounts_core.errors import InvalidCredentials
from accounts_core.model.user import User
from accounts_core.ports.mailer import MailKind

PEOPLE: Final = 10
SIGN_INS: Final = 4
"""For each person, beside whatever ends the sessions."""


@pytest.fixture
def people(arena: Arena) -> list[User]:
    return [arena.sign_up(f"jane{number}") for number in range(PEOPLE)]


def race_for_each(arena: Arena, races: Sequence[Sequence[Action]]) -> list[list[Told]]:
    """Run a race for each person, all at once, and return what was told in each."""
    told = iter(arena.race(*[action for race in races for action in race]))
    return [[next(told) for _ in race] for race in races]


def sign_ins(user: User, password: str = PASSWORD) -> list[Action]:
    return [partial(sign_in, email=user.email.address, password=password)] * SIGN_INS


def assert_no_token_is_good(arena: Arena, told: Sequence[Told]) -> None:
    tokens = [each.value for each in told if each.error is None]
    assert not [token for token in tokens if arena.is_good(token)]


def test_no_sign_in_beside_a_deactivation_leaves_a_token_that_is_good(arena: Arena, people: list[User]) -> None:
    held = [arena.accounts.sign_in(email=user.email, password=PASSWORD).token for user in people]

    told = race_for_each(
        arena,
        [
            [partial(deactivate, user_id=user.id), *sign_ins(user), *[partial(authenticate, token=token)] * 2]
            for user, token in zip(people, held, strict=True)
        ],
    )

    for ended, *others in told:
        entering, looking = others[:SIGN_INS], others[SIGN_INS:]
        assert ended.outcome == "done"
        assert {each.outcome for each in entering} <= {"done", "AccountDeactivated"} | arena.may_conflict
        assert {each.outcome for each in looking} <= {"done", "InvalidToken"}
        # whoever asked after the answer was out was told so
        late = [each for each in looking if each.asked_at > ended.answered_at]
        assert {each.outcome for each in late} <= {"InvalidToken"}
        assert_no_token_is_good(arena, entering)
    assert not arena.rows("sessions")
    assert not [token for token in held if arena.is_good(token)]


def test_no_sign_in_with_the_old_password_outlives_a_change_of_it(arena: Arena, people: list[User]) -> None:
    told = race_for_each(
        arena,
        [
            [partial(change_password, user_id=user.id, old=PASSWORD, new=OTHER_PASSWORD), *sign_ins(user)]
            for user in people
        ],
    )

    for changed, *entering in told:
        assert changed.outcome == "done"
        assert {each.outcome for each in entering} <= {"done", "InvalidCredentials"} | arena.may_conflict
        late = [each for each in entering if each.asked_at > changed.answered_at]
        assert {each.outcome for each in late} <= {"InvalidCredentials"}
        assert_no_token_is_good(arena, entering)
    assert not arena.rows("sessions")
    for user in people:
        with pytest.raises(InvalidCredentials):
            arena.accounts.sign_in(email=user.email, password=PASSWORD)
        assert arena.is_good(arena.accounts.sign_in(email=user.email, password=OTHER_PASSWORD).token)


def test_of_changes_from_the_same_old_password_exactly_one_succeeds(arena: Arena, people: list[User]) -> None:
    chosen = [f"{OTHER_PASSWORD}, number {number}" for number in range(4)]

    told = race_for_each(
        arena,
        [
            [partial(change_password, user_id=user.id, old=PASSWORD, new=password) for password in chosen]
            for user in people
        ],
    )

    for user, changes in zip(people, told, strict=True):
        outcomes = Counter(each.outcome for each in changes)
        assert outcomes["done"] == 1, outcomes
        assert {*outcomes} <= {"done", "WrongPassword"} | arena.may_conflict
        (winner,) = [password for password, each in zip(chosen, changes, strict=True) if each.error is None]
        assert arena.accounts.sign_in(email=user.email, password=winner).user.id == user.id
        for password in {*chosen, PASSWORD} - {winner}:
            with pytest.raises(InvalidCredentials):
                arena.accounts.sign_in(email=user.email, password=password)


def test_a_token_from_a_mail_is_used_once(arena: Arena, people: list[User]) -> None:
    for user in people:
        arena.accounts.forgot_password(email=user.email)
    arena.accounts.run_due(limit=1000)
    mailed = {mail.to: mail.values["token"] for mail in arena.mails.delivered if mail.kind is MailKind.RESET_PASSWORD}
    chosen = [f"{OTHER_PASSWORD}, number {number}" for number in range(4)]

    told = race_for_each(
        arena,
        [[partial(reset_password, token=mailed[user.email], password=one) for one in chosen] for user in people],
    )

    for user, resets in zip(people, told, strict=True):
        outcomes = Counter(each.outcome for each in resets)
        assert outcomes["done"] == 1, outcomes
        assert {*outcomes} <= {"done", "InvalidMailToken"} | arena.may_conflict
        (winner,) = [password for password, each in zip(chosen, resets, strict=True) if each.error is None]
        assert arena.accounts.sign_in(email=user.email, password=winner).user.id == user.id


def test_restoring_beside_a_deletion_ends_as_one_after_the_other_would(arena: Arena, people: list[User]) -> None:
    for user in people:
        arena.accounts.deactivate(user.id)

    told = race_for_each(
        arena,
        [
            [
                partial(delete, user_id=user.id, password=PASSWORD),
                *[partial(restore, email=user.email.address, password=PASSWORD)] * SIGN_INS,
            ]
            for user in people
        ],
    )

    for deleted, *restored in told:
        assert deleted.outcome in {"done"} | arena.may_conflict
        assert {each.outcome for each in restored} <= {"done", "InvalidCredentials"} | arena.may_conflict
        if deleted.error is None:
            late = [each for each in restored if each.asked_at > deleted.answered_at]
            assert {each.outcome for each in late} <= {"InvalidCredentials"}
            assert_no_token_is_good(arena, restored)
    gone = [user.id for user, (deleted, *_) in zip(people, told, strict=True) if deleted.error is None]
    assert gone
    assert {user.id for user in arena.rows("users")} == {user.id for user in people} - {*gone}
    assert not [session for session in arena.rows("sessions") if session.user_id in gone]
    assert not [device for device in arena.rows("devices") if device.user_id in gone]


def test_restoring_beside_a_deactivation_ends_as_one_after_the_other_would(arena: Arena, people: list[User]) -> None:
    for user in people[: PEOPLE // 2]:
        arena.accounts.deactivate(user.id)

    told = race_for_each(
        arena,
        [
            [
                partial(deactivate, user_id=user.id),
                *[partial(restore, email=user.email.address, password=PASSWORD)] * SIGN_INS,
            ]
            for user in people
        ],
    )

    standing = {user.id: user for user in arena.rows("users")}
    for user, (ended, *restored) in zip(people, told, strict=True):
        assert ended.outcome in {"done", "AccountDeactivated"} | arena.may_conflict
        assert {each.outcome for each in restored} <= {"done"} | arena.may_conflict
        good = [each.value for each in restored if each.error is None and arena.is_good(each.value)]
        owned = [session for session in arena.rows("sessions") if session.user_id == user.id]
        assert len(good) == len(owned), "a session is good, or it is not there"
        assert (standing[user.id].status == 0) or not owned
