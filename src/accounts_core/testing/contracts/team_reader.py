from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import TeamId
from accounts_core.model.team import (
    InteractionView,
    InvitationView,
    Member,
    Person,
    Role,
    TeamView,
)
from accounts_core.testing.builders import a_membership, a_team, an_interaction, an_invitation, at
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.contracts.teams import MEMBER, OWNER, PEOPLE, STRANGER, TEAM
from accounts_core.testing.harness import AnyStore, keep, read_back

GUEST = EmailAddress("guest@example.org")


class TeamReaderContract(StoreContract):
    """`TeamReader`: visibility, order and pages of its lists."""

    async def test_owner_and_member_see_the_team_in_their_role_and_nobody_else_does(self, store: AnyStore) -> None:
        await keep(store, *PEOPLE, a_team(), a_membership())

        as_owner = await read_back(store, lambda s: s.teams.find_view(TEAM, OWNER))
        as_member = await read_back(store, lambda s: s.teams.find_view(TEAM, MEMBER))

        assert as_owner == TeamView(team=a_team(), role=Role.OWNER)
        assert as_member == TeamView(team=a_team(), role=Role.MEMBER)
        assert await read_back(store, lambda s: s.teams.find_view(TEAM, STRANGER)) is None
        assert await read_back(store, lambda s: s.teams.find_view(TeamId(9), OWNER)) is None

    async def test_a_users_teams_are_those_owned_and_those_joined_by_id_descending(self, store: AnyStore) -> None:
        await keep(store, *PEOPLE, a_team(4, MEMBER), a_team(12, OWNER), a_team(7, STRANGER), a_team(9, OWNER))
        await keep(store, a_membership(12, MEMBER), a_membership(7, MEMBER))

        reader = await read_back(store, lambda s: s.teams.list_for_user(MEMBER, limit=9))

        assert list(reader) == [
            TeamView(team=a_team(12, OWNER), role=Role.MEMBER),
            TeamView(team=a_team(7, STRANGER), role=Role.MEMBER),
            TeamView(team=a_team(4, MEMBER), role=Role.OWNER),
        ]

    async def test_members_are_everybody_with_the_owner_by_id_descending(self, store: AnyStore) -> None:
        await keep(store, *PEOPLE, a_team(1, MEMBER), a_team(2, OWNER))
        await keep(store, a_membership(1, STRANGER), a_membership(1, OWNER))

        members = await read_back(store, lambda s: s.teams.list_members(TEAM, limit=9))

        assert list(members) == [
            Member(person=Person(id=STRANGER, name="Sam Stranger"), role=Role.MEMBER),
            Member(person=Person(id=MEMBER, name="Max Member"), role=Role.OWNER),
            Member(person=Person(id=OWNER, name="Olga Owner"), role=Role.MEMBER),
        ]

    async def test_a_team_that_is_gone_has_no_members_and_nothing_was_written_in_it(self, store: AnyStore) -> None:
        assert list(await read_back(store, lambda s: s.teams.list_members(TEAM, limit=9))) == []
        assert list(await read_back(store, lambda s: s.teams.list_interactions(TEAM, limit=9))) == []

    async def test_interactions_come_with_their_authors_newest_first_and_ties_by_id_descending(
        self, store: AnyStore
    ) -> None:
        written = [
            an_interaction("int_b", author_id=OWNER),
            an_interaction("int_d", author_id=MEMBER, created_at=at(1)),
            an_interaction("int_c", author_id=None),
            an_interaction("int_a", author_id=STRANGER),
        ]
        await keep(store, *PEOPLE, a_team(1), a_team(2), *written, an_interaction("int_elsewhere", 2))

        found = await read_back(store, lambda s: s.teams.list_interactions(TEAM, limit=9))

        assert list(found) == [
            InteractionView(interaction=written[1], author=Person(id=MEMBER, name="Max Member")),
            InteractionView(interaction=written[2], author=None),
            InteractionView(interaction=written[0], author=Person(id=OWNER, name="Olga Owner")),
            InteractionView(interaction=written[3], author=Person(id=STRANGER, name="Sam Stranger")),
        ]

    async def test_what_was_written_is_found_by_its_id(self, store: AnyStore) -> None:
        written = an_interaction("int_1", author_id=MEMBER)
        await keep(store, *PEOPLE, a_team(), written)

        assert await read_back(store, lambda s: s.teams.find_interaction("int_1")) == written
        assert await read_back(store, lambda s: s.teams.find_interaction("int_9")) is None

    async def test_an_invitation_comes_back_with_every_field_and_the_names_around_it(self, store: AnyStore) -> None:
        invitation = an_invitation(email=EmailAddress("Guest@example.org"), invited_by=MEMBER)
        await keep(store, *PEOPLE, a_team(), invitation)
        expected = InvitationView(
            invitation=invitation, team_name="Bookshop", invited_by=Person(id=MEMBER, name="Max Member")
        )

        found = await read_back(store, lambda s: s.teams.find_invitation("inv_1"))

        assert found == expected
        assert found is not None
        assert found.invitation.email.address == "Guest@example.org"
        assert list(await read_back(store, lambda s: s.teams.list_invitations_to(GUEST, limit=9))) == [expected]
        assert await read_back(store, lambda s: s.teams.find_invitation("inv_9")) is None

    async def test_an_invitation_whose_sender_is_gone_is_from_nobody(self, store: AnyStore) -> None:
        await keep(store, *PEOPLE, a_team(), an_invitation(invited_by=None))

        found = await read_back(store, lambda s: s.teams.find_invitation("inv_1"))

        assert found is not None
        assert found.invited_by is None
