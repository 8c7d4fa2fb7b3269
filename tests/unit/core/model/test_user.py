from datetime import timedelta

import pytest

from accounts_core.errors import AccountDeactivated, Invalid
from accounts_core.model import EmailAddress, User, UserStatus
from accounts_core.model.secret_values import PasswordHash
from accounts_core.testing.builders import NOON, a_user

LATER = NOON + timedelta(hours=1)
NEW = EmailAddress("new@example.org")


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("Jane Doe", "JD"),
        ("Jane Doe Doe", "JD"),
        ("jane van der doe", "JD"),
        ("Jane", "J"),
        ("  Jane   Doe ", "JD"),
        ("\u00e9mile zola", "\u00c9Z"),
        ("\u7530\u4e2d \u592a\u90ce", "\u7530\u592a"),
    ],
)
def test_initials_are_the_first_letters_of_the_first_and_last_name(name: str, initials: str) -> None:
    assert a_user().rename(name, at=LATER).initials == initials


def test_the_hexadecimal_id_is_the_second_of_creation_and_the_id() -> None:
    user = a_user(255, created_at=NOON)

    assert user.hex_id == f"{int(NOON.timestamp()):08x}00000000000000ff"
    assert len(user.hex_id) == 24


@pytest.mark.parametrize("name", ["", " ", "\t", "a\nb", "a\0b", "a\ud800b", "x" * 201, "a\u2028b"])
def test_a_name_is_one_line_of_1_to_200_characters(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        a_user().rename(name, at=LATER)

    assert caught.value.field == "name"


def test_a_change_moves_updated_at_and_the_same_value_does_not() -> None:
    user = a_user(name="Jane Doe")

    assert user.rename("Jane Roe", at=LATER).updated_at == LATER
    assert user.rename(" Jane Doe ", at=LATER) is user


def test_an_address_that_was_never_verified_is_replaced_at_once() -> None:
    user = a_user(email_verified_at=None).change_email(NEW, at=LATER)

    assert (user.email, user.email_verified_at, user.pending_email) == (NEW, None, None)


def test_a_verified_address_stays_until_the_new_one_is_verified() -> None:
    before = a_user(email_verified_at=NOON)
    waiting = before.change_email(NEW, at=LATER)

    assert (waiting.email, waiting.email_verified_at, waiting.pending_email) == (before.email, NOON, NEW)

    verified = waiting.verify_email(at=LATER)

    assert (verified.email, verified.email_verified_at, verified.pending_email) == (NEW, LATER, None)


def test_a_product_may_swap_a_verified_address_at_once() -> None:
    user = a_user(email_verified_at=NOON).change_email(NEW, at=LATER, immediate=True)

    assert (user.email, user.email_verified_at, user.pending_email) == (NEW, None, None)


def test_going_back_to_the_present_address_calls_off_the_change() -> None:
    before = a_user(email_verified_at=NOON)

    after = before.change_email(NEW, at=LATER).change_email(before.email, at=LATER)

    assert (after.email, after.email_verified_at, after.pending_email) == (before.email, NOON, None)


def test_another_spelling_of_the_address_keeps_it_verified() -> None:
    before = a_user(email=EmailAddress("jane@example.org"), email_verified_at=NOON)

    after = before.change_email(EmailAddress("Jane@example.org"), at=LATER)

    assert (after.email.address, after.email_verified_at, after.pending_email) == ("Jane@example.org", NOON, None)


def test_a_spelling_that_may_be_another_mailbox_does_not_take_the_place_of_the_address() -> None:
    before = a_user(email=EmailAddress("jane@example.org"), email_verified_at=NOON)

    assert before.change_email(EmailAddress("\uff4aane@example.org"), at=LATER) == before


def test_an_account_stays_proven_when_its_verified_address_is_replaced_at_once() -> None:
    never, once = a_user(email_verified_at=None), a_user(email_verified_at=NOON)

    assert not never.change_email(NEW, at=LATER).is_email_verified
    moved = once.change_email(NEW, at=LATER, immediate=True)
    assert (moved.email_verified_at, moved.was_verified, moved.is_email_verified) == (None, True, True)


def test_verifying_twice_changes_nothing_the_second_time() -> None:
    once = a_user(email_verified_at=None).verify_email(at=NOON)

    assert once.verify_email(at=LATER) is once


def test_deactivating_and_restoring_gives_the_same_account() -> None:
    user = a_user()
    deactivated = user.deactivate(at=LATER)

    assert deactivated.status is UserStatus.DEACTIVATED
    with pytest.raises(AccountDeactivated):
        deactivated.deactivate(at=LATER)

    restored = deactivated.restore(at=LATER)

    assert restored.is_active
    assert restored.restore(at=LATER) is restored


def test_the_password_hash_is_not_shown_by_the_repr() -> None:
    user: User = a_user(password_hash=PasswordHash("$argon2id$secret"))

    assert "argon2id" not in repr(user)
