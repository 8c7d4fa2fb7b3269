import attrs
import pytest
from tests.unit.core.conftest import NOBODY, OTHER_PASSWORD, PASSWORD, Core, Environment

from accounts_core import BlockingAccounts, MailDispatch
from accounts_core.errors import DeletionBlocked, InvalidToken, NotFound, ProviderAmbiguous, WrongPassword
from accounts_core.model import DeletionPreview, TeamId, User, UserId
from accounts_core.model.events import UserDeleted
from accounts_core.services.session_opener import SignInResult
from accounts_memory import MemoryUnitOfWork


def befriend(accounts: Core, owner: User, guest: User) -> TeamId:
    """Let `owner` found a team and `guest` join it."""
    team = accounts.create_team(owner.id, name=f"{owner.name}'s").team
    accounts.mark_email_verified(guest.id)
    accounts.invite_to_team(owner.id, team.id, email=guest.email)
    accounts.accept_invitation(guest.id, accounts.list_invitations(guest.id)[0].invitation.id)
    return team.id


def test_deletion_destroys_what_is_owned_and_disassociates_the_rest(
    accounts: Core, jane: User, john: User, signed_in: SignInResult
) -> None:
    own, foreign = befriend(accounts, jane, john), befriend(accounts, john, jane)
    accounts.write_interaction(jane.id, own, body="mine")
    accounts.write_interaction(john.id, own, body="john's, in mine")
    words = accounts.write_interaction(jane.id, foreign, body="mine, in john's").interaction
    accounts.verify_card(jane.id, payment_method="pm_card_visa")

    preview = accounts.preview_deletion(jane.id)

    assert preview == DeletionPreview(
        destroyed={
            "accounts": 1,
            "interactions": 2,
            "memberships": 2,
            "notifications": 2,
            "payment_methods": 1,
            "sessions": 1,
        },
        disassociated={"interactions": 1},
    )

    accounts.delete_user(jane.id, password=PASSWORD)

    left = accounts.list_interactions(john.id, foreign)
    assert [(view.interaction.id, view.interaction.body, view.author) for view in left] == [
        (words.id, "mine, in john's", None)
    ]
    assert [view.team.id for view in accounts.list_teams(john.id)] == [foreign]
    assert [member.person.id for member in accounts.list_team_members(john.id, foreign)] == [john.id]
    with pytest.raises(InvalidToken):
        accounts.authenticate(signed_in.token)
    with pytest.raises(NotFound):
        accounts.profile(jane.id)


def test_the_address_is_free_again_and_the_id_is_not(accounts: Core, jane: User) -> None:
    accounts.delete_user(jane.id, password=PASSWORD)

    assert accounts.register(email="jane@example.org", password=PASSWORD, name="Jane Doe").id != jane.id


@pytest.mark.parametrize("password", [OTHER_PASSWORD, "", PASSWORD.upper()])
def test_a_wrong_password_deletes_nothing(accounts: Core, signed_in: SignInResult, password: str) -> None:
    with pytest.raises(WrongPassword) as caught:
        accounts.delete_user(signed_in.user.id, password=password)

    assert caught.value.field == "password"
    assert accounts.authenticate(signed_in.token).user == signed_in.user


def test_the_billing_customer_is_deleted_too(accounts: Core, jane: User, env: Environment) -> None:
    accounts.verify_card(jane.id, payment_method="pm_card_visa")
    assert accounts.retrieve_customer(jane.id).email == "jane@example.org"

    accounts.delete_user(jane.id, password=PASSWORD)

    assert env.gateway.calls[-1][0] == "delete_customer"
    assert len(env.events.of(UserDeleted)) == 1


def test_a_provider_that_is_away_does_not_stop_the_deletion(accounts: Core, jane: User, env: Environment) -> None:
    accounts.verify_card(jane.id, payment_method="pm_card_visa")
    env.gateway.fail_next("delete_customer", ProviderAmbiguous("away"))

    accounts.delete_user(jane.id, password=PASSWORD)

    with pytest.raises(NotFound):
        accounts.profile(jane.id)


def test_deleting_nobody_is_not_found(accounts: Core) -> None:
    with pytest.raises(NotFound):
        accounts.delete_user(NOBODY, password=PASSWORD)


@attrs.define
class Orders:
    """A host's own data: how many orders each user has, and whether one of them is open."""

    of: dict[UserId, int] = attrs.field(factory=dict)
    is_open: bool = False

    async def preview(self, work: MemoryUnitOfWork, user_id: UserId) -> DeletionPreview:
        return DeletionPreview(
            destroyed={"orders": self.of.get(user_id, 0)}, blocked_by=("open orders",) if self.is_open else ()
        )

    async def export(self, work: MemoryUnitOfWork, user_id: UserId) -> dict[str, int]:
        return {"orders": self.of.get(user_id, 0)}

    async def erase(self, work: MemoryUnitOfWork, user_id: UserId) -> None:
        self.of.pop(user_id, None)

    async def disassociate(self, work: MemoryUnitOfWork, user_id: UserId) -> None:
        pass


def test_a_hosts_own_data_is_counted_and_goes_along(env: Environment, jane: User) -> None:
    orders = Orders({jane.id: 3})
    accounts = with_orders(env, orders)

    assert accounts.preview_deletion(jane.id).destroyed["orders"] == 3

    accounts.erase_user(jane.id)

    assert orders.of == {}


def test_a_hosts_own_data_can_stand_against_a_deletion(env: Environment, jane: User) -> None:
    accounts = with_orders(env, Orders({jane.id: 3}, is_open=True))

    assert accounts.preview_deletion(jane.id).blocked_by == ("open orders",)
    with pytest.raises(DeletionBlocked, match="open orders"):
        accounts.delete_user(jane.id, password=PASSWORD)
    assert accounts.profile(jane.id) == jane


def with_orders(env: Environment, orders: Orders) -> Core:
    return BlockingAccounts(
        mail_dispatch=MailDispatch.WORKER,
        limits=None,
        store=env.store,
        payments=env.gateway,
        passwords=env.hasher,
        mailer=env.mailer,
        clock=env.clock,
        secrets=env.secrets,
        owned_data=[orders],
    )
