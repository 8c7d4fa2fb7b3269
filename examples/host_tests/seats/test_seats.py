import pytest
from seats import NoSeat, Seats

from accounts_core import BlockingAccounts
from accounts_core.errors import NotAllowed
from accounts_pytest import CardGateway, Mailbox, MailKind, MakeTeam, MakeUser, TestClock


def test_an_order_with_a_good_card(seats: Seats, make_team: MakeTeam, card_gateway: CardGateway) -> None:
    team = make_team()

    assert seats.order(team.owner.token, team.id, 1, payment_method=card_gateway.card("visa")) == "ordered"
    assert card_gateway.open_holds() == []


@pytest.mark.parametrize("card", ["declined", "insufficient_funds", "expired"])
def test_an_order_with_a_bad_card(seats: Seats, make_team: MakeTeam, card_gateway: CardGateway, card: str) -> None:
    team = make_team()

    assert seats.order(team.owner.token, team.id, 1, payment_method=card_gateway.card(card)) == "declined"
    with pytest.raises(NoSeat):
        seats.invite(team.owner.token, team.id, "john@example.org")


def test_the_bank_asks(seats: Seats, make_team: MakeTeam, card_gateway: CardGateway) -> None:
    team, card = make_team(), card_gateway.card("needs_authentication")
    assert seats.order(team.owner.token, team.id, 1, payment_method=card) == "authenticate"

    card_gateway.complete_challenge()
    assert seats.order(team.owner.token, team.id, 1, payment_method=card) == "ordered"


def test_nobody_answers_the_bank(seats: Seats, make_team: MakeTeam, card_gateway: CardGateway) -> None:
    team, card = make_team(), card_gateway.card("needs_authentication")
    assert seats.order(team.owner.token, team.id, 1, payment_method=card) == "authenticate"

    card_gateway.fail_challenge()
    assert seats.order(team.owner.token, team.id, 1, payment_method=card) == "declined"


def test_the_provider_is_down(
    seats: Seats, accounts: BlockingAccounts, make_team: MakeTeam, card_gateway: CardGateway, clock: TestClock
) -> None:
    team, card = make_team(), card_gateway.card("visa")
    with card_gateway.down():
        assert seats.order(team.owner.token, team.id, 1, payment_method=card) == "later"

    clock.advance(minutes=5)
    accounts.run_due()
    assert seats.order(team.owner.token, team.id, 1, payment_method=card) == "ordered"
    assert card_gateway.open_holds() == []


def test_seats_are_taken(
    seats: Seats,
    accounts: BlockingAccounts,
    make_team: MakeTeam,
    make_user: MakeUser,
    card_gateway: CardGateway,
    mailbox: Mailbox,
) -> None:
    team, john = make_team(), make_user()
    seats.order(team.owner.token, team.id, 1, payment_method=card_gateway.card("visa"))

    seats.invite(team.owner.token, team.id, john.email)
    assert mailbox.read(john.email, MailKind.INVITATION).values["team"] == "Bookshop"
    (invitation,) = accounts.list_invitations(john.id)
    accounts.accept_invitation(john.id, invitation.invitation.id)

    with pytest.raises(NoSeat):
        seats.invite(team.owner.token, team.id, "mary@example.org")


def test_a_member_orders_nothing(seats: Seats, make_team: MakeTeam, card_gateway: CardGateway) -> None:
    team = make_team(members=1)

    with pytest.raises(NotAllowed):
        seats.order(team.members[0].token, team.id, 9, payment_method=card_gateway.card("visa"))
