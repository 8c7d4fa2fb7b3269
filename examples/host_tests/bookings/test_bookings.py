import pytest
from bookings import Bookings, RoomTaken

from accounts_core import BlockingAccounts
from accounts_core.errors import InvalidCredentials, InvalidMailToken, InvalidToken, NotFound
from accounts_pytest import PASSWORD, Mailbox, MakeUser, TestClock


def test_sign_up_with_a_room(application: Bookings, accounts: BlockingAccounts, mailbox: Mailbox) -> None:
    application.sign_up(email="jane@example.org", password=PASSWORD, name="Jane", room="Blue")

    assert mailbox.read("jane@example.org").click().is_email_verified
    token = accounts.sign_in(email="jane@example.org", password=PASSWORD).token
    assert application.rooms_of(token) == ["Blue"]


def test_no_account_without_the_room(
    application: Bookings, accounts: BlockingAccounts, make_user: MakeUser, mailbox: Mailbox
) -> None:
    application.book(make_user().token, "Blue")

    with pytest.raises(RoomTaken):
        application.sign_up(email="jane@example.org", password=PASSWORD, name="Jane", room="Blue")

    with pytest.raises(NotFound):
        accounts.find_user("jane@example.org")
    assert not mailbox


def test_a_wrong_password(accounts: BlockingAccounts, make_user: MakeUser) -> None:
    with pytest.raises(InvalidCredentials):
        accounts.sign_in(email=make_user().email, password="an entirely different one")


def test_a_link_that_has_expired(application: Bookings, mailbox: Mailbox, clock: TestClock) -> None:
    application.sign_up(email="jane@example.org", password=PASSWORD, name="Jane", room="Blue")

    clock.advance(hours=24)

    with pytest.raises(InvalidMailToken):
        mailbox.read("jane@example.org").click()


def test_a_deleted_user_has_no_bookings(application: Bookings, accounts: BlockingAccounts, make_user: MakeUser) -> None:
    jane, john = make_user(), make_user()
    application.book(jane.token, "Blue")
    application.book(john.token, "Red")

    assert accounts.export_personal_data(jane.id)["bookings"] == ["Blue"]
    assert accounts.preview_deletion(jane.id).destroyed["bookings"] == 1
    accounts.delete_user(jane.id, password=jane.password)

    with pytest.raises(InvalidToken):
        application.rooms_of(jane.token)
    application.book(john.token, "Blue")
    assert application.rooms_of(john.token) == ["Blue", "Red"]
