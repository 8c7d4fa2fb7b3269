from datetime import datetime, timedelta, timezone

import attrs
import pytest

from accounts_core.errors import Conflict, NotFound
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.team import Role, Team
from accounts_core.model.text import MAX_BODY, MAX_LINE
from accounts_core.testing.builders import (
    a_membership,
    a_team,
    a_user,
    an_interaction,
    an_invitation,
    at,
)
from accounts_core.testing.contracts.base import StoreContract
from accounts_core.testing.harness import AnyStore, Concurrently, failures, keep, read_back

OWNER, MEMBER, STRANGER = UserId(1), UserId(2), UserId(3)
TEAM = TeamId(1)
PEOPLE = [a_user(OWNER, name="Olga Owner"), a_user(MEMBER, name="Max Member"), a_user(STRANGER, name="Sam Stranger")]
BODIES = {
    "longest": "w" * MAX_BODY,
    "longest, four bytes a character": "\U0001f469" * MAX_BODY,
    "line breaks, tabs and outer white space": "  one\r\n\ttwo\n\n",
    "right to left with marks": "\u200fمَرْحَب\u0627ً\u200f",
}


async def get_team(store: AnyStore, id: int = TEAM) -> Team:
    async with store.begin() as work:
        return await work.teams.get(TeamId(id))


