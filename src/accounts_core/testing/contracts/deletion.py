import pytest

from accounts_core.errors import Conflict
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.team import InteractionView
from accounts_core.ports.teams import Footprint
from accounts_core.testing.builders import (
    a_card,
    a_membership,
    a_notification,
    a_session,
    a_team,
    a_user,
    a_verification,
    an_interaction,
    an_invitation,
)
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.harness import AnyStore, Entity, keep, read_back

JANE, MARY, SAM = UserId(1), UserId(2), UserId(3)
JANES, JANES_SECOND, MARYS = TeamId(1), TeamId(2), TeamId(3)
GUEST = EmailAddress("guest@example.org")

BELONGINGS: dict[str, list[Entity]] = {
    "a session": [a_session()],
    "a notification": [a_notification()],
    "a card": [a_card(is_default=True)],
    "an open verification": [a_verification()],
    "a team": [a_team(9, JANE)],
    "a membership": [a_team(9, MARY), a_membership(9, JANE)],
    "an interaction in another's team": [a_team(9, MARY), an_interaction("int_1", 9, JANE)],
    "an invitation into another's team": [a_team(9, MARY), an_invitation("inv_1", 9, invited_by=JANE)],
}


async def populate(store: AnyStore) -> None:
    """Add Jane, who owns two teams with Mary and Sam as members, and Mary's team; all write and invite in each."""
    await keep(store, a_user(JANE), a_user(MARY), a_user(SAM))
    await keep(store, a_team(JANES, JANE), a_team(JANES_SECOND, JANE), a_team(MARYS, MARY))
    await keep(
        store,
        a_membership(JANES, MARY),
        a_membership(JANES, SAM),
        a_membership(JANES_SECOND, SAM),
        a_membership(MARYS, JANE),
        a_membership(MARYS, SAM),
        an_interaction("int_1", JANES, JANE),
        an_interaction("int_2", JANES, MARY),
        an_interaction("int_3", JANES_SECOND, None),
        an_interaction("int_4", MARYS, JANE),
        an_interaction("int_5", MARYS, JANE),
        an_interaction("int_6", MARYS, SAM),
        an_invitation("inv_1", JANES, invited_by=JANE, email=GUEST),
        an_invitation("inv_2", MARYS, invited_by=JANE, email=GUEST),
    )


async def members(store: AnyStore, team: TeamId) -> list[UserId]:
    found = await read_back(store, lambda s: s.teams.list_members(team, limit=9))
    return [member.person.id for member in found]


async def written(store: AnyStore, team: TeamId) -> list[InteractionView]:
    return list(await read_back(store, lambda s: s.teams.list_interactions(team, limit=9)))


class DeletionContract(StoreContract):
    """Deletion of a user in a store: `Teams.count_footprint`, `erase`, `disassociate`, and `Users.delete`."""

    async def test_the_footprint_counts_what_erase_and_disassociate_then_do(self, store: AnyStore) -> None:
        await populate(store)
        async with store.begin() as work:
            assert await work.teams.count_footprint(JANE) == Footprint(
                owned_teams=2, interactions_in_owned=3, memberships=4, interactions_elsewhere=2
            )
            await work.teams.delete_for_user(JANE)
            await work.teams.disassociate(JANE)

            assert await work.teams.count_footprint(JANE) == Footprint(
                owned_teams=0, interactions_in_owned=0, memberships=0, interactions_elsewhere=0
            )

        for gone in (JANES, JANES_SECOND):
            assert await members(store, gone) == []
            assert await written(store, gone) == []
        assert await members(store, MARYS) == [SAM, MARY]
        left = await written(store, MARYS)
        assert {view.interaction.id: view.interaction.author_id for view in left} == {
            "int_4": None,
            "int_5": None,
            "int_6": SAM,
        }
        assert all(view.author is None for view in left if view.interaction.author_id is None)

    async def test_the_footprint_of_a_mere_member_is_their_own_only(self, store: AnyStore) -> None:
        await populate(store)

        async with store.begin() as work:
            assert await work.teams.count_footprint(SAM) == Footprint(
                owned_teams=0, interactions_in_owned=0, memberships=3, interactions_elsewhere=1
            )
            await work.teams.delete_for_user(SAM)

        for team in (JANES, JANES_SECOND, MARYS):
            assert SAM not in await members(store, team)
        assert len(await written(store, MARYS)) == 3

    async def test_the_footprint_of_nobody_is_nothing(self, store: AnyStore) -> None:
        await populate(store)

        async with store.begin() as work:
            await work.teams.delete_for_user(UserId(9))
            await work.teams.disassociate(UserId(9))

            assert await work.teams.count_footprint(UserId(9)) == Footprint(
                owned_teams=0, interactions_in_owned=0, memberships=0, interactions_elsewhere=0
            )
            assert (await work.teams.count_footprint(JANE)).interactions_in_owned == 3

    async def test_erase_takes_the_invitations_that_the_user_sent_along(self, store: AnyStore) -> None:
        await populate(store)
        async with store.begin() as work:
            await work.teams.delete_for_user(JANE)

        assert list(await read_back(store, lambda s: s.teams.list_invitations_to(GUEST, limit=9))) == []

    async def test_delete_invitations_to_deletes_those_of_one_address_in_any_spelling(self, store: AnyStore) -> None:
        await populate(store)
        await keep(store, an_invitation("inv_other", JANES))
        async with store.begin() as work:
            await work.teams.delete_invitations_to(EmailAddress("GUEST@example.org"))

        assert list(await read_back(store, lambda s: s.teams.list_invitations_to(GUEST, limit=9))) == []
        assert await read_back(store, lambda s: s.teams.find_invitation("inv_other")) is not None

    async def test_a_user_can_be_removed_once_nothing_is_left_of_them(self, store: AnyStore) -> None:
        await populate(store)
        await keep(store, a_session(), a_notification(), a_card(is_default=True))
        async with store.begin() as work:
            await work.teams.delete_for_user(JANE)
            await work.teams.disassociate(JANE)
            await work.sessions.delete_for_user(JANE)
            await work.notifications.delete_for_user(JANE)
            held = await work.payment_methods.list_for_user(JANE)
            await work.payment_methods.save(JANE, held.remove("pm_1"))
            await work.users.delete(JANE)

        assert await read_back(store, lambda s: s.users.find(JANE)) is None
        assert len(await written(store, MARYS)) == 3

    @pytest.mark.parametrize("left", BELONGINGS.values(), ids=BELONGINGS)
    async def test_removing_a_user_raises_conflict_while_there_is(self, store: AnyStore, left: list[Entity]) -> None:
        await keep(store, a_user(JANE), a_user(MARY), *left)

        with pytest.raises(Conflict):
            async with store.begin() as work:
                await work.users.delete(JANE)

        assert await read_back(store, lambda s: s.users.find(JANE)) == a_user(JANE)