class TeamsContract(StoreContract):
    """`Teams`: its changes. `TeamReaderContract` and `DeletionContract` cover the rest."""

    async def test_a_team_comes_back_with_every_field(self, store: AnyStore) -> None:
        there = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=timezone(timedelta(hours=-3)))
        team = a_team(7, name="T" * MAX_LINE, created_at=there)
        await keep(store, a_user(), team)

        found = await get_team(store, 7)

        assert found == team
        assert found.created_at.utcoffset() == timedelta(0)

    @pytest.mark.parametrize("lock", [False, True])
    async def test_get_raises_not_found_for_an_unknown_id(self, store: AnyStore, lock: bool) -> None:
        async with store.begin() as work:
            with pytest.raises(NotFound):
                await work.teams.get(TEAM, lock=lock)

    async def test_an_id_is_never_handed_out_twice_not_even_after_its_team_was_removed(self, store: AnyStore) -> None:
        await keep(store, a_user())
        handed_out: list[TeamId] = []
        for _ in range(3):
            async with store.begin() as work:
                handed_out += [await work.teams.next_id(), await work.teams.next_id()]
                await work.teams.add(a_team(handed_out[-1]))
            async with store.begin() as work:
                await work.teams.delete(handed_out[-1])

        assert len(set(handed_out)) == len(handed_out)
        assert min(handed_out) >= 1

    async def test_what_a_user_owns_and_what_is_in_a_team_is_counted(self, store: AnyStore) -> None:
        await keep(store, *PEOPLE, a_team(1), a_team(2), a_team(3, owner_id=MEMBER))
        await keep(store, a_membership(1, MEMBER), a_membership(1, STRANGER), a_membership(2, MEMBER))
        await keep(store, *[an_invitation(f"inv_{n}", 1, email=EmailAddress(f"u{n}@example.org")) for n in range(3)])
        await keep(store, an_invitation("inv_9", 2, email=EmailAddress("u9@example.org")))
        async with store.begin() as work:
            assert [await work.teams.count_owned_by(each) for each in (OWNER, MEMBER, STRANGER)] == [2, 1, 0]
            assert [await work.teams.count_members(TeamId(n)) for n in (1, 2, 3, 9)] == [2, 1, 0, 0]
            assert [await work.teams.count_invitations(TeamId(n), open_since=at(-1)) for n in (1, 2, 3, 9)] == [
                3,
                1,
                0,
                0,
            ]
            await work.teams.delete_invitation("inv_0")
            await work.teams.delete_member(TeamId(1), MEMBER)
            await work.teams.delete(TeamId(2))

            assert await work.teams.count_invitations(TEAM, open_since=at(-1)) == 2
            assert await work.teams.count_members(TEAM) == 1
            assert await work.teams.count_owned_by(OWNER) == 1

    async def test_a_team_of_nobody_is_a_conflict(self, store: AnyStore) -> None:
        with pytest.raises(Conflict):
            await keep(store, a_team(owner_id=9))

        assert await read_back(store, lambda s: s.teams.find_view(TEAM, UserId(9))) is None

    async def test_a_saved_change_is_there_with_a_new_version(self, store: AnyStore) -> None:
        await keep(store, *PEOPLE, a_team())
        async with store.begin() as work:
            before = await work.teams.get(TEAM, lock=True)
            saved = await work.teams.save(before.hand_over(MEMBER))

            assert await work.teams.get(TEAM) == saved

        assert saved == attrs.evolve(before, owner_id=MEMBER, version=saved.version)
        assert saved.version != before.version
        assert await get_team(store) == saved

    async def test_a_stale_save_is_a_conflict_and_changes_nothing(self, store: AnyStore) -> None:
        await keep(store, *PEOPLE, a_team())
        stale = await get_team(store)
        async with store.begin() as work:
            newer = await work.teams.save(stale.hand_over(MEMBER))

        with pytest.raises(Conflict):
            async with store.begin() as work:
                await work.teams.save(stale.hand_over(STRANGER))

        assert await get_team(store) == newer

    async def test_saving_a_team_that_is_gone_is_a_conflict(self, store: AnyStore) -> None:
        await keep(store, a_user())

        with pytest.raises(Conflict):
            async with store.begin() as work:
                await work.teams.save(a_team())

    async def test_a_removed_team_takes_everything_in_it_along_and_nothing_else(self, store: AnyStore) -> None:
        await keep(store, *PEOPLE, a_team(1), a_team(2))
        for team in (1, 2):
            await keep(
                store,
                a_membership(team, MEMBER),
                an_invitation(f"inv_{team}", team, email=EmailAddress("guest@example.org")),
                an_interaction(f"int_{team}", team, MEMBER),
            )

        for _ in range(2):
            async with store.begin() as work:
                await work.teams.delete(TEAM)

                assert await work.teams.find_role(TEAM, MEMBER) is None

        assert await read_back(store, lambda s: s.teams.find_view(TEAM, OWNER)) is None
        assert list(await read_back(store, lambda s: s.teams.list_members(TEAM, limit=9))) == []
        assert list(await read_back(store, lambda s: s.teams.list_interactions(TEAM, limit=9))) == []
        assert await read_back(store, lambda s: s.teams.find_invitation("inv_1")) is None
        left = await read_back(store, lambda s: s.teams.list_invitations_to(EmailAddress("guest@example.org"), limit=9))
        assert [view.invitation.id for view in left] == ["inv_2"]
        assert len(await read_back(store, lambda s: s.teams.list_members(TeamId(2), limit=9))) == 2
        assert len(await read_back(store, lambda s: s.teams.list_interactions(TeamId(2), limit=9))) == 1

    async def test_role_says_owner_member_or_nothing(self, store: AnyStore) -> None:
        await keep(store, *PEOPLE, a_team(), a_membership())

        async with store.begin() as work:
            assert await work.teams.find_role(TEAM, OWNER) is Role.OWNER
            assert await work.teams.find_role(TEAM, MEMBER) is Role.MEMBER
            assert await work.teams.find_role(TEAM, STRANGER) is None
            assert await work.teams.find_role(TeamId(9), OWNER) is None

    async def test_a_member_who_is_added_again_stays_one_member(self, store: AnyStore) -> None:
        await keep(store, *PEOPLE, a_team())
        for minute in (0, 5):
            await keep(store, a_membership(created_at=at(minute)))

        members = await read_back(store, lambda s: s.teams.list_members(TEAM, limit=9))

        assert [member.person.id for member in members] == [MEMBER, OWNER]

    @pytest.mark.parametrize(("team", "user"), [(9, MEMBER), (TEAM, 9)], ids=["team is gone", "user is gone"])
    async def test_adding_a_member_raises_conflict_when(self, store: AnyStore, team: int, user: int) -> None:
        await keep(store, *PEOPLE, a_team())

        with pytest.raises(Conflict):
            await keep(store, a_membership(team, user))

        assert len(await read_back(store, lambda s: s.teams.list_members(TEAM, limit=9))) == 1

    async def test_removing_a_member_says_whether_there_was_one(self, store: AnyStore) -> None:
        await keep(store, *PEOPLE, a_team(1), a_team(2), a_membership(1), a_membership(2))

        async with store.begin() as work:
            assert await work.teams.delete_member(TEAM, MEMBER) is True
            assert await work.teams.delete_member(TEAM, MEMBER) is False
            assert await work.teams.delete_member(TEAM, OWNER) is False

        assert await read_back(store, lambda s: s.teams.find_view(TEAM, MEMBER)) is None
        assert await read_back(store, lambda s: s.teams.find_view(TEAM, OWNER)) is not None
        assert await read_back(store, lambda s: s.teams.find_view(TeamId(2), MEMBER)) is not None

    async def test_one_address_has_one_invitation_to_a_team_in_any_spelling(self, store: AnyStore) -> None:
        first = an_invitation("inv_1", email=EmailAddress("Guest@example.org"))
        again = an_invitation("inv_2", email=EmailAddress("guest@example.org"))
        elsewhere = an_invitation("inv_3", 2, email=EmailAddress("guest@example.org"))
        await keep(store, *PEOPLE, a_team(1), a_team(2))

        async with store.begin() as work:
            assert await work.teams.add_invitation(first) is True
            assert await work.teams.add_invitation(again) is False
            assert await work.teams.add_invitation(elsewhere) is True
        async with store.begin() as work:
            assert await work.teams.add_invitation(again) is False

        found = await read_back(
            store, lambda s: s.teams.list_invitations_to(EmailAddress("GUEST@example.org"), limit=9)
        )
        assert {view.invitation.id for view in found} == {"inv_1", "inv_3"}

    async def test_an_invitation_that_was_removed_makes_room_for_another(self, store: AnyStore) -> None:
        email = EmailAddress("guest@example.org")
        await keep(store, *PEOPLE, a_team(), an_invitation("inv_1", email=email))

        async with store.begin() as work:
            assert await work.teams.delete_invitation("inv_1") is True
            assert await work.teams.delete_invitation("inv_1") is False
            assert await work.teams.add_invitation(an_invitation("inv_2", email=email)) is True

        assert await read_back(store, lambda s: s.teams.find_invitation("inv_1")) is None
        assert await read_back(store, lambda s: s.teams.find_invitation("inv_2")) is not None

    async def test_of_many_who_invite_one_address_at_once_exactly_one_does(
        self, store: AnyStore, concurrently: Concurrently
    ) -> None:
        await keep(store, *PEOPLE, a_team())
        email = EmailAddress("guest@example.org")
        numbers = iter(range(6))

        async def invite() -> bool:
            async with store.begin() as work:
                return await work.teams.add_invitation(an_invitation(f"inv_{next(numbers)}", email=email))

        outcomes = await concurrently(*[invite] * 6)

        assert outcomes.count(True) == 1
        assert {type(error) for error in failures(outcomes)} <= {Conflict}
        assert len(await read_back(store, lambda s: s.teams.list_invitations_to(email, limit=9))) == 1

    async def test_an_invitation_to_no_team_is_a_conflict(self, store: AnyStore) -> None:
        await keep(store, *PEOPLE)

        with pytest.raises(Conflict):
            await keep(store, an_invitation(team_id=9))

        assert await read_back(store, lambda s: s.teams.find_invitation("inv_1")) is None

    @pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
    async def test_what_was_written_comes_back_as_it_was(self, store: AnyStore, body: str) -> None:
        there = datetime(2026, 3, 1, 12, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=8)))
        interaction = an_interaction(body=body, created_at=there)
        await keep(store, *PEOPLE, a_team(), interaction)

        (view,) = await read_back(store, lambda s: s.teams.list_interactions(TEAM, limit=9))

        assert view.interaction == interaction
        assert view.interaction.created_at.utcoffset() == timedelta(0)

    @pytest.mark.parametrize(("team", "author"), [(9, OWNER), (TEAM, 9)], ids=["team is gone", "author is gone"])
    async def test_writing_raises_conflict_when(self, store: AnyStore, team: int, author: int) -> None:
        await keep(store, *PEOPLE, a_team())

        with pytest.raises(Conflict):
            await keep(store, an_interaction("int_1", team, author))

        assert list(await read_back(store, lambda s: s.teams.list_interactions(TEAM, limit=9))) == []
